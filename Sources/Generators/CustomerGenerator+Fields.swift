/// The words of all countries, ready to be drawn.
final class CustomerPools {
    final class Names {
        let women, men, lastOfWomen, lastOfMen: WordPool
        /// The same names as they stand in e-mail addresses.
        let slugsOfWomen, slugsOfMen, lastSlugsOfWomen, lastSlugsOfMen: WordPool

        init(_ names: CustomerWords.Names) {
            func pool(_ list: String) -> WordPool { WordPool(list.split(separator: ",").map(String.init), flatness: 15) }
            (women, men) = (pool(names.women), pool(names.men))
            (lastOfWomen, lastOfMen) = (pool(names.lastOfWomen), pool(names.lastOfMen))
            (slugsOfWomen, slugsOfMen) = (pool(slugs(names.women)), pool(slugs(names.men)))
            (lastSlugsOfWomen, lastSlugsOfMen) = (pool(slugs(names.lastOfWomen)), pool(slugs(names.lastOfMen)))
        }
    }
    final class Country {
        let code, name, lowerCode, callingCode: [UInt8]
        let trunk: [UInt8]?
        let names: Names
        let cities: WordPool
        /// By city.
        let postalCodes: [[[UInt8]]]
        let prefixes: [[UInt8]]
        let digits: Int
        /// Numbers of the North American plan are not free in their digits.
        let isNorthAmerican: Bool

        init(_ country: CustomerWords.Country, _ names: Names) {
            (code, name) = (Array(country.code.utf8), Array(country.name.utf8))
            lowerCode = Array(country.code.lowercased().utf8)
            callingCode = Array(country.callingCode.utf8)
            trunk = country.trunk.map { Array($0.utf8) }
            self.names = names
            cities = WordPool(country.cities.map(\.name), flatness: 1)
            postalCodes = country.cities.map { $0.postalCodes.split(separator: ",").map { Array($0.utf8) } }
            prefixes = country.prefixes.split(separator: " ").map { Array($0.utf8) }
            digits = country.digits
            isNorthAmerican = country.callingCode == "1"
        }
    }

    let countries: [Country]
    let domains: [[UInt8]] = [
        "example.com", "mail.example.com", "post.example.net", "example.net", "inbox.example.com", "example.org",
        "home.example.org",
    ].map { Array($0.utf8) }
    private let countryOf: [UInt8]

    init() {
        let names = CustomerWords.names.mapValues { Names($0) }
        countries = CustomerWords.countries.map { country in
            guard let names = names[country.language] else { preconditionFailure("no names for \(country.language)") }
            return Country(country, names)
        }
        countryOf = CustomerWords.countries.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1.weight) }
        precondition(countryOf.count == 1_000)
    }

    /// - Parameter place: 0 to 999.
    func country(_ place: Int) -> Int { Int(countryOf[place]) }
}

/// Names as they stand in e-mail addresses.
private func slugs(_ list: String) -> String {
    var slug = ""
    for letter in list.lowercased() {
        switch letter {
        case "a"..."z" where letter.isASCII, ",": slug.append(letter)
        case " ", "'", "-": break
        default:
            guard let plain = plainLetters[letter] else { preconditionFailure("\(letter) has no place in an address yet") }
            slug += plain
        }
    }
    return slug
}

private let plainLetters: [Character: String] = {
    var plain: [Character: String] = ["ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa"]
    for (one, other) in zip("áčďěęëíłńňñóřśšťúůýžźżąćçèéêîïôàâìùûãõò", "acdeeeilnnnorsstuuyzzzacceeeiioaaiuuaoo") {
        plain[one] = String(other)
    }
    return plain
}()

/// In which of several legitimate forms the fields of a message stand.
struct CustomerStyle {
    enum Country { case code, name, lowerCode }
    enum Phone { case plain, blanks, doubleZero, national }
    enum Email { case plain, capitals, blanks }

    var country = Country.code
    var phone = Phone.plain
    var email = Email.plain
    var birthday = false
}

