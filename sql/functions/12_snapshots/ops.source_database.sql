create or replace function ops.source_database(p_source text, out place text, out database text)
language sql stable set search_path = pg_catalog, pg_temp as $$
-- Where the database of an order system is, as its server and foreign tables say it: place is host:port. Nulls for a source that
-- sends files alone.
select host.option_value || ':' || port.option_value,
    (select split_part(x, '=', 2) from pg_foreign_table t, unnest(t.ftoptions) x
        where t.ftrelid = to_regclass(format('%I.orders', f.srvname)) and x like 'dbname=%')
from pg_foreign_server f, pg_options_to_table(f.srvoptions) host, pg_options_to_table(f.srvoptions) port
where f.srvname = 'source_' || p_source and host.option_name = 'host' and port.option_name = 'port'
$$;
