import Glibc

/// Made-up applications in files: `prefix.csv`, or `prefix_01.csv`, `prefix_02.csv`, … in the rows' order.
/// Each begins with a header.
///
/// Each file is written under a dot-name, which loaders leave alone, and renamed when it is whole. A file of that name
/// that was there before is replaced.
public struct ApplicationFiles: Sendable {
    public var rows: Int
    public var seed: UInt64
    public var files: Int
    public var dirt: Dirt
    public var prefix: String

    public struct File: Sendable, Equatable {
        public var path: String
        public var rows: Int
        public var bytes: Int
    }

    public struct Summary: Sendable, Equatable {
        public var files: [File] = []
        /// Hostile rows by kind.
        public var hostile: [HostileKind: Int] = [:]

        public var rows: Int { files.reduce(0) { $0 + $1.rows } }
        public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
    }

    /// - Precondition: `rows` 0 or more, `files` 1 or more, `prefix` a file name's beginning without `/`.
    public init(rows: Int, seed: UInt64, files: Int = 1, dirt: Dirt = .plain, prefix: String = "applications") {
        precondition(rows >= 0 && files >= 1 && Self.isPrefix(prefix))
        self.rows = rows
        self.seed = seed
        self.files = files
        self.dirt = dirt
        self.prefix = prefix
    }

    /// Whether file names may begin like this: not empty, not hidden, no folder, no control characters.
    public static func isPrefix(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && !text.contains("/") && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// Numbers have as many digits as the largest, so that names sort as numbers do.
    public func name(of file: Int) -> String {
        if files == 1 { return "\(prefix).csv" }
        let number = String(file + 1)
        return "\(prefix)_\(String(repeating: "0", count: String(files).count - number.count))\(number).csv"
    }

    /// The rows split evenly; the first files take what does not divide.
    public func rowCount(of file: Int) -> Int { rows / files + (file < rows % files ? 1 : 0) }

    /// Writes all files to a folder that exists, calling `whole` with each as soon as it stands under its name.
    /// - Throws: `GeneratorError`; files that were whole by then stay, the temporary one goes.
    public func write(to folder: String, whole: (File) throws -> Void = { _ in }) throws -> Summary {
        var generator = ApplicationGenerator(seed: seed, dirt: dirt)
        var buffer = RowBuffer()
        var hostile = [Int](repeating: 0, count: HostileKind.allCases.count)
        var summary = Summary()
        let kinds = HostileKind.allCases
        let ordinals = Dictionary(uniqueKeysWithValues: zip(kinds, kinds.indices))

        for index in 0..<files {
            let name = name(of: index)
            let path = "\(folder)/\(name)"
            var output = try OutputFile(path: path, temporary: "\(folder)/.\(name).part")
            buffer.empty()
            ApplicationGenerator.appendHeader(to: &buffer)
            let count = rowCount(of: index)
            for _ in 0..<count {
                if buffer.isFull {
                    try output.write(buffer.bytes)
                    buffer.empty()
                }
                generator.appendRow(to: &buffer)
                if let kind = generator.lastKind { hostile[ordinals[kind]!] += 1 }
            }
            try output.write(buffer.bytes)
            let file = File(path: path, rows: count, bytes: try output.finish())
            summary.files.append(file)
            try whole(file)
        }
        for (kind, count) in zip(HostileKind.allCases, hostile) where count > 0 { summary.hostile[kind] = count }
        return summary
    }
}

/// A file that appears under its name when it is whole, or not at all.
private struct OutputFile: ~Copyable {
    private let path: String
    private let temporary: String
    private var fd: Int32
    private var bytes = 0

    init(path: String, temporary: String) throws {
        self.path = path
        self.temporary = temporary
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
        if fd < 0 { throw GeneratorError(action: "create", path: temporary, errno: errno) }
    }

    deinit {
        guard fd >= 0 else { return }
        _ = close(fd)
        _ = unlink(temporary)
    }

    mutating func write(_ buffer: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = Glibc.write(fd, buffer.baseAddress! + done, buffer.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw GeneratorError(action: "write", path: temporary, errno: errno)
            }
            done += count
        }
        bytes += done
    }

    /// Closes and renames; gives the file's size.
    consuming func finish() throws -> Int {
        let status = close(fd)
        let problem = errno
        fd = -1
        if status != 0 || rename(temporary, path) != 0 {
            let code = status != 0 ? problem : errno
            _ = unlink(temporary)
            throw GeneratorError(action: status != 0 ? "write" : "rename to", path: path, errno: code)
        }
        return bytes
    }
}
