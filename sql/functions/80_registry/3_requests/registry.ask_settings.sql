create or replace function registry.ask_settings(p_route text, p_path text[], p_query text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The level or mode of a subject, or of all.
-- Errors: EM308 with 40408, 40409
declare
    v_subject text := registry.subject_named(p_path[2]);
    v_own record;
begin
    select s.compatibility, s.mode into v_own from registry.subject_setting s where s.subject = v_subject;
    if p_route = 'config' or p_route = 'config/*' and v_own.compatibility is null and registry.flag(p_query, 'defaultToGlobal') then
        v_own.compatibility := upper(ops.setting_value('registry.compatibility'));
    elsif p_route = 'mode' or p_route = 'mode/*' and registry.flag(p_query, 'defaultToGlobal') then
        v_own.mode := registry.mode_of(v_subject);
    elsif p_route = 'config/*' and v_own.compatibility is null then
        perform registry.refuse(
            40408, format('Subject ''%s'' does not have subject-level compatibility configured', left(v_subject, 300)));
    elsif p_route = 'mode/*' and v_own.mode is null then
        perform registry.refuse(40409, format('Subject ''%s'' does not have subject-level mode configured', left(v_subject, 300)));
    end if;
    if p_route like 'config%' then
        return jsonb_build_object('compatibilityLevel', v_own.compatibility);
    end if;
    return jsonb_build_object('mode', v_own.mode);
end
$$;
