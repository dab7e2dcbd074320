import Foundation
import Migrations

/// A file of sql/queries: a header, psql's lines with defaults, one statement.
///
///     -- title:  Top members by spending
///     -- params: :limit integer = 10
///     -- answer: membership_id, orders, spending (numeric, shop currency)
struct QueryFile {
    struct Parameter: Equatable {
        enum Kind: String, CaseIterable { case integer, bigint, numeric, date, boolean, text }
        let name: String
        let kind: Kind
        /// nil: it must be given.
        let fallback: Value?
    }

    /// A value as PostgreSQL reads it.
    enum Value: Equatable {
        case null
        case text(String)

        var text: String? { if case .text(let text) = self { text } else { nil } }
    }

    let name: String
    let title: String
    let parameters: [Parameter]
    /// The answer's columns, with what stands in parentheses behind their names.
    let answer: [(name: String, note: String)]
    /// What the header says behind these, in its own lines.
    let words: [String]
    let statement: SQLScript.Statement

    /// - Throws: `ConfigurationError` that names file and line: a header that is not complete or not understood, more or
    ///   less than one statement, a variable that the header does not declare, or one that the statement does not use.
    init(name: String, path: String, text: String) throws {
        func failure(_ line: Int, _ message: String) -> ConfigurationError {
            ConfigurationError("\(path):\(line): \(message)")
        }
        var header: [String: (text: String, line: Int)] = [:]
        var words: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.hasPrefix("--") else { break }
            let parts = line.dropFirst(2).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let key = parts[0].trimmingCharacters(in: .whitespaces)
            guard ["title", "params", "answer"].contains(key), parts.count == 2 else {
                words.append(String(line.dropFirst(2)).trimmingCharacters(in: .whitespaces))
                continue
            }
            guard header[key] == nil else { throw failure(index + 1, "`\(key):` stands there twice") }
            header[key] = (parts[1].trimmingCharacters(in: .whitespaces), index + 1)
        }
        for key in ["title", "params", "answer"] where header[key] == nil {
            throw failure(1, "the header has no line `-- \(key):`; see sql/queries/README.md")
        }
        self.name = name
        title = header["title"]!.text
        self.words = Array(words.drop { $0.isEmpty })
        do { parameters = try Self.parameters(header["params"]!.text) } catch {
            throw failure(header["params"]!.line, error.message)
        }
        answer = Self.columns(header["answer"]!.text)
        guard !title.isEmpty else { throw failure(header["title"]!.line, "the title is empty") }
        guard !answer.isEmpty else { throw failure(header["answer"]!.line, "the answer names no column") }

