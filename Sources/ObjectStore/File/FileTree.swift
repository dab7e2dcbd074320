import Digests
import Glibc

/// The folder of a `FileStore`, open.
struct FileTree: ~Copyable {
    /// What names of the store's own begin with.
    static let hidden = ".emporium"
    /// Read and written at a time.
    static let chunk = 1 << 20

    let base: Descriptor

    /// Makes the folder where only that is missing.
    init(_ folder: String) throws(FileFault) {
        do throws(FileFault) {
            base = try Descriptor(folder, O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.code == ENOENT, mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw error }
            base = try Descriptor(folder, O_RDONLY | O_DIRECTORY)
        }
    }

    // MARK: Folders

    /// Goes down a path, and makes what is missing of it when told to.
    /// - Returns: nil where there is none.
    private func folder(_ path: some Sequence<String>, isMade: Bool) throws(FileFault) -> Descriptor? {
        var here = try Descriptor(".", at: base.number, O_RDONLY | O_DIRECTORY)
        for name in path {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
            var next: Descriptor?
            do throws(FileFault) { next = try Descriptor(name, at: here.number, flags) } catch {
                guard error.code == ENOENT else { throw error }
                guard isMade else { return nil }
                guard mkdirat(here.number, name, 0o750) == 0 || errno == EEXIST else { throw .system(errno, name) }
                try here.sync()
                next = try Descriptor(name, at: here.number, flags)
            }
            guard let found = next.take() else { return nil }
            here = found
        }
        return here
    }

    private func digests(of segments: [String], isMade: Bool) throws(FileFault) -> Descriptor? {
        try folder([Self.hidden, "sha256"] + segments.dropLast(), isMade: isMade)
    }

    /// One changes an object and its digest at a time; who reads both waits.
    /// - Returns: nil where the folder is only to be read.
    private func lock(_ how: Int32) throws(FileFault) -> FileLock? {
        guard let hidden = try folder([Self.hidden], isMade: how == LOCK_EX) else { return nil }
        do throws(FileFault) {
            let lock = try Descriptor("lock", at: hidden.number, (how == LOCK_EX ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW)
            try lock.lock(how)
            return FileLock(lock)
        } catch {
            if how == LOCK_SH, [ENOENT, EACCES].contains(error.code) { return nil }
            throw error
        }
    }

    // MARK: Putting

    func put(_ segments: [String], _ source: BodySource, _ sha256: [UInt8]) throws(FileFault) {
        guard let scratch = try folder([Self.hidden, "tmp"], isMade: true), let last = segments.last else { throw .system(ENOENT, "put") }
        sweep(scratch)
        let temporary = "\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        do throws(FileFault) {
            try write(source, sha256, to: temporary, in: scratch)
            guard let place = try folder(segments.dropLast(), isMade: true), let digests = try digests(of: segments, isMade: true)
            else { throw .system(ENOENT, last) }
            let lock = try lock(LOCK_EX)
            defer { withExtendedLifetime(lock) {} }
            let new = "\(hexadecimal(sha256))\n"
            var facts = stat()
            let isReplaced = fstatat(place.number, last, &facts, AT_SYMLINK_NOFOLLOW) == 0
            let old = isReplaced ? try Self.known(last, digests).map { "\(hexadecimal($0))\n" }.joined() : ""
            if isReplaced, facts.st_mode & S_IFMT == S_IFDIR { throw .system(EISDIR, last) }
            // Cut off anywhere here, either digest noted is that of the bytes, or none is noted.
            if !isReplaced || !old.isEmpty {
                try note(old == new ? new : new + old, last, scratch, digests, isSynchronised: isReplaced)
            }
            guard renameat(scratch.number, temporary, place.number, last) == 0 else { throw .system(errno, last) }
            try place.sync()
            if isReplaced, old != new { try note(new, last, scratch, digests, isSynchronised: false) }
        } catch {
            unlinkat(scratch.number, temporary, 0)
            throw error
        }
    }

