create or replace function ops.settle_batch(p_result ops.promotion, p_run bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Books what a promote did, and posts it: its rejects to the feed's dead-letter topic where it has one, what it stored and
-- rejected to the archive, its rejects as a message to webhooks. All of it is written already. What it judged must be all that was pending, or its transaction ends here.
-- Errors: EM004 the batch does not balance
begin
    update ops.batch
    set state = 'promoted', stored = stored + p_result.stored, rejected = rejected + p_result.rejected,
        duplicate = duplicate + p_result.duplicate, promoted_run = p_run, promoted_at = clock_timestamp()
    where batch_id = p_result.batch_id
        and p_result.received = p_result.stored + p_result.rejected + p_result.duplicate
        and p_result.received = received - stored - rejected - duplicate;
    if not found then
        raise exception using errcode = 'EM004', message = format('batch %s does not balance', p_result.batch_id),
            detail = format('judged %s = stored %s + rejected %s + duplicate %s', p_result.received, p_result.stored,
                p_result.rejected, p_result.duplicate),
            hint = 'rows of the batch are missing from staging, or are there twice: compare with ops.batch.received';
    end if;
    if p_result.rejected > 0 then
        perform ops.outbox_dead_letters(p_result.batch_id);
    end if;
    perform ops.post_archive(p_result, p_run);
    if p_result.rejected > 0 and exists (select from ops.webhook where kinds @> '{batch.rejected}') then
        perform ops.notify('batch.rejected', null, (
            select jsonb_build_object('subject', feed, 'batch', batch_id, 'run', p_run, 'rejected', p_result.rejected,
                'stored', p_result.stored, 'duplicate', p_result.duplicate)
            from ops.batch where batch_id = p_result.batch_id));
    end if;
end
$$;
