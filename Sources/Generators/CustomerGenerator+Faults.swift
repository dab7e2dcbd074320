extension CustomerGenerator {
    /// What would be a log-in, but for one fault. Nobody's life goes on by it: the state of the customer stays as it was.
    mutating func message(with fault: CustomerFault, at time: Int64) -> CustomerMessage {
        let index = customers.isEmpty ? 0 : random.below(customers.count)
        var one = customers.isEmpty ? draw(at: time) : customers[index]
        one.changed = max(time, one.changed + 1)
        one.lastLogin = one.changed
        buffer.empty()
        let id = settings.firstID + Int64(index)
        append(fault, one, id: id)
        let key = Self.digits(fault == .wrongKey ? id + 1 + Int64(random.below(1_000)) : id)
        return CustomerMessage(kind: .bad(fault), key: key, value: fault == .tombstone ? nil : [UInt8](buffer.bytes))
    }

    private mutating func append(_ fault: CustomerFault, _ one: Customer, id: Int64) {
        var one = one
        switch fault {
        case .tombstone, .emptyPayload: break
        case .wrongKey: appendObject(one, id: id)
        case .cutShort:
            appendObject(one, id: id)
            // Its last brace at least is missing; not within a letter, which would be another fault.
            var end = 1 + random.below(buffer.count - 1)
            while buffer.bytes[end] & 0xC0 == 0x80 { end -= 1 }
            let rest = [UInt8](buffer.bytes.prefix(end))
            buffer.empty()
            append(rest)
        case .trailingComma:
            appendObject(one, id: id)
            let rest = [UInt8](buffer.bytes.dropLast())
            buffer.empty()
            append(rest)
            buffer.append(",}")
        case .loginBeforeRegistration:
            one.lastLogin = one.registered - .millisecondsADay * Int64(1 + random.below(400))
            appendObject(one, id: id)
        case .futureDate:
            let ahead = Int64.millisecondsADay * 36_525
            switch form % 3 {
            case 0: one.changed += ahead
            case 1: one.lastLogin = one.changed + ahead
            default:
                (one.registered, one.lastLogin) = (one.registered + ahead, nil)
                one.born += 36_525  // or the age would be another fault
            }
            appendObject(one, id: id)
        default: appendPartByPart(fault, one, id: id)
        }
    }

    /// Faults of one field.
    private mutating func appendPartByPart(_ fault: CustomerFault, _ one: Customer, id: Int64) {
        let missing = fault == .missingField ? form % 4 : -1
        buffer.append("{\"age\":")
        appendNumber(fault == .impossibleAge ? [-3, 131, 150, 999][form % 4] : Int64(Self.age(one)))
        if missing != 0 {
            buffer.append(",\"customer_id\":")
            appendNumber(id)
        }
        switch fault {
        case .invalidUTF8:
            buffer.append(",\"first_name\":\"J")
            // A byte that never occurs, a lead byte alone, a surrogate, an overlong slash.
            append([[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF]][form % 4])
            buffer.append("n\",\"last_name\":\"Doe\"")
        case .nulEscape: buffer.append(",\"first_name\":\"Jo\\u0000hn\",\"last_name\":\"Doe\"")
        case .missingField where missing == 1: buffer.append(",\"first_name\":\"Jo\"")
        default: appendNames(one)
        }
        switch fault {
        case .badEmail:
            buffer.append(",\"email\":\"")
            let wrong: [StaticString] = [
                "nobody", "a@@example.com", "a b@example.com", "a@", "@example.com", "a@example", "a..b@example.com",
            ]
            buffer.append(wrong[form % wrong.count])
            buffer.append(.quote)
        case .duplicateKey:
            appendEmail(one, id: id)
            appendEmail(one, id: id + 1)
        default: appendEmail(one, id: id)
        }
        if fault == .unknownCountry {
            buffer.append(",\"country\":\"")
            let unknown: [StaticString] = ["XX", "Atlantis", "ZZ", "Ruritania"]
            buffer.append(unknown[form % unknown.count])
            buffer.append(.quote)
        } else {
            appendCountry(one)
        }
        appendPlace(one)
        appendPhone(one)
        if missing == 2 {
            buffer.append(",\"last_login_date\":null")
        } else {
            appendTimes(one)
        }
        if missing != 3 { appendEventTime(one.changed) }
        buffer.append("}")
    }
}
