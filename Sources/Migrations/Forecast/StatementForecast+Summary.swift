extension StatementForecast {
    /// A line for each relation that is there already, those of partitions that fare like their parent left out, and
    /// those that are only opened for reading while nobody is in the way; under it, indented, who is; then the notes.
    public var summary: [String] {
        var lines: [String] = []
        for effect in effects where !effect.isNew {
            if let parent = effect.partOf, effects.contains(where: { $0.relation == parent && $0.gathers(effect) }) {
                continue
            }
            let parts = effects.filter { $0.partOf == effect.relation && effect.gathers($0) }
            let isHarmless = ([effect] + parts).allSatisfy {
                $0.lock == .accessShare && $0.scans == false && $0.blockers.isEmpty
            }
            if isHarmless { continue }
            lines.append(effect.line(with: parts))
            var blockers: [Blocker] = []
            for blocker in (effect.blockers + parts.flatMap(\.blockers))
            where !blockers.contains(where: { $0.pid == blocker.pid && $0.state == blocker.state }) {
                blockers.append(blocker)
            }
            lines += blockers.map { "  would wait now for \($0)" }
            if !blockers.isEmpty, let queue = effect.queue { lines.append("  \(queue)") }
        }
        return lines + notes
    }
}

extension StatementForecast.Effect {
    /// A part that is told of in its parent's line.
    fileprivate func gathers(_ part: Self) -> Bool {
        guard part.lock == lock, !part.isNew else { return false }
        // A partitioned table has no rows of its own: what happens to its partitions' is told in its line.
        return sizeBytes == 0 || (part.rewrites, part.scans, part.empties) == (rewrites, scans, empties)
    }

    /// `ACCESS EXCLUSIVE on shop.orders (1.2 GB, about 12000000 rows): rewrites it`
    fileprivate func line(with parts: [Self]) -> String {
        let all = [self] + parts
        var facts = [Self.size(all.reduce(0) { $0 + $1.sizeBytes })]
        if all.contains(where: \.isSizeEstimated) { facts[0] += " at the last vacuum: somebody holds it exclusively" }
        let estimates = all.compactMap(\.rows)
        let rows = estimates.reduce(0, +)
        if !estimates.isEmpty { facts.append("about \(rows) \(rows == 1 ? "row" : "rows")") }
        if !parts.isEmpty { facts.append(parts.count == 1 ? "1 part" : "\(parts.count) parts") }
        let work =
            all.contains(where: \.empties)
            ? "empties it"
            : all.contains(where: \.rewrites)
                ? "rewrites it"
                : all.contains { $0.scans == true }
                    ? "reads all of it"
                    : all.contains { $0.scans == nil } ? "may read all of it" : ""
        return "\(lock) on \(relation) (\(facts.joined(separator: ", ")))\(work.isEmpty ? "" : ": " + work)"
    }

    /// Who waits while the statement waits: later requests queue behind its own.
    fileprivate var queue: String? {
        if lock.blocksReaders { return "readers and writers would queue behind it" }
        return lock.blocksWriters ? "writers would queue behind it" : nil
    }

    static func size(_ bytes: Int64) -> String {
        if bytes < 1024 { return "\(bytes) B" }
        var value = Double(bytes)
        var units = ["kB", "MB", "GB", "TB"][...]
        repeat { value /= 1024 } while value >= 1024 && units.count > 1 && units.popFirst() != nil
        let tenths = Int64(value * 10)
        return "\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)") \(units.first ?? "")"
    }
}
