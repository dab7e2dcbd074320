import Kafka
import Postgres

/// A rejected message on its way to a dead-letter topic: key and value as they came, and headers that tell why and
/// where from.
struct DeadLetter: Sendable, Equatable {
    var position: Int64
    var key: [UInt8]?
    /// nil for a tombstone.
    var value: [UInt8]?
    var headers: [Header]
    /// Whether what is too large for a broker goes with less in it: its original stays where it is.
    var mayShrink = true

    init(position: Int64, key: [UInt8]?, value: [UInt8]?, headers: [Header]) {
        self.position = position
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// A row of `ops.dead_letters`: position, key, value, and the headers as names and values in turn. What a header is called is
    /// SQL's to say; one without a value is left out.
    init(_ row: BinaryRows.Row) throws(BinaryRows.Malformed) {
        guard row.count == 4, let position = row[0], position.count == 8, let headers = row[3] else { throw BinaryRows.Malformed() }
        self.position = position.reduce(0) { $0 << 8 | Int64($1) }
        key = row[1]
        value = row[2]
        let words = try BinaryRows.elements(ofArray: headers)
        guard words.count.isMultiple(of: 2) else { throw BinaryRows.Malformed() }
        self.headers = []
        for place in stride(from: 0, to: words.count, by: 2) {
            guard let name = words[place] else { throw BinaryRows.Malformed() }
            if let value = words[place + 1] { self.headers.append(Header(String(decoding: name, as: UTF8.self), value)) }
        }
    }

    /// The same with less in it, for a broker that finds it too large: first without its value, then without its key;
    /// headers say so. nil when there is nothing left to leave out. The original stays in staging.reject.
    var reduced: DeadLetter? {
        guard mayShrink else { return nil }
        var less = self
        if let value, !value.isEmpty {
            less.value = []  // not null: that would be a tombstone
            less.headers += [Header("value.omitted", Array("too large".utf8)), Header("value.bytes", Array("\(value.count)".utf8))]
        } else if let key, !key.isEmpty {
            less.key = nil
            less.headers += [Header("key.omitted", Array("too large".utf8)), Header("key.bytes", Array("\(key.count)".utf8))]
        } else {
            return nil
        }
        return less
    }

    /// The next messages of an outbox row: at most 1,000, and one past 8 MiB at most.
    static func read(_ outbox: Int64, after position: Int64, _ connection: Connection) async throws -> [DeadLetter] {
        let rows = try await connection.copyRows(
            "copy (select position, message_key, value, headers from ops.dead_letters(\(outbox), \(position), 1000, \(8 << 20))) to stdout (format binary)")
        return try rows.map { row throws(BinaryRows.Malformed) in try DeadLetter(row) }
    }
}
