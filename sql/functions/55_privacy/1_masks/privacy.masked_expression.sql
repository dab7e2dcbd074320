create or replace function privacy.masked_expression(p_column text, p_mask text, p_type text, p_key text) returns text
language sql immutable parallel safe
begin atomic
    -- The expression that shows a column of table t by its mask; null for a mask that is not known. p_type is the column's
    -- type without its domain, whose rule a masked value need not satisfy. p_key is the
    -- expression that stands for a person.
    select case p_mask
        when 'clear' then format('t.%I', p_column)
        when 'null' then format('null::%s', p_type)
        when 'key' then format(
            'case when (select pg_has_role(current_user, ''reads_personal'', ''member'')) then t.%I else %s end', p_column, p_key)
        when 'year' then format('date_trunc(''year'', t.%I::timestamp)::date', p_column)
        when 'day' then format('date_trunc(''day'', t.%I, ''UTC'')', p_column)
        when 'band' then format('t.%1$I - t.%1$I %% 5', p_column)
        when 'domain' then format('lower(split_part(t.%I::text, ''@'', 2))', p_column)
        when 'prefix' then format('left(t.%I::text, 2)', p_column)
    end;
end;
