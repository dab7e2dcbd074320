/// How one event is written.
private struct EventStyle {
    enum Shape { case plain, object, string }
    var shape = Shape.plain
    /// Normal names; else a sender's namespace.
    var isNormal = false
    var isOurs = true
    var isInHeaders = false

    init(_ bits: UInt64) {
        shape = [.plain, .plain, .object, .string][Int(bits & 3)]
        isNormal = bits >> 2 & 0xFF < 26
        isOurs = bits >> 10 & 3 != 0
        isInHeaders = bits >> 12 & 3 == 0
    }
}

private enum StampName { case context, timestamp, messageID, track }

/// What happens in a shop, where it goes, and whether money is in it.
private let happenings: [(type: StaticString, subscription: StaticString, costs: Bool)] = [
    ("shop.product.viewed", "catalogue", false), ("shop.product.viewed", "catalogue", false),
    ("shop.cart.item_added", "carts", true), ("shop.cart.item_removed", "carts", true),
    ("shop.order.placed", "orders", true), ("shop.order.paid", "billing", true), ("shop.order.shipped", "fulfilment", true),
    ("shop.order.returned", "billing", true), ("shop.customer.signed_up", "crm", false), ("shop.customer.logged_in", "crm", false),
]

extension EventGenerator {
    mutating func appendEvent(_ origin: Origin, fault: EventFault? = nil, form: Int = 0, isConflict: Bool = false) {
        var random = SplitMix64(seed: origin.seed)
        let low = random.next()  // first: no two events have the same
        let high = random.next()
        let style = EventStyle(random.next())
        let time = origin.time - Int64(random.below(60_000))
        let happening = happenings[random.below(happenings.count)]
        let order = random.next()
        let cents = (happening.costs ? 100 + random.below(50_000) : 0) + (isConflict ? 1 : 0)

        if fault == .notAnObject { return appendNoObject(form) }
        buffer.append("{\"data\":{\"id\":\"")
        appendID(order &* 0x9E37_79B9_7F4A_7C15, order, kind: 0)
        buffer.append(.quote)
        if !(fault == .missingField && form % 4 == 0) {
            buffer.append(",\"amount\":")
            let isText = fault == .wrongType && form % 3 == 0
            if isText { buffer.append(.quote) }
            appendAmount(cents)
            if isText { buffer.append(.quote) }
        }
        if fault == .unknownField, form % 2 == 0 { buffer.append(",\"currency\":\"EUR\"") }
        if fault == .ambiguousField, form % 2 == 0 {
            if style.isInHeaders { buffer.append("},\"attributes\":{") } else { buffer.append("},\"headers\":{") }
            buffer.append("\"type\":\"x\"")
        }
        if style.isInHeaders { buffer.append("},\"headers\":{") } else { buffer.append("},\"attributes\":{") }
        if !(fault == .missingField && form % 4 == 1) {
            buffer.append("\"type\":")
            if fault == .wrongType, form % 3 == 1 {
                buffer.append("7,")
            } else {
                appendWord(happening.type)
                buffer.append(",")
            }
        }
        buffer.append("\"targetSubscription\":")
        if fault == .wrongType, form % 3 == 2 { buffer.append("[\"carts\"]") } else { appendWord(happening.subscription) }
        if fault == .unknownField, form % 2 == 1 { buffer.append(",\"priority\":3") }
        appendContext(style, &random, fault, form)
        if !(fault == .missingField && form % 4 == 2) {
            appendTimestamp(style, time, random.below(8), fault)
            if fault == .ambiguousField, form % 2 == 1 {
                buffer.append(",\"X-Message-Stamp-Other\\\\TimestampStamp\":\"2026-01-01T00:00:00Z\"")
            }
        }
        appendMessageID(style, high, low, time, isMalformed: fault == .malformedID && form % 2 == 0)
        if fault == .outOfRange || random.oneIn(3) { appendTrack(style, &random, fault, form) }
        buffer.append("}}")
    }

    private mutating func appendNoObject(_ form: Int) {
        switch form % 4 {
        case 0: buffer.append("42")
        case 1: buffer.append("\"shop.order.placed\"")
        case 2: buffer.append("[]")
        default: buffer.append("null")
        }
    }

    // MARK: Stamps

