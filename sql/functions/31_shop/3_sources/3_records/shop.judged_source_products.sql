create or replace function shop.judged_source_products(
    p_values text[], p_zone text, p_decimals integer, p_earliest date, p_latest date
) returns table (
    failures text, name text, category text, price numeric, cost numeric, units_in_stock integer, discontinued boolean, unused jsonb
)
language sql stable
begin atomic
-- One product of an order system, see shop.judged_source_customers(). Prices may be finer than the currency (0.0125 a screw),
-- what is paid may not.
select
    concat_ws(',', shop.source_key_rule('product_id', t.product_id), shop.source_words_rule('name', t.name, 200),
        shop.source_words_rule('category', t.category, 200), shop.source_amount_rule('price', t.price_sent, 4)),
    t.name, t.category, t.price, t.cost,
    case when t.units between 0 and 1000000000 then t.units::integer else 0 end,
    coalesce(t.discontinued, false),
    nullif(jsonb_strip_nulls(jsonb_build_object(
        'cost', case when t.cost is null then t.cost_sent end,
        'units_in_stock', case when (t.units between 0 and 1000000000) is not true then t.units_sent end,
        'discontinued', case when t.discontinued is null then t.discontinued_sent end)), '{}')
from (
    select q.*, shop.source_amount(q.price_sent, 4) as price, shop.source_amount(q.cost_sent, 4) as cost,
        shop.source_whole(q.units_sent) as units, shop.source_flag(q.discontinued_sent) as discontinued
    from (
        select staging.bare_text(p_values[1]) as product_id, staging.bare_text(p_values[2]) as name,
            staging.bare_text(p_values[3]) as category, staging.bare_text(p_values[4]) as price_sent,
            staging.bare_text(p_values[5]) as cost_sent, staging.bare_text(p_values[6]) as units_sent,
            staging.bare_text(p_values[7]) as discontinued_sent
        offset 0
    ) q
    offset 0
) t;
end;
