-- What must hold for every object of every schema of ours, whatever the matrix says, beyond what `emporium migrate lint` asks of
-- any project: paths of definers, views as their reader, grants on partitions, columns' classes, nothing to PUBLIC.
begin;
\ir ../support.psql
select * from no_plan();

-- Before the next file does to this clone what a migration does to a database.
select is_empty($$select oid::regprocedure from pg_proc where pronamespace = 'pg_catalog'::regnamespace and (proname ~ '^lo_(creat|create|from_bytea|open|put|truncate|truncate64|unlink|import|export)$' or proname in ('lowrite', 'pg_logical_emit_message'))
    and has_function_privilege('public', oid, 'execute')$$, 'large objects cannot be written');
\ir matrix.psql

-- Owners, partitions, rights to pass on.
-- The ledger is made before there is any role, by and for whoever migrates.
select is_empty($$select name from relation where relowner not in ('emporium_owner'::regrole, 'masker'::regrole) and name !~ '^ops\.migration(_|$)'$$, 'emporium_owner owns every relation');
select is_empty($$select name from relation where relowner = 'masker'::regrole and (relkind <> 'v' or name not like 'analytics.%')$$, 'masker owns views of analytics only');
select is_empty($$select name from function where proowner <> 'emporium_owner'::regrole$$, 'emporium_owner owns every function');
select is_empty($$select name from relation, aclexplode(relacl) a where a.is_grantable and a.grantee <> relowner$$, 'nothing may be passed on');
select is_empty($$select attrelid::regclass, attname from pg_attribute, aclexplode(attacl) a where attrelid in (select oid from relation) and a.is_grantable$$, 'no column either');
select is_empty($$select name from relation, aclexplode(relacl) a where a.grantee <> relowner and a.grantee not in (select role::regrole from subject where role <> 'nobody_at_all')$$, 'nobody but the roles of the platform has a grant');

-- Definer functions, views.
select is_empty($$select name from function where not prosecdef and lanname = 'plpgsql' and not coalesce((select bool_or(c like 'search_path=pg_catalog, %pg_temp') from unnest(proconfig) c), false)$$,
    'every plpgsql function has a pinned path that ends in pg_temp');
select is_empty($$select f.name, e.role from function f join expected e on e.object = f.name and e.verb = 'EXECUTE' where e.role in ('loader', 'promoter', 'logistics', 'sales') and not f.prosecdef
        and not exists (select from pg_constraint c join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = c.oid and d.refobjid = f.oid)$$,
    'what programs and teams call runs as the owner, but rules of constraints');
select set_eq($$select e.object from expected e join function f on f.name = e.object where e.role = 'analytics'$$,
    array['analytics.next_order(date,integer,integer,text)', 'analytics.backtest(date,integer)', 'analytics.fit_model(text,date)',
        'analytics.latest_order_day()', 'analytics.due_customers(date,integer,text)'], 'analytics calls the models, and nothing else of ours');
select is_empty($$select name from relation where relkind = 'm'$$, 'there is no materialised view');

-- Row security: the policies there are, and that whoever reads a table under row security has one.
select set_eq($$select polrelid::regclass::text, polname::text, polcmd::text from pg_policy$$,
    $$values ('shop.orders', 'logistics_fulfilment', 'r'), ('shop.orders', 'all_rows', 'r')$$, 'the policies');
select is_empty($$select c.oid::regclass from pg_class c join relation r using (oid) where not c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid)$$, 'are in force');
select is_empty($$select r.name, e.role from relation r join pg_class c using (oid) join (select distinct role, object from expected where kind = 'table') e on e.object = r.name
    where c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = r.oid and e.role::regrole = any (p.polroles))$$, 'for each role that reads the table');

-- The classification.
select is_empty($$select e."column", e.object from expected e join privacy.column_class k on format('%I.%I', k.schema_name, k.table_name) = e.object and k.column_name = e."column"
    where e.role = 'masker' and k.mask in ('null', 'omit')$$, 'masker reads no column that is hidden');

select is_empty($$select name from relation where name like 'analytics.%' and relkind = 'v' and not has_table_privilege('analytics', oid, 'select')$$, 'analytics reads every view of its schema');

-- Nothing to PUBLIC.
select is_empty($$select * from expected where role = 'public' union all select * from ops.role_matrix() where role = 'public'$$, 'the matrix has nothing for PUBLIC');
set local role emporium_owner;
create function ops.made_later() returns int language sql as 'select 1';
create type ops.made_later_type as enum ('x');
create table ops.made_later_table (x int);
reset role;
select is((select string_agg(format('%s.%s %s', table_name, column_name, fault), ', ') from privacy.unclassified), 'made_later_table.x not classified', 'a column made later is found');
select ok(not has_function_privilege('nobody_at_all', 'ops.made_later()', 'execute'), 'a function made later is closed to PUBLIC');
select ok(not has_type_privilege('nobody_at_all', 'ops.made_later_type', 'usage'), 'a type, too');
select ok(not has_table_privilege('nobody_at_all', 'ops.made_later_table', 'select,insert,update,delete'), 'a table, too');

-- The roles themselves.
select is_empty($$select rolname from pg_roles join ops.capability on role = rolname where rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolinherit <> (rolname = 'emporium_owner')$$,
    'roles of the platform have no attribute, but that the owner inherits');
select set_eq($$select roleid::regrole::text, member::regrole::text from pg_auth_members where member in (select role::regrole from ops.capability)$$,
    $$values ('reads_personal', 'membership_reader'), ('reads_personal', 'privacy'), ('masker', 'emporium_owner'),
        ('pg_signal_backend', 'emporium_owner'), ('pg_read_all_stats', 'emporium_owner')$$, 'and are members of these only');
select is_empty($$select roleid::regrole, member::regrole from pg_auth_members where admin_option and roleid in (select role::regrole from ops.capability)$$, 'nobody may pass a role on');
select is_empty($$select r.rolname from pg_roles r where r.rolname = 'emporium' and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or pg_has_role('emporium', 'emporium_owner', 'member') or pg_has_role('emporium', 'masker', 'member'))$$,
    'the embedded login has no more than capabilities');
select is_empty($$select role from ops.capability where grantable and not pg_has_role('emporium', role, 'member')$$, 'and has them all');
select is_empty($$select role from ops.capability where description is null$$, 'every role says what it is for');
select ok((select count(*) >= 5 from ops.role_sentences('logistics')), 'and can be explained');
select is_empty($$select r.role, s.sentence from ops.capability r, ops.role_sentences(r.role::text) s where s.sentence is null or s.sentence like '%..'$$, 'in whole sentences');
select is((select sentence from ops.role_sentences('logistics') where topic = 'personal data' limit 1),
    'Personal data that it reads in clear: shop.orders.shipping_address (sensitive).', 'logistics reads the shipping address, no other personal data');
select is((select sentence from ops.role_sentences('sales') where topic = 'personal data' limit 1), 'It reads no column of personal data in clear.', 'sales reads none');

select * from finish();
rollback;
