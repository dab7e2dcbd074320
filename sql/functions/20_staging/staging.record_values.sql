create or replace function staging.record_values(
    p_payload bytea, p_fields text[], p_defect text, p_format text, p_columns text[], p_delimiter text
) returns text[]
language sql stable parallel safe
begin atomic
    -- A record's values in the order of p_columns; null when the loader found a defect. A CSV record without quotes is
    -- split here, one with quotes has been by the loader. Does not raise: the loader vouches for UTF-8 and JSON syntax
    -- of records without a defect, and ops.promote_next() finds out those it was wrong about.
    select case
        when p_defect is not null then null
        when p_format = 'csv' then coalesce(p_fields, string_to_array(convert_from(p_payload, 'UTF8'), p_delimiter))
        else staging.json_values(convert_from(p_payload, 'UTF8')::jsonb, p_columns)
    end;
end;
