create or replace function registry.change_settings(p_method text, p_path text[], p_query text[], p_body text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Sets the level or mode of a subject or of all, or takes it back: a subject's to that of all, that of all to what it was at first.
-- Errors: EM303 read-only (the level; a mode can always be set); EM305 no such name for a subject; EM308 with 400, 40401,
--     42203, 42204, 42205
declare
    v_subject text := registry.subject_named(p_path[2]);
    v_is_level boolean := p_path[1] = 'config';
    v_old text;
    v_new text;
begin
    perform pg_advisory_xact_lock('registry.schema'::regclass::oid::bigint);
    if p_method = 'PUT' then
        v_new := registry.setting_request(v_is_level, p_body);
        if v_subject is not null then
            perform registry.check_subject(v_subject);
        end if;
    end if;
    if v_is_level then
        perform registry.check_writable(v_subject);
    elsif v_new = 'IMPORT' and registry.mode_of(v_subject) <> 'IMPORT' and not registry.flag(p_query, 'force')
        and exists (
            select from registry.subject_version v where (v_subject is null or v.subject = v_subject) and v.deleted_at is null) then
        perform registry.refuse(42205, 'Cannot import since found existing subjects');
    end if;

    if v_subject is null then
        v_old := upper(ops.setting_value(case when v_is_level then 'registry.compatibility' else 'registry.mode' end));
        update ops.setting
        set value = coalesce(v_new, case when v_is_level then 'BACKWARD' else 'READWRITE' end)
        where name = case when v_is_level then 'registry.compatibility' else 'registry.mode' end;
    else
        select case when v_is_level then s.compatibility else s.mode end into v_old
        from registry.subject_setting s where s.subject = v_subject;
        if v_new is not null and v_is_level then
            insert into registry.subject_setting as s (subject, compatibility) values (v_subject, v_new)
            on conflict on constraint subject_setting_pkey do update set compatibility = excluded.compatibility;
        elsif v_new is not null then
            insert into registry.subject_setting as s (subject, mode) values (v_subject, v_new)
            on conflict on constraint subject_setting_pkey do update set mode = excluded.mode;
        elsif v_old is null then
            perform registry.refuse(40401, format('Subject ''%s'' not found.', left(v_subject, 300)));
        else
            delete from registry.subject_setting s
            where s.subject = v_subject and case when v_is_level then s.mode else s.compatibility end is null;
            update registry.subject_setting s
            set compatibility = case when not v_is_level then s.compatibility end, mode = case when v_is_level then s.mode end
            where s.subject = v_subject;
        end if;
    end if;
    return jsonb_build_object(
        case when not v_is_level then 'mode' when v_new is null then 'compatibilityLevel' else 'compatibility' end,
        coalesce(v_new, v_old));
end
$$;
