create or replace function ops.event_source(p_columns text, p_first_at timestamptz, p_last_at timestamptz) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The text of a query over the events of batch $1, run $2 (0: null) and positions from $3 to $4, by name of partition:
    -- then the BRIN index on batch_id is all there is to find them by, whatever statistics know of a partition. With
    -- bounds on the time the planner may take the primary key, which is the whole day.
    select coalesce(
        string_agg(
            format('select %s from %s e where e.batch_id = $1 and nullif($2, 0) is not distinct from e.run_id '
                'and e.position between $3 and $4', p_columns, p), ' union all '),
        format('select %s from public.events e where false', p_columns))
    from ops.event_partitions(p_first_at, p_last_at) p;
$$;
