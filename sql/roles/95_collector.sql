-- What the door of events may do, and who keeps its keys and the schemas. Nothing is granted to PUBLIC.
grant usage on schema registry to loader, collector, collector_admin, registrar;
grant execute on function registry.schema_by_id(integer), registry.latest(text), registry.versions(text), registry.subjects()
to loader, collector, collector_admin, registrar;
grant execute on function
    registry.compatibility(text), registry.lookup(text, text, text, jsonb), registry.objections(text, text, text, jsonb),
    registry.register(text, text, text, jsonb, integer)
to collector_admin, registrar;
grant execute on function registry.ask(text, text[], text[], text) to collector, collector_admin, registrar;
grant execute on function registry.change(text, text[], text[], text) to registrar;

grant usage on schema events to collector, collector_admin;
grant execute on function events.api_keys(), events.remember_package(integer, text, bytea, uuid) to collector;
grant execute on function
    events.add_api_key(text, bytea, numeric), events.revoke_api_key(integer, text), events.list_api_keys()
to collector_admin;
