create or replace function staging.json_values(p_object jsonb, p_columns text[]) returns text[]
language sql immutable parallel safe
begin atomic
    -- The values of an object's keys in the order of p_columns, as text; null where a key is missing.
    select array(select p_object ->> name from unnest(p_columns) with ordinality as c (name, place) order by place);
end;
