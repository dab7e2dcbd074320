-- Every role x relation x verb, against the matrix below; what is not in it is not allowed.
begin;
\ir ../support.psql
select * from no_plan();
create role nobody_at_all login;  -- has what PUBLIC has
create temp table allowed (role text, verb text, relation text);
insert into allowed select 'loader', 'INSERT', 'staging.membership_application';
insert into allowed select 'promoter', 'SELECT', r from unnest('{ops.accounting,ops.batch,ops.source_file,ops.run,ops.feed,ops.rule,ops.setting,ops.replay_log}'::text[]) r;
insert into allowed select 'membership_reader', 'SELECT', r from unnest('{ops.accounting,ops.batch,ops.source_file,ops.run,ops.run_export,ops.feed,ops.rule,ops.setting,ops.replay_log,ops.migration,
    staging.reject,membership.member,membership.policy,membership.successful,membership.unsuccessful}'::text[]) r;
create temp table relation as
    select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relispartition, c.relacl, c.relowner, c.reloptions, c.relname, n.nspname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('ops', 'staging', 'membership') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S');
select is_empty('select relation from allowed where relation not in (select name from relation)', 'the matrix names relations that are there');
select is_empty(format(
    $q$select r.name, v.verb, has_table_privilege(%1$L, r.oid, v.verb) as has from relation r, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) v (verb)
       where r.relkind <> 'S' and has_table_privilege(%1$L, r.oid, v.verb) <> exists (select from allowed a where (a.role, a.verb, a.relation) = (%1$L, v.verb, r.name))$q$, role),
    role || ': every relation and verb as the matrix says')
from unnest('{loader,promoter,membership_reader,nobody_at_all}'::text[]) role;
select is_empty(format($q$select r.name, v.verb from relation r, unnest('{USAGE,SELECT,UPDATE}'::text[]) v (verb) where r.relkind = 'S' and has_sequence_privilege(%1$L, r.oid, v.verb)$q$, role), role || ': no sequence')
from unnest('{loader,promoter,membership_reader,nobody_at_all}'::text[]) role;
select is_empty($$select attrelid::regclass, attname, attacl from pg_attribute where attacl is not null and attrelid in (select oid from relation)$$, 'nothing is granted by column');
select is_empty($$select name, relacl from relation r where relispartition and exists (select from aclexplode(relacl) where grantee <> relowner)$$, 'no partition has a grant');
select ok((select count(*) >= 3 from relation where relispartition), 'and partitions there are');
-- The ledger is made before there is any role, by and for whoever migrates.
select is_empty($$select name from relation where relowner <> 'emporium_owner'::regrole and name not in ('ops.migration', 'ops.migration_applied_order_seq')$$, 'emporium_owner owns every relation');
select is_empty($$select name from relation r where exists (select from aclexplode(relacl) a where a.grantee not in (relowner, 'loader'::regrole, 'promoter'::regrole, 'membership_reader'::regrole))$$, 'nobody else has a grant');
select is_empty($$select name from relation r, aclexplode(relacl) a where a.is_grantable and a.grantee <> relowner$$, 'nothing may be passed on');

-- Schemas and the database.
select is((select string_agg(v, ',') from unnest('{USAGE,CREATE}'::text[]) v where has_schema_privilege(role, schema, v)), want, format('%s on schema %s', role, schema))
from (values ('loader', 'ops', 'USAGE'), ('loader', 'staging', 'USAGE'), ('loader', 'membership', null), ('promoter', 'ops', 'USAGE'), ('promoter', 'staging', null), ('promoter', 'membership', null),
    ('membership_reader', 'ops', 'USAGE'), ('membership_reader', 'staging', 'USAGE'), ('membership_reader', 'membership', 'USAGE'),
    ('nobody_at_all', 'ops', null), ('nobody_at_all', 'staging', null), ('nobody_at_all', 'membership', null), ('nobody_at_all', 'public', null),
    ('loader', 'public', null), ('promoter', 'public', null), ('membership_reader', 'public', null)) as t (role, schema, want);
select is_empty($$select nspname from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) where nspname in ('ops', 'staging', 'membership', 'public') and grantee = 0$$, 'nothing to PUBLIC on schemas');
select is_empty($$select name from relation, aclexplode(relacl) where grantee = 0$$, 'nothing to PUBLIC on relations');
select is_empty($$select p.oid::regprocedure from pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) where pronamespace::regnamespace::text in ('ops', 'staging', 'membership') and grantee = 0$$, 'nothing to PUBLIC on functions');
-- Row types of tables and arrays cannot have grants of their own.
select is_empty($$select t.oid::regtype from pg_type t left join pg_class c on c.oid = t.typrelid, aclexplode(coalesce(typacl, acldefault('T', typowner)))
    where typnamespace::regnamespace::text in ('ops', 'staging', 'membership') and grantee = 0 and typcategory <> 'A' and coalesce(c.relkind, 'c') = 'c'$$, 'nothing to PUBLIC on types');
-- A clone has the default grants of a new database, so it is the migrated one that is looked at.
select is_empty($$select datname, privilege_type from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) where datname = 'ecommerce' and grantee = 0$$, 'nothing to PUBLIC on the database');
select is((select count(*) from pg_database where datname = 'ecommerce'), 1::bigint, 'which is there');

-- The roles themselves.
select is_empty($$select rolname from pg_roles where rolname in ('loader', 'promoter', 'membership_reader', 'emporium_owner') and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolinherit)$$,
    'capability roles have no attribute');
select is_empty($$select roleid::regrole, member::regrole from pg_auth_members where member in ('loader'::regrole, 'promoter'::regrole, 'membership_reader'::regrole, 'emporium_owner'::regrole)$$, 'and are members of nothing');
select is_empty($$select r.rolname from pg_roles r where r.rolname = 'emporium' and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or pg_has_role('emporium', 'emporium_owner', 'member'))$$, 'the embedded login has no more than capabilities');
select is_empty($$select defaclobjtype from pg_default_acl, aclexplode(defaclacl) where defaclrole = 'emporium_owner'::regrole and grantee = 0$$, 'nothing to PUBLIC by default');
set local role emporium_owner;
create function ops.made_later() returns int language sql as 'select 1';
create type ops.made_later_type as enum ('x');
create table ops.made_later_table (x int);
reset role;
select ok(not has_function_privilege('nobody_at_all', 'ops.made_later()', 'execute'), 'a function made later is closed to PUBLIC');
select ok(not has_type_privilege('nobody_at_all', 'ops.made_later_type', 'usage'), 'a type, too');
select ok(not has_table_privilege('nobody_at_all', 'ops.made_later_table', 'select,insert,update,delete'), 'a table, too');
select * from finish();
rollback;
