create or replace function ops.reasons(p_feed text, p_codes text[]) returns text[]
language sql stable parallel safe
begin atomic
    -- The sentences of ops.rule for codes, in their order; a code without a rule stands for itself.
    select array(
        select coalesce(own.reason, every.reason, c.code)
        from unnest(p_codes) with ordinality as c (code, place)
        left join ops.rule own on own.feed = p_feed and own.code = c.code
        left join ops.rule every on every.feed = '*' and every.code = c.code
        order by c.place);
end;
