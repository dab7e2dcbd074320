import Digests
import Foundation
import Ingest
import Logging
import ObjectStore
import Postgres

/// Reads the archive back and compares it with the table and the books: each object for itself, then what the store has, then
/// what the books say of one another. One object at a time is in memory.
struct ArchiveVerifier {
    /// An object that was delivered, by the books.
    struct Booked: Sendable {
        var id: Int64
        var key: String
        var compression: String
        var records: Int64
        var bytes: Int64
        var sha256: String
        var contentBytes: Int64
        var contentSHA256: String
        var version: String?
    }

    let store: any ObjectStore
    let session: DatabaseSession
    let days: ArchiveDays
    let logger: Logger
    private let progress = ProgressLine()
    private(set) var report: ArchiveReport

    init(store: any ObjectStore, session: DatabaseSession, days: ArchiveDays, isQuick: Bool, logger: Logger) {
        self.store = store
        self.session = session
        self.days = days
        self.logger = logger
        report = ArchiveReport(quick: isQuick)
    }

    /// - Throws: `StoreError` and `PostgresError` for outages that outlast the patience; everything else is in the report.
    mutating func run() async throws -> ArchiveReport {
        defer { progress.clear() }
        try await readObjects()
        for folder in ["dead-letter", "events"] { try await readStore(folder) }
        try await readBooks()
        return report
    }

    // MARK: Each object

    private mutating func readObjects() async throws {
        var after: Int64 = 0
        while true {
            let page = try await session.query(
                "objects",
                """
                select object_id, object_key, compression, records, bytes, encode(sha256, 'hex') as sha256, content_bytes,
                    encode(content_sha256, 'hex') as content_sha256, version_id
                from ops.archive_object
                where delivered_at is not null and object_id > $3
                    and day between coalesce($1::date, '-infinity') and coalesce($2::date, 'infinity')
                order by object_id limit 200
                """, days.parameters + [.int(after)]
            ).rows.map { row in
                Booked(
                    id: row.int("object_id") ?? 0, key: row.text("object_key"), compression: row.text("compression"),
                    records: row.int("records") ?? 0, bytes: row.int("bytes") ?? 0, sha256: row.text("sha256"),
                    contentBytes: row.int("content_bytes") ?? 0, contentSHA256: row.text("content_sha256"), version: row["version_id"])
            }
            guard let last = page.last else { return }
            for object in page {
                progress.show(object.key, report.bytes, 0)
                report.objects += 1
                report.lines += object.records
                report.bytes += object.bytes
                try await read(object)
            }
            after = last.id
        }
    }

    private mutating func read(_ object: Booked) async throws {
        do {
            guard let newest = try await Archive.ask(logger, { () throws(StoreError) in try await store.head(object.key) }) else {
                return report.add(.missing, object.key, "the store has no such object")
            }
            if newest.bytes != object.bytes {
                report.add(.differs, object.key, "it has \(newest.bytes) bytes, delivered were \(object.bytes)")
            } else if let digest = newest.sha256.map(hexadecimal), digest != object.sha256 {
                report.add(.differs, object.key, "its SHA-256 is \(digest), delivered was \(object.sha256)")
            }
            if report.quick { return }
            // Of a store with versions the one that was delivered; another one that lies over it is said above.
            guard newest.bytes == object.bytes || object.version != nil else { return }
            if let bytes = try await bytes(of: object) { try await compare(object, bytes) }
        } catch let error as StoreError where !error.isOutage {
            report.add(error.kind == .missing ? .missing : .differs, object.key, error.description)
        }
    }

    /// - Returns: nil where the store answers, and cannot give this object: that is said, and there may be more to find.
    private mutating func bytes(of object: Booked) async throws -> [UInt8]? {
        do {
            return try await get(object)
        } catch let error as StoreError where error.isOutage {
            logger.warning("\(error); asking for something else")
        }
        _ = try await Archive.ask(logger) { () throws(StoreError) in try await store.list(object.key, after: nil) }
        do {
            return try await get(object)
        } catch let error as StoreError where error.isOutage {
            _ = try await store.list(object.key, after: nil)
            report.add(.differs, object.key, "it cannot be read: \(error)")
            return nil
        }
    }

