import Glibc

/// A file that is being written: buffered, synced at its end. One task uses it at a time.
///
/// `@unchecked Sendable`: it is handed from one awaited call to the next, never used by two at once.
final class OutputFile: @unchecked Sendable {
    private let fd: Int32
    private let path: String
    private var buffer: [UInt8] = []
    private static let capacity = 256 << 10
    /// Bytes written so far.
    private(set) var count: Int64 = 0

    init(path: String) throws(FolderError) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard fd >= 0 else { throw FolderError("cannot write \(path)", errno) }
        self.path = path
        buffer.reserveCapacity(Self.capacity)
    }

    deinit { close(fd) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FolderError) {
        if buffer.count + bytes.count > Self.capacity { try flush() }
        buffer.append(contentsOf: bytes)
        count += Int64(bytes.count)
    }

    func write(_ bytes: [UInt8]) throws(FolderError) {
        if buffer.count + bytes.count > Self.capacity { try flush() }
        buffer.append(contentsOf: bytes)
        count += Int64(bytes.count)
    }

    /// Drops everything after the first `size` bytes.
    func truncate(to size: Int64) throws(FolderError) {
        guard size != count else { return }
        try flush()
        guard ftruncate(fd, off_t(size)) == 0, lseek(fd, off_t(size), SEEK_SET) >= 0 else {
            throw FolderError("cannot cut \(path)", errno)
        }
        count = size
    }

    func finish() throws(FolderError) {
        try flush()
        guard fsync(fd) == 0 else { throw FolderError("cannot sync \(path)", errno) }
    }

    private func flush() throws(FolderError) {
        var offset = 0
        while offset < buffer.count {
            let done = buffer.withUnsafeBytes { Glibc.write(fd, $0.baseAddress! + offset, $0.count - offset) }
            if done < 0 {
                if errno == EINTR { continue }
                throw FolderError("cannot write \(path)", errno)
            }
            offset += done
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Removes the parts that an earlier attempt at the same file left behind.
    static func removeParts(of temporary: String) {
        let slash = temporary.lastIndex(of: "/")!
        let folder = String(temporary[..<slash])
        let prefix = temporary[temporary.index(after: slash)...] + "."
        for name in listFolder(folder).names where name.hasPrefix(prefix) && name.hasSuffix(".part") {
            unlink(folder + "/" + name)
        }
    }

    /// Appends the later parts to the first, syncs it, and renames it to `target`: a reader sees all of it or nothing.
    static func join(_ parts: [String], into target: String) throws(FolderError) {
        let first = open(parts[0], O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        guard first >= 0 else { throw FolderError("cannot write \(parts[0])", errno) }
        defer { close(first) }
        for part in parts.dropFirst() {
            let source = open(part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard source >= 0 else { throw FolderError("cannot read \(part)", errno) }
            defer { close(source) }
            try append(source, to: first, target)
            unlink(part)
        }
        guard fsync(first) == 0, rename(parts[0], target) == 0 else { throw FolderError("cannot write \(target)", errno) }
        ClaimedFile.syncFolder(String(target[..<target.lastIndex(of: "/")!]))
    }

    private static func append(_ source: Int32, to target: Int32, _ path: String) throws(FolderError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(source, buffer.baseAddress!, buffer.count)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw FolderError("cannot read a part of \(path)", errno)
            }
            var offset = 0
            while offset < count {
                let done = Glibc.write(target, buffer.baseAddress! + offset, count - offset)
                if done < 0 {
                    if errno == EINTR { continue }
                    throw FolderError("cannot write \(path)", errno)
                }
                offset += done
            }
        }
    }
}
