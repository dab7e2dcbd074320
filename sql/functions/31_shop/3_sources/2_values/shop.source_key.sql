create or replace function shop.source_key(p_feed text, p_values text[]) returns text
language sql immutable parallel safe
begin atomic
    -- The key of a record in its system, from its values in the order of the feed's columns: the first of them; order and line of
    -- a detail, joined by a slash (a line number holds none, so no two keys are one).
    select case p_feed
        when 'source.order_details' then staging.bare_text(p_values[1]) || '/' || staging.bare_text(p_values[2])
        else staging.bare_text(p_values[1])
    end;
end;
