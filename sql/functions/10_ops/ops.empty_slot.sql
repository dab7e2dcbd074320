create or replace function ops.empty_slot(p_feed text, p_slot smallint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Truncates one staging slot if it holds rows and every batch in it is promoted; false when it does not, or when its
-- lock is not to be had within the setting rotate.lock_timeout.
declare
    v_table regclass := ops.slot_table(p_feed, p_slot);
    v_timeout text := current_setting('lock_timeout');
begin
    if pg_relation_size(v_table) = 0 then
        return false;
    end if;
    begin
        perform set_config('lock_timeout', ops.setting_value('rotate.lock_timeout'), true);
        execute format('lock table only %s in access exclusive mode', v_table);
    exception when lock_not_available then
        perform set_config('lock_timeout', v_timeout, true);
        return false;
    end;
    perform set_config('lock_timeout', v_timeout, true);
    -- Only now, with nobody able to write: a batch that was landed a moment ago is seen by this statement.
    if exists (select from ops.batch where feed = p_feed and slot = p_slot and state = 'landed') then
        return false;
    end if;
    execute format('truncate table only %s', v_table);
    return true;
end
$$;
