create or replace function shop.source_status(p_text text) returns shop.order_status
language sql immutable parallel safe
begin atomic
    -- The status that a word says, in any case; null for any other word.
    select case lower(p_text)
        when 'new' then 'pending'::shop.order_status
        when 'pending' then 'pending'
        when 'paid' then 'paid'
        when 'shipped' then 'shipped'
        when 'delivered' then 'delivered'
        when 'returned' then 'returned'
        when 'cancelled' then 'cancelled'
        when 'canceled' then 'cancelled'
    end;
end;
