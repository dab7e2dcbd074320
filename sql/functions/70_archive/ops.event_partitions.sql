create or replace function ops.event_partitions(p_first_at timestamptz, p_last_at timestamptz) returns setof regclass
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The partitions of public.events that hold the times from one to another, both included; null: no bound.
    select c.oid::regclass
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.events'::regclass
        and (c.relname !~ '^events_[0-9]{8}$'
            or (p_first_at is null or c.relname >= 'events_' || to_char(p_first_at at time zone 'UTC', 'YYYYMMDD'))
                and (p_last_at is null or c.relname <= 'events_' || to_char(p_last_at at time zone 'UTC', 'YYYYMMDD')))
    order by c.relname;
$$;