extension CustomerGenerator {
    mutating func drawStyle() -> CustomerStyle {
        var style = CustomerStyle()
        let bits = random.next()
        if bits & 7 == 0 { style.country = bits >> 3 & 1 == 0 ? .name : .lowerCode }
        if bits >> 8 & 7 == 0 { style.phone = [.blanks, .doubleZero, .national, .blanks][Int(bits >> 11 & 3)] }
        if bits >> 16 & 7 == 0 { style.email = bits >> 19 & 1 == 0 ? .capitals : .blanks }
        style.birthday = bits >> 24 & 7 == 0
        return style
    }

    /// The whole object; `buffer` must have room for a row.
    mutating func appendObject(_ one: Customer, id: Int64, style: CustomerStyle = CustomerStyle()) {
        appendHead(one, id: id, style: style)
        appendTail(one, style: style)
    }

    /// From the brace to the e-mail's value.
    mutating func appendHead(_ one: Customer, id: Int64, style: CustomerStyle) {
        buffer.append("{\"customer_id\":")
        appendNumber(id)
        appendNames(one)
        if style.birthday {
            buffer.append(",\"date_of_birth\":\"")
            appendDate(Int(one.born))
            buffer.append(.quote)
        } else {
            buffer.append(",\"age\":")
            appendNumber(Int64(Self.age(one)))
        }
        appendEmail(one, id: id, style: style.email)
    }

    mutating func appendTail(_ one: Customer, style: CustomerStyle) {
        appendCountry(one, style: style.country)
        appendPlace(one)
        appendPhone(one, style: style.phone)
        appendTimes(one)
        appendEventTime(one.changed)
        buffer.append("}")
    }

    mutating func appendNames(_ one: Customer) {
        let names = words.countries[Int(one.origin)].names
        appendText(",\"first_name\":\"", (one.isWoman ? names.women : names.men)[Int(one.first)])
        appendText(",\"last_name\":\"", (one.isWoman ? names.lastOfWomen : names.lastOfMen)[Int(one.last)])
    }

    mutating func appendEmail(_ one: Customer, id: Int64, style: CustomerStyle.Email = .plain) {
        let names = words.countries[Int(one.origin)].names
        let first = (one.isWoman ? names.slugsOfWomen : names.slugsOfMen)[Int(one.first)]
        let last = (one.isWoman ? names.lastSlugsOfWomen : names.lastSlugsOfMen)[Int(one.last)]
        buffer.append(",\"email\":\"")
        if style == .blanks { buffer.append("  ") }
        if style == .capitals { buffer.appendUppercased(first) } else { buffer.append(first) }
        buffer.append(".")
        if style == .capitals { buffer.appendUppercased(last) } else { buffer.append(last) }
        appendNumber(id)
        buffer.append("@")
        words.domains[Int(one.domain)].withUnsafeBytes {
            if style == .capitals { buffer.appendUppercased($0) } else { buffer.append($0) }
        }
        if style == .blanks { buffer.append(.blank) }
        buffer.append(.quote)
    }

    mutating func appendCountry(_ one: Customer, style: CustomerStyle.Country = .code) {
        let country = words.countries[Int(one.home)]
        buffer.append(",\"country\":\"")
        switch style {
        case .code: append(country.code)
        case .name: append(country.name)
        case .lowerCode: append(country.lowerCode)
        }
        buffer.append(.quote)
    }

    mutating func appendPlace(_ one: Customer) {
        let country = words.countries[Int(one.home)]
        appendText(",\"city\":\"", country.cities[Int(one.city)])
        buffer.append(",\"postal_code\":\"")
        let patterns = country.postalCodes[Int(one.city)]
        var rest = one.postalBits
        let pattern = patterns[Int(rest % UInt32(patterns.count))]
        rest /= UInt32(patterns.count)
        for sign in pattern {
            if sign == UInt8(ascii: "#") {
                buffer.append(0x30 + UInt8(rest % 10))
                rest /= 10
            } else if sign == UInt8(ascii: "@") {
                let letters: StaticString = "ABDEFGHJLNPRSTUWXYZ"
                buffer.append(letters.bytes[Int(rest % 19)])
                rest /= 19
            } else {
                buffer.append(sign)
            }
        }
        buffer.append(.quote)
    }

