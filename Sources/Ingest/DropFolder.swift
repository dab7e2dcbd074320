import Glibc
import Logging

/// A folder that files are dropped into, and where they go: `.claimed/` inside it while they are loaded, then
/// `processed/`, or `failed/` with a `.reason` beside them.
public struct DropFolder: Sendable {
    public let input: String
    public let processed: String
    public let failed: String
    var claimed: String { input + "/.claimed" }

    /// - Parameters:
    ///   - processed, failed: by default the folders of that name beside `input`.
    public init(input: String, processed: String? = nil, failed: String? = nil) {
        var input = input
        while input.count > 1 && input.hasSuffix("/") { input.removeLast() }
        let parent =
            input.lastIndex(of: "/").map { $0 == input.startIndex ? "/" : String(input[..<$0]) } ?? "."
        self.input = input
        self.processed = processed ?? parent + "/processed"
        self.failed = failed ?? parent + "/failed"
    }

    /// Makes what is missing, and sees that files can be moved by rename.
    public func prepare() throws(FolderError) {
        for folder in [input, claimed, processed, failed] { try makeFolder(folder) }
        var device: dev_t?
        for folder in [input, claimed, processed, failed] {
            var status = stat()
            guard stat(folder, &status) == 0 else { throw FolderError("cannot look at \(folder)", errno) }
            guard access(folder, W_OK | X_OK) == 0 else { throw FolderError("cannot write to \(folder)", errno) }
            if let device, device != status.st_dev {
                throw FolderError(
                    "\(folder) and \(input) lie on two file systems", EXDEV,
                    hint: "files are claimed by rename: name folders on one file system")
            }
            device = status.st_dev
        }
    }

    /// Names of files that may be loaded: those left claimed by a loader that died come first, then new ones, by name.
    func candidates() throws(FolderError) -> [(path: String, name: String, orphan: Bool)] {
        let left = try names(in: claimed).map { (path: claimed + "/" + $0, name: $0, orphan: true) }
        let fresh = try names(in: input).map { (path: input + "/" + $0, name: $0, orphan: false) }
        return left + fresh
    }

    private func names(in folder: String) throws(FolderError) -> [String] {
        guard access(folder, R_OK) == 0 else { throw FolderError("cannot list \(folder)", errno) }
        return listFolder(folder).names.filter { !FileFormat.isLeftAlone($0) }.sorted()
    }

    /// Moves a file that cannot be read as a whole to `failed/`, with the reason beside it.
    func fail(_ file: ClaimedFile, reason: String) throws {
        try file.move(into: failed)
        let name = file.path[file.path.index(after: file.path.lastIndex(of: "/")!)...]
        let path = failed + "/" + ClaimedFile.fitted(String(name), ".reason")
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard fd >= 0 else { throw FolderError("cannot write \(path)", errno) }
        defer { close(fd) }
        let text = Array((reason + "\n").utf8)
        _ = text.withUnsafeBytes { write(fd, $0.baseAddress!, $0.count) }
        fsync(fd)
    }
}

/// A folder or a file in it cannot be used.
public struct FolderError: Error, CustomStringConvertible {
    public let message: String
    public let code: Int32
    public let hint: String?

    init(_ message: String, _ code: Int32, hint: String? = nil) {
        self.message = message
        self.code = code
        self.hint = hint
    }

    /// Nothing is wrong with the data: no space, no memory, an interrupted call.
    public var isOutage: Bool { [ENOSPC, EDQUOT, EIO, EAGAIN, ENOMEM, EMFILE, ENFILE, ESTALE].contains(code) }

    public var description: String {
        "\(message): \(String(cString: strerror(code)))" + (hint.map { "\n  hint: \($0)" } ?? "")
    }
}

/// Names in a folder, and how many there are besides that are not UTF-8; none when it cannot be read.
func listFolder(_ folder: String) -> (names: [String], undecodable: Int) {
    guard let handle = opendir(folder) else { return ([], 0) }
    defer { closedir(handle) }
    var names: [String] = []
    var undecodable = 0
    while let entry = readdir(handle) {
        let name: String? = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
        }
        if let name { names.append(name) } else { undecodable += 1 }
    }
    return (names, undecodable)
}

func makeFolder(_ path: String) throws(FolderError) {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
        made += made.isEmpty && part.isEmpty ? "/" : (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
        if made.isEmpty || mkdir(made, 0o755) == 0 { continue }
        var status = stat()
        guard errno == EEXIST || errno == EROFS || errno == EACCES, stat(made, &status) == 0,
            status.st_mode & S_IFMT == S_IFDIR
        else { throw FolderError("cannot make the folder \(path)", errno) }
    }
}
