-- Every role x function, against the lists below; definers' paths; views' rights.
begin;
\ir ../support.psql
select * from no_plan();
create role nobody_at_all login;  -- has what PUBLIC has
create temp table allowed (role text, function regprocedure);
insert into allowed select 'loader', f::regprocedure from unnest(array[
    'ops.start_run(text, text, jsonb)', 'ops.finish_run(bigint, ops.run_state)', 'ops.run_summary(bigint)', 'ops.register_file(text, text, text, bigint, text, text)', 'ops.start_file(bigint, text[])', 'ops.open_batch(text)',
    'ops.land_batch(bigint, text, smallint, date, bigint, bigint, bigint, bigint, bigint)', 'ops.is_landed(bigint)', 'ops.finish_file(bigint, bigint)', 'ops.fail_file(bigint, text)']) f;
insert into allowed select 'promoter', f::regprocedure from unnest(array[
    'ops.start_run(text, text, jsonb)', 'ops.finish_run(bigint, ops.run_state)', 'ops.run_summary(bigint)', 'ops.unfinished_run(text, text)', 'ops.run_name(bigint)', 'ops.promote_next(text, bigint)', 'ops.claim_export(bigint)',
    'ops.rotate(text)', 'ops.maintain()', 'ops.expired_partitions()', 'ops.replay(text, jsonb, boolean)', 'ops.reconcile(text)']) f;
insert into allowed select 'membership_reader', f::regprocedure from unnest(array[
    'ops.provenance(bigint, bigint)', 'ops.reconcile(text)', 'ops.record_format(bigint)', 'ops.run_summary(bigint)', 'ops.spreadsheet_safe(text)', 'staging.record_values(bytea, text[], text, text, text[], text)',
    'staging.json_values(jsonb, text[])', 'staging.trimmed(text)', 'membership.birthday_digits(date)', 'membership.bare_words(text)', 'membership.split_name(text)', 'membership.is_title(text)', 'membership.is_suffix(text)', 'membership.is_particle(text)']) f;
create temp table function as select p.*, p.oid::regprocedure as name from pg_proc p where pronamespace::regnamespace::text in ('ops', 'staging', 'membership');
select ok((select count(*) > 50 from function), 'there are functions');
select is_empty(format($q$select name, has_function_privilege(%1$L, oid, 'execute') as has from function where has_function_privilege(%1$L, oid, 'execute') <> (name in (select a.function from allowed a where a.role = %1$L))$q$, role),
    role || ': every function as the lists say')
from unnest('{loader,promoter,membership_reader,nobody_at_all}'::text[]) role;
select is_empty($$select name from function where proowner <> 'emporium_owner'::regrole$$, 'emporium_owner owns every function');
select is_empty($$select name from function where prosecdef and not coalesce((select bool_or(c ~ '^search_path=pg_catalog, (ops, |staging, |membership, )*pg_temp$') from unnest(proconfig) c), false)$$,
    'every definer has a pinned path that ends in pg_temp');
select is_empty($$select name from function where not prosecdef and prolang = (select oid from pg_language where lanname = 'plpgsql') and not coalesce((select bool_or(c like 'search_path=pg_catalog, %pg_temp') from unnest(proconfig) c), false)$$,
    'so has every plpgsql function');
select is_empty($$select name from function f, allowed a where a.function = f.name and a.role in ('loader', 'promoter') and not prosecdef$$, 'what loader and promoter call runs as the owner');
select is_empty($$select c.oid::regclass from pg_class c where relkind in ('v', 'm') and relnamespace::regnamespace::text in ('ops', 'staging', 'membership') and not coalesce(reloptions::text ~ 'security_invoker=(true|on|1)', false)$$,
    'every view is security_invoker');
select is_empty($$select c.oid::regclass from pg_class c where relkind = 'm' and relnamespace::regnamespace::text in ('ops', 'staging', 'membership')$$, 'there is no materialised view');
select * from finish();
rollback;
