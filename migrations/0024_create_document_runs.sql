-- Sets of documents that are kept in a document store (emporium relay mongo): which set was delivered where, and when.
create table ops.document_run (
    run_id bigint constraint document_run_pkey primary key,
    destination text not null constraint document_run_destination_check check (length(destination) between 1 and 1000),
    as_of date not null,
    days integer not null constraint document_run_days_check check (days between 1 and 3650),
    model text not null,
    model_id bigint not null constraint document_run_model_id_fkey references analytics.model on delete restrict,
    documents bigint not null constraint document_run_documents_check check (documents >= 0),
    digest uuid not null,
    started_at timestamptz not null default clock_timestamp(),
    added bigint constraint document_run_added_check check (added >= 0),
    removed bigint constraint document_run_removed_check check (removed >= 0),
    repaired bigint constraint document_run_repaired_check check (repaired >= 0),
    completed_at timestamptz,
    constraint document_run_completed_check check (num_nulls(added, removed, repaired, completed_at) in (0, 4))
);
create index document_run_destination_idx on ops.document_run (destination, run_id);
create index document_run_model_id_idx on ops.document_run (model_id);
comment on table ops.document_run is 'deliveries of sets of documents, one a run: what a store holds is the newest that is complete';
comment on column ops.document_run.run_id is
    'grows; stands in each document. A document of a higher run is never overwritten or removed by a lower one';
comment on column ops.document_run.destination is 'host:port/database.collection, without user and password';
comment on column ops.document_run.digest is 'MD5 of the digests of the documents, by _id';
comment on column ops.document_run.added is 'documents that were not there before; null until it is complete, as what follows';
comment on column ops.document_run.removed is 'documents that are no longer in the set';
comment on column ops.document_run.repaired is 'documents that were found missing or changed by others when the set was read back, and written again';
comment on column ops.document_run.completed_at is 'when the set that was read back was this one; null where the run was interrupted';
