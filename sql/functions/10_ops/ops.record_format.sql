create or replace function ops.record_format(p_batch bigint)
returns table (format text, columns text[], delimiter text, width integer, map integer[])
language sql stable
begin atomic
-- How the records of a batch are read; one row. Inlinable (no SET), and `offset 0` so that it is worked out once a batch
-- and not once a record.
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
offset 0;
end;
