-- What the owner may do in this database, and that PUBLIC may do nothing in it.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, create, temporary on database %I to emporium_owner', current_database());
    execute format('grant connect on database %I to
        loader, promoter, membership_reader, relay, relay_admin, collector, collector_admin, registrar, logistics, analytics, sales, privacy', current_database());
    if has_schema_privilege('public', 'create with grant option')
        or pg_has_role((select nspowner from pg_catalog.pg_namespace where nspname = 'public'), 'member') then
        revoke all on schema public from public;
        grant usage, create on schema public to emporium_owner;
        grant usage on schema public to masker, privacy;
    end if;
end
$$;

alter schema ops owner to emporium_owner;

-- Only the global form has an effect: with `in schema …` a revoke from PUBLIC does nothing.
alter default privileges for role emporium_owner revoke execute on functions from public;
alter default privileges for role emporium_owner revoke usage on types from public;

-- What PostgreSQL gives PUBLIC by itself and a reader could write with, closed in this database where the migrating user
-- may: large objects, which belong to no schema; messages into the WAL, which fill disks and reach logical decoders; and
-- languages, so that nobody but the owner makes functions or runs DO blocks. Functions that are there stay callable.
do $$
declare
    v_function regprocedure;
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        raise notice 'large objects and languages stay open to PUBLIC: only a superuser can close them';
        return;
    end if;
    for v_function in
        select p.oid from pg_catalog.pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.proname in (
                'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink',
                'lowrite', 'lo_import', 'lo_export', 'pg_logical_emit_message')
            and has_function_privilege('public', p.oid, 'execute')
    loop
        execute format('revoke execute on function %s from public', v_function);
    end loop;
    revoke usage on language sql, plpgsql from public;
    grant usage on language sql, plpgsql to emporium_owner;
end
$$;
