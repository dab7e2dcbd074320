create or replace function registry.setting_request(p_is_level boolean, p_body text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The level, or else the mode, that a body names, in capital letters.
-- Errors: EM308 with 400, 42203, 42204
declare
    v_code integer := case when p_is_level then 42203 else 42204 end;
    v_value text := upper(registry.request_text(
        registry.request_object(p_body), case when p_is_level then 'compatibility' else 'mode' end, v_code));
begin
    if p_is_level and (v_value is null or v_value not in (
        'NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE')) then
        perform registry.refuse(v_code, 'Invalid compatibility level. Valid values are none, backward, forward, full, '
            'backward_transitive, forward_transitive, and full_transitive');
    elsif not p_is_level and (v_value is null or v_value not in ('READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT')) then
        perform registry.refuse(v_code, 'Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT');
    end if;
    return v_value;
end
$$;
