create or replace function shop.international_phone(p_bare text, p_calling_code text, p_trunk_prefix text) returns text
language sql immutable parallel safe
begin atomic
    -- A telephone number in E.164 form, or as it was where that cannot be told: shop.phone_rule() judges. p_bare is
    -- shop.bare_phone() of it; the others are those of the customer's country, see shop.country.
    select case
        when p_bare like '+%' then p_bare
        when p_bare like '00%' then '+' || substr(p_bare, 3)
        when p_trunk_prefix = '1' and p_bare like '1__________' then '+' || p_bare
        when p_trunk_prefix = '1' and p_bare like '__________' and p_bare not like '0%' then '+1' || p_bare
        when p_trunk_prefix = '' and p_bare like '0%' then '+' || p_calling_code || p_bare
        when p_trunk_prefix in ('0', '06', '8') and p_bare like p_trunk_prefix || '%'
            then '+' || p_calling_code || substr(p_bare, length(p_trunk_prefix) + 1)
        else p_bare
    end;
end;
