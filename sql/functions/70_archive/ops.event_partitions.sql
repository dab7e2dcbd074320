create or replace function ops.event_partitions(p_first_at timestamptz, p_last_at timestamptz) returns setof regclass
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The partitions of public.events that hold the times from one to another, both included; null, null: all of them. By name, as
-- ops.partitioned_table says: an object is of one day or two, and it is asked for each piece.
begin
    if p_first_at is null or p_last_at is null then
        return query select i.inhrelid::regclass from pg_inherits i where i.inhparent = 'public.events'::regclass;
    else
        return query
            select p
            from generate_series(
                date_trunc('day', p_first_at at time zone 'UTC'), p_last_at at time zone 'UTC', interval '1 day') as d (day)
            cross join lateral to_regclass('public.events_' || to_char(d.day, 'YYYYMMDD')) p
            where p is not null;
    end if;
end
$$;
