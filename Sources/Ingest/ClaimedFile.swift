import Digests
import Glibc

/// A regular file that this process has for itself: opened without following links, locked, and (when it came from a
/// drop folder) renamed into the folder's `.claimed/`, where no other loader takes it while this one lives.
public final class ClaimedFile {
    /// The name it was dropped under.
    public let name: String
    /// Where it lies now.
    public private(set) var path: String
    let fd: Int32
    public let size: Int64
    private let identity: (device: UInt, inode: UInt)

    enum Refusal: Error, Equatable {
        /// Not a regular file: a FIFO, a device, a link, a folder.
        case irregular
        /// Somebody has it open for writing, or wrote to it just now.
        case beingWritten
        /// Another loader has it.
        case taken
        /// It is gone, or another file stands in its place.
        case gone
        case system(call: String, errno: Int32)
    }

    /// Opens and locks the file at `path`.
    init(opening path: String, name: String) throws(Refusal) {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else {
            switch errno {
            case ENOENT: throw .gone
            case ELOOP, ENXIO: throw .irregular
            default: throw .system(call: "open", errno: errno)
            }
        }
        var status = stat()
        guard fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(fd)
            throw .irregular
        }
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            close(fd)
            throw .taken
        }
        self.fd = fd
        self.name = name
        self.path = path
        size = Int64(status.st_size)
        identity = (UInt(status.st_dev), UInt(status.st_ino))
        // The lock may have come after another loader was done with the file and had moved it.
        if !isAtPath { throw .gone }
        if Self.isBeingWritten(fd, status) { throw .beingWritten }
    }

    deinit { close(fd) }

    private var isAtPath: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && UInt(status.st_dev) == identity.device
            && UInt(status.st_ino) == identity.inode
    }

    /// A read lease is granted only while nobody has the file open for writing. Where the file system has no leases,
    /// a file that was written to in the last ten seconds counts as being written.
    private static func isBeingWritten(_ fd: Int32, _ status: stat) -> Bool {
        let setLease: Int32 = 1024  // F_SETLEASE of fcntl(2), Linux
        signal(SIGIO, SIG_IGN)  // sent to a holder whose lease somebody wants to break; ends a process by default
        if fcntl(fd, setLease, Int32(F_RDLCK)) == 0 {
            _ = fcntl(fd, setLease, Int32(F_UNLCK))
            return false
        }
        if errno == EAGAIN || errno == EBUSY { return true }
        return time(nil) - status.st_mtim.tv_sec < 10
    }

    /// Renames the file into `folder`, under `newName` or its own; never over another file: a name that is taken gets
    /// `-2`, `-3`, … before its extension.
    func move(into folder: String, as newName: String? = nil) throws(Refusal) {
        guard isAtPath else { throw .gone }
        let wanted = newName ?? name
        for attempt in 1...10_000 {
            let target = folder + "/" + Self.numbered(wanted, attempt)
            // A link never replaces what stands at its target, a rename does.
            if link(path, target) == 0 {
                guard unlink(path) == 0 else { throw .system(call: "unlink", errno: errno) }
            } else if errno == EEXIST {
                continue
            } else if errno == ENOENT {
                throw .gone
            } else {
                // No links here, or not to somebody else's file.
                var status = stat()
                if lstat(target, &status) == 0 { continue }
                guard rename(path, target) == 0 else { throw .system(call: "rename", errno: errno) }
            }
            path = target
            if !isAtPath { throw .gone }
            Self.syncFolder(folder)
            return
        }
        throw .system(call: "rename", errno: EEXIST)
    }

    static func numbered(_ name: String, _ number: Int) -> String {
        guard number > 1 else { return name }
        let dot = name.dropFirst().firstIndex(of: ".") ?? name.endIndex
        return fitted(String(name[..<dot]), "-\(number)\(name[dot...])")
    }

    /// A file name of 255 bytes at most, which is what Linux takes: the stem gives way.
    static func fitted(_ stem: String, _ tail: String) -> String {
        var stem = stem
        while stem.utf8.count + tail.utf8.count > 255, !stem.isEmpty { stem.removeLast() }
        return stem + tail
    }

    static func syncFolder(_ folder: String) {
        let fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if fd >= 0 {
            fsync(fd)
            close(fd)
        }
    }

    /// SHA-256 of the bytes as they lie on disk, in hex.
    func digest() throws(Refusal) -> String {
        var digest = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while offset < size {
            let count = pread(fd, buffer.baseAddress!, min(buffer.count, Int(size - offset)), off_t(offset))
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(call: "read", errno: errno)
            }
            if count == 0 { throw .gone }  // cut short meanwhile
            digest.update(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count))
            offset += Int64(count)
        }
        return digest.finishHex()
    }
}
