import Framing
import Logging
import Postgres

/// The one exit of every door: records go as binary COPY into a feed's staging table, thousands a transaction, and the
/// books move on in the same transaction.
///
/// A batch is gathered in memory before BEGIN and sent in one go, so that no transaction stays open while a loader is
/// slow or frozen; `select ops.land_batch(…); commit` travels as one message and comes last: its compare-and-set is the
/// fence against a loader that was replaced.
struct StagingWriter: ~Copyable {
    private let session: DatabaseSession
    private let feed: String
    private let run: Int64
    private let options: LoadOptions
    private var rows = BinaryCopy(capacity: 1 << 20)
    private var rowCount: Int64 = 0
    private var batch: Batch?

    /// Numbers that ops.open_batch() gave out.
    private struct Batch: Sendable {
        let id: Int64
        let slot: Int16
        let receivedOn: String
        let table: String
    }

    init(session: DatabaseSession, run: Int64, options: LoadOptions) {
        self.session = session
        self.feed = options.feed
        self.run = run
        self.options = options
    }

    var isEmpty: Bool { rowCount == 0 }
    var isFull: Bool { rowCount >= options.batchRows || rows.count >= options.batchBytes }
    /// A batch must be open before rows are added.
    var isOpen: Bool { batch != nil }

    mutating func open() async throws {
        let answer = try await session.query(
            "open batch", "select batch_id, slot, received_on, staging_table from ops.open_batch($1)", [.text(feed)])
        guard let row = answer.first, let id = row.int("batch_id"), let slot = row.int("slot") else {
            throw PostgresError(sqlState: "EM006", message: "ops.open_batch gave no batch")
        }
        batch = Batch(id: id, slot: Int16(slot), receivedOn: row.text("received_on"), table: row.text("staging_table"))
        rows.reset()
        rowCount = 0
    }

    @inline(__always)
    mutating func add(_ record: FramedRecord) {
        rows.row(fields: 7)
        rows.int64(batch!.id)
        rows.int64(record.position)
        rows.int64(record.line)
        rows.int16(batch!.slot)
        if let defect = record.defect { rows.text(defect.rawValue) } else { rows.null() }
        if let fields = record.fields { rows.textArray(count: fields.count) { fields[$0] } } else { rows.null() }
        rows.bytes(record.payload)
        rowCount += 1
    }

    /// Lands what was gathered as records `from + 1 …` of the file.
    /// - Returns: how many there were.
    /// - Throws: `PostgresError` EM020 when another loader has moved the file on.
    mutating func land(file: Int64, from: Int64) async throws -> Int64 {
        guard let batch, rowCount > 0 else { return 0 }
        rows.finish()
        let count = rowCount
        let copy = """
            copy \(batch.table) (batch_id, position, line, slot, defect, fields, payload) from stdin (format binary)
            """
        let advance = """
            select ops.land_batch(\(batch.id), \(quoteLiteral(feed)), \(batch.slot)::smallint, \
            \(quoteLiteral(batch.receivedOn)), \(run), \(file), \(from), \(from + count), \(count)); commit
            """
        let data = SendableBytes(rows.bytes)
        try await session.run("land batch \(batch.id)") { connection in
            // After an outage: the commit may have gone through before the answer was lost.
            if try await Self.isLanded(batch.id, connection) { return }
            try await connection.execute("begin")
            let copied = try await connection.copyIn(copy, data.value)
            guard Int64(copied) == count else {
                throw PostgresError(sqlState: "EM007", message: "copied \(copied) of \(count) rows")
            }
            try await connection.execute(advance)
        }
        self.batch = nil
        rowCount = 0
        return count
    }

    private static func isLanded(_ batch: Int64, _ connection: Connection) async throws -> Bool {
        try await connection.query("select ops.is_landed($1)", [.int(batch)]).first?[0] == "t"
    }
}

/// A view of a buffer that its owner keeps unchanged until the awaited call is over.
private struct SendableBytes: @unchecked Sendable {
    let value: UnsafeRawBufferPointer
    init(_ value: UnsafeRawBufferPointer) { self.value = value }
}
