/// Reads packages of events: JSON, checked against a schema, becomes Avro. One user at a time; its memory is used again.
///
///     let package = try reader.read(body, format: .array, schema: schema)
///     for (index, event) in package.events.enumerated() { package.withValue(of: index) { bytes in … } }
///
/// @unchecked Sendable: a pool may hand it from one task to the next; that no two use it at once is theirs to see to.
public final class PackageReader: @unchecked Sendable {
    public let limits: PackageLimits
    private let document = JSONDocument()
    private let encoder: EventEncoder
    private var events: [Event] = []
    /// Output above this is given back with the next package.
    private static let usual = 4 << 20

    public init(limits: PackageLimits = PackageLimits()) {
        self.limits = limits
        encoder = EventEncoder(limits: limits)
    }

    /// Reads one package. Nothing of `body` is kept but in the package, which is valid until the next call.
    /// - Parameter body: the unpacked body.
    /// - Throws: `Refusal` when the package cannot be taken as a whole.
    public func read(
        _ body: UnsafeRawBufferPointer, format: PackageFormat, schema: EventSchema
    ) throws(Refusal) -> Package {
        if encoder.output.capacity > Self.usual { encoder.output.shrink(to: Self.usual) }
        encoder.output.count = 0
        events.removeAll(keepingCapacity: true)
        if body.count > limits.bodyBytes { throw .bodyTooLarge(limits.bodyBytes) }
        defer {
            document.shrink()
            encoder.inner.shrink()
        }
        try document.load(body, format: format, limits: limits)
        let tape = document.tape
        let count = document.elements.count
        events.reserveCapacity(count)
        for index in 0..<count {
            let element = document.elements.base[index]
            let begin = encoder.output.count
            var verdict = Event.Verdict.accepted
            encoder.output.append(0)
            encoder.output.appendRaw(schema.id.bigEndian)
            do throws(EventFault) { try encoder.event(schema.program, Int(element.place), tape) } catch {
                verdict = .rejected(code: error.code, error: error.text)
                encoder.output.count = begin
                encoder.output.append(tape.source + Int(element.begin), Int(element.end &- element.begin))
            }
            events.append(.init(verdict: verdict, begin: begin, end: encoder.output.count))
        }
        return Package(events: events, encoder: encoder)
    }
}

/// One event of a package: whether the schema takes it, and where its bytes to send are.
public struct Event: Sendable, Equatable {
    public enum Verdict: Sendable, Equatable {
        /// The value is a Confluent frame.
        case accepted
        /// The value is the event's JSON as it was sent. Code: `missing_field`; error: a sentence, at most 400 bytes without
        /// control characters.
        case rejected(code: String, error: String)
    }

    public let verdict: Verdict
    /// Of the value in the reader's buffer.
    let begin, end: Int

    public var isAccepted: Bool { verdict == .accepted }
}

/// What a package holds, in its order. Valid until its reader is used again.
public struct Package {
    public let events: [Event]
    private let encoder: EventEncoder

    init(events: [Event], encoder: EventEncoder) {
        self.events = events
        self.encoder = encoder
    }

    /// Lends the bytes to send for the event at an index of `events`.
    public func withValue<Result, Failure: Error>(
        of index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let event = events[index]
        return try body(UnsafeRawBufferPointer(start: encoder.output.base + event.begin, count: event.end - event.begin))
    }
}