    private func write(
        _ source: BodySource, _ sha256: [UInt8], to name: String, in folder: borrowing Descriptor
    ) throws(FileFault) {
        let file = try Descriptor(name, at: folder.number, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        try file.lock(LOCK_EX)  // whoever sweeps knows by that
        var hash = SHA256()
        var left = source.bytes
        while left > 0 {
            let bytes: [UInt8]
            do throws(StoreError) { bytes = try source.read(Self.chunk) } catch { throw .store(error) }
            bytes.withUnsafeBytes { hash.update($0) }
            try file.write(bytes)
            left -= Int64(bytes.count)
        }
        guard hash.finish() == sha256 else {
            throw .store(StoreError(.corrupt, "the bytes are not those of the SHA-256 given"))
        }
        try file.sync()
    }

    /// A digest that is lost with the power is made anew from the bytes, so that the first of an object need not wait for its folder.
    private func note(
        _ text: String, _ name: String, _ scratch: borrowing Descriptor, _ folder: borrowing Descriptor, isSynchronised: Bool
    ) throws(FileFault) {
        let temporary = "\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        do throws(FileFault) {
            let file = try Descriptor(temporary, at: scratch.number, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try file.lock(LOCK_EX)
            try file.write(Array(text.utf8))
            try file.sync()
            guard renameat(scratch.number, temporary, folder.number, name) == 0 else { throw .system(errno, name) }
            if isSynchronised { try folder.sync() }
        } catch {
            unlinkat(scratch.number, temporary, 0)
            throw error
        }
    }

    /// Takes away what was left by who was killed. Nobody has that locked.
    private func sweep(_ scratch: borrowing Descriptor) {
        for entry in (try? FileWalk.entries(scratch)) ?? [] {
            var facts = stat()
            guard fstatat(scratch.number, entry.name, &facts, AT_SYMLINK_NOFOLLOW) == 0, systemTime() - facts.st_mtim.tv_sec > 60,
                let file = try? Descriptor(entry.name, at: scratch.number, O_WRONLY | O_NOFOLLOW | O_NONBLOCK),
                flock(file.number, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlinkat(scratch.number, entry.name, 0)
        }
    }

    // MARK: Reading

    /// - Returns: nil where there is no such object.
    func open(_ segments: [String]) throws(FileFault) -> FoundFile? {
        guard let last = segments.last, let place = try folder(segments.dropLast(), isMade: false) else { return nil }
        let lock = try lock(LOCK_SH)
        defer { withExtendedLifetime(lock) {} }
        let file: Descriptor
        do throws(FileFault) { file = try Descriptor(last, at: place.number, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        let facts = try file.facts()
        if facts.st_mode & S_IFMT == S_IFDIR { return nil }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .store(StoreError(.refused, "not a regular file")) }
        var known: [[UInt8]] = []
        if let digests = try digests(of: segments, isMade: false) { known = try Self.known(last, digests) }
        return FoundFile(file: file, bytes: Int(facts.st_size), known: known)
    }

    func delete(_ segments: [String]) throws(FileFault) {
        guard let last = segments.last, let place = try folder(segments.dropLast(), isMade: false) else { return }
        let lock = try lock(LOCK_EX)
        defer { withExtendedLifetime(lock) {} }
        guard unlinkat(place.number, last, 0) == 0 || [ENOENT, EISDIR].contains(errno) else { throw .system(errno, last) }
        try place.sync()
        var facts = stat()
        guard fstatat(place.number, last, &facts, AT_SYMLINK_NOFOLLOW) != 0 else { return }  // a folder
        if let digests = try digests(of: segments, isMade: false) { unlinkat(digests.number, last, 0) }
    }

    /// The digests that are noted of an object: one, two while it is replaced, none where they were lost.
    private static func known(_ name: String, _ folder: borrowing Descriptor) throws(FileFault) -> [[UInt8]] {
        do throws(FileFault) {
            let file = try Descriptor(name, at: folder.number, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            let lines = String(decoding: try file.read(1024), as: UTF8.self).split(separator: "\n")
            return lines.compactMap { digest(hexadecimal: String($0)) }
        } catch {
            if [ENOENT, ENOTDIR, EISDIR].contains(error.code) { return [] }
            throw error
        }
    }
}

/// Locked until it goes.
private final class FileLock {
    private let file: Descriptor
    init(_ file: consuming Descriptor) { self.file = file }
}

/// An object that is open to be read.
struct FoundFile: ~Copyable {
    let file: Descriptor
    let bytes: Int
    let known: [[UInt8]]

    /// As it was noted; where it was not, or two of them were, that of the bytes.
    func sha256() throws(FileFault) -> [UInt8] {
        if known.count == 1 { return known[0] }
        var hash = SHA256()
        while true {
            let bytes = try file.read(FileTree.chunk)
            guard !bytes.isEmpty else { return hash.finish() }
            bytes.withUnsafeBytes { hash.update($0) }
        }
    }

    func read(_ limit: Int) throws(FileFault) -> [UInt8] {
        guard bytes <= limit else {
            throw .store(StoreError(.refused, "the object has \(bytes) bytes, more than the \(limit) allowed"))
        }
        let content = try file.read(bytes)
        guard content.count == bytes, known.isEmpty || known.contains(SHA256.of(content)) else {
            throw .store(StoreError(.corrupt, "its bytes are not those of its SHA-256"))
        }
        return content
    }
}
