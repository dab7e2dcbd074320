import Digests
import Foundation
import Testing

@testable import Generators

/// Messages of a generator at a message every 10 ms from 2026-01-01 on.
func customerMessages(
    _ count: Int, seed: UInt64 = 1, bad: Int = 0, customers: Int = 2_000, firstID: Int64 = 1
) -> [CustomerMessage] {
    var settings = CustomerGenerator.Settings()
    settings.seed = seed
    settings.badPerMillion = bad
    settings.customers = customers
    settings.firstID = firstID
    var generator = CustomerGenerator(settings)
    return (0..<count).map { generator.next(at: 1_767_225_600_000 + Int64($0) * 10) }
}

@Suite struct CustomerGeneratorTests {
    // MARK: Reproducibility

    private static func digest(_ messages: [CustomerMessage]) -> String {
        sha256Hex(messages.flatMap { $0.key + [0] + ($0.value ?? [1]) + [2] })
    }

    @Test func aSeedGivesTheSameBytesForEver() {
        let messages = customerMessages(5_000, bad: 100_000)
        #expect(Self.digest(messages) == "08b1e58b2c11c17e80fe7107641a1576f1174b933bce5cb9bb6d3c41e47fa754")
        #expect(messages == customerMessages(5_000, bad: 100_000))
        #expect(customerMessages(100, seed: 2) != customerMessages(100, seed: 3))
    }

    @Test func theFirstMessagesAreTheSameHoweverManyFollow() {
        #expect(customerMessages(50, bad: 50_000) == Array(customerMessages(2_000, bad: 50_000).prefix(50)))
    }

    // MARK: Shares

