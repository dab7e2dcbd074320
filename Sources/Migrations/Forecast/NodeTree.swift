/// An expression as the catalog stores it (`pg_node_tree`), read without the server's help: its own functions for that
/// open the table, and would wait for whoever holds it.
///
///     {NULLTEST :arg {VAR :varno 1 :varattno 2 …} :nulltesttype 1 …}
struct NodeTree {
    private(set) var name = ""
    private(set) var fields: [String: Value] = [:]

    indirect enum Value {
        case node(NodeTree)
        case list([Value])
        case text(String)
    }

    /// nil where the text is no node.
    init?(_ text: String) {
        var tokens = Self.tokens(text)[...]
        guard case .node(let node)? = Self.value(&tokens) else { return nil }
        self = node
    }

    private init(name: String) { self.name = name }

    subscript(_ field: String) -> Value? { fields[field] }
    func node(_ field: String) -> NodeTree? {
        guard case .node(let node)? = fields[field] else { return nil }
        return node
    }
    func text(_ field: String) -> String? {
        guard case .text(let text)? = fields[field] else { return nil }
        return text
    }
    func list(_ field: String) -> [Value] {
        guard case .list(let items)? = fields[field] else { return [] }
        return items
    }

    /// The columns that cannot be NULL where the condition is true: its conjuncts of the form `column is not null`.
    /// (A condition such as `c > 0` lets NULL pass in a CHECK.)
    var notNullColumns: Set<Int> {
        switch name {
        case "NULLTEST" where text("nulltesttype") == "1":
            guard let column = node("arg"), column.name == "VAR" else { return [] }
            return Set([column.text("varattno").flatMap { Int($0) }].compactMap(\.self))
        case "BOOLEXPR" where text("boolop") == "and":
            return list("args").reduce(into: []) { found, item in
                if case .node(let node) = item { found.formUnion(node.notNullColumns) }
            }
        default: return []
        }
    }

    private static func tokens(_ text: String) -> [Substring] {
        var tokens: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest = rest.dropFirst()
            } else if "{}()".contains(first) {
                tokens.append(rest.prefix(1))
                rest = rest.dropFirst()
            } else {
                // A backslash takes the next character for itself.
                var end = rest.startIndex
                while end < rest.endIndex, !rest[end].isWhitespace, !"{}()".contains(rest[end]) {
                    if rest[end] == "\\" { rest.formIndex(after: &end) }
                    if end < rest.endIndex { rest.formIndex(after: &end) }
                }
                tokens.append(rest[..<end])
                rest = rest[end...]
            }
        }
        return tokens
    }

    private static func value(_ tokens: inout ArraySlice<Substring>) -> Value? {
        guard let token = tokens.popFirst() else { return nil }
        switch token {
        case "{":
            var node = NodeTree(name: tokens.popFirst().map(String.init) ?? "")
            while let next = tokens.first, next != "}" {
                _ = tokens.popFirst()
                guard next.hasPrefix(":"), let after = tokens.first, after != "}", !after.hasPrefix(":") else {
                    continue
                }
                node.fields[String(next.dropFirst())] = value(&tokens)
            }
            _ = tokens.popFirst()
            return .node(node)
        case "(":
            var items: [Value] = []
            while let next = tokens.first, next != ")" {
                if let item = value(&tokens) { items.append(item) }
            }
            _ = tokens.popFirst()
            return .list(items)
        default: return .text(String(token))
        }
    }
}
