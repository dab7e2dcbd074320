-- What the owner may do in this database, and that PUBLIC may do nothing in it.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, create, temporary on database %I to emporium_owner', current_database());
    execute format('grant connect on database %I to
        loader, promoter, membership_reader, relay, logistics, analytics, sales, privacy', current_database());
    if has_schema_privilege('public', 'create with grant option')
        or pg_has_role((select nspowner from pg_catalog.pg_namespace where nspname = 'public'), 'member') then
        revoke all on schema public from public;
        grant usage, create on schema public to emporium_owner;
    end if;
end
$$;

alter schema ops owner to emporium_owner;

-- Only the global form has an effect: with `in schema …` a revoke from PUBLIC does nothing.
alter default privileges for role emporium_owner revoke execute on functions from public;
alter default privileges for role emporium_owner revoke usage on types from public;
