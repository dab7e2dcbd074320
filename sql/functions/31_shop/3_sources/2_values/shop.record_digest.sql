create or replace function shop.record_digest(p_values text[]) returns uuid
language sql immutable parallel safe
begin atomic
    -- MD5 of a record's values, at most 12, in the order of its feed's columns; white space around them and the difference between
    -- empty and null do not count, so that a line of a file and a row of a table that say the same are the same. U+001F stands
    -- between them and U+0002 for null: no value that is used holds a control character. Inlinable, which a cast of the array
    -- to text would not be (a third of a microsecond a value against four).
    select md5(
        coalesce(staging.bare_text(p_values[1]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[2]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[3]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[4]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[5]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[6]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[7]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[8]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[9]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[10]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[11]), E'\x02')
        || E'\x1f' || coalesce(staging.bare_text(p_values[12]), E'\x02')
    )::uuid;
end;
