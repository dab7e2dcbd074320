create or replace function shop.record_digest(p_values text[]) returns uuid
language sql immutable parallel safe
begin atomic
    -- MD5 of a record's values, at most 12, in the order of its feed's columns; white space around them and the difference between
    -- empty and null do not count, so that a line of a file and a row of a table that say the same are the same. As an
    -- array's text, which quotes: no value can be taken for two.
    select md5(array[
        staging.bare_text(p_values[1]), staging.bare_text(p_values[2]), staging.bare_text(p_values[3]),
        staging.bare_text(p_values[4]), staging.bare_text(p_values[5]), staging.bare_text(p_values[6]),
        staging.bare_text(p_values[7]), staging.bare_text(p_values[8]), staging.bare_text(p_values[9]),
        staging.bare_text(p_values[10]), staging.bare_text(p_values[11]), staging.bare_text(p_values[12])
    ]::text)::uuid;
end;
