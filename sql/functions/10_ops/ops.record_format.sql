create or replace function ops.record_format(
    p_batch bigint, out format text, out columns text[], out delimiter text, out width integer, out map integer[]
)
language sql stable set search_path = pg_catalog, pg_temp as $$
-- How the records of a batch are read.
--   columns    names of the values that staging.record_values() gives, in its order
--   width      how many there must be
--   map        for each of the feed's columns the place of its value
select coalesce(f.format, 'json'), c.columns, coalesce(f.delimiter, ','), cardinality(c.columns),
    array(
        select array_position(c.columns, wanted.name)
        from unnest(d.columns) with ordinality as wanted (name, place)
        order by wanted.place)
from ops.batch b
join ops.feed d using (feed)
left join ops.source_file f using (source_file_id)
cross join lateral (select case when f.format = 'csv' then f.columns else d.columns end as columns) c
where b.batch_id = p_batch
$$;
