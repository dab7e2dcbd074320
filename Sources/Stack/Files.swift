import Foundation
import Glibc

/// The few file operations that the stack needs, with modes and owners set at creation and symbolic links never
/// followed in the last component: root works here in folders that belong to the server's user.
enum Files {
    struct Owner: Sendable {
        let uid: uid_t
        let gid: gid_t
    }

    /// What stands at a path itself, not what a symbolic link there points to; nil when nothing can be seen.
    static func info(_ path: String) -> stat? {
        var info = stat()
        return lstat(path, &info) == 0 ? info : nil
    }

    /// What a path leads to, symbolic links followed: the data may lie on another disk.
    static func target(_ path: String) -> stat? {
        var info = stat()
        return stat(path, &info) == 0 ? info : nil
    }

    static func exists(_ path: String) -> Bool { info(path) != nil }

    static func isFolder(_ path: String) -> Bool { info(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    /// Names in a folder, sorted; empty when it cannot be read.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// A small regular file's text; nil when it is not there, not readable, or a symbolic link.
    /// - Parameter last: only so many bytes of its end.
    static func read(_ path: String, last limit: Int = 1 << 20) -> String? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var info = stat()
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        if info.st_size > limit { lseek(file, info.st_size - limit, SEEK_SET) }
        return String(decoding: readAll(file, limit: limit), as: UTF8.self)
    }

    /// Reads to the end of a descriptor, or to `limit` bytes. Files under /proc have no size to go by.
    static func readAll(_ file: Int32, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = Glibc.read(file, &buffer, min(buffer.count, limit - bytes.count))
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Replaces a file as a whole: whoever reads sees the old text or the new one.
    static func write(_ text: String, to path: String, mode: mode_t, owner: Owner? = nil) throws {
        let temporary = "\(path).new-\(UInt64.random(in: .min ... .max))"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("cannot write", temporary) }
        do {
            defer { close(file) }
            if fchmod(file, mode) != 0 { throw failure("cannot set the mode of", temporary) }
            if let owner, fchown(file, owner.uid, owner.gid) != 0 { throw failure("cannot give away", temporary) }
            try put(text, file, temporary)
            if fsync(file) != 0 { throw failure("cannot write", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        if rename(temporary, path) != 0 { throw failure("cannot replace", path) }
    }

    static func append(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw failure("cannot write", path) }
        defer { close(file) }
        try put(text, file, path)
        if fsync(file) != 0 { throw failure("cannot write", path) }
    }

    private static func put(_ text: String, _ file: Int32, _ path: String) throws {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot write", path)
            }
            done += count
        }
    }

    /// Makes a folder with all its parents. The mode is set whatever the umask; parents get 0755 under the umask.
    /// - Returns: whether the folder was made now.
    @discardableResult
    static func makeFolder(_ path: String, mode: mode_t) throws -> Bool {
        if mkdir(path, mode) == 0 {
            if chmod(path, mode) != 0 { throw failure("cannot set the mode of", path) }
            return true
        }
        switch errno {
        case EEXIST:
            var info = stat()
            guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
                throw StackError(.notOurs, "\(path) is not a folder", hint: "mv -- \(shellQuoted(path)) elsewhere")
            }
            return false
        case ENOENT where path.contains("/"):
            let parent = String(path[..<path.lastIndex(of: "/")!])
            guard !parent.isEmpty else { throw failure("cannot make", path) }
            if mkdir(parent, 0o755) != 0, errno != EEXIST { try makeFolder(parent, mode: 0o755) }
            return try makeFolder(path, mode: mode)
        default: throw failure("cannot make", path)
        }
    }

    /// Makes a folder that only `owner` enters, or takes one that is his already. What anybody else made is refused:
    /// in `/tmp` it may be a trap.
    static func makeFolder(_ path: String, ownedBy owner: Owner) throws {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("cannot make", path) }
        guard let info = info(path), info.st_mode & S_IFMT == S_IFDIR,
            info.st_uid == owner.uid || info.st_uid == geteuid()
        else {
            throw StackError(
                .notOurs, "\(path) is not a folder of the user who runs the server",
                hint: "see who made it (ls -ld \(shellQuoted(path))) and move it away")
        }
        if info.st_uid != owner.uid, lchown(path, owner.uid, owner.gid) != 0 { throw failure("cannot give away", path) }
        if info.st_mode & 0o7777 != 0o700, chmod(path, 0o700) != 0 { throw failure("cannot set the mode of", path) }
    }

    /// Removes a file or a whole folder, by `rm`: it holds folders open while it descends, so that a symbolic link
    /// put in their place cannot lead it elsewhere.
    static func remove(_ path: String) throws {
        guard exists(path) else { return }
        let outcome = try Child.runBlocking(["/bin/rm", "-rf", "--one-file-system", "--", path])
        if outcome.status != 0 { throw StackError(.system, "cannot remove \(path): \(outcome.output)") }
    }

    /// Makes a rename in `folder` outlast a power cut.
    static func sync(folder: String) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    /// Bytes that an ordinary user can still write where `path` is or will be.
    static func freeBytes(at path: String) -> Int64? {
        var place = path
        var info = statvfs()
        while statvfs(place, &info) != 0 {
            guard place.count > 1, let slash = place.lastIndex(of: "/") else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        return Int64(clamping: UInt64(info.f_bavail) * UInt64(info.f_frsize))
    }

    /// Bytes on disk of everything below a folder; what cannot be seen counts for nothing.
    static func allocatedBytes(below folder: String) -> Int64 {
        guard let walker = FileManager.default.enumerator(atPath: folder) else { return 0 }
        var blocks: Int64 = 0
        for case let name as String in walker { blocks += Int64(info("\(folder)/\(name)")?.st_blocks ?? 0) }
        return blocks * 512
    }

    /// The error of the last system call, as ours.
    static func failure(_ what: String, _ path: String) -> StackError {
        let number = errno
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return StackError(.diskFull, "\(what) \(path): \(reason)", hint: "df -h \(shellQuoted(path))")
        case EACCES, EPERM, EROFS:
            return StackError(
                .system, "\(what) \(path): \(reason)",
                hint: "choose another folder: EMPORIUM_HOME=/path/to/folder emporium up")
        default: return StackError(.system, "\(what) \(path): \(reason)")
        }
    }
}

/// Quotes a word for a shell, for hints that are copied and pasted.
func shellQuoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy {
        ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "/._-+:=@".utf8.contains($0)
    }
    return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
}
