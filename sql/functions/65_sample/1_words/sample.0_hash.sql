create or replace function sample.hash(p_seed bigint, p_row bigint, p_salt integer) returns bigint
language sql immutable parallel safe
begin atomic
    -- Twice: after one round the upper half of neighbouring rows' hashes still correlates (-0.07).
    select hashint8extended(hashint8extended(p_row, hashint8extended(p_salt::bigint, p_seed)), 1);
end;
comment on function sample.hash is
    '64 bits that depend on the seed, the row and what they are for (the salt), nothing else: any row can be drawn without the ones before it. PostgreSQL''s own hash, which cannot change without breaking hash partitions. It folds a row number to 32 bits first, so numbers stay under 2^32. Inlined, the inner hash is a constant';

create or replace function sample.uniform(p_hash bigint) returns double precision
language sql immutable parallel safe
begin atomic
    select (p_hash & 4503599627370495)::double precision / 4503599627370496;
end;
comment on function sample.uniform is 'the lower 52 bits of a hash as a number in [0, 1); sums, products, quotients and roots of it are the same on every machine (IEEE 754), so no other functions are used on it';

create or replace function sample.pick(p_hash bigint, p_count bigint) returns bigint
language sql immutable parallel safe
begin atomic
    select ((p_hash >> 20) & 2147483647) * p_count >> 31;
end;
comment on function sample.pick is 'one of 0 to p_count - 1 by 31 bits in the middle of a hash';

create or replace function sample.again(p_hash bigint, p_salt integer) returns bigint
language sql immutable parallel safe
begin atomic
    select hashint8extended(p_hash, p_salt);
end;
comment on function sample.again is 'another hash from a hash';
