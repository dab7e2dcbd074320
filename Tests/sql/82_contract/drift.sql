-- What the registered schema says and the table does not, and the other way about.
begin;
\ir ../support.psql
select * from no_plan();

-- Findings as collector_admin sees them: side, field, column.
create function pg_temp.drift(p_schema jsonb, p_subject text default 'events.raw-value') returns text[] language plpgsql as $$
declare v_found text[];
begin
    perform set_config('role', 'collector_admin', true);
    v_found := array(select concat_ws(' ', d.side, coalesce(d.field, '-'), coalesce(d.column_name, '-'))
        from registry.drift(p_subject, p_schema::text) d);
    perform set_config('role', 'none', true);
    return v_found;
end $$;
create function pg_temp.problem(p_schema jsonb, p_subject text default 'events.raw-value') returns text language sql as $$
    select string_agg(d.problem, '; ') from registry.drift(p_subject, p_schema::text) d
$$;

-- The schema and the table of this project.
\set schema `cat topics/events.raw.avsc`
create temp table given as select :'schema'::jsonb as schema;
select is(pg_temp.drift(schema), '{}', 'events.raw.avsc and public.events agree') from given;
select is(array(select subject || ' ' || table_name from registry.contracts()), array['events.raw-value public.events'], 'one contract');
-- Fields: attributes are fields[1], data fields[0].
select is(pg_temp.drift(jsonb_insert(schema, '{fields,0,type,fields,2}', '{"name": "currency", "type": ["null", "string"], "default": null}')), '{}',
    'a field more in data is stored with data') from given;
select is(pg_temp.drift(jsonb_insert(schema, '{fields,1,type,fields,6}', '{"name": "tenant", "type": ["null", "string"], "default": null}')),
    array['schema attributes.tenant -'], 'a field more in the attributes has no column') from given;
select is(pg_temp.drift(schema #- '{fields,1,type,fields,3}'), array['table attributes.targetSubscription target_subscription'],
    'a field that is gone leaves its column') from given;
select is(pg_temp.drift(schema #- '{fields,1,type,fields,1}'), array['table attributes.messageIdStamp message_id_stamp'],
    'said once where a form stands beside it') from given;
select is(pg_temp.drift(schema #- '{fields,0,type,fields,1}'), array['table data.amount data'], 'what the rules ask for is gone from data') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,0,type,fields,1,type}', '["null", "double"]')), array['schema data.amount data'],
    'may be null, and SQL refuses that') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,0,type,fields,1,type}', '"string"')), array['schema data.amount data'], 'another JSON type') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,0,type,fields,1,type}', '"long"')), '{}', 'a number as before') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,1,type,fields,2,type}', '["null", "string"]')), array['schema attributes.type type'],
    'optional, and the column is not null') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,1,type,fields,2,type}', '"long"')), array['schema attributes.type type'], 'a number, and the column is text') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,1,type,fields,0,type}', '{"type": "long", "logicalType": "timestamp-millis"}')),
    array['schema attributes.timestampStamp timestamp_stamp'], 'no text any more, which SQL reads') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,1,type,fields,5,type,1,fields,0,type,precision}', '21')),
    array['schema attributes.amplitudeTrackStamp.id amplitude_track_id'], 'a digit more than the column has') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,1,type,fields,5,type,1,fields,0,type,precision}', '19')),
    array['table attributes.amplitudeTrackStamp.id amplitude_track_id'], 'a digit less') from given;
select is(pg_temp.problem(jsonb_set(schema, '{fields,1,type,fields,5,type,1,fields,0,type,scale}', '2')),
    'decimal(20,2), and the column is numeric(20,0)', 'decimals, which the column does not keep') from given;
