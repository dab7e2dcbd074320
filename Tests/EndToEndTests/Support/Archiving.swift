import Foundation
import Kafka
import Postgres
import Testing

/// Events that are loaded from brokers in this process, and relays that bring them into an object store.
struct Archiving {
    typealias Event = EventLoading.Event

    let loading: EventLoading
    let objects: ArchiveObjects
    let schema: UInt32
    var bench: Bench { loading.bench }

    /// A bench whose books let themselves be held: a relay that has put an object and books that waits for advisory lock 42. Objects
    /// are small, and sealed at once.
    static func with(
        _ kind: ArchiveObjects.Kind, records: Int = 150, compression: String = "none", _ body: (Archiving) async throws -> Void
    ) async throws {
        try await EventLoading.with { loading, _ in
            try await loading.bench.stack.admin(loading.bench.database) { admin in
                try await admin.execute(
                    """
                    update ops.setting set value = '0 seconds' where name = 'archive.object.age';
                    update ops.setting set value = '\(records)' where name = 'archive.object.records';
                    update ops.setting set value = '\(compression)' where name = 'archive.compression';
                    """)
                try await admin.execute(fixture)
            }
            let objects = try ArchiveObjects(kind, in: loading.bench.folder)
            try await body(Archiving(loading: loading, objects: objects, schema: try await loading.register()))
        }
    }

    private static let fixture = """
        create schema test;
        create function test.hold() returns trigger language plpgsql as $$
        begin
            perform pg_advisory_xact_lock(42);
            return new;
        end
        $$;
        create trigger t100_hold before update on ops.archive_object for each row
            when (old.delivered_at is null and new.delivered_at is not null) execute function test.hold();
        """

    // MARK: Commands

    func start(_ arguments: [String]) throws -> Child { try loading.start(arguments, objects.environment) }

    func run(_ arguments: String...) async throws -> Emporium.Outcome { try await start(arguments).outcome() }

    /// Delivers all there is.
    func deliver(at location: SourceLocation = #_sourceLocation) async throws {
        let outcome = try await run("relay", "--once")
        #expect(outcome.exitCode == 0, "\(outcome.out)\(outcome.err)", sourceLocation: location)
    }

    struct Verdict {
        var exitCode: Int32?
        var json: [String: Any]
        /// Kinds of faults, by the objects or batches they are of.
        var faults: [String: [String]]
        func number(_ name: String) -> Int { json[name] as? Int ?? -1 }
    }

    func verify(_ more: [String] = [], at location: SourceLocation = #_sourceLocation) async throws -> Verdict {
        let outcome = try await start(["archive", "verify", "--json"] + more).outcome()
        let json = try #require(
            try? JSONSerialization.jsonObject(with: Data(outcome.out.utf8)) as? [String: Any], "\(outcome.out)\(outcome.err)",
            sourceLocation: location)
        var faults: [String: [String]] = [:]
        for fault in json["found"] as? [[String: Any]] ?? [] {
            faults[fault["subject"] as? String ?? "", default: []].append(fault["kind"] as? String ?? "")
        }
        return Verdict(exitCode: outcome.exitCode, json: json, faults: faults)
    }

    /// All is well, as the command sees it.
    @discardableResult
    func expectVerified(at location: SourceLocation = #_sourceLocation) async throws -> Verdict {
        let verdict = try await verify(at: location)
        #expect(verdict.exitCode == 0 && verdict.number("faults") == 0, "\(verdict.json)", sourceLocation: location)
        #expect(verdict.number("undelivered") == 0 && verdict.number("pending") == 0, "\(verdict.json)", sourceLocation: location)
        return verdict
    }

    // MARK: Events

    /// Sends so many, of which every tenth is wrong; as one package.
    func send(_ count: Int, package: Int) async throws {
        let values: [[UInt8]?] = try (0..<count).map { number in
            guard number % 10 == 9 else { return try Event(id: "e\(package)-\(number)", amount: Double(number)).avro(schemaID: schema) }
            // Bytes that are no text, and a time that is none: both kinds of payload.
            if number % 20 == 9 { return [1, 0, 0xFF, UInt8(package & 255), UInt8(number & 255)] }
            return try Event(timestamp: "yesterday").avro(schemaID: schema)
        }
        try await loading.send(values, package: package)
    }

    /// Sends and loads so many.
    func load(_ count: Int, package: Int, at location: SourceLocation = #_sourceLocation) async throws {
        try await send(count, package: package)
        try await loading.once(at: location)
    }

    /// Has what failed tried again at once.
    func hurry() async throws {
        _ = try await bench.sql("update ops.outbox set next_attempt_at = now() where state = 'waiting' and next_attempt_at > now()")
    }

    /// Objects that are in the store and not booked as delivered.
    func unmarked() async throws -> [String] {
        let delivered = Set(try await bench.sql("select object_key from ops.archive_object where delivered_at is not null").compactMap { $0[0] })
        return try objects.keys().filter { !delivered.contains($0) }
    }

    /// Sessions of relays that have put an object and stand before the booking.
    func held() async throws -> Int { try await bench.count("select count(*) \(Self.waiting)") }

    /// Ends those sessions: their relays are dead, and what they were about to book must not be.
    func endHeld() async throws { _ = try await bench.sql("select pg_terminate_backend(l.pid, 5000) \(Self.waiting)") }

    private static let waiting = """
        from pg_locks l where l.locktype = 'advisory' and l.objid = 42 and not l.granted
            and l.database = (select oid from pg_database where datname = current_database())
        """
}
