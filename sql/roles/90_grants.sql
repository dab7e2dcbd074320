-- What programs may do, and who reads what they loaded. Nothing is granted to PUBLIC, and nothing on partitions.
grant usage on schema ops, staging to loader;
grant insert on staging.membership_application, staging.shop_customer, staging.event, staging.event_dead_letter to loader;
grant execute on function
    ops.start_run(text, text, jsonb), ops.finish_run(bigint, ops.run_state), ops.run_summary(bigint),
    ops.register_file(text, text, text, bigint, text, text, text), ops.start_file(bigint, text[]),
    ops.open_batch(text), ops.land_batch(bigint, text, smallint, date, bigint, bigint, bigint, bigint, bigint),
    ops.is_landed(bigint), ops.finish_file(bigint, bigint), ops.fail_file(bigint, text),
    ops.share_partitions(text, text, integer, uuid, text, integer), ops.leave_partitions(uuid),
    ops.begin_partition(text, text, integer, bigint, bigint), ops.open_batches(text, integer),
    ops.land_messages(text, text, bigint, smallint, date, bigint[], integer[], bigint[], bigint[], bigint[], bigint[], bigint[]),
    ops.note_high(text, text, integer[], bigint[]), ops.accept_gap(text, text, integer, bigint, bigint, text)
to loader;

grant usage on schema ops to promoter;
grant execute on function
    ops.start_run(text, text, jsonb), ops.finish_run(bigint, ops.run_state), ops.run_summary(bigint),
    ops.unfinished_run(text, text), ops.run_name(bigint), ops.promote_next(text, bigint), ops.claim_export(bigint), ops.rotate(text),
    ops.maintain(), ops.expired_partitions(), ops.replay(text, jsonb, boolean), ops.reconcile(text),
    ops.accept_gap(text, text, integer, bigint, bigint, text)
to promoter;
grant usage on schema events to promoter;
grant execute on function events.package_status(uuid), events.trace(uuid) to promoter;
grant select (member, name, lease_until) on ops.kafka_member to promoter;
grant select on ops.kafka_lag, ops.kafka_position, ops.kafka_batch, ops.accounting, ops.batch, ops.source_file, ops.run,
    ops.feed, ops.rule, ops.setting, ops.replay_log, ops.outbox, ops.outbox_status, ops.archive_pending, ops.alert, ops.alerts
to promoter;
grant select (webhook) on ops.webhook to promoter;
grant execute on function ops.post_message(text, text, bytea, text, text[], text) to promoter;

grant usage on schema ops to relay;
grant execute on function
    ops.seal_archive(boolean), ops.due_destinations(), ops.claim_outbox(text, text),
    ops.dead_letters(bigint, bigint, integer, bigint), ops.outbox_content(bigint), ops.webhook_url(text),
    ops.archive_object_claimed(bigint), ops.archive_lines(bigint),
    ops.deliver_outbox(bigint, bigint), ops.deliver_object(bigint, bigint, bytea, bigint, bytea, text),
    ops.postpone_outbox(bigint, text, boolean), ops.park_outbox(bigint, text, text)
to relay;
grant select on ops.feed, ops.outbox, ops.outbox_status, ops.archive_pending, ops.alert, ops.alerts to relay;
grant select (webhook) on ops.webhook to relay;

grant usage on schema ops to relay_admin;
grant execute on function
    ops.resume_outbox(bigint), ops.post_message(text, text, bytea, text, text[], text), ops.add_webhook(text, text, text[]),
    ops.remove_webhook(text), ops.webhooks(), ops.archive_balance(), ops.archive_find(uuid), ops.archive_of(text, bigint, bigint),
    ops.archive_lines(bigint), ops.post_missing()
to relay_admin;
grant select on ops.feed, ops.outbox, ops.outbox_status, ops.archive_pending, ops.archive_object, ops.archive_piece, ops.alert,
    ops.alerts, ops.webhook
to relay_admin;

grant usage on schema ops, staging, membership to membership_reader;
grant select on ops.accounting, ops.batch, ops.source_file, ops.run, ops.run_export, ops.feed, ops.rule, ops.setting,
    ops.replay_log, ops.migration to membership_reader;
grant select on staging.reject, membership.member, membership.policy, membership.successful, membership.unsuccessful
to membership_reader;
grant execute on function
    ops.provenance(bigint, bigint), ops.reconcile(text), ops.record_format(bigint), ops.run_summary(bigint),
    ops.spreadsheet_safe(text), staging.record_values(bytea, text[], text, text, text[], text),
    staging.json_values(jsonb, text[]), staging.trimmed(text), membership.birthday_digits(date),
    membership.split_name(text), membership.bare_words(text), membership.is_title(text), membership.is_suffix(text), membership.is_particle(text)
to membership_reader;
