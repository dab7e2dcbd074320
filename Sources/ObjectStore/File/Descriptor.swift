import Glibc

/// A file or a folder that is open.
struct Descriptor: ~Copyable {
    let number: Int32
    deinit { close(number) }

    /// - Throws: `FileFault`.
    init(_ path: String, at folder: Int32 = AT_FDCWD, _ flags: Int32, mode: mode_t = 0o640) throws(FileFault) {
        var number: Int32
        repeat { number = openat(folder, path, flags | O_CLOEXEC, mode) } while number < 0 && errno == EINTR
        guard number >= 0 else { throw .system(errno, path) }
        self.number = number
    }

    func facts() throws(FileFault) -> stat {
        var facts = stat()
        guard fstat(number, &facts) == 0 else { throw .system(errno, "fstat") }
        return facts
    }

    func write(_ bytes: [UInt8]) throws(FileFault) {
        let code = bytes.withUnsafeBytes { bytes -> Int32 in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(number, bytes.baseAddress! + done, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : ENOSPC }
                done += count
            }
            return 0
        }
        guard code == 0 else { throw .system(code, "write") }
    }

    /// - Returns: at most so many bytes; fewer at the file's end only.
    func read(_ most: Int) throws(FileFault) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
            while filled < most {
                let count = Glibc.read(number, buffer.baseAddress! + filled, most - filled)
                if count < 0, errno == EINTR { continue }
                if count < 0 { code = errno }
                guard count > 0 else { break }
                filled += count
            }
        }
        guard code == 0 else { throw .system(code, "read") }
        return bytes
    }

    func sync() throws(FileFault) {
        guard fsync(number) == 0 else { throw .system(errno, "fsync") }
    }

    /// Waits for whoever has it locked.
    func lock(_ how: Int32) throws(FileFault) {
        var status: Int32
        repeat { status = flock(number, how) } while status != 0 && errno == EINTR
        guard status == 0 else { throw .system(errno, "flock") }
    }
}

/// Why something of a folder could not be done.
enum FileFault: Error {
    /// What the system said.
    case system(Int32, String)
    /// What is wrong otherwise; its description says nothing of what was asked.
    case store(StoreError)

    /// The system's; 0 for none.
    var code: Int32 { if case .system(let code, _) = self { code } else { 0 } }

    /// - Parameter what: `PUT file:///archive/events/…`
    func error(_ what: String) -> StoreError {
        let code: Int32
        switch self {
        case .store(let error): return StoreError(error.kind, "\(what): \(error.description)")
        case .system(let number, _): code = number
        }
        let said = String(cString: strerror(code))
        switch code {
        case ELOOP, ENOTDIR, EISDIR, EEXIST, ENOTEMPTY:
            return StoreError(.refused, "\(what): a file, a folder or a symbolic link stands in its place (\(said))")
        case ENAMETOOLONG, EINVAL, EILSEQ, EXDEV: return StoreError(.refused, "\(what): \(said)")
        case ENOSPC, EDQUOT, EFBIG: return StoreError(.outage, "\(what): \(said). The store is full")
        default: return StoreError(.outage, "\(what): \(said)")
        }
    }
}
