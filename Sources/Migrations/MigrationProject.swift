import FoundationEssentials

/// The SQL files of a project, read once: `migrations/`, `sql/roles/`, `sql/functions/`.
public struct MigrationProject: Sendable {
    /// The project's root as it was given.
    public let root: String
    /// Every sound file, in the order in which a first apply runs them.
    public let files: [MigrationFile]
    /// What is wrong with the others, or between them.
    public let problems: [MigrationProblem]

    /// Reads every file of the project; none is skipped silently.
    /// - Throws: `MigrationError.Code.configuration` when the folder is not there or holds neither `migrations` nor
    ///   `sql`, or when a file cannot be read.
    ///
    /// - Parameter placeholders: what `${name}` stands for; nil: text like any other.
    public init(root: String, placeholders: Placeholders? = nil) throws {
        let tree = FileTree(root: root)
        guard tree.isFolder("migrations") || tree.isFolder("sql/roles") || tree.isFolder("sql/functions") else {
            throw MigrationError(
                .configuration, "\(root) has neither a folder `migrations` nor `sql/roles` nor `sql/functions`",
                hint: "run this in the project's root, or name it: --root DIR")
        }
        var sources: [(path: String, kind: MigrationKind)] = []
        var problems: [MigrationProblem] = []
        for path in try tree.sql(under: "sql/roles") {
            switch path.dropFirst("sql/roles/".count).first {
            case "0": sources.append((path, .role))
            case "9": sources.append((path, .grant))
            default:
                problems.append(
                    MigrationProblem(
                        code: .badFile, path: path, message: "it runs neither first nor last",
                        mend: "a file of sql/roles begins with 0 (roles, before all else) or 9 (grants, after all else)"
                    ))
            }
        }
        sources += try tree.sql(under: "migrations").map { ($0, .versioned) }
        sources += try tree.sql(under: "sql/functions").map { ($0, .repeatable) }

        var files: [MigrationFile] = []
        for source in sources {
            if source.kind != .repeatable, source.path.split(separator: "/").count > (source.kind == .versioned ? 2 : 3)
            {
                problems.append(
                    MigrationProblem(code: .badFile, path: source.path, message: "this folder has no sub-folders"))
                continue
            }
            let read = MigrationFile.read(
                path: source.path, kind: source.kind, bytes: try tree.bytes(source.path), placeholders: placeholders)
            if let file = read.file { files.append(file) }
            problems += read.problems
        }
        self.init(root: root, files: files, problems: problems)
    }

    /// Puts files in order and looks for numbers given twice.
    init(root: String, files: [MigrationFile], problems: [MigrationProblem] = []) {
        self.root = root
        let order: [MigrationKind] = [.role, .versioned, .repeatable, .grant]
        self.files = order.flatMap { kind in
            files.filter { $0.kind == kind }.sorted { Self.precedes($0.path, $1.path) }
        }
        self.problems = problems + Self.duplicates(self.files)
    }

    /// Byte by byte, folder by folder: the same on every machine, whatever its locale.
    static func precedes(_ one: String, _ other: String) -> Bool {
        let one = one.split(separator: "/").map { Array($0.utf8) }
        let other = other.split(separator: "/").map { Array($0.utf8) }
        for (left, right) in zip(one, other) where left != right { return left.lexicographicallyPrecedes(right) }
        return one.count < other.count
    }

    private static func duplicates(_ files: [MigrationFile]) -> [MigrationProblem] {
        var first: [Int: String] = [:]
        var next = (files.compactMap(\.version).max() ?? 0) + 1
        var list: [MigrationProblem] = []
        let squashed = files.compactMap { file in file.squashed.map { (file, $0) } }
        for file in files {
            guard let version = file.version else { continue }
            if let (other, _) = squashed.first(where: { $0.0 != file && $0.1.versions.contains(version) }) {
                list.append(
                    MigrationProblem(
                        code: .duplicateVersion, path: file.path,
                        message: "\(other.path) was squashed from the files of this number and those around it",
                        mend: "remove it if it is one of them (their names stand at the head of \(other.path)); else "
                            + Self.rename(file, to: next)))
                next += 1
                continue
            }
            guard let other = first[version] else { first[version] = file.path; continue }
            list.append(
                MigrationProblem(
                    code: .duplicateVersion, path: file.path,
                    message: "\(other) has the number \(MigrationName.digits(version)), too",
                    mend: "rename the one that is not applied anywhere: \(Self.rename(file, to: next))"))
            next += 1
        }
        return list
    }

