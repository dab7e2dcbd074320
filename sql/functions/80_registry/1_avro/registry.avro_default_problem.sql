create or replace function registry.avro_default_problem(
    p_default jsonb, p_type jsonb, p_types jsonb, p_depth integer, inout p_left bigint, out problem text
)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- What keeps a JSON value from being a default of a type; null: nothing. A union's may be of any branch.
--   p_types  the definitions by their names
--   p_depth  of the value within the default
--   p_left   the work that may be done still, in bytes of types looked at; what is left of it is given back
declare
    v_type jsonb := p_type;
    v_kind text;
    v_item record;
    v_number numeric;
begin
    if jsonb_typeof(p_type) = 'string' and p_types ? (p_type #>> '{}') then
        v_type := p_types -> (p_type #>> '{}');
    end if;
    p_left := p_left - 170 - pg_column_size(v_type);
    if p_left < 0 or p_depth > 32 then
        p_left := -1;
        problem := 'the defaults are too large or nested more than 32 deep';
        return;
    end if;
    if jsonb_typeof(v_type) = 'array' then
        for v_item in select a from jsonb_array_elements(v_type) a loop
            select d.p_left, d.problem into p_left, problem
            from registry.avro_default_problem(p_default, v_item.a, p_types, p_depth + 1, p_left) d;
            exit when problem is null or p_left < 0;
        end loop;
        if p_left >= 0 and (problem is not null or v_type = '[]') then
            problem := format('%s fits no branch of the union', left(p_default::text, 60));
        end if;
        return;
    end if;
    v_kind := case when jsonb_typeof(v_type) = 'string' then v_type #>> '{}' else v_type ->> 'type' end;
    problem := format('%s is no %s', left(p_default::text, 60), v_kind);
    case v_kind
    when 'null', 'boolean', 'string' then
        if jsonb_typeof(p_default) = v_kind then
            problem := null;
        end if;
    when 'int', 'long' then
        if jsonb_typeof(p_default) = 'number' then
            v_number := (p_default #>> '{}')::numeric;
            if v_number % 1 = 0 and v_number between -9223372036854775808 and 9223372036854775807
                and (v_kind = 'long' or v_number between -2147483648 and 2147483647) then
                problem := null;
            end if;
        end if;
    when 'float', 'double' then
        if jsonb_typeof(p_default) = 'number' then
            v_number := abs((p_default #>> '{}')::numeric);
            if v_number <= 3.4028234663852886e38 or v_kind = 'double' and v_number <= 1.7976931348623157e308 then
                problem := null;
            end if;
        end if;
    when 'bytes', 'fixed' then
        -- A character of U+0000 to U+00FF is a byte.
        if jsonb_typeof(p_default) = 'string' and p_default #>> '{}' !~ U&'[^\0001-\00FF]'
            and (v_kind = 'bytes' or length(p_default #>> '{}') = (v_type ->> 'size')::bigint) then
            problem := null;
        end if;
    when 'enum' then
        if jsonb_typeof(p_default) = 'string' and v_type -> 'symbols' ? (p_default #>> '{}') then
            problem := null;
        else
            problem := format('%s is no symbol of enum %s', left(p_default::text, 60), v_type ->> 'name');
        end if;
    when 'array' then
        if jsonb_typeof(p_default) = 'array' then
            problem := null;
            for v_item in select a from jsonb_array_elements(p_default) a loop
                select d.p_left, d.problem into p_left, problem
                from registry.avro_default_problem(v_item.a, v_type -> 'items', p_types, p_depth + 1, p_left) d;
                exit when problem is not null;
            end loop;
        end if;
    when 'map' then
        if jsonb_typeof(p_default) = 'object' then
            problem := null;
            for v_item in select e.value as a from jsonb_each(p_default) e loop
                select d.p_left, d.problem into p_left, problem
                from registry.avro_default_problem(v_item.a, v_type -> 'values', p_types, p_depth + 1, p_left) d;
                exit when problem is not null;
            end loop;
        end if;
    else
        if jsonb_typeof(p_default) = 'object' then
            select format('record %s has no field %s', v_type ->> 'name', left(e.key, 100)) into problem
            from jsonb_object_keys(p_default) as e (key)
            where not exists (select from jsonb_array_elements(v_type -> 'fields') f where f ->> 'name' = e.key)
            limit 1;
            if found then
                return;
            end if;
            -- Fields that are left out have their own defaults, which are part of this one: a value for ever, or twice as many at
            -- each step, is none.
            problem := null;
            for v_item in
                select f ->> 'name' as name, f -> 'type' as type, coalesce(p_default -> (f ->> 'name'), f -> 'default') as value
                from jsonb_array_elements(v_type -> 'fields') f
            loop
                if v_item.value is null then
                    problem := format('%s leaves out field %s of record %s, which has no default',
                        left(p_default::text, 60), v_item.name, v_type ->> 'name');
                else
                    select d.p_left, d.problem into p_left, problem
                    from registry.avro_default_problem(v_item.value, v_item.type, p_types, p_depth + 1, p_left) d;
                end if;
                exit when problem is not null;
            end loop;
        end if;
    end case;
end
$$;
