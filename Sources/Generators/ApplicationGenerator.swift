/// How dirty made-up applications are.
public enum Dirt: String, CaseIterable, Sendable {
    /// As dirty as a real drop: four date shapes, mobile numbers that are too short or hold a blank, titles,
    /// suffixes, an impossible date in 2,000, a birthday of the wrong century in 2,000.
    case plain
    /// The same, and one row in 50 of a `HostileKind`.
    case hostile
}

/// Made-up membership applications: `name,email,date_of_birth,mobile_no`, a row at a time.
///
/// The same seed and dirt give the same rows on every machine, and the first rows are the same however many follow.
///
///     var generator = ApplicationGenerator(seed: 1)
///     var rows = RowBuffer()
///     ApplicationGenerator.appendHeader(to: &rows)
///     generator.appendRow(to: &rows)
///
/// Shares of plain rows (drawn independently):
/// - date: a quarter each of `YYYY/MM/DD`, `MM/DD/YYYY`, `YYYY-MM-DD`, `DD-MM-YYYY`; birthdays even from 1949 to 2018
/// - mobile number: a quarter each of 5, 6, 7 and 8 digits, the first never 0; 23 % of those with 8 have a blank in
///   the middle
/// - e-mail: First_Last@domain; 34 % of the domains are two words with a hyphen; `.com` 60.9 %, `.net` 10.6 %,
///   `.info` 9.6 %, `.biz` 9.5 %, `.org` 9.4 %
/// - 2 % have a title, 2.4 % a suffix
public struct ApplicationGenerator: ~Copyable {
    public let seed: UInt64
    public let dirt: Dirt
    /// Rows made so far.
    public private(set) var rowCount = 0
    /// What the row made last was, nil for a plain one.
    public private(set) var lastKind: HostileKind?

    var random: SplitMix64
    let firstNames = WordPool(ApplicationWords.firstNames, flatness: 15)
    let lastNames = WordPool(ApplicationWords.lastNames, flatness: 15)
    let domains = WordPool(ApplicationWords.domainWords)
    let nonLatinNames = WordPool(ApplicationWords.nonLatinNames)
    let oneWordNames = WordPool(ApplicationWords.oneWordNames)
    let particles = WordPool(ApplicationWords.particles)
    let topLevelDomainOf = Self.places(ApplicationWords.topLevelDomains.map(\.share), of: 10_000)
    let titleOf = Self.places(ApplicationWords.titles.map(\.share), of: 100)
    let suffixOf = Self.places(ApplicationWords.suffixes.map(\.share), of: 100)

    /// Eligible people of earlier rows, to apply again or to share a birthday with; a ring.
    var known: [Application] = []
    var knownNext = 0
    static let knownLimit = 512

    public init(seed: UInt64, dirt: Dirt = .plain) {
        self.seed = seed
        self.dirt = dirt
        random = SplitMix64(seed: seed)
    }

    public static func appendHeader(to rows: inout RowBuffer) { rows.append("name,email,date_of_birth,mobile_no\n") }

    /// Appends the next row with its line end; `rows` must not be full.
    public mutating func appendRow(to rows: inout RowBuffer) {
        rowCount += 1
        lastKind = nil
        var applicant = draw()
        if dirt == .hostile {
            if random.oneIn(50), let kind = drawKind() {
                lastKind = kind
                appendHostile(kind, &applicant, to: &rows)
                return
            }
            if applicant.isEligible { remember(applicant) }
        }
        appendName(applicant, to: &rows)
        appendRest(applicant, to: &rows)
        rows.append(.lineFeed)
    }

    /// A plain applicant. Draws always the same number of numbers.
    @inline(__always)
    mutating func draw() -> Application {
        var one = Application()
        one.first = firstNames.draw(&random)
        one.last = lastNames.draw(&random)
        let additions = random.next()
        if additions & 0xFFFF < 1_311 { one.title = Int(titleOf[Int((additions >> 16) & 0xFFFF) % 100]) }
        if (additions >> 32) & 0xFFFF < 1_573 { one.suffix = Int(suffixOf[Int(additions >> 48) % 100]) }

        let hyphen = random.below(100)
        one.domain = domains.draw(&random)
        let other = domains.draw(&random)
        if hyphen < 34 { one.otherDomain = other }
        one.topLevelDomain = Int(topLevelDomainOf[random.below(10_000)])

        one.birthday = Birthday(number: random.below(Birthday.drawnDays))
        let oddity = random.below(12_000)
        if oddity < 6 {
            (one.birthday.month, one.birthday.day) = Birthday.impossible[oddity]
        } else if oddity < 12 {
            one.birthday.year = 1800 + one.birthday.year % 100
            one.birthday.day = min(one.birthday.day, 28)
        }

        let shapes = random.next()
        one.dateShape = DateShape.allCases[Int(shapes & 3)]
        one.mobileDigits = 5 + Int((shapes >> 2) & 3)
        one.mobileHasBlank = one.mobileDigits == 8 && Int((shapes >> 32) & 0xFFFF) < 15_073
        one.mobile = Self.mobile(digits: one.mobileDigits, &random)
        return one
    }

    /// A number of so many digits, the first of them not 0.
    @inline(__always)
    static func mobile(digits: Int, _ random: inout SplitMix64) -> Int {
        var low = 1
        for _ in 1..<digits { low *= 10 }
        return low + random.below(9 * low)
    }

    private mutating func remember(_ applicant: Application) {
        if known.count < Self.knownLimit {
            known.append(applicant)
        } else {
            known[knownNext] = applicant
            knownNext = (knownNext + 1) % Self.knownLimit
        }
    }

    /// For each of so many places the number of the share it falls into.
    private static func places(_ shares: [Int], of count: Int) -> [UInt8] {
        precondition(shares.reduce(0, +) == count)
        return shares.enumerated().flatMap { [UInt8](repeating: UInt8($0.offset), count: $0.element) }
    }
}

extension UInt8 {
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let comma: UInt8 = 0x2C
    static let quote: UInt8 = 0x22
    static let blank: UInt8 = 0x20
}