    mutating func appendPhone(_ one: Customer, style: CustomerStyle.Phone = .plain) {
        let country = words.countries[Int(one.home)]
        buffer.append(",\"phone_number\":\"")
        switch style {
        case .plain, .blanks:
            buffer.append("+")
            append(country.callingCode)
        case .doubleZero:
            buffer.append("00")
            append(country.callingCode)
        case .national:
            if let trunk = country.trunk {
                append(trunk)
            } else {
                buffer.append("+")
                append(country.callingCode)
            }
        }
        if style == .blanks { buffer.append(.blank) }
        append(country.prefixes[Int(one.phoneBits & 0xFF) % country.prefixes.count])
        if style == .blanks || style == .national { buffer.append(.blank) }
        var rest = Int(one.phoneBits >> 8)
        if country.isNorthAmerican {
            // An exchange begins with 2 to 9 and does not end with 11.
            rest = 2_000_000 + rest % 8_000_000
            if rest / 10_000 % 100 == 11 { rest += 10_000 }
            buffer.append(rest, digits: 7)
        } else {
            var limit = 1
            for _ in 0..<country.digits { limit *= 10 }
            buffer.append(rest % limit, digits: country.digits)
        }
        buffer.append(.quote)
    }

    mutating func appendTimes(_ one: Customer) {
        appendTime(",\"registration_date\":\"", one.registered)
        if let login = one.lastLogin {
            appendTime(",\"last_login_date\":\"", login)
        } else {
            buffer.append(",\"last_login_date\":null")
        }
    }

    mutating func appendEventTime(_ time: Int64) { appendTime(",\"event_time\":\"", time) }

    // MARK: Small parts

    /// Completed years on the day of registration, by UTC.
    static func age(_ one: Customer) -> Int {
        let (born, then) = (Birthday(daysSince1970: Int(one.born)), Birthday(daysSince1970: one.registered.dayNumber))
        return then.year - born.year - ((then.month, then.day) < (born.month, born.day) ? 1 : 0)
    }

    mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { buffer.append($0) } }

    private mutating func appendText(_ name: StaticString, _ text: UnsafeRawBufferPointer) {
        buffer.append(name)
        buffer.append(text)
        buffer.append(.quote)
    }

    mutating func appendNumber(_ number: Int64) {
        if number < 0 { buffer.append("-") }
        var (size, limit) = (1, UInt64(10))
        while size < 19, number.magnitude >= limit {
            size += 1
            limit *= 10
        }
        buffer.append(Int(number.magnitude), digits: size)
    }

    mutating func appendDate(_ days: Int) {
        let date = Birthday(daysSince1970: days)
        buffer.append(date.year, digits: 4)
        buffer.append("-")
        buffer.append(date.month, digits: 2)
        buffer.append("-")
        buffer.append(date.day, digits: 2)
    }

    /// ISO 8601 in UTC with milliseconds.
    mutating func appendTime(_ name: StaticString, _ time: Int64) {
        buffer.append(name)
        let day = time.dayNumber
        let rest = Int(time - Int64(day) * .millisecondsADay)
        appendDate(day)
        buffer.append("T")
        buffer.append(rest / 3_600_000, digits: 2)
        buffer.append(":")
        buffer.append(rest / 60_000 % 60, digits: 2)
        buffer.append(":")
        buffer.append(rest / 1_000 % 60, digits: 2)
        buffer.append(".")
        buffer.append(rest % 1_000, digits: 3)
        buffer.append("Z\"")
    }
}

extension Birthday {
    init(daysSince1970 days: Int) { self.init(number: days + 7_670) }
}
