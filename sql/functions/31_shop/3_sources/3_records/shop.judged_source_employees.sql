create or replace function shop.judged_source_employees(
    p_values text[], p_zone text, p_decimals integer, p_earliest date, p_latest date
) returns table (
    failures text, first_name text, last_name text, title text, reports_to text, hired_on date, unused jsonb
)
language sql stable
begin atomic
-- One employee of an order system, see shop.judged_source_customers().
select
    concat_ws(',', shop.source_key_rule('employee_id', t.employee_id), shop.source_words_rule('last_name', t.last_name, 200)),
    t.first_name, t.last_name, t.title, t.reports_to, t.hired_on,
    nullif(jsonb_strip_nulls(jsonb_build_object(
        'first_name', case when t.first_name is null then t.first_sent end,
        'title', case when t.title is null then t.title_sent end,
        'reports_to', case when t.reports_to is null then t.reports_sent end,
        'hired_on', case when t.hired_on is null then t.hired_sent end)), '{}')
from (
    select r.*, shop.source_words(r.first_sent, 200) as first_name, shop.source_words(r.title_sent, 200) as title,
        shop.source_words(r.reports_sent, 100) as reports_to,
        case when shop.source_day_rule('', r.hired_sent, r.hired_read, p_earliest, p_latest) = '' then r.hired_read end as hired_on
    from (
        select q.*, coalesce(shop.calendar_day(q.hired_sent),
            (shop.source_instant(q.hired_sent, p_zone) at time zone p_zone)::date) as hired_read
        from (
            select staging.bare_text(p_values[1]) as employee_id, staging.bare_text(p_values[2]) as first_sent,
                staging.bare_text(p_values[3]) as last_name, staging.bare_text(p_values[4]) as title_sent,
                staging.bare_text(p_values[5]) as reports_sent, staging.bare_text(p_values[6]) as hired_sent
            offset 0
        ) q
        offset 0
    ) r
    offset 0
) t;
end;
