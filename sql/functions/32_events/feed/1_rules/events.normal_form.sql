create or replace function events.normal_form(p_event jsonb) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- An event as it was sent, in the normal form that topics/events.raw.avsc describes; what is in that form stays as it is. What
-- cannot be understood stays, too, under its own name, so that the judge finds it: a field nobody knows, the second of
-- two that say the same. Optional fields that are null go. Cannot raise, whatever the JSON.
-- Not parallel safe: a block that catches needs a subtransaction.
--   headers                        attributes, where there are none
--   X-Message-Stamp-Any\Where\Name  name in camelCase, for the four stamps
--   a stamp that is a string       the object of its JSON, where that is a list of just one, each key once
--   {"dispatchedAt": x}            x, for timestampStamp
--   {"id": x}                      x, for messageIdStamp
declare
    v_event jsonb := p_event;
    v_sent jsonb;
    v_attributes jsonb := '{}'::jsonb;
    v_name text;
    v_key text;
    v_value jsonb;
    v_inner jsonb;
    v_named text[] := '{}'::text[];
begin
    if jsonb_typeof(v_event) is distinct from 'object' then
        return v_event;
    end if;
    if v_event ? 'headers' and not v_event ? 'attributes' then
        v_event := (v_event - 'headers') || jsonb_build_object('attributes', v_event -> 'headers');
    end if;
    v_sent := v_event -> 'attributes';
    if jsonb_typeof(v_sent) is distinct from 'object' then
        return v_event;
    end if;
    for v_key, v_value in select key, value from jsonb_each(v_sent) order by key collate "C" desc loop
        -- Names that are normal already come first (lower case is behind X), so it is the other that stays as it was sent.
        v_name := substring(v_key from '^X-Message-Stamp-(?:.*\\)?(NewContextStamp|TimestampStamp|MessageIdStamp|AmplitudeTrackStamp)$');
        v_name := coalesce(lower(left(v_name, 1)) || substr(v_name, 2), v_key);
        if v_name <> v_key and (v_sent ? v_name or v_name = any (v_named)) then
            v_attributes := v_attributes || jsonb_build_object(v_key, v_value);
            continue;
        end if;
        v_named := v_named || v_name;
        if v_name in ('newContextStamp', 'timestampStamp', 'messageIdStamp', 'amplitudeTrackStamp') then
            if jsonb_typeof(v_value) = 'string' and v_value #>> '{}' ~ '^\s*\[' then
                begin
                    v_inner := (v_value #>> '{}')::jsonb;
                    -- A list of one object; of a key that stands twice jsonb has the last, json both.
                    if jsonb_typeof(v_inner) = 'array' and jsonb_array_length(v_inner) = 1 and jsonb_typeof(v_inner -> 0) = 'object'
                        and (select count(*) from json_object_keys((v_value #>> '{}')::json -> 0))
                            = (select count(*) from jsonb_object_keys(v_inner -> 0)) then
                        v_value := v_inner -> 0;
                    end if;
                exception when data_exception or program_limit_exceeded then
                    null;  -- it stays the string that it is
                end;
            end if;
            if jsonb_typeof(v_value) = 'object' then
                if v_name = 'timestampStamp' and v_value ? 'dispatchedAt' and v_value - 'dispatchedAt' = '{}' then
                    v_value := v_value -> 'dispatchedAt';
                elsif v_name = 'messageIdStamp' and v_value ? 'id' and v_value - 'id' = '{}' then
                    v_value := v_value -> 'id';
                elsif v_name = 'newContextStamp' and v_value -> 'requestPlatform' = 'null' then
                    v_value := v_value - 'requestPlatform';
                elsif v_name = 'amplitudeTrackStamp' and v_value -> 'trackedDevice' = 'null' then
                    v_value := v_value - 'trackedDevice';
                end if;
            end if;
            continue when v_name = 'amplitudeTrackStamp' and v_value = 'null';
        end if;
        v_attributes := v_attributes || jsonb_build_object(v_name, v_value);
    end loop;
    return jsonb_set(v_event, '{attributes}', v_attributes);
end
$$;
