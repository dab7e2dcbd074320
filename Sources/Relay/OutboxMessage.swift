import Postgres
import Synchronization

/// What a row of kind `message` holds (`ops.outbox_content`).
struct OutboxMessage: Sendable, Equatable {
    var payload: [UInt8]
    var headers: [(name: String, value: String)]
    var contentType: String

    init(payload: [UInt8], headers: [(name: String, value: String)], contentType: String) {
        self.payload = payload
        self.headers = headers
        self.contentType = contentType
    }

    /// A row of payload, headers as names and values in turn, and content type; a header without a value is left out.
    init(_ row: BinaryRows.Row) throws(BinaryRows.Malformed) {
        guard row.count == 3, let payload = row[0], let headers = row[1], let type = row[2] else { throw BinaryRows.Malformed() }
        let words = try BinaryRows.elements(ofArray: headers)
        guard words.count.isMultiple(of: 2) else { throw BinaryRows.Malformed() }
        self.payload = payload
        contentType = String(decoding: type, as: UTF8.self)
        self.headers = []
        for place in stride(from: 0, to: words.count, by: 2) {
            guard let name = words[place] else { throw BinaryRows.Malformed() }
            guard let value = words[place + 1] else { continue }
            self.headers.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
    }

    /// - Throws: `DeliveryFailure` when the row has no content.
    static func read(_ claim: Claim, _ connection: Connection) async throws -> OutboxMessage {
        let rows = try await connection.copyRows(
            "copy (select payload, headers, content_type from ops.outbox_content(\(claim.id))) to stdout (format binary)")
        guard let row = rows.first else { throw DeliveryFailure(.refusal, "the row has no content") }
        return try OutboxMessage(row)
    }

    static func == (one: OutboxMessage, other: OutboxMessage) -> Bool {
        one.payload == other.payload && one.contentType == other.contentType && one.headers.elementsEqual(other.headers, by: ==)
    }
}

extension Connection {
    /// The rows of a `COPY … TO STDOUT (FORMAT BINARY)`, all of them in memory.
    func copyRows(_ sql: String) async throws -> [BinaryRows.Row] {
        let parsed = CopiedRows()
        try await copyOut(sql) { try parsed.take($0) }
        return parsed.rows
    }

    private final class CopiedRows: Sendable {
        private let parsed = Mutex(BinaryRows())
        func take(_ bytes: UnsafeRawBufferPointer) throws { try parsed.withLock { try $0.take(bytes) } }
        var rows: [BinaryRows.Row] { parsed.withLock { $0.rows } }
    }
}
