import Kafka

/// Where reading stands in each partition, ahead of what is landed.
///
/// `@unchecked Sendable`: used by the reading task and, while that waits for it, on the consumer's thread.
final class PartitionReader: @unchecked Sendable {
    private struct State {
        var next: Int64
        let epoch: Int64
        var isAtEnd = false
    }

    private let options: KafkaLoadOptions
    private var states: [Int32: State] = [:]
    private var left: Int64

    init(options: KafkaLoadOptions, limit: Int64?) {
        self.options = options
        left = limit ?? .max
    }

    var isReading: Bool { !states.isEmpty }
    var count: Int { states.count }
    func reads(_ partition: Int32) -> Bool { states[partition] != nil }
    func next(_ partition: Int32) -> Int64? { states[partition]?.next }

    /// Whether all that was asked for has been read.
    var isFinished: Bool { left <= 0 || options.stopsAtEnd && states.values.allSatisfy(\.isAtEnd) }

    func start(_ partition: Int32, next: Int64, epoch: Int64) { states[partition] = State(next: next, epoch: epoch) }

    func reached(_ ends: [Position]) {
        for end in ends where end.offset >= states[end.partition]?.next ?? .max { states[end.partition]!.isAtEnd = true }
    }

    /// - Returns: whether more may follow into the same batch.
    func take(_ message: borrowing Message, into batch: MessageBatch) -> Bool {
        // One that was fetched for an earlier start, or that a partition's end made superfluous.
        guard let index = states.index(forKey: message.partition) else { return true }
        let (next, epoch) = (states.values[index].next, states.values[index].epoch)
        guard message.offset >= next, !(options.stopsAtEnd && states.values[index].isAtEnd) else { return true }
        batch.add(message, next: next, epoch: epoch)
        states.values[index].next = message.offset + 1
        left -= 1
        return left > 0 && !batch.isDue
    }
}
