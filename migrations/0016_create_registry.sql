-- Schemas of messages, and what the door of events keeps: API keys, and which package came under which key.
create schema registry;
comment on schema registry is 'schemas of messages: what each id stands for, and which versions a subject has; as the Confluent schema registry keeps them';

insert into ops.setting (name, value, meaning) values
    ('registry.compatibility', 'BACKWARD', 'what a new version of a subject must be to the versions before it: NONE, BACKWARD, FORWARD, FULL, or one of the latter three with _TRANSITIVE'),
    ('events.api_key.rate', '5000', 'events per second that an API key without a rate of its own may send'),
    ('events.idempotency.retention', '30 days', 'how long a package is known by its idempotency key, an interval');

create table registry.schema (
    schema_id integer generated always as identity constraint schema_pkey primary key,
    schema_type text not null default 'AVRO' constraint schema_schema_type_check check (schema_type in ('AVRO')),
    schema_text text not null constraint schema_schema_text_check check (octet_length(schema_text) between 1 and 1048576),
    canonical text not null constraint schema_canonical_check check (octet_length(canonical) between 1 and 1048576),
    canonical_digest bytea not null
        constraint schema_canonical_digest_check check (canonical_digest = sha256(convert_to(canonical, 'UTF8'))),
    created_at timestamptz not null default clock_timestamp(),
    constraint schema_schema_type_canonical_digest_key unique (schema_type, canonical_digest)
);
comment on table registry.schema is 'schemas, each once whatever subjects have it; never changed, never removed: messages name them by id';
comment on column registry.schema.schema_id is 'stands in the first five bytes of a message; never given to another schema';
comment on column registry.schema.schema_text is 'as it was first registered';
comment on column registry.schema.canonical is 'equal for texts that are one schema; what that means is its registrar''s to say';
comment on column registry.schema.canonical_digest is 'SHA-256 of canonical, which itself is too long for an index';

create table registry.subject_version (
    subject text not null
        constraint subject_version_subject_check check (octet_length(subject) between 1 and 255 and subject !~ '[[:cntrl:]]'),
    version integer not null constraint subject_version_version_check check (version > 0),
    schema_id integer not null constraint subject_version_schema_id_fkey references registry.schema on delete restrict,
    registered_at timestamptz not null default clock_timestamp(),
    deleted_at timestamptz,
    constraint subject_version_pkey primary key (subject, version),
    constraint subject_version_deleted_at_check check (deleted_at >= registered_at)
);
create unique index subject_version_subject_schema_id_idx on registry.subject_version (subject, schema_id) where deleted_at is null;
create index subject_version_schema_id_idx on registry.subject_version (schema_id);
comment on table registry.subject_version is 'which schema each version of a subject is';
comment on column registry.subject_version.subject is 'what the schemas are of: <topic>-value for a topic''s values';
comment on column registry.subject_version.version is 'from 1, in the order of registration; never given again';
comment on column registry.subject_version.deleted_at is 'when the version was taken out of its subject; its schema is still found by id. Null: it stands';

create table events.api_key (
    api_key_id integer generated always as identity constraint api_key_pkey primary key,
    sender text not null constraint api_key_sender_check check (sender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    key_digest bytea not null constraint api_key_key_digest_check check (octet_length(key_digest) = 32),
    rate numeric constraint api_key_rate_check check (rate > 0 and rate <= 1000000),
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz,
    constraint api_key_key_digest_key unique (key_digest),
    constraint api_key_revoked_at_check check (revoked_at >= created_at)
);
create index api_key_sender_idx on events.api_key (sender);
comment on table events.api_key is 'who may send events; keys themselves are kept by their senders only';
comment on column events.api_key.sender is 'whose the key is: an application''s name; several keys may be one sender''s';
comment on column events.api_key.key_digest is 'SHA-256 of the key: 256 random bits need no salt';
comment on column events.api_key.rate is 'events per second, over all collectors as each keeps it; null: the setting events.api_key.rate';
comment on column events.api_key.revoked_at is 'when the key was revoked; null: it is good';

create table events.package (
    api_key_id integer not null constraint package_api_key_id_fkey references events.api_key on delete restrict,
    idempotency_key text not null
        constraint package_idempotency_key_check check (octet_length(idempotency_key) between 1 and 255),
    body_digest bytea not null constraint package_body_digest_check check (octet_length(body_digest) = 32),
    package_id uuid not null,
    remembered_at timestamptz not null default clock_timestamp(),
    constraint package_pkey primary key (api_key_id, idempotency_key)
);
create index package_remembered_at_idx on events.package using brin (remembered_at) with (pages_per_range = 16);
comment on table events.package is 'packages that came with an idempotency key, so that one that is sent again gets the ids it had';
comment on column events.package.idempotency_key is 'the sender''s name of the package';
comment on column events.package.body_digest is 'SHA-256 of the body: another body under the same key is a mistake of the sender''s';
comment on column events.package.package_id is 'the id that the package was given at first';
comment on column events.package.remembered_at is 'when it came first; kept for the setting events.idempotency.retention';
