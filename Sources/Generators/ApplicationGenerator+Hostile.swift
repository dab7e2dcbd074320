/// What a hostile row is. One row in 50 is of one of these, all alike often.
public enum HostileKind: String, CaseIterable, Sendable {
    // A field is empty, or holds blanks only.
    case missingName, missingEmail, missingDate, missingMobile
    /// `"Last, First"` or `"First Last, MD"`, quoted.
    case quotedComma
    /// `"First ""First"" Last"`.
    case doubledQuote
    /// The name goes on in the next line, quoted; LF or CRLF.
    case embeddedNewline
    /// Two or three fields, or five.
    case raggedShort, raggedLong
    /// An eligible person of an earlier row once more: another date shape, mobile number, case of the e-mail.
    case appliedBefore
    /// Last name and birthday of an eligible person of an earlier row, but another first name and e-mail, eligible too:
    /// two members of one plain id.
    case sharedIdentity
    /// A particle before the last name, or two first names.
    case compoundName
    case hyphenatedName
    /// `O'` or `D’` before the last name.
    case apostropheName
    case nonLatinName
    case oneWordName
    /// Like any plain row, but its line ends with CRLF.
    case carriageReturn
}

extension ApplicationGenerator {
    /// Nil when the kind needs an earlier person and there is none yet.
    mutating func drawKind() -> HostileKind? {
        let kind = HostileKind.allCases[random.below(HostileKind.allCases.count)]
        return known.isEmpty && (kind == .appliedBefore || kind == .sharedIdentity) ? nil : kind
    }

    mutating func appendHostile(_ kind: HostileKind, _ one: inout Application, to rows: inout RowBuffer) {
        var letters = LetterCase.asItIs
        if kind == .appliedBefore { letters = applyAgain(&one) }
        if kind == .sharedIdentity { shareIdentity(&one) }

        if kind == .missingName { appendNothing(to: &rows) } else { appendHostileName(kind, one, to: &rows) }
        if kind == .raggedLong && random.oneIn(2) { rows.append(",") }
        rows.append(.comma)
        if kind == .missingEmail { appendNothing(to: &rows) } else { appendEmail(one, letters: letters, to: &rows) }
        let fields = kind == .raggedShort ? 2 + random.below(2) : 4
        if fields > 2 {
            rows.append(.comma)
            if kind == .missingDate { appendNothing(to: &rows) } else { appendDate(one, to: &rows) }
        }
        if fields > 3 {
            rows.append(.comma)
            if kind == .missingMobile { appendNothing(to: &rows) } else { appendMobile(one, to: &rows) }
        }
        if kind == .raggedLong { rows.append(",n/a") }
        if kind == .carriageReturn { rows.append(.carriageReturn) }
        rows.append(.lineFeed)
    }

    private mutating func appendNothing(to rows: inout RowBuffer) {
        if random.oneIn(4) { rows.append("  ") }
    }

    private mutating func applyAgain(_ one: inout Application) -> LetterCase {
        one = known[random.below(known.count)]
        one.dateShape = DateShape.allCases[random.below(4)]
        one.mobile = Self.mobile(digits: 8, &random)
        one.mobileHasBlank = random.oneIn(4)
        return [.asItIs, .lower, .upper][random.below(3)]
    }

    private mutating func shareIdentity(_ one: inout Application) {
        let other = known[random.below(known.count)]
        one.last = other.last
        one.birthday = other.birthday
        if one.first == other.first { one.first = (one.first + 1) % firstNames.count }
        one.topLevelDomain = 0
        one.mobileDigits = 8
        one.mobileHasBlank = false
        one.mobile = Self.mobile(digits: 8, &random)
    }

    private mutating func appendHostileName(_ kind: HostileKind, _ one: Application, to rows: inout RowBuffer) {
        let first = firstNames[one.first]
        let last = lastNames[one.last]
        switch kind {
        case .quotedComma:
            rows.append(.quote)
            if random.oneIn(2) {
                rows.append(last)
                rows.append(", ")
                rows.append(first)
            } else {
                rows.append(first)
                rows.append(.blank)
                rows.append(last)
                rows.append(", MD")
            }
            rows.append(.quote)
        case .doubledQuote:
            rows.append(.quote)
            rows.append(first)
            rows.append(" \"\"")
            rows.append(first)
            rows.append("\"\" ")
            rows.append(last)
            rows.append(.quote)
        case .embeddedNewline:
            rows.append(.quote)
            rows.append(first)
            if random.oneIn(3) { rows.append(.carriageReturn) }
            rows.append(.lineFeed)
            rows.append(last)
            rows.append(.quote)
        case .compoundName:
            rows.append(first)
            rows.append(.blank)
            if random.oneIn(4) {
                rows.append(firstNames[firstNames.draw(&random)])
            } else {
                rows.append(particles[particles.draw(&random)])
            }
            rows.append(.blank)
            rows.append(last)
        case .hyphenatedName:
            rows.append(first)
            rows.append(.blank)
            rows.append(last)
            rows.append("-")
            rows.append(lastNames[lastNames.draw(&random)])
        case .apostropheName:
            rows.append(first)
            if random.oneIn(2) { rows.append(" O'") } else { rows.append(" D\u{2019}") }
            rows.append(last)
        case .nonLatinName: rows.append(nonLatinNames[nonLatinNames.draw(&random)])
        case .oneWordName: rows.append(oneWordNames[oneWordNames.draw(&random)])
        default: appendName(one, to: &rows)
        }
    }
}
