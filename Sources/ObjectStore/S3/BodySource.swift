import Glibc

/// An object's bytes, from memory or from a file, read one after the other.
final class BodySource {
    let bytes: Int64
    private let content: ObjectBody.Content
    private let file: Int32
    private var at = 0

    /// - Throws: `StoreError`, refused: there is no such file.
    init(_ content: ObjectBody.Content) throws(StoreError) {
        self.content = content
        switch content {
        case .bytes(let all): (bytes, file) = (Int64(all.count), -1)
        case .file(let path):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            var facts = stat()
            guard descriptor >= 0, fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
                let why = descriptor < 0 ? String(cString: strerror(errno)) : "not a regular file"
                if descriptor >= 0 { close(descriptor) }
                throw StoreError(.refused, "\(path): \(why)")
            }
            (bytes, file) = (Int64(facts.st_size), descriptor)
        }
    }

    deinit { if file >= 0 { close(file) } }

    /// The next bytes: as many as asked for, or those that are left.
    /// - Throws: `StoreError`, refused: the file cannot be read, or has become shorter.
    func read(_ most: Int) throws(StoreError) -> [UInt8] {
        let count = min(most, Int(bytes) - at)
        defer { at += count }
        switch content {
        case .bytes(let all): return at == 0 && count == all.count ? all : Array(all[at..<at + count])
        case .file(let path):
            var filled = 0
            var code: Int32 = 0
            let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
                while filled < count {
                    let got = pread(file, buffer.baseAddress! + filled, count - filled, off_t(at + filled))
                    if got < 0, errno == EINTR { continue }
                    guard got > 0 else {
                        code = got < 0 ? errno : 0
                        break
                    }
                    filled += got
                }
                used = filled
            }
            guard filled == count else {
                throw StoreError(.refused, "\(path): \(code == 0 ? "became shorter meanwhile" : String(cString: strerror(code)))")
            }
            return result
        }
    }
}
