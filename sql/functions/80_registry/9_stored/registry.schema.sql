-- Schemas that were registered when their form was another come under the one of today, and have their trees. Where two become
-- one, the older keeps it and the younger stays as it was: messages have both ids.
do $$
declare
    v_schema record;
    v_new record;
begin
    for v_schema in
        select schema_id, schema_text, canonical from registry.schema where schema_type = 'AVRO' and tree is null order by schema_id
    loop
        begin
            v_new := registry.prepared(v_schema.schema_text, 'AVRO', '[]', false);
            update registry.schema set tree = v_new.tree where schema_id = v_schema.schema_id;
            if not exists (select from registry.schema where (schema_type, canonical_digest) = ('AVRO', v_new.digest)) then
                update registry.schema set canonical = v_new.canonical, canonical_digest = v_new.digest
                where schema_id = v_schema.schema_id;
            end if;
        exception when sqlstate 'EM301' then
            raise warning 'schema % is no Avro schema by today''s rules: %', v_schema.schema_id, sqlerrm;
        end;
    end loop;
end
$$;
