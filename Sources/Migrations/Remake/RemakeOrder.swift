/// An object of the catalog: the table that describes it (`pg_class`, `pg_proc`, …) and its row's OID there.
struct CatalogNode: Hashable, Sendable {
    let catalog: UInt32
    let object: UInt32
}

/// In which order things that depend on each other are made; a value, decided without any server.
struct RemakeOrder: Equatable, Sendable {
    /// Each after everything it needs. To be dropped in reverse.
    let order: [CatalogNode]
    /// What needs itself in the end; not empty: there is no order.
    let circle: [CatalogNode]

    /// - Parameters:
    ///   - nodes: what is to be ordered; among those that could come next, the one that stands first here does.
    ///   - needs: what each of them needs; needs outside of `nodes` do not count.
    init(_ nodes: [CatalogNode], needs: [CatalogNode: Set<CatalogNode>]) {
        var open = nodes
        var order: [CatalogNode] = []
        var remaining = Set(nodes)
        while let next = open.firstIndex(where: { needs[$0, default: []].isDisjoint(with: remaining) }) {
            let node = open.remove(at: next)
            remaining.remove(node)
            order.append(node)
        }
        self.order = order
        circle = Self.circle(in: open, needs: needs)
    }

    /// One circle among nodes of which each needs another one of them.
    private static func circle(in open: [CatalogNode], needs: [CatalogNode: Set<CatalogNode>]) -> [CatalogNode] {
        guard var node = open.first else { return [] }
        var way: [CatalogNode] = []
        while !way.contains(node) {
            way.append(node)
            guard let next = open.first(where: { needs[node, default: []].contains($0) }) else { return open }
            node = next
        }
        return Array(way[way.firstIndex(of: node)!...])
    }
}
