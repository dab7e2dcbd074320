create or replace function ops.checksum(p_sum numeric) returns text
language sql immutable parallel safe
begin atomic
-- A sum of 64-bit hashes as 16 hexadecimal digits; null counts as 0.
select lpad(to_hex(mod(mod(coalesce(p_sum, 0), 9223372036854775808) + 9223372036854775808, 9223372036854775808)::bigint), 16, '0');
end;
