import Avro
import Framing
import Kafka
import Schemas

/// What a batch keeps to decode messages of Avro: transcoders by schema, and messages whose schema nobody has asked for yet.
final class AvroMessages {
    /// A message set aside. Its bytes stand in `bytes` from `start` on: key, origin, value.
    struct Aside {
        var batch: Int64
        var offset: Int64
        var schemaID: UInt32
        var circumstances: Circumstances
        var start: Int
        /// nil for none.
        var key: Int?
        var origin: Int?
        var value: Int
    }

    private let schemas: SchemaCache
    /// Schemas that the registry has, so there are not many.
    private var transcoders: [UInt32: Transcoder] = [:]
    @exclusivity(unchecked) private var last: (id: UInt32, transcoder: Transcoder)?
    @exclusivity(unchecked) var text = TextBuffer()
    private(set) var aside: [Aside] = []
    private(set) var bytes: [UInt8] = []

    init(_ schemas: SchemaCache) { self.schemas = schemas }

    var asideBytes: Int { bytes.count }

    /// nil when the schema has not been asked for.
    func transcoder(_ id: UInt32) -> Transcoder? {
        if let last, last.id == id { return last.transcoder }
        guard let transcoder = transcoders[id] ?? schemas.cached(id: id).map({ Transcoder($0.schema) }) else { return nil }
        transcoders[id] = transcoder
        last = (id, transcoder)
        return transcoder
    }

    func setAside(
        _ batch: Int64, _ offset: Int64, schemaID: UInt32, _ circumstances: Circumstances, key: UnsafeRawBufferPointer?,
        origin: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer
    ) {
        let key = key.map { UnsafeRawBufferPointer(rebasing: $0.prefix(MessageBatch.maxKeyBytes)) }
        aside.append(
            Aside(
                batch: batch, offset: offset, schemaID: schemaID, circumstances: circumstances, start: bytes.count,
                key: key?.count, origin: origin?.count, value: value.count))
        if let key { bytes += key }
        if let origin { bytes += origin }
        bytes += value
    }

    /// Gives up what is set aside, to be decoded.
    func takeAside() -> (messages: [Aside], bytes: [UInt8]) {
        defer { forget() }
        return (aside, bytes)
    }

    func forget() {
        aside = []
        bytes = []
    }
}

extension MessageBatch {
    /// What became of a message's value.
    private enum Decoded {
        /// It stands in `avro.text`.
        case text
        /// In the words of ops.rule.
        case defect(String)
        /// Its schema has not been asked for.
        case unasked
    }

    /// Schemas that messages set aside were written with, in the order of their numbers.
    var schemasAside: [UInt32] { avro.map { Set($0.aside.map(\.schemaID)).sorted() } ?? [] }

    /// Adds a message of Avro, or sets it aside when its schema has not been asked for.
    func addEvent(_ batch: Int64, _ offset: Int64, _ message: borrowing Message) {
        let circumstances = Circumstances(message)
        let (key, origin) = (message.key, textHeader("origin", message))
        guard let value = message.value, !value.isEmpty else {
            let defect = message.value == nil ? "tombstone" : "empty_payload"
            return row(batch, offset, .defect(defect), nil, circumstances, key, origin, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        guard value.count <= options.json.maxRecordBytes else {
            return row(batch, offset, .defect(Defect.recordTooLarge.rawValue), nil, circumstances, key, origin, value)
        }
        guard let frame = try? ConfluentFrame(value) else {
            return row(batch, offset, .defect("bad_magic_byte"), nil, circumstances, key, origin, value)
        }
        let decoded = decode(frame)
        if case .unasked = decoded {
            avro?.setAside(batch, offset, schemaID: frame.schemaID, circumstances, key: key, origin: origin, value: value)
        } else {
            row(batch, offset, decoded, frame.schemaID, circumstances, key, origin, value)
        }
    }

    /// Adds what was set aside.
    /// - Parameter unknown: schemas that the registry does not have; the others were asked for.
    func decodeAside(unknown: Set<UInt32>) {
        guard let (messages, bytes) = avro?.takeAside() else { return }
        bytes.withUnsafeBytes { bytes in
            for message in messages {
                var place = message.start
                func next(_ count: Int) -> UnsafeRawBufferPointer {
                    defer { place += count }
                    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
                }
                let (key, origin) = (message.key.map(next), message.origin.map(next))
                let value = next(message.value)
                var decoded = Decoded.defect("unknown_schema")
                if !unknown.contains(message.schemaID), let frame = try? ConfluentFrame(value) { decoded = decode(frame) }
                row(message.batch, message.offset, decoded, message.schemaID, message.circumstances, key, origin, value)
            }
        }
    }

    private func decode(_ frame: ConfluentFrame) -> Decoded {
        guard let transcoder = avro?.transcoder(frame.schemaID) else { return .unasked }
        avro!.text.reset()
        let facts: Transcoder.Facts
        do throws(AvroError) { facts = try transcoder.transcode(frame.body, into: &avro!.text) } catch {
            return .defect(error.code == .badValue ? "number_not_finite" : "malformed_avro")
        }
        let (text, json) = (avro!.text.bytes, options.json)
        guard text.count <= json.maxRecordBytes else { return .defect(Defect.recordTooLarge.rawValue) }
        // The text is JSON by its making; what PostgreSQL or our limits refuse of JSON is looked for where it may be.
        guard facts.hasNUL || facts.hasExtremeNumber || facts.values > json.maxElements || transcoder.depth > json.maxDepth,
            let defect = inspector.defect(of: text)
        else { return .text }
        return .defect(defect.rawValue)
    }

    private func row(
        _ batch: Int64, _ offset: Int64, _ decoded: Decoded, _ schemaID: UInt32?, _ circumstances: Circumstances,
        _ key: UnsafeRawBufferPointer?, _ origin: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer
    ) {
        let defect: String?
        switch decoded {
        case .text: defect = nil
        case .defect(let found): defect = found
        case .unasked: preconditionFailure("schema \(schemaID ?? 0) was asked for before")
        }
        begin(fields: 10, batch, offset, defect, key: key, origin: origin)
        if let schemaID { rows.int64(Int64(schemaID)) } else { rows.null() }
        self.circumstances(circumstances)
        if defect == nil { rows.bytes(avro!.text.bytes) } else { rows.bytes(value) }
    }
}
