create or replace function registry.mode_of(p_subject text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- What may be done with a subject: READWRITE, READONLY, READONLY_OVERRIDE, IMPORT. Null stands for all subjects.
    select case when g.mode = 'READONLY_OVERRIDE' then g.mode
        else coalesce((select s.mode from registry.subject_setting s where s.subject = p_subject), g.mode) end
    from (select upper(ops.setting_value('registry.mode'))) as g (mode);
$$;
