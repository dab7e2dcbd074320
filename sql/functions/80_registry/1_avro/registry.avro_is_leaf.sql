create or replace function registry.avro_is_leaf(p_definition jsonb, p_types jsonb) returns boolean
language sql immutable parallel safe as $$
    -- Whether a definition has no other in it, nor itself.
    --   p_types  the definitions by their names
    select not exists (
        select from jsonb_path_query(p_definition, '$.fields[*].type.**') as t (part)
        where jsonb_typeof(t.part) = 'string' and p_types ? (t.part #>> '{}'))
$$;
