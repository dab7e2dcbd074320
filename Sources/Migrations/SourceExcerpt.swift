/// A line of a file with a caret under one of its columns, as compilers show it.
struct SourceExcerpt: Equatable, Sendable {
    /// 1-based.
    let line: Int
    /// 1-based, in Unicode scalars; nil where only the line is known.
    let column: Int?
    private let source: [Unicode.Scalar]

    /// Longer lines are cut around the column.
    static let width = 120

    init(text: String, line: Int, column: Int?) {
        self.line = line
        self.column = column
        var rest = text.utf8[...]
        for _ in 1..<max(line, 1) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { rest = rest.suffix(0); break }
            rest = rest[rest.index(after: end)...]
        }
        let bytes = rest.prefix { $0 != UInt8(ascii: "\n") }
        source = String(Substring(bytes)).unicodeScalars.filter { $0 != "\r" && $0 != "\u{FEFF}" }
    }

    /// Two lines, or one where there is no column:
    ///
    ///        3 | select nope
    ///          |        ^
    var rendered: String {
        let number = String(line)
        let gutter = String(repeating: " ", count: max(5 - number.count, 0)) + number
        let caret = column.map { min(max($0 - 1, 0), source.count) }
        var from = 0
        if source.count > Self.width { from = min(max((caret ?? 0) - Self.width / 2, 0), source.count - Self.width) }
        let shown = source[from..<min(from + Self.width, source.count)]
        var text = "\(gutter) | \(from > 0 ? "…" : "")"
        for scalar in shown { text.unicodeScalars.append(Self.isControl(scalar) ? "\u{FFFD}" : scalar) }
        if from + shown.count < source.count { text += "…" }
        guard let caret else { return text }
        text += "\n" + String(repeating: " ", count: gutter.count) + " | " + (from > 0 ? " " : "")
        // A tab stays a tab, so that both lines jump alike whatever the terminal's tab stops are.
        for scalar in source[from..<caret] {
            text += scalar == "\t" ? "\t" : String(repeating: " ", count: Self.cells(scalar))
        }
        return text + "^"
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\t" && scalar.properties.generalCategory == .control
    }

    /// Columns that a terminal gives a character: 0 for marks that join the one before, 2 for wide ones (Unicode's
    /// East Asian Width W and F, by blocks).
    static func cells(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