    private mutating func appendName(_ stamp: StampName, _ style: EventStyle) {
        if style.isNormal {
            switch stamp {
            case .context: buffer.append(",\"newContextStamp\":")
            case .timestamp: buffer.append(",\"timestampStamp\":")
            case .messageID: buffer.append(",\"messageIdStamp\":")
            case .track: buffer.append(",\"amplitudeTrackStamp\":")
            }
            return
        }
        buffer.append(",\"X-Message-Stamp-")
        if !style.isOurs {
            buffer.append("Acme\\\\Shop\\\\Stamp\\\\")
        } else if stamp == .context || stamp == .track {
            buffer.append("Holded\\\\Shared\\\\Infrastructure\\\\Messenger\\\\Stamp\\\\")
        } else {
            buffer.append("Holded\\\\Core\\\\Messaging\\\\Messenger\\\\Stamp\\\\")
        }
        switch stamp {
        case .context: buffer.append("NewContextStamp\":")
        case .timestamp: buffer.append("TimestampStamp\":")
        case .messageID: buffer.append("MessageIdStamp\":")
        case .track: buffer.append("AmplitudeTrackStamp\":")
        }
    }

    /// A quote of the struct, which stands in a string in the third shape.
    private mutating func quote(_ style: EventStyle) {
        if style.shape == .string { buffer.append("\\\"") } else { buffer.append(.quote) }
    }

    private mutating func appendContext(_ style: EventStyle, _ random: inout SplitMix64, _ fault: EventFault?, _ form: Int) {
        appendName(.context, style)
        let account = random.below(5_000)
        let user = random.below(50_000)
        let platform = random.below(5)
        if fault == .malformedStamp {
            switch form % 3 {
            case 0: return buffer.append("\"none\"")
            case 1: return buffer.append("\"[]\"")
            default: return buffer.append("\"[{\\\"accountId\\\":\\\"a\\\",\\\"userId\\\":\\\"b\\\"},{}]\"")
            }
        }
        if style.shape == .string { buffer.append("\"[") }
        buffer.append("{")
        if !(fault == .missingField && form % 4 == 3) {
            appendKey("accountId", style)
            if fault == .malformedID, form % 2 == 1 { buffer.append("account-") }
            appendPerson(account, salt: 0xACC0)
            quote(style)
            buffer.append(",")
        }
        appendKey("userId", style)
        appendPerson(user, salt: 0x05E4)
        quote(style)
        if platform < 4 {
            buffer.append(",")
            appendKey("requestPlatform", style)
            switch platform {
            case 0: buffer.append("ios")
            case 1: buffer.append("android")
            default: buffer.append("web")
            }
            quote(style)
        } else if style.shape == .object {
            buffer.append(",\"requestPlatform\":null")
        }
        buffer.append("}")
        if style.shape == .string { buffer.append("]\"") }
    }

    /// `"name":"`
    private mutating func appendKey(_ name: StaticString, _ style: EventStyle) {
        quote(style)
        buffer.append(name)
        quote(style)
        buffer.append(":")
        quote(style)
    }

    private mutating func appendTimestamp(_ style: EventStyle, _ time: Int64, _ form: Int, _ fault: EventFault?) {
        appendName(.timestamp, style)
        openStamp("dispatchedAt", style)
        switch fault {
        case .timeWithoutOffset: appendInstant(time, offset: 0, isLocal: true)
        case .year52217: buffer.append("52217-03-04T05:06:07Z")
        case .farPast: buffer.append("1970-01-01T00:00:00Z")
        default: appendInstant(time, offset: form < 6 ? nil : form == 6 ? 0 : 2)
        }
        closeStamp(style)
    }

    private mutating func appendMessageID(_ style: EventStyle, _ high: UInt64, _ low: UInt64, _ time: Int64, isMalformed: Bool) {
        appendName(.messageID, style)
        openStamp("id", style)
        if isMalformed { buffer.append("message-") }
        appendID(high, low, kind: Int(high >> 60), time: time)
        closeStamp(style)
    }

    /// Of a stamp that is one string: `"`, `{"name":"` or `"[{\"name\":\"`.
    private mutating func openStamp(_ name: StaticString, _ style: EventStyle) {
        switch style.shape {
        case .plain: buffer.append(.quote)
        case .object:
            buffer.append("{")
            appendKey(name, style)
        case .string:
            buffer.append("\"[{")
            appendKey(name, style)
        }
    }

    private mutating func closeStamp(_ style: EventStyle) {
        quote(style)
        switch style.shape {
        case .plain: break
        case .object: buffer.append("}")
        case .string: buffer.append("}]\"")
        }
    }