    static func rename(_ file: MigrationFile, to version: Int) -> String {
        let name = file.path.split(separator: "/").last ?? ""
        return "git mv \(file.path) migrations/\(MigrationName.digits(version))\(name.dropFirst(4))"
    }

    /// - Throws: `MigrationError.Code.usage` where no file has that version.
    func checkVersion(_ version: Int) throws {
        let known = files.compactMap(\.version)
        guard !known.contains(version) else { return }
        let range = known.isEmpty ? nil : "there are \(MigrationName.digits(known[0])) to \(MigrationName.digits(known[known.count - 1]))"
        throw MigrationError(
            .usage, "no file has the version \(MigrationName.digits(version))", hint: range ?? "migrations/ is empty")
    }

    /// Makes an empty versioned file with the next free number.
    /// - Parameter name: `verb_object` in snake_case, without number and ending.
    /// - Returns: its path relative to the root.
    /// - Throws: `MigrationError.Code.usage` for a name that breaks the rule, `.configuration` when the file cannot
    ///   be written.
    public func makeMigration(named name: String) throws -> String {
        guard MigrationName.isSnakeCase(name) else {
            throw MigrationError(.usage, "\(name) is no name for a migration", hint: "it is " + MigrationName.wordsRule)
        }
        let tree = FileTree(root: root)
        let taken = try tree.sql(under: "migrations").compactMap {
            MigrationName.version(of: String($0.dropFirst("migrations/".count)))
        }
        let version = (taken.max() ?? 0) + 1
        guard version <= 9999 else { throw MigrationError(.configuration, "all four-digit numbers are used up") }
        let path = "migrations/\(MigrationName.digits(version))_\(name).sql"
        try tree.create(path, "-- What:\n-- Why:\n")
        return path
    }
}

extension MigrationProject {
    /// Writes a new file. Throws `.configuration` where it is there already, or cannot be written.
    func create(_ file: MigrationFile) throws { try FileTree(root: root).create(file.path, file.text) }

    /// Removes a file if it still holds what was read.
    func remove(_ file: MigrationFile) throws {
        let tree = FileTree(root: root)
        guard String(validating: try tree.bytes(file.path), as: UTF8.self) == file.source else {
            throw MigrationError(.refused, "\(file.path) has changed meanwhile: it was left where it is")
        }
        try tree.remove(file.path)
    }
}

/// The files below a folder, by paths relative to it.
private struct FileTree {
    let root: String

    private func full(_ path: String) -> String { root + "/" + path }

    func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: full(path), isDirectory: &isFolder) && isFolder
    }

    /// Every `.sql` file, at any depth; hidden files and links to folders are left out.
    func sql(under folder: String) throws -> [String] {
        guard isFolder(folder) else { return [] }
        var list: [String] = []
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: full(folder)).sorted()
            where !name.hasPrefix(".") {
                let path = folder + "/" + name
                if isFolder(path) {
                    let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: full(path))) != nil
                    if !isLink { list += try sql(under: path) }
                } else if name.hasSuffix(".sql") {
                    list.append(path)
                }
            }
        } catch let error as CocoaError {
            throw MigrationError(.configuration, "\(folder) cannot be read: \(error.code)")
        }
        return list.sorted(by: MigrationProject.precedes)
    }

    func bytes(_ path: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: full(path))))
        } catch {
            throw MigrationError(.configuration, "\(path) cannot be read: \(error)")
        }
    }

    func remove(_ path: String) throws {
        do {
            try FileManager.default.removeItem(atPath: full(path))
        } catch {
            throw MigrationError(.configuration, "\(path) cannot be removed: \(error)")
        }
    }

    func create(_ path: String, _ text: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: full("migrations"), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: full(path)), options: .withoutOverwriting)
        } catch {
            throw MigrationError(.configuration, "\(path) cannot be written: \(error)")
        }
    }
}
