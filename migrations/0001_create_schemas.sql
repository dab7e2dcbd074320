-- ops exists already: the ledger of migrations lives there.
create schema staging;
create schema membership;

comment on schema ops is 'the books: feeds, files, batches, runs, rules, settings, the ledger of migrations';
comment on schema staging is 'bytes as they were landed, and the rejects among them';
comment on schema membership is 'members, the policy they are judged by, and how applications become members';