    private func get(_ object: Booked) async throws -> [UInt8] {
        try await Archive.ask(logger) { () throws(StoreError) in
            try await store.get(object.key, version: object.version, limit: Int(object.bytes))
        }
    }

    private mutating func compare(_ object: Booked, _ bytes: [UInt8]) async throws {
        let digest = sha256Hex(bytes)
        guard digest == object.sha256 else {
            return report.add(.differs, object.key, "the SHA-256 of its bytes is \(digest), delivered was \(object.sha256)")
        }
        let outcome = try await session.run("lines") { connection in
            try await LineComparison(bytes, compression: object.compression, limit: object.contentBytes).run(connection, object: object.id)
        }
        report.gone += outcome.gone
        if let problem = outcome.problem {
            report.add(.content, object.key, problem)
        }
        if outcome.lines != object.records {
            report.add(.differs, object.key, "it has \(outcome.lines) lines, by the books \(object.records)")
        } else if outcome.contentBytes != object.contentBytes || outcome.contentSHA256 != object.contentSHA256 {
            report.add(.differs, object.key, "unpacked it is not what was delivered, by its SHA-256")
        }
    }

    // MARK: What the store has

    /// Keys are asked of the books after the store was asked for them: what is put is sealed in the books before.
    private mutating func readStore(_ folder: String) async throws {
        let (first, last) = (days.from.map { "\(folder)/dt=\($0)" }, days.to.map { "\(folder)/dt=\($0)/" })
        var after = first
        while true {
            let start = after
            let page = try await Archive.ask(logger) { () throws(StoreError) in try await store.list("\(folder)/", after: start) }
            let keys = page.objects.map(\.key).filter { key in last.map { key < $0 || key.hasPrefix($0) } ?? true }
            if !keys.isEmpty {
                let unknown = try await session.query(
                    "keys",
                    "select k.key from unnest($1::text[]) as k (key) where not exists (select from ops.archive_object o where o.object_key = k.key)",
                    [.array(keys)])
                for row in unknown.rows { report.add(.unknown, row.text("key"), "the books have no such object") }
            }
            guard page.hasMore, keys.count == page.objects.count, let end = page.objects.last?.key else { return }
            after = end
        }
    }

    // MARK: What the books have

    private mutating func readBooks() async throws {
        for row in try await session.query("balance", "select batch_id, kind, booked, archived, pending from ops.archive_balance()").rows {
            let found = "\(row.text("archived")) in objects, \(row.text("pending")) in none yet"
            report.add(.books, "batch \(row.text("batch_id"))", "\(row.text("kind")): \(row.text("booked")) by the batch's books, \(found)")
        }
        let overlaps = try await session.query(
            "pieces",
            """
            select p.batch_id, p.object_key, p.before from (
                select p.batch_id, o.object_key, p.first_position, lag(p.last_position) over w as last, lag(o.object_key) over w as before
                from ops.archive_piece p join ops.archive_object o using (object_id)
                window w as (partition by o.kind, p.batch_id, p.run_id order by p.first_position, p.last_position)
            ) p where p.first_position <= p.last order by p.batch_id limit 1000
            """)
        for row in overlaps.rows {
            report.add(.books, row.text("object_key"), "records of batch \(row.text("batch_id")) are in \(row.text("before")), too")
        }
        let uneven = try await session.query(
            "records",
            """
            select o.object_key, o.records, coalesce(sum(p.records), 0) as pieces
            from ops.archive_object o left join ops.archive_piece p using (object_id)
            group by o.object_id having o.records <> coalesce(sum(p.records), 0) order by o.object_key limit 1000
            """)
        for row in uneven.rows {
            report.add(.books, row.text("object_key"), "\(row.text("records")) lines, its pieces have \(row.text("pieces"))")
        }
        let open = try await session.query(
            "open",
            """
            select (select count(*) from ops.archive_object where delivered_at is null) as undelivered,
                (select coalesce(sum(records), 0) from ops.archive_pending) as pending
            """)
        report.undelivered = open.first?.int("undelivered") ?? 0
        report.pending = open.first?.int("pending") ?? 0
    }
}
