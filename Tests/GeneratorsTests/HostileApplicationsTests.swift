import Generators
import Testing

@Suite struct HostileApplicationsTests {
    static let all = rows(60_000, seed: 3, dirt: .hostile)

    static func texts(_ kind: HostileKind) -> [String] { all.filter { $0.kind == kind }.map(\.text) }

    @Test func oneRowIn50IsHostile() {
        let share = Double(Self.all.filter { $0.kind != nil }.count) / Double(Self.all.count)
        #expect((0.018...0.022).contains(share))
        #expect(Self.all.filter { $0.kind == nil }.allSatisfy { PlainRow($0.text) != nil })
    }

    @Test(arguments: HostileKind.allCases)
    func everyKindOccurs(kind: HostileKind) {
        // 60,000 / 50 / 17 = 70
        #expect((35...115).contains(Self.texts(kind).count))
    }

    @Test(arguments: [
        (HostileKind.missingName, 0), (.missingEmail, 1), (.missingDate, 2), (.missingMobile, 3),
    ])
    func missingFieldsAreEmptyOrBlank(kind: HostileKind, field: Int) {
        let fields = Self.texts(kind).map {
            $0.dropLast().split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(fields.allSatisfy { $0.count == 4 && $0[field].allSatisfy { $0 == " " } })
        #expect(fields.contains { $0[field].isEmpty } && fields.contains { !$0[field].isEmpty })
        #expect(fields.allSatisfy { row in (0..<4).allSatisfy { $0 == field || !row[$0].isEmpty } })
    }

    @Test func quotedFields() {
        #expect(Self.texts(.quotedComma).allSatisfy { $0.hasPrefix("\"") && $0.split(separator: ",").count == 5 })
        #expect(Self.texts(.quotedComma).contains { $0.contains(", MD\",") })
        #expect(Self.texts(.doubledQuote).allSatisfy { $0.contains(" \"\"") && $0.filter { $0 == "\"" }.count == 6 })
        let broken = Self.texts(.embeddedNewline)
        #expect(broken.allSatisfy { $0.hasPrefix("\"") && $0.utf8.filter { $0 == 0x0A }.count == 2 })
        #expect(broken.contains { $0.contains("\r\n") } && broken.contains { !$0.contains("\r\n") })
    }

    @Test func raggedRows() {
        func counts(_ kind: HostileKind) -> Set<Int> {
            Set(Self.texts(kind).map { $0.split(separator: ",", omittingEmptySubsequences: false).count })
        }
        #expect(counts(.raggedShort) == [2, 3])
        #expect(counts(.raggedLong) == [5, 6])
    }

    @Test func peopleWhoApplyAgainAreThereBefore() throws {
        var seen: Set<String> = []
        var again = 0
        for row in Self.all {
            guard row.kind == nil || row.kind == .appliedBefore else { continue }
            let plain = try #require(PlainRow(row.text))
            let birthday = try #require(plain.birthday)
            let person = "\(plain.email.lowercased()) \(birthday)"
            if row.kind == .appliedBefore {
                again += 1
                #expect(seen.contains(person))
                #expect(plain.mobile.filter(\.isWholeNumber).count == 8)
            }
            seen.insert(person)
        }
        #expect(again > 0)
        let emails = Self.texts(.appliedBefore).compactMap { PlainRow($0)?.email }
        #expect(emails.contains { $0 == $0.lowercased() } && emails.contains { $0 == $0.uppercased() })
    }

    @Test func peopleOfOnePlainIdHaveOtherEmails() throws {
        var seen: [String: Set<Substring>] = [:]
        for row in Self.all {
            guard row.kind == nil || row.kind == .sharedIdentity, let plain = PlainRow(row.text) else { continue }
            let local = plain.email.prefix { $0 != "@" }
            let key = "\(local.split(separator: "_")[1]) \(try #require(plain.birthday))"
            if row.kind == .sharedIdentity {
                let others = try #require(seen[key])
                #expect(!others.contains(plain.email))
                #expect(plain.email.hasSuffix(".com"))
            }
            seen[key, default: []].insert(plain.email)
        }
    }

    @Test func unusualNames() {
        func names(_ kind: HostileKind) -> [Substring] { Self.texts(kind).map { $0.prefix { $0 != "," } } }
        #expect(names(.compoundName).allSatisfy { $0.split(separator: " ").count >= 3 })
        #expect(names(.hyphenatedName).allSatisfy { $0.contains("-") })
        #expect(names(.apostropheName).contains { $0.contains(" O'") })
        #expect(names(.apostropheName).contains { $0.contains(" D\u{2019}") })
        #expect(names(.nonLatinName).allSatisfy { $0.utf8.contains { $0 > 0x7F } })
        #expect(names(.oneWordName).allSatisfy { !$0.contains(" ") && !$0.isEmpty })
    }

    @Test func someLinesEndWithCarriageReturn() {
        #expect(Self.texts(.carriageReturn).allSatisfy { $0.hasSuffix("\r\n") })
    }
}
