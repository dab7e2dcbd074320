import Digests
import Testing

@testable import Generators

@Suite struct ApplicationGeneratorTests {
    // MARK: Reproducibility

    @Test func splitMix64GivesThePublishedNumbers() {
        // Vigna's splitmix64.c, state 1234567.
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test(arguments: [
        (Dirt.plain, UInt64(1), "26f622d7134e31a1192c117b877dbe0dcc5f583ba258b22b47a5d6020db75ae0"),
        (Dirt.plain, UInt64.max, "1bd5fdca2aa25f1d451a3b5a9260c51a9e33580856bca971db85d6b0aa47bd84"),
        (Dirt.hostile, UInt64(1), "f43cfa4992d0c86dd56a8035bf265996a868155139a0e861d3b5cb7d733e5998"),
    ])
    func aSeedGivesTheSameBytesForEver(dirt: Dirt, seed: UInt64, digest: String) {
        #expect(sha256Hex(bytes(100_000, seed: seed, dirt: dirt)) == digest)
    }

    @Test func anotherSeedGivesOtherRows() {
        #expect(rows(100, seed: 1).map(\.text) != rows(100, seed: 2).map(\.text))
    }

    @Test func theFirstRowsAreTheSameHoweverManyFollow() {
        #expect(rows(10, dirt: .hostile).map(\.text) == rows(1_000, dirt: .hostile).prefix(10).map(\.text))
    }

    // MARK: Plain rows, each share within five standard deviations

    static let plain = rows(50_000).map { PlainRow($0.text) }

    func expectShare(
        _ expected: Double, of wanted: (PlainRow) -> Bool, among: (PlainRow) -> Bool = { _ in true },
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let all = Self.plain.compactMap { $0 }.filter(among)
        let share = Double(all.filter(wanted).count) / Double(all.count)
        let deviation = (expected * (1 - expected) / Double(all.count)).squareRoot()
        #expect(abs(share - expected) <= 5 * deviation, "\(share)", sourceLocation: sourceLocation)
    }

    @Test func everyPlainRowHasFourFieldsInASCII() {
        #expect(Self.plain.allSatisfy { $0 != nil })
        #expect(rows(1_000).allSatisfy { $0.kind == nil })
    }

    @Test(arguments: ["9999/99/99", "99/99/9999", "9999-99-99", "99-99-9999"])
    func aQuarterOfTheDatesHasEachShape(shape: String) {
        expectShare(0.25) { PlainRow.shape($0.date) == shape }
    }

    @Test func birthdaysAreEvenFrom1949To2018() {
        let all = Self.plain.compactMap { $0?.birthday }
        #expect(all.count == Self.plain.count)
        #expect(all.allSatisfy { (1949...2018).contains($0.year) || (1800...1899).contains($0.year) })
        #expect(all.allSatisfy { (1...12).contains($0.month) && (1...31).contains($0.day) })
        expectShare(10.0 / 70) { (1960...1969).contains($0.birthday!.year) }
        expectShare(15.0 / 70) { $0.birthday!.year >= 2004 }
        expectShare(31 / 365.25) { $0.birthday!.month == 1 }
        expectShare(12 / 365.25) { $0.birthday!.day == 13 }
    }

    @Test func oneDateIn2000IsImpossibleAndOneOfAnotherCentury() {
        func isPossible(_ row: PlainRow) -> Bool {
            let (year, month, day) = row.birthday!
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        }
        expectShare(1 / 2_000) { !isPossible($0) }
        expectShare(1 / 2_000) { $0.birthday!.year < 1900 }
    }

    @Test(arguments: 5...8)
    func aQuarterOfTheMobileNumbersHasEachLength(digits: Int) {
        expectShare(0.25) { $0.mobile.filter(\.isWholeNumber).count == digits }
    }

    @Test func aMobileNumberOf8DigitsOftenHasABlankInTheMiddle() {
        #expect(Self.plain.compactMap { $0 }.allSatisfy { $0.mobile.first != "0" })
        expectShare(0.23, of: { $0.mobile.contains(" ") }, among: { $0.mobile.filter(\.isWholeNumber).count == 8 })
        #expect(
            Self.plain.compactMap { $0 }.filter { $0.mobile.contains(" ") }
                .allSatisfy { PlainRow.shape($0.mobile) == "9999 9999" })
    }

    @Test(arguments: [("com", 0.609), ("net", 0.106), ("info", 0.096), ("biz", 0.095), ("org", 0.094)])
    func topLevelDomains(domain: String, share: Double) {
        expectShare(share) { $0.email.hasSuffix("." + domain) }
    }

    @Test func emailsAreMadeOfTheName() {
        let additions = Set(["Mr.", "Mrs.", "Dr.", "Miss", "Ms.", "MD", "DDS", "DVM", "Jr.", "PhD", "III", "II", "Sr."])
        for row in Self.plain.compactMap({ $0 }) {
            let names = row.name.filter { !additions.contains(String($0)) }
            #expect(names.count == 2)
            #expect(row.email.hasPrefix(names.joined(separator: "_") + "@"))
            #expect(row.email.split(separator: "@").count == 2)
        }
        expectShare(0.34) { $0.email.contains("-") }
    }

    @Test func titlesAndSuffixes() {
        expectShare(0.02) { ["Mr.", "Mrs.", "Dr.", "Miss", "Ms."].contains($0.name.first!) }
        expectShare(0.024) { ["MD", "DDS", "DVM", "Jr.", "PhD", "III", "II", "Sr."].contains($0.name.last!) }
        expectShare(0.0435) { $0.name.count > 2 }
    }

    @Test func plainRowsHoldNobodyTwice() {
        let people = Self.plain.compactMap { $0 }.map { "\($0.email.lowercased()) \($0.birthday!)" }
        #expect(Set(people).count == people.count)
    }

    @Test func theCalendarIsTheCalendar() {
        #expect(Birthday(number: 0) == Birthday(year: 1949, month: 1, day: 1))
        #expect(Birthday(number: Birthday.drawnDays - 1) == Birthday(year: 2018, month: 12, day: 31))
        #expect(Birthday(number: 18_685) == Birthday(year: 2000, month: 2, day: 28))
        #expect(Birthday(number: 18_686) == Birthday(year: 2000, month: 2, day: 29))
        #expect(Birthday(number: 18_687) == Birthday(year: 2000, month: 3, day: 1))
    }

    // MARK: Words

    @Test func wordsAreThereOnce() {
        for list in [ApplicationWords.firstNames, ApplicationWords.lastNames, ApplicationWords.domainWords] {
            #expect(Set(list).count == list.count)
            #expect(list.allSatisfy { $0.utf8.allSatisfy { $0 > 0x40 && $0 < 0x7B } })
        }
    }

    @Test func everyWordIsDrawnTheFirstOnesMoreOften() {
        let pool = WordPool(["a", "bb", "ccc"], flatness: 1)
        var random = SplitMix64(seed: 7)
        var counts = [0, 0, 0]
        for _ in 0..<11_000 { counts[pool.draw(&random)] += 1 }
        #expect((5_800...6_200).contains(counts[0]) && (2_800...3_200).contains(counts[1]))
        #expect((1_800...2_200).contains(counts[2]))
        #expect(String(decoding: pool[2], as: UTF8.self) == "ccc")
    }
}
