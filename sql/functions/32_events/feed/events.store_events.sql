create or replace function events.store_events(p_batch ops.batch, p_run bigint, p_letters boolean, p_window tstzrange)
returns ops.promotion
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Judges and stores the events of a batch, and sees to what keeps it from being stored as a whole: days that are missing are
-- made, bytes that PostgreSQL cannot read are marked, each once; then events.store_halved() isolates the rest. Outages and all
-- but the classes 22, 23 and 54 go up to the caller.
-- Each attempt gives back its locks before what follows takes any, and whoever makes days or halves takes the lock on days first:
-- promoters side by side cannot deadlock.
-- Parameters and what is written: see events.store_range()
declare
    v_code text;
    v_constraint text;
    v_made boolean := false;
    v_marked boolean := false;
begin
    loop
        begin
            return events.store_range(p_batch, p_run, p_letters, p_window, 0, 9223372036854775807);
        exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
            get stacked diagnostics v_code = returned_sqlstate, v_constraint = constraint_name;
        end;
        if v_code = '23514' and v_constraint = '' and not v_made then
            perform events.ensure_days(p_batch, p_letters, p_window);
            v_made := true;
        elsif left(v_code, 2) in ('22', '54') and not v_marked then
            exit when ops.find_defects(p_batch.batch_id) = 0;
            v_marked := true;
        else
            exit;
        end if;
    end loop;
    -- Halves take their locks in an order of their own: nobody else may make days or store until commit.
    perform ops.lock_partitions('public.events');
    lock table events.message in share row exclusive mode;
    return events.store_halved(p_batch, p_run, p_letters, p_window, 0, 9223372036854775807);
end
$$;
