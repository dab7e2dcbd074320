import PGQuery
import Postgres

/// A function or view that a statement makes, as the statement names it.
struct MadeObject: Sendable, Equatable {
    enum Kind: String, Sendable {
        /// Procedures, too.
        case function
        case view
    }

    let kind: Kind
    /// nil: the first schema of the search_path.
    let schema: String?
    let name: String
    /// Of a function: the types of its IN, INOUT and VARIADIC arguments, in words that `to_regtype` reads.
    let argumentTypes: [String]
    /// `create or replace`.
    let replaces: Bool
}

extension SQLScript.Statement {
    /// The function, procedure or view that the statement makes; nil for anything else, for a temporary view, and for
    /// what PostgreSQL 15's parser does not read.
    ///
    /// What code makes (a `do` block, a function that runs `create view`) cannot be seen here: such objects are never
    /// replaced by the migrator, and are remade as dependents only.
    var made: MadeObject? {
        guard tokens.first?.word == "create",
            tokens.prefix(8).contains(where: { ["function", "procedure", "view"].contains($0.word) }),
            let tree = (try? PGQuery.parse(text))?.first
        else { return nil }
        return MadeObject(tree)
    }
}

extension MadeObject {
    /// - Parameter tree: any statement; nil where it makes neither function nor view.
    init?(_ tree: ParseTree) {
        switch tree.kind {
        case "ViewStmt":
            let view = tree["view"]
            guard let name = view["relname"].text, view["relpersistence"].text != "t" else { return nil }
            self.init(
                kind: .view, schema: view["schemaname"].text, name: name, argumentTypes: [],
                replaces: tree["replace"].isTrue)
        case "CreateFunctionStmt":
            let path = tree["funcname"].names
            guard let name = path.last else { return nil }
            let inputs = tree["parameters"].items.filter {
                !["FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"].contains($0["mode"].text)
            }
            self.init(
                kind: .function, schema: path.count > 1 ? path[path.count - 2] : nil, name: name,
                argumentTypes: inputs.map { Self.typeName($0["argType"]) }, replaces: tree["replace"].isTrue)
        default: return nil
        }
    }

    /// A `TypeName` node in words; the grammar has turned `int` into `pg_catalog.int4` already. Length and precision
    /// are no part of a signature.
    private static func typeName(_ node: ParseTree) -> String {
        node["names"].names.map(quoteIdentifier).joined(separator: ".")
            + (node["pct_type"].isTrue ? "%type" : "") + (node["arrayBounds"].items.isEmpty ? "" : "[]")
    }
}