        let script: SQLScript
        do { script = try SQLScript(text, passingOverCommands: true) } catch {
            throw failure(error.line, error.message)
        }
        guard script.statements.count == 1 else {
            throw failure(
                script.statements.dropFirst().first?.line ?? 1,
                "a query is one statement, and here are \(script.statements.count)")
        }
        statement = script.statements[0]
        for variable in statement.variables {
            guard parameters.contains(where: { $0.name == variable.name }) else {
                throw failure(statement.line, "the header's params do not declare :\(variable.name)")
            }
            guard variable.form != .identifier else {
                throw failure(statement.line, ":\"\(variable.name)\" would be a name; a parameter is a value")
            }
        }
        for parameter in parameters where !statement.variables.contains(where: { $0.name == parameter.name }) {
            throw failure(header["params"]!.line, "the statement does not use :\(parameter.name)")
        }
    }

    /// The statement with `$1`, `$2`, … for its parameters, each cast to its type. `:'name'` is the value's text, empty for
    /// NULL, as `\set name ''` makes it in psql.
    var sql: String {
        var bytes = Array(statement.text.utf8)
        for variable in statement.variables.reversed() {
            guard let index = parameters.firstIndex(where: { $0.name == variable.name }) else { continue }
            let value = "$\(index + 1)::\(parameters[index].kind.rawValue)"
            let text = variable.form == .literal ? "coalesce((\(value))::text, '')" : "(\(value))"
            bytes.replaceSubrange(variable.range, with: Array(text.utf8))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Values in the order of `parameters`, from `name=value` words and the defaults.
    /// - Throws: `ParameterError` for a name that is unknown, given twice or missing, and for a value of another type.
    func values(_ given: [String]) throws(ParameterError) -> [Value] {
        var values: [String: Value] = [:]
        for word in given {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw ParameterError("--param \(word): expected name=value") }
            guard let parameter = parameters.first(where: { $0.name == parts[0] }) else {
                let known = parameters.map(\.name).joined(separator: ", ")
                throw ParameterError(
                    "\(name) has no parameter \(parts[0]); " + (known.isEmpty ? "it has none" : "it has: \(known)"))
            }
            guard values[parts[0]] == nil else { throw ParameterError("--param \(parts[0]) is given twice") }
            guard let value = parameter.kind.value(parts[1]) else {
                throw ParameterError("\(parts[0]) is \(parameter.kind.article): not '\(parts[1])'")
            }
            values[parts[0]] = value
        }
        var list: [Value] = []
        for parameter in parameters {
            guard let value = values[parameter.name] ?? parameter.fallback else {
                throw ParameterError("\(name) wants --param \(parameter.name)=…, \(parameter.kind.article)")
            }
            list.append(value)
        }
        return list
    }

    struct ParameterError: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    /// `:limit integer = 10, :as_of date = null`
    static func parameters(_ text: String) throws(ParameterError) -> [Parameter] {
        var list: [Parameter] = []
        for part in text.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
            let sides = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            let words = (sides.first ?? "").split(separator: " ")
            guard words.count == 2, words[0].hasPrefix(":"), words[0].count > 1,
                let kind = Parameter.Kind(rawValue: String(words[1]))
            else {
                let kinds = Parameter.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ParameterError("params: `\(part)` is not `:name type = default` with a type of \(kinds)")
            }
            let name = String(words[0].dropFirst())
            var fallback: Value?
            if sides.count == 2 {
                fallback = sides[1] == "null" ? .null : kind.value(sides[1])
                guard fallback != nil else { throw ParameterError("params: the default of :\(name) is no \(kind.rawValue)") }
            }
            guard !list.contains(where: { $0.name == name }) else { throw ParameterError("params: :\(name) stands there twice") }
            list.append(Parameter(name: name, kind: kind, fallback: fallback))
        }
        return list
    }

    /// `membership_id, spending (numeric, shop currency)`
    static func columns(_ text: String) -> [(name: String, note: String)] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 } else if character == ")" { depth -= 1 }
            if character == "," && depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.compactMap { part in
            let words = part.split(separator: "(", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard let name = words.first, !name.isEmpty else { return nil }
            return (name, words.count == 2 ? String(words[1].dropLast()) : "")
        }
    }
}

extension QueryFile.Parameter.Kind {
    var article: String {
        switch self {
        case .integer: "an integer"
        case .bigint: "a bigint"
        case .numeric: "a number"
        case .date: "a date (2026-01-31)"
        case .boolean: "true or false"
        case .text: "a text"
        }
    }

    /// What PostgreSQL gets for a word, nil where the word is of another type. An empty word is NULL, but for a text.
    func value(_ word: String) -> QueryFile.Value? {
        if self == .text { return word.utf8.contains(0) ? nil : .text(word) }
        if word.isEmpty { return .null }
        switch self {
        case .integer: return Int32(word).map { .text(String($0)) }
        case .bigint: return Int64(word).map { .text(String($0)) }
        case .numeric: return word.wholeMatch(of: /[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})/) != nil ? .text(word) : nil
        case .date:
            guard let match = word.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})/), let year = Int(match.1),
                let month = Int(match.2), let day = Int(match.3), year > 0, 1...12 ~= month,
                1...Self.days(year, month) ~= day
            else { return nil }
            return .text(word)
        case .boolean:
            return ["true": "true", "false": "false"][word.lowercased()].map { .text($0) }
        case .text: return nil
        }
    }

    private static func days(_ year: Int, _ month: Int) -> Int {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
