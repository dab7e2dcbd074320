create or replace function ops.rotate(p_feed text) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Empties staging slots all of whose batches are promoted, and moves new batches on to an empty slot when the current
-- one has been used. Gives the number of slots emptied. A slot that somebody is copying into is left for the next time.
-- Loads may go on meanwhile: a slot is looked at only once nobody else can write to it.
-- Errors: EM010 feed is unknown
declare
    v_feed ops.feed%rowtype;
    v_slot smallint;
    v_next smallint;
    v_emptied integer := 0;
begin
    v_feed := ops.feed_named(p_feed);
    perform pg_advisory_xact_lock(hashtextextended('ops.rotate.' || p_feed, 0));
    v_next := (v_feed.current_slot + 1) % v_feed.slots;
    for v_slot in select s from generate_series(0, v_feed.slots - 1) s where s <> v_feed.current_slot loop
        if ops.empty_slot(p_feed, v_slot) then
            v_emptied := v_emptied + 1;
        end if;
    end loop;
    if pg_relation_size(ops.slot_table(p_feed, v_feed.current_slot)) > 0
        and pg_relation_size(ops.slot_table(p_feed, v_next)) = 0
    then
        update ops.feed set current_slot = v_next where feed = p_feed;
        -- Often nobody is writing to it any more, and then personal data need not wait for the next time.
        if ops.empty_slot(p_feed, v_feed.current_slot) then
            v_emptied := v_emptied + 1;
        end if;
    end if;
    return v_emptied;
end
$$;
