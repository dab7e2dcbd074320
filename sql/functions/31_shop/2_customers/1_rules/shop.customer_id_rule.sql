create or replace function shop.customer_id_rule(p_type text, p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- The customer_id of a message: its code, or ''. jsonb writes numbers without exponent and leading zeros, so digits
    -- are all there is once sign and point are ruled out.
    select case
        when p_type is null or p_type = 'null' then 'customer_id_missing'
        when p_type <> 'number' or p_text like '%.%' then 'customer_id_malformed'
        when p_text = '0' or p_text like '-%' or octet_length(p_text) > 19
            or octet_length(p_text) = 19 and p_text collate "C" > '9223372036854775807' then 'customer_id_out_of_range'
        else ''
    end;
end;
