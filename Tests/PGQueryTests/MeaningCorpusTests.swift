import Foundation
import Testing

@testable import PGQuery

/// Every SQL file of this repository: laid out anew it keeps its meaning, with one token changed it loses it.
@Suite struct MeaningCorpusTests {
    struct Source: Sendable {
        let path: String
        let bytes: [UInt8]
        let tokens: [SQLToken]
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Files that the scanner takes; the few others hold psql's own syntax.
    static let corpus: [Source] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return ["migrations", "sql", "Tests/sql"].flatMap { folder -> [Source] in
            let names = FileManager.default.enumerator(atPath: root.path + "/" + folder)?.allObjects as? [String] ?? []
            return names.filter { $0.hasSuffix(".sql") }.sorted().compactMap { name in
                guard let text = try? String(contentsOf: root.appending(path: "\(folder)/\(name)"), encoding: .utf8),
                    let tokens = try? PGQuery.scan(text)
                else { return nil }
                return Source(path: "\(folder)/\(name)", bytes: Array(text.utf8), tokens: tokens)
            }
        }
    }()

    @Test func theCorpusIsThere() {
        #expect(Self.corpus.count > 500)
        #expect(Self.corpus.filter { !$0.path.hasPrefix("Tests/") }.count > 450)
    }

    @Test func aNewLayoutChangesNothing() {
        var random = Seeded(1)
        var reformatted = 0
        var lost: [String] = []
        for source in Self.corpus {
            let meaning = PGQuery.meaning(ofSQL: source.text)
            let bodies = Self.bodies(of: source)
            for round in 0..<2 {
                let other = Self.reformat(source.bytes, source.tokens, bodies, &random)
                if other != source.bytes { reformatted += 1 }
                let text = (round == 0 ? "" : "\u{FEFF}") + String(decoding: other, as: UTF8.self)
                if PGQuery.meaning(ofSQL: text) != meaning { lost.append("\(source.path) round \(round)") }
            }
        }
        #expect(reformatted > 1000 && lost.isEmpty, "\(lost.count): \(lost.prefix(5))")
    }

    /// PostgreSQL's parser as the judge of the layouts themselves: the trees are the same.
    @Test func theParserAgreesThatALayoutChangesNothing() throws {
        var random = Seeded(2)
        var compared = 0
        for source in Self.corpus where source.bytes.count < 6000 {
            guard let trees = try? PGQuery.parse(source.text) else { continue }
            let text = String(decoding: Self.reformat(source.bytes, source.tokens, [], &random), as: UTF8.self)
            if try PGQuery.parse(text).map(Self.placeless) != trees.map(Self.placeless) { Issue.record("\(source.path)") }
            compared += 1
        }
        #expect(compared > 300)
    }

    @Test func oneTokenChangedCounts() {
        var random = Seeded(3)
        var tried = 0
        var inBodies = 0
        for source in Self.corpus {
            let meaning = PGQuery.meaning(ofSQL: source.text)
            let bodies = Self.bodies(of: source)
            for _ in 0..<12 {
                var bytes = source.bytes
                var tokens = source.tokens.indices.filter { !source.tokens[$0].isComment && !bodies.contains($0) }
                    .map { source.tokens[$0] }
                // Every other time inside a body, where there is one.
                if Bool.random(using: &random), let body = bodies.sorted().randomElement(using: &random) {
                    let (inner, offset) = Self.inner(of: source.tokens[body], bytes)
                    let shifted = (try? PGQuery.scan(bytes: inner))?.filter { !$0.isComment } ?? []
                    if !shifted.isEmpty {
                        tokens = shifted.map {
                            SQLToken(kind: $0.kind, range: $0.range.lowerBound + offset..<$0.range.upperBound + offset)
                        }
                        inBodies += 1
                    }
                }
                guard let token = tokens.randomElement(using: &random) else { continue }
                let what = Self.mutate(&bytes, token, &random)
                tried += 1
                if PGQuery.meaning(ofSQL: String(decoding: bytes, as: UTF8.self)) == meaning {
                    let old = String(decoding: source.bytes[token.range], as: UTF8.self)
                    Issue.record("\(source.path): byte \(token.range.lowerBound) `\(old)`: \(what)")
                }
            }
        }
        #expect(tried > 6000 && inBodies > 1000)
    }

