import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// The gate must bite: what is wrong with an archive is found.
    @Suite(.timeLimit(.minutes(3))) struct ArchiveGateTests {}
}

extension EndToEnd.ArchiveGateTests {
    /// Each thing that may happen to objects, to the table and to the books, and is taken back after.
    @Test func whatWasTamperedWithIsFound() async throws {
        try await Archiving.with(.file, records: 15) { archiving in
            try await archiving.load(100, package: 1)
            try await archiving.deliver()
            try await archiving.expectVerified()
            let key = try #require(try archiving.objects.keys().first { $0.hasPrefix("events/") })
            let path = "\(archiving.objects.folder)/\(key)"
            let whole = try archiving.objects.bytes(key)
            func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
            func expect(_ kind: String, _ subject: String?, quick: String?, at location: SourceLocation = #_sourceLocation) async throws {
                let verdict = try await archiving.verify(at: location)
                let isFound = verdict.faults.values.contains { $0.contains(kind) }
                #expect(verdict.exitCode == 1 && isFound, "\(kind): \(verdict.json)", sourceLocation: location)
                if let subject { #expect(verdict.faults[subject]?.contains(kind) == true, "\(verdict.json)", sourceLocation: location) }
                let glance = try await archiving.verify(["--quick"], at: location)
                #expect(glance.faults.values.contains { $0.contains(quick ?? "none") } == (quick != nil), "\(glance.json)", sourceLocation: location)
            }

            // Objects.
            var flipped = whole
            flipped[whole.count / 2] ^= 1
            try write(flipped, to: path)
            try await expect("differs", key, quick: nil)
            try write(Array(whole.dropLast(10)), to: path)
            try await expect("differs", key, quick: "differs")
            try FileManager.default.removeItem(atPath: path)
            try await expect("missing", key, quick: "missing")
            try await putAgain(key, archiving)
            #expect(try archiving.objects.bytes(key) == whole)
            try await archiving.expectVerified()
            let foreign = key.replacingOccurrences(of: "/events.raw", with: "/events.row")
            try write(whole, to: "\(archiving.objects.folder)/\(foreign)")
            try await expect("unknown", foreign, quick: "unknown")
            try FileManager.default.removeItem(atPath: "\(archiving.objects.folder)/\(foreign)")

            // The table: a value altered, a row that nobody promoted.
            let id = EventLoading.correlationID(package: 1, ordinal: 5)
            let bench = archiving.bench
            let data = try await bench.value("select data::text from public.events where correlation_id = '\(id)'")
            _ = try await bench.sql("update public.events set data = data || '{\"amount\": 1000000}' where correlation_id = '\(id)'")
            try await expect("content", nil, quick: nil)
            _ = try await bench.sql("update public.events set data = $1::jsonb where correlation_id = '\(id)'", [.optional(data)])
            try await archiving.expectVerified()
            let reject = "batch_id || ' ' || position = (select min(batch_id || ' ' || position) from staging.reject)"
            let reasons = try await bench.value("select reasons from staging.reject where \(reject)")
            _ = try await bench.sql("update staging.reject set reasons = '{Otherwise.}' where \(reject)")
            try await expect("content", nil, quick: nil)
            _ = try await bench.sql("update staging.reject set reasons = $1::text[] where \(reject)", [.optional(reasons)])
            try await archiving.expectVerified()

            // The books: an object that is said to hold what another one does; records that no object holds.
            _ = try await bench.sql(
                """
                update ops.archive_piece p set first_position = p.first_position - 10
                from ops.archive_piece q, ops.archive_object o, ops.archive_object r
                where o.object_id = p.object_id and r.object_id = q.object_id and o.kind = 'event' and r.kind = 'event'
                    and (p.batch_id, p.run_id) = (q.batch_id, q.run_id) and p.first_position > q.first_position
                """)
            try await expect("books", nil, quick: "books")
        }
    }

    /// As docs/archive.md says.
    private func putAgain(_ key: String, _ archiving: Archiving) async throws {
        try await archiving.bench.stack.admin(archiving.bench.database) { admin in
            try await admin.execute(
                """
                update ops.archive_object set delivered_at = null, bytes = null, sha256 = null, content_bytes = null, content_sha256 = null,
                    version_id = null
                where object_key = '\(key)';
                update ops.outbox set state = 'waiting', delivered = null, delivered_at = null, next_attempt_at = now()
                where object_id = (select object_id from ops.archive_object where object_key = '\(key)');
                """)
        }
        let relay = try await archiving.run("relay", "--once", "--only", "archive")
        #expect(relay.exitCode == 0, "\(relay.err)")
    }

    /// What is done to a database to see whether the proof and the command find out.
    enum Sabotage: String, CaseIterable {
        case none
        /// A failed attempt is taken for a delivery.
        case failuresCount
        /// Lines are not the same when they are asked for again.
        case driftingLines
        /// A record in so many is forgotten when it is posted.
        case forgetful

        var sql: String {
            switch self {
            case .none: ""
            case .failuresCount: """
                create or replace function test.take_failure() returns trigger language plpgsql security definer as $f$
                begin
                    update ops.archive_object set bytes = 1, sha256 = decode(repeat('00', 32), 'hex'), content_bytes = 1,
                        content_sha256 = decode(repeat('00', 32), 'hex'), delivered_at = clock_timestamp()
                    where object_id = new.object_id;
                    new.state := 'delivered';
                    new.delivered := new.messages;
                    new.delivered_at := clock_timestamp();
                    return new;
                end
                $f$;
                create trigger t200_failure before update on ops.outbox for each row
                    when (new.kind = 'object' and new.attempts > old.attempts) execute function test.take_failure();
                """
            case .driftingLines: """
                alter function ops.archive_lines(bigint) rename to true_lines;
                create function ops.archive_lines(p_object bigint) returns setof bytea language sql volatile security definer as $f$
                    -- A time that lines of events have, and one of dead letters: whichever object a relay was killed over.
                    select convert_to(regexp_replace(convert_from(l, 'UTF8'), '("publishTime"|"receivedAt"): "2',
                        '\\1: "' || (extract(epoch from clock_timestamp()) * 1000000)::bigint), 'UTF8')
                    from ops.true_lines(p_object) l
                $f$;
                grant execute on function ops.archive_lines(bigint) to relay, relay_admin;
                """
            case .forgetful: """
                create function test.forget() returns trigger language plpgsql as $f$
                begin
                    return case when new.kind = 'event' then new end;
                end
                $f$;
                create trigger t100_forget before insert on ops.archive_pending for each row execute function test.forget();
                """
            }
        }
    }

    /// Two faults, aimed right, against an archive that is whole and such that are not.
    @Test(arguments: Sabotage.allCases) func aSabotagedArchiveIsCaught(_ sabotage: Sabotage) async throws {
        try await Archiving.with(.s3, records: 40) { archiving in
            if sabotage != .none { try await archiving.bench.stack.admin(archiving.bench.database) { try await $0.execute(sabotage.sql) } }
            // The store is away, and a relay dies between PUT and booking.
            try await archiving.load(50, package: 1)
            try await archiving.objects.fail("503")
            _ = try await archiving.run("relay", "--once")
            try await archiving.objects.heal()
            try await archiving.hurry()
            try await archiving.load(50, package: 2)
            let hold = try await Hold(archiving.bench)
            let relay = try archiving.start(["relay"])
            defer { relay.signal(SIGKILL) }
            try await eventually("a relay that has put an object") { try await archiving.held() > 0 }
            relay.signal(SIGKILL)
            try await eventually("its end") { !relay.isRunning }
            try await archiving.endHeld()
            #expect(try await archiving.unmarked().count >= 1)
            await hold.release()
            let settled = try await archiving.run("relay", "--once")

            let verdict = try await archiving.verify()
            let proof = try await ArchiveProof(archiving)
            let alerts = try await archiving.bench.sql("select distinct kind from ops.alert where cleared_at is null order by 1").compactMap { $0[0] }
            print(
                """
                archive gate, sabotage \(sabotage): verify gave \(verdict.exitCode ?? -1), \(verdict.faults.count) subjects with faults, \
                alerts \(alerts); by the disk: \(proof.isExact ? "exact" : proof.faults)
                """)
            let kinds = Set(verdict.faults.values.flatMap { $0 })
            switch sabotage {
            case .none:
                #expect(settled.exitCode == 0 && verdict.exitCode == 0 && proof.isExact && alerts == [], "\(verdict.json)\(proof.faults)")
            case .failuresCount:
                #expect(verdict.exitCode == 1 && kinds.contains("missing") && !proof.lost.isEmpty, "\(verdict.json)")
            case .driftingLines:
                #expect(alerts.contains("object.differs"), "the object that lay there was not put over: \(alerts), \(settled.out)\(settled.err)")
                #expect(verdict.exitCode == 1 && kinds.contains("content") && !proof.wrong.isEmpty, "\(verdict.json)")
            case .forgetful:
                #expect(verdict.exitCode == 1 && kinds.contains("books") && !proof.lost.isEmpty, "\(verdict.json)")
            }
        }
    }
}
