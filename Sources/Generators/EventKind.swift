/// What is wrong with an event.
public enum EventFault: String, CaseIterable, Sendable {
    // Found by the collector.
    case notAnObject, missingField, wrongType, unknownField, outOfRange, malformedStamp, ambiguousField
    // Fit the schema: PostgreSQL finds them.
    case malformedID, timeWithoutOffset, year52217, farPast

    /// The collector's verdict; nil: it accepts the event.
    public var code: String? {
        switch self {
        case .notAnObject: "not_an_object"
        case .missingField: "missing_field"
        case .wrongType: "wrong_type"
        case .unknownField: "unknown_field"
        case .outOfRange: "out_of_range"
        case .malformedStamp: "malformed_stamp"
        case .ambiguousField: "ambiguous_field"
        case .malformedID, .timeWithoutOffset, .year52217, .farPast: nil
        }
    }
}

public enum EventKind: Sendable, Equatable {
    case valid
    /// The bytes of an event sent before.
    case duplicate
    /// The id of an event sent before, and another amount.
    case conflict
    case bad(EventFault)

    /// `valid`, `duplicate`, `conflict` or the fault's name.
    public var name: String {
        switch self {
        case .valid: "valid"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .bad(let fault): fault.rawValue
        }
    }
}

/// How many of each kind.
public struct EventTally: Sendable, Equatable {
    public private(set) var valid = 0
    public private(set) var duplicates = 0
    public private(set) var conflicts = 0
    public private(set) var faults: [EventFault: Int] = [:]

    public init() {}

    public var bad: Int { faults.values.reduce(0, +) }
    public var all: Int { valid + duplicates + conflicts + bad }

    public mutating func count(_ kind: EventKind) {
        switch kind {
        case .valid: valid += 1
        case .duplicate: duplicates += 1
        case .conflict: conflicts += 1
        case .bad(let fault): faults[fault, default: 0] += 1
        }
    }
}
