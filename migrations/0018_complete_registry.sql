-- The registry as Confluent's API has it: JSON Schema, references, compatibility and mode by subject, deletion.
alter table registry.schema
    drop constraint schema_schema_type_check,
    add constraint schema_schema_type_check check (schema_type in ('AVRO', 'JSON')),
    drop constraint schema_canonical_check,
    add constraint schema_canonical_check check (octet_length(canonical) between 1 and 4194304),
    add column tree jsonb constraint schema_tree_check check (tree is null or schema_type = 'AVRO');
comment on column registry.schema.schema_type is 'AVRO, or JSON for JSON Schema';
comment on column registry.schema.canonical is
    'equal for texts that are one schema: of AVRO registry.avro_canonical(), of JSON the text as jsonb; then its references, where it has any';
comment on column registry.schema.tree is
    'an Avro schema as registry.avro_parsed() gives it, references inlined: what compatibility is judged by. Null: JSON, or registered when more was taken for a schema';

create table registry.schema_reference (
    schema_id integer not null constraint schema_reference_schema_id_fkey references registry.schema on delete restrict,
    position smallint not null constraint schema_reference_position_check check (position > 0),
    name text not null constraint schema_reference_name_check check (octet_length(name) between 1 and 1024),
    subject text collate "C" not null constraint schema_reference_subject_check check (octet_length(subject) between 1 and 255),
    version integer not null constraint schema_reference_version_check check (version > 0),
    referenced_id integer not null constraint schema_reference_referenced_id_fkey references registry.schema on delete restrict,
    constraint schema_reference_pkey primary key (schema_id, position),
    constraint schema_reference_name_key unique (schema_id, name)
);
create index schema_reference_subject_idx on registry.schema_reference (subject, version);
create index schema_reference_referenced_id_idx on registry.schema_reference (referenced_id);
comment on table registry.schema_reference is 'schemas whose types a schema uses by name; part of what it is, so never changed';
comment on column registry.schema_reference.position is 'from 1, in the order in which they were given';
comment on column registry.schema_reference.name is 'what it is referred to as: of AVRO the full name of a type, of JSON what $ref has';
comment on column registry.schema_reference.subject is 'with version what was referred to when it was registered; that version may be deleted for good since';
comment on column registry.schema_reference.referenced_id is 'the schema that it was';

-- Bytes' order, the same on every server, and one that an index serves prefixes by.
alter table registry.subject_version alter column subject type text collate "C";
comment on column registry.subject_version.version is
    'from 1, in the order of registration; given again only where the newest was deleted for good';
comment on column registry.subject_version.deleted_at is
    'when the version was taken out of its subject; its schema is still found by id. Null: it stands. Deleted for good, the row goes and the schema stays';

create table registry.subject_setting (
    subject text collate "C" constraint subject_setting_pkey primary key
        constraint subject_setting_subject_check check (octet_length(subject) between 1 and 255 and subject !~ '[[:cntrl:]]'),
    compatibility text constraint subject_setting_compatibility_check check (compatibility in (
        'NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE')),
    mode text constraint subject_setting_mode_check check (mode in ('READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT')),
    constraint subject_setting_check check (num_nonnulls(compatibility, mode) > 0)
);
comment on table registry.subject_setting is 'what a subject has of its own; what it has not is as the settings registry.compatibility and registry.mode say';
comment on column registry.subject_setting.compatibility is 'what a new version must be to those before it; null: as the setting registry.compatibility says';
comment on column registry.subject_setting.mode is
    'READWRITE; READONLY: nothing is registered or deleted; READONLY_OVERRIDE: the same here, as the setting it is above what subjects have; IMPORT: versions come with their ids. Null: as the setting registry.mode says';

insert into ops.setting (name, value, meaning) values
    ('registry.mode', 'READWRITE', 'what may be done with subjects without a mode of their own: READWRITE, READONLY, IMPORT; READONLY_OVERRIDE: nothing is changed, whatever a subject has');

-- These have another shape now.
drop function if exists registry.register(text, text, text, integer);
drop function if exists registry.schema_by_id(integer);
drop function if exists registry.latest(text);
drop function if exists registry.versions(text);
