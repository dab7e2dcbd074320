import PGQuery

extension CatalogDifference {
    private static let written: Set<String> = [
        "constraint", "index", "view", "materialized view", "trigger", "rule", "statistics", "policy", "column", "domain",
        "function", "procedure",
    ]
    private static let expressions: Set<String> = ["definition", "default", "using", "check", Inventory.bodyAspect]

    /// Both are what the server has written of one meaning, once as it was made and once as it came out of a dump: a
    /// squashed file's objects, or a restored database's.
    var isOnlyInWords: Bool {
        guard let aspect, let expected, let found, Self.written.contains(kind), Self.expressions.contains(aspect) else {
            return false
        }
        return PGQuery.isSamePart(expected, found)
    }
}
