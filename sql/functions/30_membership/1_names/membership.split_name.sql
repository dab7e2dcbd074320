create or replace function membership.split_name(p_name text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto  -- the promote's own setting would plan every expression here anew for each name
as $$
-- {first_name, last_name} of a name as people write it.
--   titles before and suffixes after are dropped, as many as there are; a suffix is never the whole name
--   "Last, First" is turned round; ", Jr." is a suffix, also before a comma
--   a particle after the first word begins a compound last name: Ludwig van Beethoven, Maria de la Cruz
--   else the last word is the last name and all before it the first name: Mary Ann Smith, Anne Smith-Jones
--   a one-word name, in any script, is a last name with an empty first name
--   white space of any kind counts as one blank; letters are composed (NFC), nothing else is changed
-- {'', ''} when there is nothing left.
declare
    v_name text := p_name;
    v_parts text[];
    v_words text[];
    v_front text;
    v_back text;
    v_last integer;
begin
    -- The common case, two plain words, without any regular expression.
    if octet_length(v_name) = length(v_name) and v_name like '_% %_' and v_name not like '% % %'
        and translate(v_name, E'.,\t\n\r\x0b\f\x1f', '') = v_name
    then
        v_front := split_part(v_name, ' ', 1);
        v_back := split_part(v_name, ' ', 2);
        if not membership.is_title(v_front) and not membership.is_suffix(v_back) then
            return array[v_front, v_back];
        end if;
    end if;

    v_name := btrim(regexp_replace(normalize(coalesce(v_name, ''), nfc), '[[:space:]\u001f\u00a0\u2000-\u200b\u202f\u3000]+', ' ', 'g'));

    -- Parts behind a comma that hold suffixes only are dropped; what is left is "Last" or "Last, First".
    if v_name like '%,%' then
        v_parts := array(
            select btrim(part)
            from unnest(string_to_array(v_name, ',')) with ordinality as p (part, place)
            where btrim(part) <> '' and (place = 1 or exists (
                select from unnest(string_to_array(btrim(part), ' ')) as word where not membership.is_suffix(word)))
            order by place);
        v_name := array_to_string(v_parts, ' ');
        if cardinality(v_parts) > 1 then
            v_words := membership.bare_words(v_parts[1]);
            v_name := array_to_string(v_parts[2:], ' ');
            if cardinality(v_words) > 0 then
                return array[array_to_string(membership.bare_words(v_name), ' '), array_to_string(v_words, ' ')];
            end if;
        end if;
    end if;

    v_words := membership.bare_words(v_name);
    v_last := cardinality(v_words);
    for i in 2 .. v_last - 1 loop
        if membership.is_particle(v_words[i]) then
            v_last := i;
            exit;
        end if;
    end loop;
    return array[array_to_string(v_words[:v_last - 1], ' '), array_to_string(v_words[v_last:], ' ')];
end
$$;
