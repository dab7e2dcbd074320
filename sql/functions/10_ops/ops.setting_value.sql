create or replace function ops.setting_value(p_name text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- A setting's value. Errors: EM050 no such setting.
declare
    v_value text;
begin
    select value into v_value from ops.setting where name = p_name;
    if not found then
        raise exception using errcode = 'EM050', message = format('there is no setting %s', p_name),
            hint = 'select name, value, meaning from ops.setting';
    end if;
    return v_value;
end
$$;