select is(pg_temp.drift(jsonb_set(schema #- '{fields,1,type,fields,5,default}', '{fields,1,type,fields,5,type}', schema #> '{fields,1,type,fields,5,type,1}')),
    array['table attributes.amplitudeTrackStamp.id amplitude_track_id'], 'a record that is required makes its fields required') from given;
select is(pg_temp.drift(jsonb_set(schema, '{fields,0,type}', '"string"')),
    array['schema data data', 'table data.amount data', 'table data.id data'], 'data is no record') from given;

-- The table.
create function pg_temp.after(p_ddl text, p_schema jsonb) returns text[] language plpgsql as $$
declare v_found text[];
begin
    begin
        execute p_ddl;
        v_found := pg_temp.drift(p_schema);
        raise exception using errcode = 'EM999';
    exception when sqlstate 'EM999' then
        return v_found;
    end;
end $$;
select is(pg_temp.after(ddl, schema), findings, ddl)
from given
cross join (values
    ('alter table public.events add column tenant text', array['table - tenant']),
    ('alter table public.events add column tenant text;
      insert into registry.contract (subject, table_name, column_name, held, why) values (''events.raw-value'', ''public.events'', ''tenant'', ''ours'', ''a guess'')', '{}'),
    ('alter table public.events drop column request_platform cascade', array['schema attributes.newContextStamp.requestPlatform request_platform']),
    ('alter table public.events drop column package_size cascade', array['table - package_size']),
    ('alter table public.events alter column type drop not null', array['table attributes.type type']),
    ('alter table public.events alter column request_platform set not null', array['schema attributes.newContextStamp.requestPlatform request_platform']),
    ('alter table public.events add check (request_platform in (''web'', ''app''))', array['schema attributes.newContextStamp.requestPlatform request_platform']),
    ('alter table public.events add check (octet_length(request_platform) < 100)', '{}'),
    ('alter table public.events alter column message_id_form set not null', array['table attributes.messageIdStamp message_id_form']),
    ('drop view events.enriched, analytics.events cascade; alter table public.events alter column request_platform type varchar(9)',
        array['schema attributes.newContextStamp.requestPlatform request_platform']),
    ('drop view events.enriched, analytics.events cascade; alter table public.events alter column amplitude_track_id type numeric',
        array['table attributes.amplitudeTrackStamp.id amplitude_track_id']),
    ('drop view events.enriched, analytics.events cascade; alter table public.events alter column amplitude_track_id type numeric(18, 0)',
        array['schema attributes.amplitudeTrackStamp.id amplitude_track_id']),
    ('drop view events.enriched, analytics.events cascade; alter table public.events alter column new_context_user_id type text',
        array['table attributes.newContextStamp.userId new_context_user_id']),
    ('drop view events.enriched, analytics.events cascade; alter table public.events drop constraint events_data_check; alter table public.events alter column data type text using data::text',
        array['table data data', 'table data.amount data', 'table data.id data']),
    ('alter table public.events rename to happenings', array['schema - -'])) as v (ddl, findings);

-- Each type with a column of its own.
create table public.one (c text);
create function pg_temp.one(p_type jsonb, p_column text, p_check text default null) returns text language plpgsql as $$
declare v_found text;
begin
    begin
        execute format('drop table public.one; create table public.one (c %s not null %s)', p_column, 'check (' || p_check || ')');
        v_found := (select string_agg(d.side || ': ' || d.problem, '; ')
            from registry.drift('one', jsonb_build_object('type', 'record', 'name', 'One', 'fields', jsonb_build_array(
                jsonb_build_object('name', 'f', 'type', p_type)))::text) d);
        raise exception using errcode = 'EM999';
    exception when sqlstate 'EM999' then
        return v_found;
    end;
end $$;
insert into registry.contract (subject, table_name, field, column_name, held) values ('one', 'public.one', 'f', 'c', 'value');
create domain public.positive as integer check (value > 0);
create type public.colour as enum ('red', 'green');
select is(pg_temp.one(type::jsonb, column_type, checked), finding, format('%s and %s%s', type, column_type, ' check (' || checked || ')'))
from (values
    ('"boolean"', 'boolean', null, null), ('"int"', 'integer', null, null), ('"int"', 'bigint', null, null), ('"int"', 'public.positive', null, null),
    ('"int"', 'smallint', null, 'schema: int, which the column, smallint, does not hold'),
    ('"long"', 'integer', null, 'schema: long, which the column, integer, does not hold'),
    ('"long"', 'bigint', null, null), ('"float"', 'real', null, null), ('"double"', 'real', null, 'schema: double, which the column, real, does not hold'),
    ('"double"', 'numeric', null, 'schema: double, which the column, numeric, does not hold'),
    ('"string"', 'text', null, null), ('"string"', 'varchar', null, null),
    ('"string"', 'varchar(20)', null, 'schema: string, of which the column, character varying(20), takes 20 characters'),
    ('"string"', 'text', 'c ~ ''^[a-z]+$''', null),
    ('"string"', 'text', 'c = any (array[''a'', ''b''])', 'schema: string, of which the column takes ''a'', ''b'' only'),
    ('"string"', 'public.colour', null, 'schema: string, which the column, public.colour, does not hold'),
    ('"bytes"', 'bytea', null, null), ('{"type": "string", "logicalType": "uuid"}', 'uuid', null, null),
    ('{"type": "string", "logicalType": "uuid"}', 'text', null, 'schema: uuid, which the column, text, does not hold'),
    ('{"type": "int", "logicalType": "date"}', 'date', null, null), ('{"type": "string", "logicalType": "date"}', 'text', null, null),
    ('{"type": "long", "logicalType": "timestamp-micros"}', 'timestamptz', null, null),
    ('{"type": "long", "logicalType": "timestamp-micros"}', 'timestamp', null,
        'schema: timestamp-micros, which the column, timestamp without time zone, does not hold'),
    ('{"type": "long", "logicalType": "timestamp-nanos"}', 'timestamptz', null,
        'schema: timestamp-nanos, which the column, timestamp with time zone, does not hold'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}', 'numeric(9, 2)', null, null),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}', 'numeric(10, 3)', null, 'table: decimal(9,2), and the column is numeric(10,3)'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}', 'numeric(9, 3)', null, 'schema: decimal(9,2), and the column is numeric(9,3)'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 9}', 'numeric(9, 0)', null, null),
    ('{"type": "fixed", "name": "F", "size": 3}', 'bytea', 'octet_length(c) = 3', null),
    ('{"type": "fixed", "name": "F", "size": 3}', 'bytea', null, 'table: bytes of another length than the schema''s fixed(3)'),
    ('{"type": "fixed", "name": "F", "size": 3}', 'bytea', 'octet_length(c) = 4', 'schema: fixed(3), which a CHECK of the column does not take; table: bytes of another length than the schema''s fixed(3)'),
    ('{"type": "enum", "name": "E", "symbols": ["red", "green"]}', 'text', 'c in (''green'', ''red'')', null),
    ('{"type": "enum", "name": "E", "symbols": ["red", "green"]}', 'public.colour', null, null),
    ('{"type": "enum", "name": "E", "symbols": ["red"]}', 'public.colour', null, 'table: word ''green'', which is no symbol of the schema'),
    ('{"type": "enum", "name": "E", "symbols": ["red", "blue"]}', 'text', 'c in (''green'', ''red'')',
        'schema: symbol blue, which the column does not take; table: word ''green'', which is no symbol of the schema'),
    ('{"type": "enum", "name": "E", "symbols": ["red", "green"]}', 'text', null, 'table: any text, where the schema has 2 symbols'),
    ('{"type": "enum", "name": "E", "symbols": ["red"]}', 'text', 'c = ''red'' or c is null', null),
    ('{"type": "array", "items": "string"}', 'text[]', null, null), ('{"type": "array", "items": "string"}', 'jsonb', null, null),
    ('{"type": "array", "items": "string"}', 'integer[]', null, 'schema: array, which the column, integer[], does not hold'),
    ('{"type": "map", "values": "long"}', 'jsonb', null, null), ('["int", "string"]', 'text', null, 'schema: union of int and string, which the column, text, does not hold'),
    ('["null", "int"]', 'integer', null, 'schema: may be null, and the column may not'), ('["int"]', 'integer', null, null)
) as v (type, column_type, checked, finding);

-- Names that are used again, and records within themselves.
select is(array(select field || case when is_optional then '?' else '' end || ' ' || registry.type_shown(field_type) from registry.schema_fields(registry.avro_parsed($${
    "type": "record", "name": "n.Tree", "fields": [
        {"name": "left", "type": ["null", "n.Tree"]},
        {"name": "size", "type": ["null", {"type": "record", "name": "n.Size", "fields": [{"name": "width", "type": "int"}]}]},
        {"name": "sizes", "type": {"type": "array", "items": "n.Size"}}, {"name": "most", "type": "n.Size"}]}$$))),
    array['left? record', 'size? record', 'size.width? int', 'sizes array', 'most record', 'most.width int'], 'fields of records within records');

-- Records, each with two fields of the one before: a million fields of 20.
create function pg_temp.doubling(p_records integer) returns text language plpgsql as $$
declare v_type text := '"int"';
begin
    for n in 1..p_records loop
        v_type := format('{"type": "record", "name": "R%s", "fields": [{"name": "a", "type": %s}, {"name": "b", "type": "%s"}]}', n, v_type,
            case n when 1 then 'int' else 'R' || n - 1 end);
    end loop;
    return v_type;
end $$;
select is(pg_temp.state_as('collector_admin', format('select registry.drift(%L, %L)', subject, schema)), state, what) from (values
    ('nobody', '{"type": "record", "name": "R", "fields": []}', 'EM320', 'a subject without a contract'),
    ('one', pg_temp.doubling(20), 'EM321', 'records that multiply'),
    ('one', '"string"', 'EM301', 'no record'), ('one', '{', 'EM301', 'no schema')) v (subject, schema, state, what);
select is(pg_temp.state_as(role, 'select * from registry.' || call), '42501', format('%s may not: %s', role, call))
from unnest(array['loader', 'collector', 'promoter', 'relay', 'registrar', 'analytics']) role
cross join unnest(array['drift(''one'', ''"int"'')', 'contracts()', 'contract']) call;
select is(pg_temp.state_as('collector_admin', 'select * from registry.contract'), '42501', 'collector_admin asks the functions');
select * from finish();
rollback;
