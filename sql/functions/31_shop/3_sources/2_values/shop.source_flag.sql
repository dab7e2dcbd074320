create or replace function shop.source_flag(p_text text) returns boolean
language sql immutable parallel safe
begin atomic
    -- Yes or no, as systems write it; null for anything else.
    select case lower(p_text)
        when '1' then true when 'true' then true when 't' then true when 'yes' then true when 'y' then true
        when '0' then false when 'false' then false when 'f' then false when 'no' then false when 'n' then false
    end;
end;
