-- Capability roles. Nobody logs in as one of them: people and programs are granted them.
-- Roles belong to the whole cluster, so each is made only where it is missing.
do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'emporium_owner', 'masker', 'reads_personal',
        'loader', 'promoter', 'membership_reader', 'relay', 'relay_admin', 'collector', 'collector_admin', 'registrar',
        'logistics', 'analytics', 'sales', 'privacy'
    ] loop
        if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I nologin noinherit', v_role);
        end if;
    end loop;
end
$$;

comment on role emporium_owner is 'owns every object of the platform; migrations take it on, nobody logs in as it';
comment on role masker is 'owns the masked views and holds the columns they show; nobody logs in as it';
comment on role reads_personal is 'a mark without rights: sees a membership_id in clear where its holder may read one';
comment on role loader is 'lands bytes: inserts into staging and calls the functions that advance its books';
comment on role promoter is 'judges and promotes landed batches, replays rejects, keeps partitions';
comment on role membership_reader is 'reads members and applications in clear: personal data';
comment on role relay is 'delivers what must leave the database: reads, in clear, dead letters and events that wait for their topic or object, and messages, and by number the customers who are due; nothing else';
comment on role relay_admin is 'looks after what leaves the database: webhooks, parked rows, alerts; reads the archive''s books, and of records only what is delivered';
comment on role collector is 'takes events in: knows API keys by their digests, remembers packages, reads schemas; no event is read';
comment on role collector_admin is 'adds and revokes API keys, registers schemas; never sees a key or its digest';
comment on role registrar is 'changes the schema registry over HTTP: registers, deletes, sets compatibility and mode; reads schemas only';
comment on role logistics is 'ships what was sold: reads sales with the weight of items, takes orders through their steps; of personal data the shipping address only';
comment on role analytics is 'analyses sales and membership status, masked; writes nothing';
comment on role sales is 'keeps what is sold: adds items, changes prices, removes old items; no customer data';
comment on role privacy is 'finds what is kept about a person, in clear: personal data';

grant reads_personal to membership_reader, privacy;
-- So that the owner can make the masked views.
grant masker to emporium_owner;

-- Taking over from a loader that hangs means to see that its session is there and since when, and to end it: a definer
-- function does both, with what its owner inherits. Sessions of superusers it cannot end. Where the deployer may not give
-- these away (a managed PostgreSQL 16 or later), take-over waits for the lease, and the fence still holds.
do $$
begin
    if not (select rolinherit from pg_catalog.pg_roles where rolname = 'emporium_owner') then
        alter role emporium_owner inherit;
    end if;
    if not pg_has_role('emporium_owner', 'pg_signal_backend', 'usage')
        or not pg_has_role('emporium_owner', 'pg_read_all_stats', 'usage') then
        grant pg_signal_backend, pg_read_all_stats to emporium_owner;
    end if;
exception when insufficient_privilege then
    raise notice 'emporium_owner cannot end sessions: %; loaders that hang are waited for', sqlerrm;
end
$$;

-- Whoever migrates takes on the owner's role. A superuser needs no grant for that.
do $$
begin
    if not pg_has_role(current_user, 'emporium_owner', 'member') then
        execute format('grant emporium_owner to %I', current_user);
    end if;
end
$$;
