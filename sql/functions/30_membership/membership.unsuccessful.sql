-- Applications that were not stored, with the fields as they were sent, and why.
create or replace view membership.unsuccessful with (security_invoker = true) as
select nullif(v.v[r.map[1]], '') as name, nullif(v.v[r.map[2]], '') as email,
    nullif(v.v[r.map[3]], '') as date_of_birth, nullif(v.v[r.map[4]], '') as mobile_no,
    array_to_string(j.reasons, '; ') as reasons, f.name as source_file, j.line,
    j.codes, j.disposition, received_on, j.run_id, batch_id, j.position
from ops.batch b
join staging.reject j using (batch_id, received_on)  -- the day finds the partition
left join ops.source_file f using (source_file_id)
cross join lateral ops.record_format(b.batch_id) r
cross join lateral (
    select case when j.defect is null
        then staging.record_values(j.payload, j.fields, j.defect, r.format, r.columns, r.delimiter)
        -- Bytes that are no text are shown escaped, all of them in the first field.
        else array_fill(encode(j.payload, 'escape'), array[1], array[r.map[1]]) end as v
    offset 0
) v
where b.feed = 'membership.application';

comment on view membership.unsuccessful is
    'applications that were not stored, as they were sent, with reasons; bytes that are no text stand escaped in name; personal data';
