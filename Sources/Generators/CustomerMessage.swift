/// What happens to a customer.
public enum CustomerEvent: String, CaseIterable, Sendable {
    case signUp, logIn, move
}

/// What is wrong with a message; messages with faults are of each kind in turn.
public enum CustomerFault: String, CaseIterable, Sendable {
    /// One of customer_id, last_name, registration_date, event_time is not there.
    case missingField
    /// Below 0 or above 130.
    case impossibleAge
    case badEmail
    /// One of registration_date, last_login_date, event_time is a hundred years ahead.
    case futureDate
    case loginBeforeRegistration
    case unknownCountry
    /// The key is another customer's number.
    case wrongKey
    case cutShort, trailingComma, invalidUTF8
    /// `\u0000` in a name.
    case nulEscape
    /// The same name twice in the object.
    case duplicateKey
    /// No payload.
    case tombstone
    /// A payload of no bytes.
    case emptyPayload
}

/// One message for the topic of customers.
public struct CustomerMessage: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A loader must take it. `late`: a newer one of the same customer was sent before it.
        case valid(CustomerEvent, late: Bool)
        /// A valid one of before, byte for byte.
        case duplicate
        /// A loader must reject it.
        case bad(CustomerFault)
    }

    public var kind: Kind
    /// The customer's number as text.
    public var key: [UInt8]
    /// nil for a tombstone.
    public var value: [UInt8]?
}

/// How many messages of each kind there are.
public struct CustomerTally: Sendable, Equatable {
    public private(set) var events: [CustomerEvent: Int] = [:]
    /// Valid ones that came after a newer one of the same customer; in `events`, too.
    public private(set) var late = 0
    public private(set) var duplicates = 0
    public private(set) var faults: [CustomerFault: Int] = [:]

    public init() {}

    public var valid: Int { events.values.reduce(0, +) }
    public var bad: Int { faults.values.reduce(0, +) }
    public var all: Int { valid + duplicates + bad }

    public mutating func count(_ kind: CustomerMessage.Kind) {
        switch kind {
        case .valid(let event, let isLate):
            events[event, default: 0] += 1
            if isLate { late += 1 }
        case .duplicate: duplicates += 1
        case .bad(let fault): faults[fault, default: 0] += 1
        }
    }
}

/// What is kept of each customer: numbers from which all fields can be written at any time.
struct Customer {
    /// Milliseconds since 1970-01-01 UTC, as all times here.
    var registered: Int64
    /// nil until the first log-in.
    var lastLogin: Int64?
    /// The time of the newest message.
    var changed: Int64
    /// Days since 1970-01-01.
    var born: Int32
    /// Postal code and telephone number are drawn from these bits.
    var postalBits: UInt32
    var phoneBits: UInt32
    var first: UInt16
    var last: UInt16
    var home: UInt8
    /// Whose names it bears: those of the country it signed up in.
    var origin: UInt8
    var city: UInt8
    var domain: UInt8
    var isWoman: Bool
}
