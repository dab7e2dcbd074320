-- The books of every batch: received = stored + rejected + duplicate + pending, so difference is 0 everywhere.
create or replace view ops.accounting with (security_invoker = true) as
select b.batch_id, b.feed, b.run_id, b.source_file_id, coalesce(f.name, nullif(b.lane, '')) as source, b.state, b.received_at,
    b.received, b.stored, b.rejected, b.duplicate,
    case when b.state = 'landed' then b.received - b.stored - b.rejected - b.duplicate else 0 end as pending,
    b.received - b.stored - b.rejected - b.duplicate
        - case when b.state = 'landed' then b.received - b.stored - b.rejected - b.duplicate else 0 end as difference
from ops.batch b
left join ops.source_file f using (source_file_id);

comment on column ops.accounting.source is 'name of the file, or topic:partition';
comment on view ops.accounting is 'the books by batch; ops.reconcile() counts the rows themselves and compares';
