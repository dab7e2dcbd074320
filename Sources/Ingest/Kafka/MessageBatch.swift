import Framing
import Glibc
import Kafka
import Postgres

/// Messages of several partitions on their way into one transaction: their rows as binary COPY, and for each partition
/// the offsets they cover.
///
/// `@unchecked Sendable`: handed from the task that fills it to the one that lands it and back, never used by both.
final class MessageBatch: @unchecked Sendable {
    /// What ops.open_batches() gave out.
    struct Numbers: Sendable {
        var ids: [Int64]
        var slot: Int16
        var receivedOn: String
        var table: String
        var taken: ContinuousClock.Instant
    }

    struct Range: Sendable {
        var batch: Int64
        var epoch: Int64
        /// `to` is exclusive; between the two may be offsets without a message.
        var from: Int64
        var to: Int64
        var count: Int64
    }

    /// Of longer keys only the beginning is kept; longer headers are none.
    static let maxKeyBytes = 4096

    let options: KafkaLoadOptions
    private let linger: Int
    // Reached a dozen times for each message; nothing here hands them to a closure that reaches them again.
    @exclusivity(unchecked) var inspector: JSONInspector
    let avro: AvroMessages?
    @exclusivity(unchecked) var rows = BinaryCopy(capacity: 1 << 20)
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private(set) var ranges: [Int32: Range] = [:]
    private var numbers: Numbers?
    private var began: Int = 0

    init(_ options: KafkaLoadOptions) {
        self.options = options
        linger = Int(options.linger / .milliseconds(1))
        inspector = JSONInspector(options: options.json)
        avro = options.schemas.map { AvroMessages($0) }
    }

    /// What COPY is told of a row, in its order.
    static func columns(_ format: MessageFormat) -> String {
        let more = switch format {
        case .json: ""
        case .avro: "schema_id, published_at, package_size, "
        case .deadLetter: "code, error, published_at, package_size, "
        }
        return "batch_id, position, slot, defect, message_key, origin, \(more)payload"
    }

    var isEmpty: Bool { count == 0 }
    var slot: Int16 { numbers?.slot ?? 0 }
    var receivedOn: String { numbers?.receivedOn ?? "" }
    var table: String { numbers?.table ?? "" }
    /// Whether no more should be added: enough of them, or the first one has waited long enough.
    var isDue: Bool {
        count >= options.batchRows || rows.count + (avro?.asideBytes ?? 0) >= options.batchBytes
            || count > 0 && Self.coarseMilliseconds() - began >= linger
    }

    /// Whether it has numbers for `partitions` batches, drawn a short while ago.
    func isOpen(for partitions: Int, at now: ContinuousClock.Instant) -> Bool {
        guard let numbers else { return false }
        return numbers.ids.count + ranges.count >= partitions && (count > 0 || now - numbers.taken < .seconds(20))
    }

    /// - Precondition: it is empty; rows bear the slot of the numbers that they got.
    func open(_ numbers: Numbers) {
        precondition(isEmpty, "a batch in hand keeps its numbers")
        self.numbers = numbers
    }

    func reset() {
        rows.reset()
        avro?.forget()
        count = 0
        ranges = [:]
        numbers = nil
    }

    func finish() { rows.finish() }

    /// Adds one message that stands at or after `next` of its partition.
    /// - Parameters next, epoch: of its partition, where it is the first one there.
    func add(_ message: borrowing Message, next: Int64, epoch: Int64) {
        let (partition, offset) = (message.partition, message.offset)
        if count == 0 { began = Self.coarseMilliseconds() }
        let known = ranges.index(forKey: partition)
        let batch: Int64
        if let known {
            batch = ranges.values[known].batch
            ranges.values[known].to = offset + 1
            ranges.values[known].count += 1
        } else {
            batch = numbers!.ids.removeLast()
            ranges[partition] = Range(batch: batch, epoch: epoch, from: next, to: offset + 1, count: 1)
        }
        switch options.format {
        case .json:
            begin(fields: 7, batch, offset, defect(message), message)
        case .deadLetter:
            begin(fields: 11, batch, offset, defect(message), message)
            rows.text(textHeader("code", message))
            rows.text(textHeader("error", message))
            circumstances(Circumstances(message))
        case .avro:
            addEvent(batch, offset, message)
            count += 1
            return
        }
        rows.bytes(message.value ?? UnsafeRawBufferPointer(start: nil, count: 0))
        count += 1
    }

    /// The columns that all formats have.
    private func begin(fields: Int16, _ batch: Int64, _ offset: Int64, _ defect: String?, _ message: borrowing Message) {
        begin(fields: fields, batch, offset, defect, key: message.key, origin: textHeader("origin", message))
    }

    func begin(
        fields: Int16, _ batch: Int64, _ offset: Int64, _ defect: String?, key: UnsafeRawBufferPointer?,
        origin: UnsafeRawBufferPointer?
    ) {
        rows.row(fields: fields)
        rows.int64(batch)
        rows.int64(offset)
        rows.int16(slot)
        if let defect { rows.text(defect) } else { rows.null() }
        if let key { rows.bytes(UnsafeRawBufferPointer(rebasing: key.prefix(Self.maxKeyBytes))) } else { rows.null() }
        rows.text(origin)
    }

    func circumstances(_ circumstances: Circumstances) {
        if let time = circumstances.publishedAt { rows.int64(time) } else { rows.null() }
        if let size = circumstances.packageSize { rows.int32(size) } else { rows.null() }
    }

    /// Facts of the bytes, in the words of ops.rule.
    @inline(__always)
    private func defect(_ message: borrowing Message) -> String? {
        guard let value = message.value else { return "tombstone" }
        if value.isEmpty { return "empty_payload" }
        return inspector.defect(of: value)?.rawValue
    }

    /// nil where it is missing, empty, too long, or no text that PostgreSQL takes.
    func textHeader(_ name: String, _ message: borrowing Message) -> UnsafeRawBufferPointer? {
        guard let value = message.header(name), !value.isEmpty, value.count <= Self.maxKeyBytes, isText(value) else { return nil }
        return value
    }

    private func isText(_ bytes: UnsafeRawBufferPointer) -> Bool { !bytes.contains(0) && isValidUTF8(bytes) }

    private static func coarseMilliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}

extension BinaryCopy {
    fileprivate mutating func text(_ value: UnsafeRawBufferPointer?) {
        if let value { bytes(value) } else { null() }
    }
}

/// When a message was published, and the size of the package it came in, as COPY takes them.
struct Circumstances {
    /// Microseconds since 2000-01-01; nil where there is none that a timestamptz can be.
    var publishedAt: Int64?
    /// 1 to 1048575.
    var packageSize: Int32?

    init(_ message: borrowing Message) {
        publishedAt = message.timestamp.flatMap { Self.microseconds($0) }
        packageSize = message.header("packageSize").flatMap { Self.size($0) }
    }

    /// - Parameter time: milliseconds since 1970; a topic of CreateTime has whatever the producer said.
    static func microseconds(_ time: Int64) -> Int64? {
        // The years 1 to 9999.
        guard time >= -62_135_596_800_000, time < 253_402_300_800_000 else { return nil }
        return (time - 946_684_800_000) * 1000
    }

    static func size(_ digits: UnsafeRawBufferPointer) -> Int32? {
        guard (1...7).contains(digits.count), digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        let size = digits.reduce(Int32(0)) { $0 * 10 + Int32($1 - 0x30) }
        return (1...1_048_575).contains(size) ? size : nil
    }
}
