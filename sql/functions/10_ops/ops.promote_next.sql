create or replace function ops.promote_next(p_feed text, p_run bigint) returns setof ops.promotion
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Promotes the next landed batch of a feed that nobody else is promoting (see ops.next_batch); no row when there is none.
-- Several sessions may call it side by side.
-- Errors: EM010 feed is unknown; EM003 when an earlier batch was given up meanwhile: call again
declare
    v_feed ops.feed%rowtype;
    v_batch bigint;
    v_call text;
begin
    v_feed := ops.feed_named(p_feed);
    v_batch := ops.next_batch(v_feed);
    if v_batch is null then
        return;
    end if;
    perform ops.summarize_slot(p_feed, (select slot from ops.batch where batch_id = v_batch));

    v_call := format('select * from %s($1, $2)', ops.qualified(v_feed.promote_function));
    begin
        return query execute v_call using v_batch, p_run;
        return;
    exception when data_exception or program_limit_exceeded then
        -- A loader vouched for bytes that PostgreSQL cannot read: find them, then judge again.
        if ops.find_defects(v_batch) = 0 then
            raise;
        end if;
    end;
    return query execute v_call using v_batch, p_run;
end
$$;
