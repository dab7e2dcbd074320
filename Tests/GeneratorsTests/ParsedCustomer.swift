import Foundation
import Generators
import Testing

/// A message as an independent reader understands it: by JSONSerialization and tables of its own.
struct ParsedCustomer {
    var id: Int64
    var firstName, lastName, email, country, city, postalCode, phone, registeredText: String
    var registered, eventTime: Date
    var lastLogin: Date?
    var age: Int?
    var birthday: Date?
    /// Legitimate forms that a loader must convert.
    var forms: [String] = []
    var problems: [String] = []
    var text: String

    var address: [String] { [country, city, postalCode, phone] }

    static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        return calendar
    }()

    var ageAtRegistration: Int? {
        age ?? birthday.flatMap { Self.calendar.dateComponents([.year], from: $0, to: Self.calendar.startOfDay(for: registered)).year }
    }

    static let countries: [String: (name: String, calling: String, digits: ClosedRange<Int>, postal: String)] = [
        "DE": ("Germany", "49", 10...11, "[0-9]{5}"),
        "GB": ("United Kingdom", "44", 10...10, "[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}"),
        "US": ("United States", "1", 10...10, "[0-9]{5}"), "FR": ("France", "33", 9...9, "[0-9]{5}"),
        "NL": ("Netherlands", "31", 9...9, "[1-9][0-9]{3} [A-Z]{2}"), "IT": ("Italy", "39", 10...10, "[0-9]{5}"),
        "ES": ("Spain", "34", 9...9, "[0-9]{5}"), "PL": ("Poland", "48", 9...9, "[0-9]{2}-[0-9]{3}"),
        "AT": ("Austria", "43", 10...10, "[0-9]{4}"), "CH": ("Switzerland", "41", 9...9, "[0-9]{4}"),
        "SE": ("Sweden", "46", 9...9, "[0-9]{3} [0-9]{2}"), "DK": ("Denmark", "45", 8...8, "[0-9]{4}"),
        "CZ": ("Czechia", "420", 9...9, "[0-9]{3} [0-9]{2}"), "JP": ("Japan", "81", 10...10, "[0-9]{3}-[0-9]{4}"),
    ]

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        text.range(of: "^(\(pattern))$", options: .regularExpression) != nil
    }

    static func time(_ text: String) throws -> Date {
        try #require(matches(text, "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"), "\(text)")
        let date = try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        // Whole milliseconds, so that equal texts and only those are equal.
        return Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1000).rounded() / 1000)
    }

    init(_ message: CustomerMessage) throws {
        let value = try #require(message.value)
        text = try #require(String(validating: value, as: UTF8.self))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(value)) as? [String: Any], "\(text)")
        func string(_ name: String) throws -> String { try #require(object[name] as? String, "\(name)") }

        let number = try #require(object["customer_id"] as? NSNumber)
        id = number.int64Value
        firstName = try string("first_name")
        lastName = try string("last_name")
        registeredText = try string("registration_date")
        registered = try Self.time(registeredText)
        eventTime = try Self.time(try string("event_time"))
        lastLogin = object["last_login_date"] is NSNull ? nil : try Self.time(try string("last_login_date"))
        age = object["age"] as? Int
        if object["age"] == nil {
            birthday = try Date(try string("date_of_birth") + "T00:00:00Z", strategy: .iso8601)
            forms.append("birthday")
        }

        let rawEmail = try string("email")
        email = rawEmail.trimmingCharacters(in: .whitespaces).lowercased()
        if rawEmail.hasPrefix(" ") { forms.append("email blanks") } else if rawEmail != email { forms.append("email capitals") }

        let rawCountry = try string("country")
        country = Self.countries.first { $0.value.name == rawCountry }?.key ?? rawCountry.uppercased()
        if Self.countries[rawCountry] == nil { forms.append(rawCountry.count == 2 ? "country lower" : "country name") }
        city = try string("city")
        postalCode = try string("postal_code")

        let rawPhone = try string("phone_number")
        let digits = rawPhone.filter { $0 != " " }
        let calling = Self.countries[country]?.calling ?? "?"
        if digits.hasPrefix("00") {
            phone = "+" + digits.dropFirst(2)
            forms.append("phone 00")
        } else if digits.hasPrefix("0") {
            phone = "+" + calling + digits.dropFirst()
            forms.append("phone national")
        } else {
            phone = digits
            if digits != rawPhone { forms.append("phone blanks") }
        }
        problems = problems(message, object)
    }

    private func problems(_ message: CustomerMessage, _ object: [String: Any]) -> [String] {
        var problems: [String] = []
        func want(_ holds: Bool, _ problem: String) { if !holds { problems.append(problem) } }
        want(message.key == Array("\(id)".utf8), "key")
        want(
            Set(object.keys) == [
                "customer_id", "first_name", "last_name", age == nil ? "date_of_birth" : "age", "email", "country", "city",
                "postal_code", "phone_number", "registration_date", "last_login_date", "event_time",
            ], "fields")
        want(Self.keys(text).count == object.count, "a key twice")
        want(!firstName.isEmpty && !lastName.isEmpty, "name")
        want((18...82).contains(ageAtRegistration ?? -1), "age \(ageAtRegistration ?? -1)")
        want(Self.matches(email, "[a-z]+\\.[a-z]+[0-9]+@[a-z]+(\\.[a-z]+)+"), "email \(email)")
        if let own = Self.countries[country] {
            want(Self.matches(postalCode, own.postal), "postal code")
            want(phone.hasPrefix("+" + own.calling), "calling code")
            want(Self.matches(phone, "\\+[0-9]+") && own.digits.contains(phone.count - 1 - own.calling.count), "phone \(phone)")
        } else {
            problems.append("country")
        }
        want(!city.isEmpty, "city")
        want(eventTime >= registered && (lastLogin ?? registered) >= registered && eventTime >= (lastLogin ?? registered), "times")
        want(eventTime < Date(timeIntervalSince1970: 1_767_225_600 + 86_400), "future")
        return problems
    }

    /// The names of a flat object, in order, repeats and all.
    static func keys(_ text: String) -> [String] {
        var keys: [String] = []
        for part in text.components(separatedBy: "\":").dropLast() {
            keys.append(String(part.split(separator: "\"", omittingEmptySubsequences: false).last ?? ""))
        }
        return keys
    }

    /// What is wrong with a message, by looking for each fault on its own.
    static func faults(of message: CustomerMessage) throws -> [CustomerFault] {
        guard let value = message.value else { return [.tombstone] }
        if value.isEmpty { return [.emptyPayload] }
        guard let text = String(validating: value, as: UTF8.self) else { return [.invalidUTF8] }
        guard text.hasSuffix("}") else { return [.cutShort] }
        if text.hasSuffix(",}") { return [.trailingComma] }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(value)) as? [String: Any], "\(text)")
        var faults: [CustomerFault] = []
        if text.contains("\\u0000") { faults.append(.nulEscape) }
        let keys = keys(text)
        if Set(keys).count != keys.count { faults.append(.duplicateKey) }
        for name in ["customer_id", "last_name", "registration_date", "event_time"] where object[name] == nil {
            faults.append(.missingField)
        }
        if let age = object["age"] as? Int, !(0...130).contains(age) { faults.append(.impossibleAge) }
        let email = (object["email"] as? String ?? "").trimmingCharacters(in: .whitespaces)
        if !matches(email, "[^@ .]+(\\.[^@ .]+)*@[^@ .]+(\\.[^@ .]+)+") { faults.append(.badEmail) }
        let country = object["country"] as? String ?? ""
        if countries[country.uppercased()] == nil && !countries.values.contains(where: { $0.name == country }) {
            faults.append(.unknownCountry)
        }
        if let id = object["customer_id"] as? NSNumber, message.key != Array(id.stringValue.utf8) { faults.append(.wrongKey) }
        let times = try ["registration_date", "last_login_date", "event_time"].map { name in
            try (object[name] as? String).map { try time($0) }
        }
        if times.contains(where: { ($0 ?? .distantPast) > Date(timeIntervalSince1970: 3_000_000_000) }) { faults.append(.futureDate) }
        if let registered = times[0], let login = times[1], login < registered { faults.append(.loginBeforeRegistration) }
        return faults
    }
}
