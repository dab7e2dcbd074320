-- Events that were refused and come again: a package that is sent a second time has the same correlation ids.
create table events.refusal (
    correlation_id uuid constraint refusal_pkey primary key,
    batch_id bigint not null,
    position bigint not null
);
comment on table events.refusal is
    'every event that was refused, at the door or by events.promote(), once: the same correlation id again is a duplicate of its first reject';
comment on column events.refusal.correlation_id is 'key of the message; rises with time';
comment on column events.refusal.batch_id is 'the batch that brought it first';
comment on column events.refusal.position is 'offset of its message in that batch''s partition';

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('*', 'refused_before', 'info', 'the same event has been refused already', 'none: its first reject stands; mend its cause and replay that');