    @Test(arguments: [0, 20_000, 333_333, 1_000_000]) func faultsHaveTheirShareAndEachKindItsTurn(bad: Int) {
        let messages = customerMessages(30_000, seed: 7, bad: bad)
        var tally = CustomerTally()
        for message in messages { tally.count(message.kind) }
        #expect(tally.all == 30_000)
        let share = Double(bad) / 1_000_000
        let deviation = (share * (1 - share) * 30_000).squareRoot()
        #expect(abs(Double(tally.bad + tally.duplicates) - share * 30_000) <= 5 * deviation, "\(tally)")
        let counts = CustomerFault.allCases.map { tally.faults[$0] ?? 0 }
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(counts)")
        // Where nothing valid was ever sent there is nothing to send again.
        if bad < 1_000_000 { #expect(abs(tally.duplicates - counts[0]) <= 1) } else { #expect(tally.duplicates == 0) }
        #expect(tally == messages.reduce(into: CustomerTally()) { $0.count($1.kind) })
    }

    @Test func newsHasTheSharesThatAreDocumented() {
        let messages = customerMessages(40_000, customers: 200_000)
        func expect(_ share: Double, _ wanted: (CustomerMessage.Kind) -> Bool, at location: SourceLocation = #_sourceLocation) {
            let deviation = (share * (1 - share) / 40_000).squareRoot()
            let found = Double(messages.count { wanted($0.kind) }) / 40_000
            #expect(abs(found - share) <= 6 * deviation, "\(found)", sourceLocation: location)
        }
        expect(0.2942) { $0 == .valid(.signUp, late: false) }  // 30 % of what is neither held back nor its cause
        expect(0.1512) { $0 == .valid(.move, late: false) || $0 == .valid(.move, late: true) }
        expect(0.0099) { if case .valid(_, late: true) = $0 { true } else { false } }
    }

    @Test func noMoreSignUpThanWereAskedFor() throws {
        let messages = customerMessages(3_000, customers: 40, firstID: 9_007_199_254_740_993)
        #expect(messages.count { $0.kind == .valid(.signUp, late: false) } == 40)
        let keys = Set(messages.map { String(decoding: $0.key, as: UTF8.self) })
        #expect(keys == Set((0..<40).map { String(9_007_199_254_740_993 + $0) }))
    }

    // MARK: Valid messages

    @Test func everyValidMessageIsValid() throws {
        let messages = customerMessages(12_000, seed: 3, bad: 30_000)
        var forms: [String: Int] = [:]
        for message in messages {
            guard case .valid(let event, _) = message.kind else { continue }
            let parsed = try ParsedCustomer(message)
            #expect(parsed.problems == [], "\(parsed.text)")
            #expect(event != .signUp || (parsed.lastLogin == nil && parsed.eventTime == parsed.registered), "\(parsed.text)")
            for form in parsed.forms { forms[form, default: 0] += 1 }
        }
        // All legitimate forms come up, each in about one of 8, 16 or 32 messages.
        for (form, share) in [
            ("country name", 16), ("country lower", 16), ("phone blanks", 16), ("phone 00", 32), ("phone national", 64),
            ("email capitals", 16), ("email blanks", 16), ("birthday", 8),
        ] {
            #expect(forms[form, default: 0] > 12_000 / share / 2, "\(form): \(forms)")
            #expect(forms[form, default: 0] < 12_000 / share * 2, "\(form): \(forms)")
        }
    }

    @Test func aLifeIsConsistent() throws {
        let messages = customerMessages(12_000, seed: 4, customers: 300)
        var lives: [Int64: [(kind: CustomerMessage.Kind, customer: ParsedCustomer)]] = [:]
        for message in messages {
            let parsed = try ParsedCustomer(message)
            lives[parsed.id, default: []].append((message.kind, parsed))
        }
        #expect(lives.count == 300)
        var homes: [String: Set<String>] = [:]
        var (late, moves, toAnotherCity, abroad) = (0, 0, 0, 0)
        let end = Date(timeIntervalSince1970: 1_767_225_600 + 0.01 * 11_950)
        for life in lives.values {
            let first = life[0]
            #expect(first.kind == .valid(.signUp, late: false), "\(first.customer.text)")
            var newest = first.customer.eventTime
            for (kind, customer) in life.dropFirst() {
                guard case .valid(let event, let isLate) = kind else { continue }
                #expect(event != .signUp)
                #expect(isLate == (customer.eventTime < newest), "\(customer.text)")
                late += isLate ? 1 : 0
                newest = max(newest, customer.eventTime)
                for keep: KeyPath<ParsedCustomer, String> in [\.firstName, \.lastName, \.email, \.registeredText] {
                    #expect(customer[keyPath: keep] == first.customer[keyPath: keep], "\(customer.text)")
                }
                #expect(event != .logIn || customer.lastLogin == customer.eventTime, "\(customer.text)")
            }
            #expect(Set(life.map(\.customer.eventTime)).count == life.count, "two at once: \(first.customer.id)")
            // By event time: log-ins only go forward, and only a change of address changes the address.
            let ages = Set(life.compactMap(\.customer.ageAtRegistration))
            #expect(ages.count == 1, "\(first.customer.text)")
            let inOrder = life.sorted { $0.customer.eventTime < $1.customer.eventTime }
            for (before, after) in zip(inOrder, inOrder.dropFirst()) {
                #expect((before.customer.lastLogin ?? .distantPast) <= (after.customer.lastLogin ?? .distantPast))
                // What was held back at the end never came, though what followed it knows of it.
                guard case .valid(let event, _) = after.kind, after.customer.eventTime < end else { continue }
                if event == .move {
                    moves += before.customer.address != after.customer.address ? 1 : 0
                    toAnotherCity += before.customer.city != after.customer.city ? 1 : 0
                    abroad += before.customer.country != after.customer.country ? 1 : 0
                    #expect(before.customer.lastLogin == after.customer.lastLogin)
                } else {
                    #expect(before.customer.address == after.customer.address, "\(after.customer.text)")
                }
            }
            for (_, customer) in life { homes[customer.city, default: []].insert(customer.country) }
        }
        #expect(late > 60 && moves > 1_000 && toAnotherCity > moves / 2, "\(late) \(moves) \(toAnotherCity)")
        #expect(abroad > moves / 10 && abroad < moves / 4, "\(abroad) of \(moves)")
        #expect(homes.count > 60)
        #expect(homes.values.allSatisfy { $0.count == 1 }, "a city is in one country")
    }

    @Test func duplicatesAreMessagesOfBefore() {
        var seen: Set<[UInt8]> = []
        var duplicates = 0
        for message in customerMessages(5_000, seed: 5, bad: 200_000) {
            switch message.kind {
            case .duplicate:
                duplicates += 1
                #expect(seen.contains(message.key + [0] + (message.value ?? [])))
            case .valid: #expect(seen.insert(message.key + [0] + (message.value ?? [])).inserted)
            case .bad: continue
            }
        }
        #expect(duplicates > 50)
    }

    // MARK: Faults

    @Test(arguments: CustomerFault.allCases) func everyFaultIsOneAndNoOther(fault: CustomerFault) throws {
        let all = customerMessages(10_000, seed: 11, bad: 300_000)
        let messages = all.filter { $0.kind == .bad(fault) }
        #expect(messages.count > 100)
        #expect(fault == .tombstone || fault == .emptyPayload || Set(messages.map(\.value)).count > messages.count / 2)
        for message in messages {
            #expect(try ParsedCustomer.faults(of: message) == [fault], "\(String(decoding: message.value ?? [], as: UTF8.self))")
        }
    }

    @Test(arguments: [
        (CustomerFault.missingField, "customer_id|last_name|registration_date|event_time", 4),
        (.impossibleAge, "\"age\":[0-9-]+", 4), (.badEmail, "\"email\":\"[^\"]*", 7), (.unknownCountry, "\"country\":\"[^\"]*", 4),
        (.futureDate, "[a-z_]+\":\"2126", 3), (.invalidUTF8, "first_name\":\"J[^n]*", 4),
    ]) func aFaultTakesEachOfItsForms(fault: CustomerFault, part: String, forms: Int) {
        let messages = customerMessages(6_000, seed: 11, bad: 300_000).filter { $0.kind == .bad(fault) }
        var seen: [String: Int] = [:]
        for message in messages {
            // As Latin 1, which shows every byte.
            var text = String(String.UnicodeScalarView((message.value ?? []).map { Unicode.Scalar($0) }))
            var parts: [String] = []
            while let range = text.range(of: part, options: .regularExpression) {
                parts.append(String(text[range]))
                text.removeSubrange(..<range.upperBound)
            }
            seen[parts.joined(separator: " "), default: 0] += 1
        }
        #expect(seen.count == forms, "\(seen)")
        #expect(seen.values.allSatisfy { $0 >= messages.count / forms - 1 }, "\(seen)")
    }

    @Test func lifeGoesOnAsIfFaultsHadNotBeen() throws {
        // The customers of a stream with faults are still consistent; see aLifeIsConsistent for one without.
        var registered: [Int64: String] = [:]
        for message in customerMessages(6_000, seed: 6, bad: 500_000, customers: 100) {
            guard case .valid(let event, _) = message.kind else { continue }
            let parsed = try ParsedCustomer(message)
            if event == .signUp { #expect(registered.updateValue(parsed.registeredText, forKey: parsed.id) == nil) }
            #expect(registered[parsed.id] == parsed.registeredText)
        }
        #expect(registered.count == 100)
    }

    // MARK: Pace

    @Test func aPaceIsHeldAndAStallMadeUpForByASecondAtMost() {
        var pace = Pace(perSecond: 100)
        #expect(pace.due(after: .zero) == 1)
        pace.begin()
        #expect(pace.due(after: .milliseconds(9)) == 0)
        #expect(pace.next == .milliseconds(10))
        #expect(pace.due(after: .milliseconds(10)) == 1)
        #expect(pace.due(after: .milliseconds(500)) == 50)
        for _ in 0..<50 { pace.begin() }
        #expect(pace.due(after: .milliseconds(500)) == 0)
        // A minute of nothing: a second's worth, then as before.
        #expect(pace.due(after: .milliseconds(60_500)) == 100)
        #expect(pace.due(after: .milliseconds(60_500)) == 100)
        for _ in 0..<100 { pace.begin() }
        #expect(pace.due(after: .milliseconds(60_500)) == 0)
        #expect(pace.due(after: .milliseconds(60_600)) == 10)
        #expect(pace.next > .milliseconds(60_500) && pace.next <= .milliseconds(60_511))
    }

    @Test(arguments: [0.5, 1, 333, 12_345]) func overAnHourThePaceIsExact(rate: Double) {
        var pace = Pace(perSecond: rate)
        var begun = 0
        for tick in 0..<36_000 {
            let due = pace.due(after: .milliseconds(tick * 100))
            for _ in 0..<due { pace.begin() }
            begun += due
        }
        #expect(abs(Double(begun) - rate * 3_600) <= max(1, rate / 9))
    }
}
