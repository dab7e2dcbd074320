create or replace function ops.deliver_object(
    p_outbox bigint, p_bytes bigint, p_sha256 bytea, p_content_bytes bigint, p_content_sha256 bytea, p_version text
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books an object of the archive as delivered, and its outbox row, in the transaction that claimed it. Lines that were kept for
-- it go.
--   p_bytes, p_sha256                   of the object as it lies in the store
--   p_content_bytes, p_content_sha256   of its lines, uncompressed
--   p_version                           which the store gave it, or null
-- Errors: EM060 the outbox row is unknown, delivered, or no object's
declare
    v_object ops.archive_object;
begin
    update ops.archive_object o
    set bytes = p_bytes, sha256 = p_sha256, content_bytes = p_content_bytes, content_sha256 = p_content_sha256,
        version_id = p_version, delivered_at = clock_timestamp()
    from ops.outbox q
    where q.outbox_id = p_outbox and q.state = 'waiting' and o.object_id = q.object_id and o.delivered_at is null
    returning o.* into v_object;
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    if v_object.kind = 'dead_letter' then
        delete from ops.archive_kept k
        using ops.archive_piece p
        where p.object_id = v_object.object_id and (k.batch_id, k.run_id) = (p.batch_id, p.run_id)
            and k.position between p.first_position and p.last_position;
    end if;
    perform ops.deliver_outbox(p_outbox, v_object.records);
    perform ops.clear_alert('object.differs', v_object.object_key);
    perform ops.notify('object.delivered', null, jsonb_build_object('subject', v_object.object_key, 'records', v_object.records,
        'bytes', p_bytes, 'sha256', encode(p_sha256, 'hex'), 'version', p_version));
end
$$;
