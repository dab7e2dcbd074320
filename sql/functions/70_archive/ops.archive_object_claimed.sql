create or replace function ops.archive_object_claimed(p_object bigint)
returns table (object_key text, compression text, records bigint, kind text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- An object of the archive that is to be delivered. Errors: EM060 it is unknown or delivered
begin
    return query
        select o.object_key, o.compression, o.records, o.kind from ops.archive_object o
        where o.object_id = p_object and o.delivered_at is null;
    if not found then
        raise exception using errcode = 'EM060', message = format('object %s does not wait for delivery', p_object),
            hint = 'another relay delivered it: nothing to do';
    end if;
end
$$;
