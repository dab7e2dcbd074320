-- The embedded stack logs in as `emporium`, which has every capability and none of its own. Elsewhere there is no such
-- login and nothing happens here: grant the capability roles to your own logins.
do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'emporium' and rolcanlogin and not rolsuper) then
        grant loader, promoter, membership_reader, relay, relay_admin, collector, collector_admin, registrar, logistics, analytics, sales,
            privacy
        to emporium;
    end if;
end
$$;
