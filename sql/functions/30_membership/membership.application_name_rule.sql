create or replace function membership.application_name_rule(p_name text) returns text
language sql immutable parallel safe
begin atomic
    -- The rule of membership.name_rule() for a name as it was sent. A name that begins with a plain word that is no title
    -- has a last name for certain; the dear split is made for the others only.
    select case
        when p_name is null or p_name = '' then 'name_missing'
        when split_part(p_name, ' ', 1) collate "C" ~ '^[A-Za-z][A-Za-z''.-]*$'
            and not membership.is_title(split_part(p_name, ' ', 1)) then ''
        else membership.name_rule((membership.split_name(p_name))[2])
    end;
end;
