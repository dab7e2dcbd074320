create or replace function ops.document_owner() returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- What stands in documents that this database delivered, so that it never touches those of anybody else: of the cluster, which
    -- keeps it through fail-over, and the database's name. A database that is restored from a dump into another cluster is another.
    select md5((select c.system_identifier::text from pg_control_system() c) || '/' || current_database())::uuid;
$$;
