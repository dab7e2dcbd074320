/// How ledger and files could be brought together again, found by comparing them; a value, made without any server.
///
/// Only rows change: none of the files' SQL is run, and none is undone.
public struct RepairPlan: Sendable, Equatable {
    public struct Action: Sendable, Equatable {
        public enum Kind: String, Sendable, Encodable {
            /// An applied versioned file was edited: its row takes the checksum that the file has now.
            case accept
            /// An applied file goes by another name now, with the same content: its row takes that name.
            case rename
            /// The file is gone: so goes its row. What it made stays in the database.
            case forget
        }
        public let kind: Kind
        /// The row's path once it is done; of a row to be forgotten, the one it has.
        public let path: String
        /// The row's path before, where it is renamed.
        public let previousPath: String?
        public let version: Int?
        /// What the row will say; nil where it is forgotten.
        public let checksum: String?
        public let previousChecksum: String
    }

    /// What only people, or another verb, can mend.
    public struct Advice: Sendable, Equatable, Encodable {
        public let path: String
        public let message: String
    }

    public let actions: [Action]
    public let advice: [Advice]

    /// - Parameter forgetMissing: also forget rows whose file is gone.
    public init(files: [MigrationFile], ledger: [LedgerRow], forgetMissing: Bool = false) {
        var actions: [Action] = []
        var advice: [Advice] = []
        let rows = Dictionary(ledger.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        let paths = Set(files.map(\.path))
        var orphans = ledger.filter { !paths.contains($0.path) }.sorted { MigrationProject.precedes($0.path, $1.path) }

        for file in files where rows[file.path] == nil {
            guard let squashed = file.squashed else { continue }
            // Rows of a squashed file are replaced by apply, or refused there.
            orphans.removeAll { $0.isIn(squashed) }
        }

        // First those of the same number, so that of two files with one content each finds its own row.
        var homeless = files.filter { rows[$0.path] == nil }
        for sameNumber in [true, false] {
            for file in homeless {
                guard let index = orphans.firstIndex(where: { $0.isRenamed(to: file, sameNumber: sameNumber) }) else { continue }
                let row = orphans.remove(at: index)
                homeless.removeAll { $0.path == file.path }
                actions.append(
                    Action(
                        kind: .rename, path: file.path, previousPath: row.path, version: file.version,
                        checksum: file.checksum, previousChecksum: row.checksum))
            }
        }
        for file in files {
            guard let row = rows[file.path] else { continue }
            if row.finishedAt == nil {
                advice.append(
                    Advice(
                        path: file.path,
                        message: "it began \(row.appliedAt) and was not seen to end: apply looks what it left and goes on "
                            + "from there"))
            } else if file.kind == .versioned && !file.isSame(as: row) {
                actions.append(
                    Action(
                        kind: .accept, path: file.path, previousPath: nil, version: file.version,
                        checksum: file.checksum, previousChecksum: row.checksum))
            }
        }
        for row in orphans {
            let twin = homeless.first { $0.version != nil && $0.version == row.version }
            if forgetMissing {
                actions.append(
                    Action(
                        kind: .forget, path: row.path, previousPath: nil, version: row.version, checksum: nil,
                        previousChecksum: row.checksum))
            } else if let twin {
                advice.append(
                    Advice(
                        path: twin.path,
                        message: "it has the number of \(row.path), which was applied and is gone, and other content: "
                            + "if it is that one, edited, give it its old name back and repair again; if it is another, "
                            + "give it a number of its own, or forget the old one with --forget-missing"))
            } else {
                advice.append(
                    Advice(
                        path: row.path,
                        message: "its file is gone: restore it, or forget that it was applied with --forget-missing; "
                            + "what it made stays"))
            }
            if row.finishedAt == nil {
                advice.append(
                    Advice(
                        path: row.path,
                        message: "it was not seen to end: an invalid index or a partition half detached may be left"))
            }
        }
        self.actions = actions.sorted { MigrationProject.precedes($0.path, $1.path) }
        self.advice = advice
    }
}

extension LedgerRow {
    func isIn(_ squashed: SquashedFiles) -> Bool {
        kind.isVersioned && version.map(squashed.versions.contains) ?? false
    }

    fileprivate func isRenamed(to file: MigrationFile, sameNumber: Bool) -> Bool {
        guard finishedAt != nil, file.isSame(as: self), !sameNumber || version == file.version else { return false }
        return kind == file.kind || kind.isVersioned && file.kind.isVersioned
    }
}

extension RepairPlan.Action: Encodable, CustomStringConvertible {
    private enum CodingKeys: String, CodingKey {
        case kind = "action", path, previousPath = "previous_path", checksum, previousChecksum = "previous_checksum"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(path, forKey: .path)
        try container.encode(previousPath, forKey: .previousPath)
        try container.encode(checksum, forKey: .checksum)
        try container.encode(previousChecksum, forKey: .previousChecksum)
    }

    public var description: String {
        switch kind {
        case .accept:
            "accept  \(path): edited since it was applied, \(previousChecksum.prefix(12)) becomes \((checksum ?? "").prefix(12))"
        case .rename: "rename  \(previousPath ?? "") becomes \(path)"
        case .forget: "forget  \(path): its file is gone"
        }
    }
}

/// `{"actions": [{"action", "path", "previous_path", "checksum", "previous_checksum"}], "advice": [{"path", "message"}]}`
extension RepairPlan: Encodable {
    private enum CodingKeys: String, CodingKey { case actions, advice }
}
