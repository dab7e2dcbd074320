create or replace function registry.schema_request(
    p_body text, out schema_text text, out schema_type text, out schema_references jsonb, out schema_id integer, out version integer)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The body of those who register, look up or compare a schema. Unknown names are passed over; metadata and rules are
-- refused, since who sends them relies on them.
-- Errors: EM308 with 400, 42201, 42202, 42210
declare
    v_object json := registry.request_object(p_body);
    v_name text;
    v_reference json;
begin
    schema_text := registry.request_text(v_object, 'schema', 42201);
    schema_type := coalesce(registry.request_text(v_object, 'schemaType', 42201), 'AVRO');
    schema_id := registry.request_integer(v_object, 'id', 42201);
    version := registry.request_integer(v_object, 'version', 42202);
    foreach v_name in array array['metadata', 'ruleSet'] loop
        if json_typeof(v_object -> v_name) <> 'null' then
            perform registry.refuse(42210, format('%s: this registry keeps none', v_name));
        end if;
    end loop;
    schema_references := '[]';
    if json_typeof(v_object -> 'references') <> 'null' then
        if json_typeof(v_object -> 'references') <> 'array' or json_array_length(v_object -> 'references') > 100 then
            perform registry.refuse(42201, 'references are no array of at most 100');
        end if;
        for v_reference in select r.reference from json_array_elements(v_object -> 'references') as r (reference) loop
            if json_typeof(v_reference) <> 'object' then
                perform registry.refuse(42201, 'a reference is no object');
            end if;
            schema_references := schema_references || jsonb_build_object(
                'name', registry.request_text(v_reference, 'name', 42201),
                'subject', registry.subject_named(registry.request_text(v_reference, 'subject', 42201)),
                'version', registry.integer_in((v_reference -> 'version')::text));
        end loop;
    end if;
end
$$;
