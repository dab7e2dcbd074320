import PGQuery
import Postgres

/// What a database's catalog holds at one moment, in words that another database's can be compared with: names and
/// definitions, no numbers that the server gives. No rows of tables, no values of sequences.
///
///     let before = try await CatalogSnapshot.take(connection)
///     …
///     let after = try await CatalogSnapshot.take(connection)
///     for difference in after.differences(from: before) { print(difference) }
///
/// Left out: what extensions bring, and partitions, which are made as time goes by (but grants on one are there).
public struct CatalogSnapshot: Sendable, Equatable {
    /// What an object is called; the same in every database that holds it.
    public struct Object: Hashable, Sendable, Comparable {
        /// `table`, `column`, `function`, …
        public let kind: String
        /// Quoted, with its schema; of a function with its argument types.
        public let identity: String

        public static func < (one: Object, other: Object) -> Bool {
            (one.kind, one.identity) < (other.kind, other.identity)
        }
    }

    /// Every object with its aspects: `owner`, `definition`, `grant to analytics`, …
    public internal(set) var objects: [Object: [String: String]] = [:]

    /// Who the catalog speaks of, where it is compared with another cluster's, or with another time's.
    public struct Roles: Sendable {
        /// The roles to describe; nil: all. A membership is there where one of both is described.
        public var described: Set<String>?
        /// Roles that stand for "whoever deploys", and are shown as `(deployer)`.
        public var deployers: Set<String>

        public init(described: Set<String>? = nil, deployers: Set<String> = []) {
            self.described = described
            self.deployers = deployers
        }
    }

    /// Reads the catalog as the connection's transaction sees it, or in a transaction of its own.
    /// - Throws: `PostgresError`.
    public static func take(_ connection: Connection, roles: Roles = .init()) async throws -> CatalogSnapshot {
        let isInside = await connection.inTransaction
        if !isInside { try await connection.execute("begin isolation level repeatable read read only") }
        do {
            // Under an empty path every name comes out with its schema.
            let path = try await connection.query("select pg_catalog.current_setting('search_path') as path").first
            try await connection.execute("set local search_path = ''; set local quote_all_identifiers = off")
            var snapshot = CatalogSnapshot()
            let parameters: [Parameter] = [
                .array(roles.deployers.sorted()), roles.described.map { .array($0.sorted()) } ?? .null,
            ]
            for text in Inventory.texts {
                for row in try await connection.query(text, parameters).rows {
                    let object = Object(kind: row[0] ?? "", identity: row[1] ?? "")
                    snapshot.objects[object, default: [:]][row[2] ?? ""] = row[3]
                }
            }
            snapshot.takeBodiesByMeaning()
            if isInside {
                try await connection.query(
                    "select pg_catalog.set_config('search_path', $1, true)", [.text(path?.text("path") ?? "")])
            } else {
                try await connection.execute("commit")
            }
            return snapshot
        } catch {
            if !isInside { _ = try? await connection.execute("rollback") }
            throw error
        }
    }

    /// A body that differs in comments and layout only is not run again by an apply, and is the same here.
    private mutating func takeBodiesByMeaning() {
        for (object, aspects) in objects {
            guard let body = aspects[Inventory.bodyAspect], let language = aspects["language"] else { continue }
            objects[object]?[Inventory.bodyAspect] = PGQuery.meaning(ofBody: body, language: language)
        }
    }

    // MARK: Comparing

    /// What makes this catalog another one than the expected one, by kind and name. Of an object that is missing or
    /// extra its columns, constraints and the like are not told one by one.
    public func differences(from expected: CatalogSnapshot) -> [CatalogDifference] {
        var list: [CatalogDifference] = []
        let all = Set(objects.keys).union(expected.objects.keys).sorted(by: Self.inOrder)
        let whole = Set(
            all.filter { objects[$0] == nil || expected.objects[$0] == nil }.filter { Self.holdsOthers($0.kind) }
                .map(\.identity))
        for object in all {
            let found = objects[object]
            let wanted = expected.objects[object]
            if let holder = (found ?? wanted)?[Inventory.ownerAspect], whole.contains(holder) { continue }
            if Self.isByAspect(object.kind) {
                list += Self.changes(of: object, wanted ?? [:], found ?? [:])
            } else if let wanted, let found {
                list += Self.changes(of: object, wanted, found)
            } else {
                list.append(
                    CatalogDifference(
                        kind: object.kind, identity: object.identity, change: found == nil ? .missing : .extra,
                        expected: wanted.flatMap { Self.definition(object.kind, $0) },
                        found: found.flatMap { Self.definition(object.kind, $0) }))
            }
        }
        return list.filter { !$0.isOnlyInWords }
    }

    private static func changes(
        of object: Object, _ wanted: [String: String], _ found: [String: String]
    ) -> [CatalogDifference] {
        let aspects = Set(wanted.keys).union(found.keys).sorted()
        // A new owner has the rights that the old one had.
        let owners = wanted["owner"] == found["owner"] ? [] : [wanted["owner"], found["owner"]].compactMap(\.self)
        let moved = Set(owners.map { "grant to \($0)" })
        return aspects.compactMap { aspect in
            guard !isEqual(aspect, wanted, found), !moved.contains(aspect) else { return nil }
            return CatalogDifference(
                kind: object.kind, identity: object.identity, change: .changed, aspect: aspect,
                expected: wanted[aspect], found: found[aspect])
        }
    }

    private static func definition(_ kind: String, _ aspects: [String: String]) -> String? {
        guard kind == "default privileges" else { return aspects["definition"] }
        return aspects.sorted { $0.key < $1.key }.filter { !$0.key.isEmpty }.map { "\($0.key) \($0.value)" }
            .joined(separator: "; ")
    }

    private static func isEqual(_ aspect: String, _ wanted: [String: String], _ found: [String: String]) -> Bool {
        guard let one = wanted[aspect], let other = found[aspect] else { return wanted[aspect] == found[aspect] }
        if one == other { return true }
        guard aspect == Inventory.orderAspect else { return false }
        // A column too many is told of as such.
        let (ours, theirs) = (one.split(separator: ", "), other.split(separator: ", "))
        let both = Set(ours).intersection(theirs)
        return ours.filter(both.contains) == theirs.filter(both.contains)
    }

    private static let holders: Set<String> = [
        "table", "view", "materialized view", "foreign table", "type", "domain", "aggregate",
    ]
    private static func holdsOthers(_ kind: String) -> Bool { holders.contains(kind) }

    /// Of these it means nothing whether they are there, only what is granted on them.
    private static func isByAspect(_ kind: String) -> Bool { kind == "partition" || kind.hasPrefix("system ") }

    /// What holds others stands before them.
    private static let order: [String] = [
        "database", "role", "membership", "extension", "schema", "type", "domain", "table", "foreign table", "view",
        "materialized view", "sequence", "column", "constraint", "index",
    ]
    private static func inOrder(_ one: Object, _ other: Object) -> Bool {
        let ranks = (order.firstIndex(of: one.kind) ?? order.count, order.firstIndex(of: other.kind) ?? order.count)
        return ranks.0 == ranks.1 ? one < other : ranks.0 < ranks.1
    }
}
