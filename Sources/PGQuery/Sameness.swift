extension PGQuery {
    /// Two texts that PostgreSQL's parser reads as the same statements, wherever their parts stand.
    ///
    /// For texts that a server has written from its catalog. What it stores of `a between 1 and 2 and b` it writes as
    /// `((a >= 1) AND (a <= 2)) AND b`, and of that text it stores `(a >= 1) AND (a <= 2) AND b`: other words, one
    /// meaning. Parentheses and nested ANDs are the parser's own to flatten; a cast of an `ARRAY[…]` goes to its
    /// elements, as the server's analysis has it (transformTypeCast in parse_expr.c).
    /// - Returns: false also where a text is none that it can read.
    public static func isSame(_ one: String, _ other: String) -> Bool {
        if one == other { return true }
        guard let left = try? parse(one), let right = try? parse(other) else { return false }
        return left.map(\.settled) == right.map(\.settled)
    }

    /// The same for what the server writes of a part of a statement: an expression, a constraint, a query, or a whole one.
    public static func isSamePart(_ one: String, _ other: String) -> Bool {
        ["", "select ", "alter table x add ", "alter domain x add ", "create function x() returns void language sql "].contains { isSame($0 + one, $0 + other) }
    }
}

extension ParseTree {
    /// Without places in the text, casts of arrays at their elements, `a AND (b AND c)` as `a AND b AND c`, and without an
    /// alias that is the name anyway.
    fileprivate var settled: ParseTree {
        switch self {
        case .array(let items): return .array(items.map(\.settled))
        case .object(let fields):
            var result: [String: ParseTree] = [:]
            for (name, value) in fields where !Self.isPlace(name) { result[name] = value.settled }
            return ParseTree.object(result).withCastAtElements.withFlatLogic.withoutIdleAlias
        default: return self
        }
    }

    private static func isPlace(_ name: String) -> Bool {
        name == "location" || name == "stmt_len" || name.hasSuffix("_location")
    }

    private var withCastAtElements: ParseTree {
        guard kind == "TypeCast", case .object(var type) = self["typeName"], case .array(let bounds)? = type["arrayBounds"],
            bounds.count == 1, case .array(let elements) = self["arg"]["elements"], self["arg"].kind == "A_ArrayExpr",
            !elements.contains(where: { $0.kind == "A_ArrayExpr" })
        else { return self }
        type["arrayBounds"] = nil
        let element = ParseTree.object(type)
        return .object([
            "A_ArrayExpr": .object([
                "elements": .array(elements.map { .object(["TypeCast": .object(["arg": $0, "typeName": element])]) })
            ])
        ])
    }

    /// AND and OR are associative, and the server evaluates them in whatever order it likes.
    private var withFlatLogic: ParseTree {
        guard kind == "BoolExpr", case .object(var fields) = self["BoolExpr"], case .string(let logic)? = fields["boolop"],
            logic != "NOT_EXPR"
        else { return self }
        fields["args"] = .array(
            self["args"].items.flatMap { $0.kind == "BoolExpr" && $0["boolop"].text == logic ? $0["args"].items : [$0] })
        return .object(["BoolExpr": .object(fields)])
    }

    /// A server writes `'x'::text AS text` for a column that has its name from the cast (FigureColname in
    /// parse_target.c).
    private var withoutIdleAlias: ParseTree {
        guard kind == "ResTarget", case .object(var fields) = self["ResTarget"], case .string(let name)? = fields["name"],
            self["val"].kind == "TypeCast", self["val"]["arg"].kind == "A_Const",
            self["val"]["typeName"]["names"].names.last == name
        else { return self }
        fields["name"] = nil
        return .object(["ResTarget": .object(fields)])
    }
}
