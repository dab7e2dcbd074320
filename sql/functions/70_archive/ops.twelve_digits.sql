create or replace function ops.twelve_digits(p_number bigint) returns text
language sql immutable parallel safe
begin atomic
    -- A number with leading zeros, so that names sort as numbers do; one that is longer as it is.
    select case when p_number >= 1000000000000 then p_number::text else lpad(p_number::text, 12, '0') end;
end;
