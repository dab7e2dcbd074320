create or replace function ops.start_file(p_file bigint, p_header text[]) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Takes down a CSV file's header and gives the names as they were understood.
-- Errors: EM020 no such file; EM011 a column is missing or there twice: the file as a whole cannot be read
declare
    v_columns text[];
    v_wanted text[];
    v_missing text[];
    v_twice text[];
begin
    v_columns := array(
        select lower(replace(replace(btrim(name, E' \t\u00a0'), ' ', '_'), '-', '_'))
        from unnest(p_header) with ordinality as h (name, place) order by place);
    select f.columns into v_wanted from ops.source_file s join ops.feed f using (feed) where source_file_id = p_file;
    if v_wanted is null then
        raise exception using errcode = 'EM020', message = format('file %s is unknown', p_file);
    end if;
    v_missing := array(select unnest(v_wanted) except select unnest(v_columns) order by 1);
    v_twice := array(
        select name from unnest(v_columns) as h (name) where name = any (v_wanted) group by name having count(*) > 1 order by 1);
    if cardinality(v_missing) > 0 or cardinality(v_twice) > 0 then
        raise exception using errcode = 'EM011',
            message = case when cardinality(v_missing) > 0
                then format('the header lacks %s', array_to_string(v_missing, ', '))
                else format('the header names %s twice', array_to_string(v_twice, ', ')) end,
            detail = format('the header has: %s', left(array_to_string(v_columns, ', '), 1000)),
            hint = case when cardinality(v_columns) = 1 and v_columns[1] ~ '[;|\t]' then 'is the delimiter another one? --delimiter; ' else '' end
                || format('the first line must name %s, in any order', array_to_string(v_wanted, ', '));
    end if;
    update ops.source_file set columns = v_columns where source_file_id = p_file;
    return v_columns;
end
$$;
