import Testing

extension EndToEnd.Queries {
    /// Events of two hours and two days, of accounts that tie; refused by the door and by the judge; how long they took.
    @Test func answersOfEvents() async throws {
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { admin in
                try await admin.execute(Self.events)
            }
            let (first, second) = ("00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b")
            try await bench.expect(
                "events_by_type",
                [
                    ["2026-03-02 09:00:00", "paid", "2", "2", "0.6667"], ["2026-03-02 09:00:00", "placed", "1", "1", "0.3333"],
                    ["2026-03-02 23:00:00", "paid", "1", "1", "1.0000"],
                ])
            try await bench.expect(
                "events_by_type", ["first_day": "2026-03-01", "last_day": "2026-03-01"],
                [["2026-03-01 23:00:00", "paid", "1", "1", "1.0000"]])
            let ranked = [
                ["1", first, "3", "2", "2", "2026-03-01 23:59:59.999", "2026-03-02 09:30:00"],
                ["2", second, "2", "1", "1", "2026-03-02 09:00:00", "2026-03-02 23:00:00"],
            ]
            try await bench.expect("events_by_account", ranked)
            try await bench.expect("events_by_account", ["limit": "1"], [ranked[0]])
            try await bench.expect(
                "events_by_account", ["first_day": "2026-03-02"],
                [
                    ["1", first, "2", "2", "1", "2026-03-02 09:00:00", "2026-03-02 09:30:00"],
                    ["1", second, "2", "1", "1", "2026-03-02 09:00:00", "2026-03-02 23:00:00"],
                ])
            try await bench.expect(
                "event_error_rate",
                [
                    ["wrong_type", "a field is not of the type that the schema says", "door", "2", "0.200000"],
                    ["conflict", "another event of the same messageIdStamp has been stored already", "judge", "1", "0.100000"],
                    ["tombstone", "the message has no value: it asks for its key to be deleted", "judge", "1", "0.100000"],
                    ["unknown_field", "the event has a field that nobody knows", "judge", "1", "0.100000"],
                ])
            try await bench.expect("event_error_rate", ["first_day": "2026-03-04"], [])
            try await bench.expect(
                "event_latency",
                [
                    ["door to Kafka", "5", "20", "1000", "1000", "1000"], ["Kafka to staging", "5", "980", "990", "990", "990"],
                    ["staging to table", "5", "500", "500", "500", "500"], ["whole way", "5", "1500", "1500", "1500", "1500"],
                ])
        }
    }

    /// Ten events: five stored, one duplicate, two refused by the judge, of which one comes by as a dead letter and does not count
    /// again, and two refused by the door.
    private static let events = """
        select ops.ensure_partition('public.events', '2026-03-01'), ops.ensure_partition('public.events', '2026-03-02'),
            ops.ensure_partition('staging.reject', '2026-03-03');
        select ops.start_run('test', 'events.raw', '{}');
        insert into ops.batch (batch_id, feed, slot, received_on, received_at, run_id, state, received, stored, rejected, duplicate, promoted_run, promoted_at)
        values (901, 'events.raw', 0, '2026-03-03', '2026-03-03 10:00:01Z', (select max(run_id) from ops.run), 'promoted', 8, 5, 2, 1, 1, '2026-03-03 10:00:01.5Z'),
            (902, 'events.dead_letter', 0, '2026-03-03', '2026-03-03 10:00:02Z', (select max(run_id) from ops.run), 'promoted', 3, 0, 2, 1, 1, '2026-03-03 10:00:03Z');
        insert into public.events (timestamp_stamp, message_id_stamp, correlation_id, type, target_subscription, new_context_account_id,
            new_context_user_id, data, publish_time, batch_id, position)
        select at::timestamptz, gen_random_uuid(),
            (left(lpad(to_hex(1772532000000), 12, '0'), 8) || '-' || right(lpad(to_hex(1772532000000), 12, '0'), 4) || '-7000-8000-000000' || package || '00001')::uuid,
            type, 'books', ('00000000-0000-0000-0000-00000000000' || account)::uuid, gen_random_uuid(), '{}', timestamptz '2026-03-03 10:00:00Z' + took::interval, 901, place
        from (values
            (1, '2026-03-01 23:59:59.999Z', 'paid', 'a', '1', '10 ms'), (2, '2026-03-02 09:00:00Z', 'paid', 'a', '2', '20 ms'),
            (3, '2026-03-02 09:30:00Z', 'placed', 'a', '2', '20 ms'), (4, '2026-03-02 09:00:00Z', 'paid', 'b', '3', '20 ms'),
            (5, '2026-03-02 23:00:00Z', 'paid', 'b', '3', '1 s')) as v (place, at, type, account, package, took);
        insert into staging.reject (received_on, batch_id, position, run_id, disposition, severity, codes, reasons, payload)
        values ('2026-03-03', 901, 6, 1, 'rejected', 'error', '{unknown_field,conflict}', '{"",""}', ''), ('2026-03-03', 901, 7, 1, 'rejected', 'error', '{tombstone}', '{""}', ''),
            ('2026-03-03', 901, 8, 1, 'duplicate', 'info', '{duplicate_event}', '{""}', ''), ('2026-03-03', 902, 1, 1, 'rejected', 'error', '{wrong_type}', '{""}', ''),
            ('2026-03-03', 902, 2, 1, 'rejected', 'error', '{wrong_type}', '{""}', ''), ('2026-03-03', 902, 3, 1, 'duplicate', 'info', '{returned_dead_letter}', '{""}', '');
        """
}
