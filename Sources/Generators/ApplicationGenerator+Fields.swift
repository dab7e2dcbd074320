extension ApplicationGenerator {
    @inline(__always)
    func appendName(_ one: borrowing Application, to rows: inout RowBuffer) {
        if one.title >= 0 { rows.append(ApplicationWords.titles[one.title].name) }
        rows.append(firstNames[one.first])
        rows.append(.blank)
        rows.append(lastNames[one.last])
        if one.suffix >= 0 { rows.append(ApplicationWords.suffixes[one.suffix].name) }
    }

    /// All that comes after the name, beginning with the comma.
    @inline(__always)
    func appendRest(_ one: borrowing Application, to rows: inout RowBuffer) {
        rows.append(.comma)
        appendEmail(one, to: &rows)
        rows.append(.comma)
        appendDate(one, to: &rows)
        rows.append(.comma)
        appendMobile(one, to: &rows)
    }

    enum LetterCase { case asItIs, lower, upper }

    @inline(__always)
    func appendEmail(_ one: borrowing Application, letters: LetterCase = .asItIs, to rows: inout RowBuffer) {
        func put(_ word: UnsafeRawBufferPointer, _ rows: inout RowBuffer) {
            switch letters {
            case .asItIs: rows.append(word)
            case .lower: rows.appendLowercased(word)
            case .upper: rows.appendUppercased(word)
            }
        }
        put(firstNames[one.first], &rows)
        rows.append(0x5F)
        put(lastNames[one.last], &rows)
        rows.append(0x40)
        put(domains[one.domain], &rows)
        if one.otherDomain >= 0 {
            rows.append(0x2D)
            put(domains[one.otherDomain], &rows)
        }
        put(ApplicationWords.topLevelDomains[one.topLevelDomain].name.bytes, &rows)
    }

    @inline(__always)
    func appendDate(_ one: borrowing Application, to rows: inout RowBuffer) {
        let mark: UInt8 =
            switch one.dateShape {
            case .slashesYearFirst, .slashesMonthFirst: 0x2F
            case .dashesYearFirst, .dashesDayFirst: 0x2D
            }
        switch one.dateShape {
        case .slashesYearFirst, .dashesYearFirst:
            rows.append(one.birthday.year, digits: 4)
            rows.append(mark)
            rows.append(one.birthday.month, digits: 2)
            rows.append(mark)
            rows.append(one.birthday.day, digits: 2)
        case .slashesMonthFirst:
            rows.append(one.birthday.month, digits: 2)
            rows.append(mark)
            rows.append(one.birthday.day, digits: 2)
            rows.append(mark)
            rows.append(one.birthday.year, digits: 4)
        case .dashesDayFirst:
            rows.append(one.birthday.day, digits: 2)
            rows.append(mark)
            rows.append(one.birthday.month, digits: 2)
            rows.append(mark)
            rows.append(one.birthday.year, digits: 4)
        }
    }

    @inline(__always)
    func appendMobile(_ one: borrowing Application, to rows: inout RowBuffer) {
        if one.mobileHasBlank {
            rows.append(one.mobile / 10_000, digits: 4)
            rows.append(.blank)
            rows.append(one.mobile % 10_000, digits: 4)
        } else {
            rows.append(one.mobile, digits: one.mobileDigits)
        }
    }
}
