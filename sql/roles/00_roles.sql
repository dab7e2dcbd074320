-- Capability roles. Nobody logs in as one of them: people and programs are granted them.
-- Roles belong to the whole cluster, so each is made only where it is missing.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['emporium_owner', 'loader', 'promoter', 'membership_reader'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I nologin noinherit', v_role);
        end if;
    end loop;
end
$$;

comment on role emporium_owner is 'owns every object of the platform; migrations take it on, nobody logs in as it';
comment on role loader is 'lands bytes: inserts into staging and calls the functions that advance its books';
comment on role promoter is 'judges and promotes landed batches, replays rejects, keeps partitions';
comment on role membership_reader is 'reads members and applications in clear: personal data';

-- Whoever migrates takes on the owner's role. A superuser needs no grant for that.
do $$
begin
    if not pg_has_role(current_user, 'emporium_owner', 'member') then
        execute format('grant emporium_owner to %I', current_user);
    end if;
end
$$;
