create or replace function staging.record_defect(p_payload bytea, p_defect text, p_format text) returns text
language sql stable parallel safe
begin atomic
    -- What is wrong with a record as a whole: the loader's word, or that JSON is no object. Null when nothing is.
    select case
        when p_defect is not null then p_defect
        when p_format = 'json' and jsonb_typeof(convert_from(p_payload, 'UTF8')::jsonb) <> 'object' then 'not_an_object'
    end;
end;
