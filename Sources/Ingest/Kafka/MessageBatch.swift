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

    static let columns = "batch_id, position, slot, defect, message_key, origin, payload"
    /// Of longer keys only the beginning is kept; longer origins are none.
    private static let maxKeyBytes = 4096

    private let options: KafkaLoadOptions
    private let linger: Int
    // Reached a dozen times for each message; nothing here hands them to a closure that reaches them again.
    @exclusivity(unchecked) private var inspector: JSONInspector
    @exclusivity(unchecked) private(set) var rows = BinaryCopy(capacity: 1 << 20)
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private(set) var ranges: [Int32: Range] = [:]
    private var numbers: Numbers?
    private var began: Int = 0

    init(_ options: KafkaLoadOptions) {
        self.options = options
        linger = Int(options.linger / .milliseconds(1))
        inspector = JSONInspector(options: options.json)
    }

    var isEmpty: Bool { count == 0 }
    var slot: Int16 { numbers?.slot ?? 0 }
    var receivedOn: String { numbers?.receivedOn ?? "" }
    var table: String { numbers?.table ?? "" }
    /// Whether no more should be added: enough of them, or the first one has waited long enough.
    var isDue: Bool {
        count >= options.batchRows || rows.count >= options.batchBytes
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
        rows.row(fields: 7)
        rows.int64(batch)
        rows.int64(offset)
        rows.int16(numbers!.slot)
        if let defect = defect(message) { rows.text(defect) } else { rows.null() }
        if let key = message.key { rows.bytes(UnsafeRawBufferPointer(rebasing: key.prefix(Self.maxKeyBytes))) } else { rows.null() }
        if let origin = message.header("origin"), !origin.isEmpty, origin.count <= Self.maxKeyBytes, isText(origin) {
            rows.bytes(origin)
        } else {
            rows.null()
        }
        rows.bytes(message.value ?? UnsafeRawBufferPointer(start: nil, count: 0))
        count += 1
    }

    /// Facts of the bytes, in the words of ops.rule.
    @inline(__always)
    private func defect(_ message: borrowing Message) -> String? {
        guard let value = message.value else { return "tombstone" }
        if value.isEmpty { return "empty_payload" }
        return inspector.defect(of: value)?.rawValue
    }

    private func isText(_ bytes: UnsafeRawBufferPointer) -> Bool { !bytes.contains(0) && isValidUTF8(bytes) }

    private static func coarseMilliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