    private mutating func appendTrack(_ style: EventStyle, _ random: inout SplitMix64, _ fault: EventFault?, _ form: Int) {
        appendName(.track, style)
        if style.shape == .string { buffer.append("\"[") }
        buffer.append("{")
        quote(style)
        buffer.append("id")
        quote(style)
        buffer.append(":")
        if fault == .outOfRange {
            if form % 2 == 0 { buffer.append("123456789012345678901234") } else { buffer.append("-123456789012345678901") }
        } else {
            appendUnsigned(random.oneIn(4) ? random.next() : UInt64(random.below(1_000_000_000)))
        }
        if random.oneIn(2) {
            buffer.append(",")
            appendKey("trackedDevice", style)
            buffer.append("device-")
            buffer.append(random.below(100_000), digits: 5)
            quote(style)
        }
        buffer.append("}")
        if style.shape == .string { buffer.append("]\"") }
    }

    // MARK: Small parts

    private mutating func appendWord(_ word: StaticString) {
        buffer.append(.quote)
        buffer.append(word)
        buffer.append(.quote)
    }

    private mutating func appendAmount(_ cents: Int) {
        appendUnsigned(UInt64(cents / 100))
        buffer.append(".")
        buffer.append(cents % 100, digits: 2)
    }

    private mutating func appendUnsigned(_ number: UInt64) {
        var (size, limit) = (1, UInt64(10))
        while size < 20, number >= limit {
            size += 1
            (limit, _) = limit.multipliedReportingOverflow(by: 10)
            if size == 20 { break }
        }
        if size > 18 { buffer.append(Int(number / 1_000_000_000_000_000_000), digits: size - 18) }
        buffer.append(Int(number % 1_000_000_000_000_000_000), digits: min(size, 18))
    }

    /// The id of a person or an account: the same number has the same id for ever.
    private mutating func appendPerson(_ number: Int, salt: UInt64) {
        var random = SplitMix64(seed: salt << 32 | UInt64(number))
        let low = random.next()
        appendID(random.next(), low, kind: number % 16, time: 1_600_000_000_000 + Int64(number) * 60_000)
    }

    /// - Parameter kind: from 0 to 15: a UUID up to 9, a ULID up to 12, else an ObjectId; the last two begin with the time.
    private mutating func appendID(_ high: UInt64, _ low: UInt64, kind: Int, time: Int64 = 0) {
        if kind < 10 {
            let first = high & ~0xF000 | 0x4000  // version 4
            let second = low & ~(3 << 62) | 2 << 62
            // Two bits of the low word go to the variant: they are kept in the high one.
            let head = first & ~(3 << 16) | (low >> 62) << 16
            appendHex(head >> 32, digits: 8)
            buffer.append("-")
            appendHex(head >> 16, digits: 4)
            buffer.append("-")
            appendHex(head, digits: 4)
            buffer.append("-")
            appendHex(second >> 48, digits: 4)
            buffer.append("-")
            appendHex(second, digits: 12)
        } else if kind < 13 {
            let digits: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
            for place in stride(from: 45, through: 0, by: -5) { buffer.append(digits.utf8Start[Int(time >> Int64(place) & 31)]) }
            for place in stride(from: 15, through: 0, by: -5) { buffer.append(digits.utf8Start[Int(high >> UInt64(place) & 31)]) }
            for place in stride(from: 55, through: 0, by: -5) { buffer.append(digits.utf8Start[Int(low >> UInt64(place) & 31)]) }
        } else {
            appendHex(UInt64(time / 1000), digits: 8)
            appendHex(low, digits: 16)
        }
    }

    private mutating func appendHex(_ number: UInt64, digits: Int) {
        let letters: StaticString = "0123456789abcdef"
        for place in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            buffer.append(letters.utf8Start[Int(number >> UInt64(place) & 15)])
        }
    }

    /// ISO 8601. Without an offset in Z with milliseconds; else with microseconds.
    private mutating func appendInstant(_ time: Int64, offset: Int?, isLocal: Bool = false) {
        let time = time + Int64(offset ?? 0) * 3_600_000
        let day = time.dayNumber
        let rest = Int(time - Int64(day) * .millisecondsADay)
        let date = Birthday(daysSince1970: day)
        buffer.append(date.year, digits: 4)
        buffer.append("-")
        buffer.append(date.month, digits: 2)
        buffer.append("-")
        buffer.append(date.day, digits: 2)
        buffer.append("T")
        buffer.append(rest / 3_600_000, digits: 2)
        buffer.append(":")
        buffer.append(rest / 60_000 % 60, digits: 2)
        buffer.append(":")
        buffer.append(rest / 1_000 % 60, digits: 2)
        if isLocal { return }
        buffer.append(".")
        buffer.append(rest % 1_000, digits: 3)
        guard let offset else { return buffer.append("Z") }
        buffer.append("000+")
        buffer.append(offset, digits: 2)
        buffer.append(":00")
    }
}