    /// Bytes changed blindly: whenever the meaning says "the same", so does the parser.
    @Test func equalMeaningIsAnEqualTree() throws {
        var random = Seeded(4)
        var same = 0
        let insertions = [" ", "\n", "-", "'", "/*", "*/", "--", "a", "1", ".", "\"", "$", "e", ";", "\\"].map { Array($0.utf8) }
        let small = Self.corpus.filter { $0.bytes.count < 1500 && Self.bodies(of: $0).isEmpty }
        for _ in 0..<3000 {
            guard let source = small.randomElement(using: &random), let trees = try? PGQuery.parse(source.text) else { continue }
            var bytes = source.bytes
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(contentsOf: insertions.randomElement(using: &random) ?? [], at: at)
            default: bytes.swapAt(at, Int.random(in: max(0, at - 3)..<min(bytes.count, at + 3), using: &random))
            }
            guard let text = String(validating: bytes, as: UTF8.self), bytes != source.bytes,
                PGQuery.meaning(ofSQL: text) == PGQuery.meaning(ofSQL: source.text)
            else { continue }
            same += 1
            if (try? PGQuery.parse(text).map(Self.placeless)) != trees.map(Self.placeless) {
                Issue.record("\(source.path) at byte \(at)")
            }
        }
        #expect(same > 100)
    }

    // MARK: Parts

    /// The tokens that PostgreSQL's parser takes for bodies in sql and plpgsql; none where a file is not only SQL.
    private static func bodies(of source: Source) -> Set<Int> {
        guard let trees = try? PGQuery.parse(source.text) else { return [] }
        var texts: Set<String> = []
        for tree in trees {
            let field = tree.kind == "DoStmt" ? "args" : tree.kind == "CreateFunctionStmt" ? "options" : ""
            let options = tree[field].items
            var language = tree.kind == "DoStmt" ? "plpgsql" : ""
            var body: String?
            for option in options.map({ $0["DefElem"] }) {
                let argument = option["arg"]
                switch option["defname"].text {
                case "language": language = argument["String"]["sval"].text ?? language
                case "as": body = argument["String"]["sval"].text ?? argument["List"]["items"].names.first
                default: break
                }
            }
            if let body, language == "sql" || language == "plpgsql" { texts.insert(body) }
        }
        return Set(
            source.tokens.indices.filter {
                source.tokens[$0].kind == .string && source.bytes[source.tokens[$0].range.lowerBound] == UInt8(ascii: "$")
                    && texts.contains(String(decoding: inner(of: source.tokens[$0], source.bytes).bytes, as: UTF8.self))
            })
    }

    private static func inner(of token: SQLToken, _ bytes: [UInt8]) -> (bytes: [UInt8], offset: Int) {
        let text = bytes[token.range]
        let tag = (text.dropFirst().firstIndex(of: UInt8(ascii: "$")) ?? text.startIndex) - text.startIndex + 1
        return (Array(text.dropFirst(tag).dropLast(tag)), token.range.lowerBound + tag)
    }

    private static func reformat(
        _ bytes: [UInt8], _ tokens: [SQLToken], _ bodies: Set<Int>, _ random: inout Seeded, inBody: Bool = false
    ) -> [UInt8] {
        var output: [UInt8] = []
        var last: SQLToken?
        for (index, token) in tokens.enumerated() where !token.isComment {
            if let last { output += gap(bytes, last, token, &random, inBody: inBody) }
            last = token
            if bodies.contains(index) {
                let (text, offset) = inner(of: token, bytes)
                guard let tokens = try? PGQuery.scan(bytes: text) else { output += bytes[token.range]; continue }
                let tag = bytes[token.range.lowerBound..<offset]
                output += tag
                output += blanks(&random, inBody: true)
                output += reformat(text, tokens, [], &random, inBody: true)
                output += blanks(&random, inBody: true)
                output += tag
            } else if token.isKeyword, Bool.random(using: &random) {
                output += String(decoding: bytes[token.range], as: UTF8.self).uppercased().utf8
            } else {
                output += bytes[token.range]
            }
        }
        return output
    }

    private static func blanks(_ random: inout Seeded, inBody: Bool = false) -> [UInt8] {
        // In a body a `$$` ends it, in a comment, too.
        let dollars = inBody ? "$" : "$$"
        let choices = [
            " ", "\n", "\r\n", "\t", "\u{0C}", " -- it's \"a\" \(dollars) comment; /*\n", "\r\n-- b\r\n",
            " /* 'c' /* -- */ \(dollars) \" */ ",
        ]
        return (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in
            Array((choices.randomElement(using: &random) ?? " ").utf8)
        }
    }

    /// Something between two tokens; nothing only where it was so, or where neither could run into the other.
    private static func gap(
        _ bytes: [UInt8], _ left: SQLToken, _ right: SQLToken, _ random: inout Seeded, inBody: Bool
    ) -> [UInt8] {
        let old = bytes[left.range.upperBound..<right.range.lowerBound]
        // `n'…'` is one literal, and a line's end between two strings would make them one.
        let isNational = left.isKeyword && left.range.count == 1
        if right.kind == .string && (isNational || left.kind == .string) { return Array(old) }
        let apart = Set("(),;".utf8)
        let isApart = apart.contains(bytes[left.range.upperBound - 1]) || apart.contains(bytes[right.range.lowerBound])
        let mayTouch = old.isEmpty || left.kind != .string && right.kind != .string && isApart && old.first != UInt8(ascii: "$")
        if mayTouch && Bool.random(using: &random) { return [] }
        return blanks(&random, inBody: inBody)
    }

    /// Makes another token of one.
    private static func mutate(_ bytes: inout [UInt8], _ token: SQLToken, _ random: inout Seeded) -> String {
        func replace(_ text: String) -> String {
            bytes.replaceSubrange(token.range, with: Array(text.utf8))
            return "became `\(text)`"
        }
        let text = String(decoding: bytes[token.range], as: UTF8.self)
        if Int.random(in: 0..<4, using: &random) == 0 { return replace(" ") }
        switch token.kind {
        case .number: return replace(Bool.random(using: &random) ? "1" + text : text + "0")
        case .parameter: return replace(text + "0")
        case .symbol:
            let others = ["=", "<>", "+", "-", "||", ",", "(", ")", ";", "::"].filter { $0 != text }
            return replace(others.randomElement(using: &random) ?? "")
        case .keyword:
            let others = ["select", "from", "not", "null", "table", "or"].filter { $0 != text.lowercased() }
            return replace(others.randomElement(using: &random) ?? "")
        case .identifier:
            return replace(
                text.hasSuffix("\"") ? String(text.dropLast()) + " \"" : Bool.random(using: &random) ? text + "x" : "\"\(text)\"")
        case .string:
            // White space, a letter or a digit more, somewhere between the quotes; what lies between two parts of a
            // string on several lines is no part of it.
            let quote: Character = text.hasPrefix("$") ? "$" : "'"
            guard let open = text.firstIndex(of: quote) else { return replace("x") }
            var start = text.index(after: open)
            var end = text.index(before: text.endIndex)
            if quote == "$" {
                let tag = text.distance(from: open, to: text[start...].firstIndex(of: "$") ?? open) + 1
                start = text.index(open, offsetBy: tag)
                end = text.index(text.endIndex, offsetBy: -tag)
            } else if text.contains("\n") || text.contains("\r\n") {
                end = start
            }
            let at = text.index(start, offsetBy: Int.random(in: 0...text.distance(from: start, to: end), using: &random))
            let more = [" ", "\n", "x", "0"].randomElement(using: &random) ?? "x"
            return replace(String(text[..<at]) + more + String(text[at...]))
        case .comment: return replace("x")
        }
    }

    private static func placeless(_ tree: ParseTree) -> ParseTree {
        switch tree {
        case .object(let fields):
            .object(fields.filter { !$0.key.hasSuffix("location") && $0.key != "stmt_len" }.mapValues(placeless))
        case .array(let items): .array(items.map(placeless))
        default: tree
        }
    }
}

/// SplitMix64: the same sequence on every machine.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
