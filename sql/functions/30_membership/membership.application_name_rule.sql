create or replace function membership.application_name_rule(p_name text) returns text
language sql immutable parallel safe
begin atomic
    -- The rule of membership.name_rule() for a name as it was sent. Only titles and commas can leave nothing of a name,
    -- so the dear split is made only where it begins with one.
    select case
        when p_name is null or p_name = '' then 'name_missing'
        when not membership.is_title(split_part(p_name, ' ', 1)) and p_name not like ',%' then ''
        else membership.name_rule((membership.split_name(p_name))[2])
    end;
end;
