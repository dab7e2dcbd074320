create or replace function shop.source_record(p_feed text, p_key text) returns text
language sql immutable parallel safe
begin atomic
    -- What a finding calls a record: order 4711, order 4711 line 3. p_key is shop.source_key() of it.
    select case p_feed
        when 'source.customers' then 'customer ' || p_key
        when 'source.employees' then 'employee ' || p_key
        when 'source.products' then 'product ' || p_key
        when 'source.orders' then 'order ' || p_key
        else regexp_replace(p_key, '^(.*)/([^/]*)$', 'order \1 line \2')
    end;
end;
