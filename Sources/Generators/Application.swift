/// One made-up application, as numbers into the word pools.
struct Application {
    var title = -1
    var first = 0
    var last = 0
    var suffix = -1
    var domain = 0
    /// -1: the domain is one word.
    var otherDomain = -1
    var topLevelDomain = 0
    var birthday = Birthday(year: 1970, month: 1, day: 1)
    var dateShape = DateShape.slashesYearFirst
    var mobile = 10_000_000
    var mobileDigits = 8
    /// An inner blank after four digits.
    var mobileHasBlank = false

    /// Whether the default policy (over 18 on 1 January 2022, `.com` and `.net`) takes the applicant.
    var isEligible: Bool {
        mobileDigits == 8 && topLevelDomain < 2 && birthday.isPossible && birthday.year < 2004
    }
}

struct Birthday: Equatable {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day `number` days after 1 January 1949 (Hinnant: chrono-compatible low-level date algorithms).
    init(number: Int) {
        let shifted = number + 711_798  // 1949-01-01 counted from 0000-03-01
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days from 1 January 1949 to 31 December 2018.
    static let drawnDays = 25_567

    /// Days that no calendar has.
    static let impossible = [(2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31)]

    var isPossible: Bool { !Self.impossible.contains { $0 == (month, day) } }
}

enum DateShape: Int, CaseIterable {
    case slashesYearFirst, slashesMonthFirst, dashesYearFirst, dashesDayFirst
}
