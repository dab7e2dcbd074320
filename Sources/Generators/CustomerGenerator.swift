/// Made-up news of customers, message by message: sign-ups, log-ins and changes of address, each with the full state of
/// its customer as a JSON object of the columns of shop.customers and event_time.
///
/// The same seed, settings and times give the same bytes on every machine, and the first messages are the same however
/// many follow. What it keeps is bounded: 64 bytes a customer, and some hundred messages.
///
/// Shares of valid messages, once there are customers: 30 % sign-ups until all have signed up, 15 % changes of address
/// (a fifth of them to another country), the rest log-ins. 1 % are held back until a newer message of the same customer
/// is sent; those that still are at the end are never sent. One in 8 of each has a field in another legitimate form: country as a name or in lower case; telephone number
/// with blanks, with 00, or as dialled at home; e-mail in capitals or with blanks around; date_of_birth instead of age.
public struct CustomerGenerator: ~Copyable {
    public struct Settings: Sendable {
        public var seed: UInt64 = 1
        /// So many sign up in all, 1 to 200,000.
        public var customers = 100_000
        /// Number of the first one; the others follow.
        public var firstID: Int64 = 1
        /// Messages in a million that are bad or duplicates.
        public var badPerMillion = 0
        public init() {}
    }

    let settings: Settings
    var random: SplitMix64
    var buffer = RowBuffer(capacity: 2 * RowBuffer.rowBytes)
    var customers: [Customer] = []
    let words = CustomerPools()

    /// Valid messages sent last, to send again; a ring.
    private var sent: [CustomerMessage] = []
    private var sentNext = 0
    private static let sentLimit = 64
    private var held: [(due: Int, message: CustomerMessage)] = []
    private var number = 0
    /// Faults in turn; one more than there are is a duplicate.
    private var turn: Int
    /// Rounds of turns: a kind of fault takes another form in each.
    var form = 0

    public init(_ settings: Settings) {
        precondition((1...200_000).contains(settings.customers))
        self.settings = settings
        random = SplitMix64(seed: settings.seed)
        turn = random.below(CustomerFault.allCases.count + 1)
    }

    /// The next message.
    /// - Parameter time: now, in milliseconds since 1970-01-01 UTC.
    public mutating func next(at time: Int64) -> CustomerMessage {
        number += 1
        if random.below(1_000_000) < settings.badPerMillion { return bad(at: time) }
        if let index = held.firstIndex(where: { $0.due <= number }) {
            return remembered(held.remove(at: index).message)
        }
        if !customers.isEmpty, random.below(100) == 0 {
            let customer = random.below(customers.count)
            let older = happen(drawEvent(), to: customer, at: time, late: true)
            held.append((number + 2 + random.below(40), older))
            return remembered(happen(drawEvent(), to: customer, at: time, late: false))
        }
        let signsUp = customers.isEmpty || (customers.count < settings.customers && random.below(100) < 30)
        guard signsUp else {
            return remembered(happen(drawEvent(), to: random.below(customers.count), at: time, late: false))
        }
        customers.append(draw(at: time))
        return remembered(message(.valid(.signUp, late: false), customers.count - 1))
    }

    private mutating func drawEvent() -> CustomerEvent { random.below(70) < 15 ? .move : .logIn }

    private mutating func remembered(_ message: CustomerMessage) -> CustomerMessage {
        if sent.count < Self.sentLimit {
            sent.append(message)
        } else {
            sent[sentNext] = message
            sentNext = (sentNext + 1) % Self.sentLimit
        }
        return message
    }

    private mutating func bad(at time: Int64) -> CustomerMessage {
        if turn == CustomerFault.allCases.count {
            turn = 0
            form += 1
            if !sent.isEmpty {
                var again = sent[random.below(sent.count)]
                again.kind = .duplicate
                return again
            }
        }
        turn += 1
        return message(with: CustomerFault.allCases[turn - 1], at: time)
    }

    // MARK: Lives

    /// Somebody who signs up.
    mutating func draw(at time: Int64) -> Customer {
        let home = words.country(random.below(1_000))
        let country = words.countries[home]
        let isWoman = random.oneIn(2)
        // From 18 to 81 years, most of them in the middle.
        let days = 6_600 + random.below(11_500) + random.below(11_500)
        return Customer(
            registered: time, lastLogin: nil, changed: time, born: Int32(time.dayNumber - days),
            postalBits: UInt32(truncatingIfNeeded: random.next()), phoneBits: UInt32(truncatingIfNeeded: random.next()),
            first: UInt16((isWoman ? country.names.women : country.names.men).draw(&random)),
            last: UInt16(country.names.lastOfMen.draw(&random)), home: UInt8(home), origin: UInt8(home),
            city: UInt8(country.cities.draw(&random)), domain: UInt8(random.below(words.domains.count)), isWoman: isWoman)
    }

    private mutating func happen(_ event: CustomerEvent, to index: Int, at time: Int64, late: Bool) -> CustomerMessage {
        let time = max(time, customers[index].changed + 1)  // of one customer no two at once
        customers[index].changed = time
        switch event {
        case .signUp: preconditionFailure("nobody signs up twice")
        case .logIn: customers[index].lastLogin = time
        case .move:
            if random.oneIn(5) {
                customers[index].home = UInt8(words.country(random.below(1_000)))
                customers[index].phoneBits = UInt32(truncatingIfNeeded: random.next())
            }
            customers[index].city = UInt8(words.countries[Int(customers[index].home)].cities.draw(&random))
            customers[index].postalBits = UInt32(truncatingIfNeeded: random.next())
        }
        return message(.valid(event, late: late), index)
    }

    private mutating func message(_ kind: CustomerMessage.Kind, _ index: Int) -> CustomerMessage {
        let id = settings.firstID + Int64(index)
        buffer.empty()
        appendObject(customers[index], id: id, style: drawStyle())
        return CustomerMessage(kind: kind, key: Self.digits(id), value: [UInt8](buffer.bytes))
    }

    static func digits(_ number: Int64) -> [UInt8] {
        precondition(number >= 0)
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        var rest = number
        repeat {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        digits.reverse()
        return digits
    }
}

extension Int64 {
    static let millisecondsADay: Int64 = 86_400_000

    /// Days since 1970-01-01 of a time in milliseconds.
    var dayNumber: Int {
        let days = self / Self.millisecondsADay
        return Int(self % Self.millisecondsADay < 0 ? days - 1 : days)
    }
}
