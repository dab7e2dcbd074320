import Glibc

/// One `up`, `down` or `destroy` of a home at a time, by `flock`, which the kernel gives back when its holder dies.
enum FolderLock {
    /// - Parameters:
    ///   - patience: how long to wait for another holder.
    ///   - prepare: makes the folder; called again when it was destroyed while we waited.
    /// - Throws: `StackError` `.busy` when patience is at an end.
    static func hold<T: Sendable>(
        _ path: String, patience: Duration = .seconds(150), prepare: @Sendable () throws -> Void,
        _ body: @Sendable () async throws -> T
    ) async throws -> T {
        let deadline = ContinuousClock.now + patience
        while true {
            try prepare()
            let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else {
                if errno == ENOENT { continue }
                throw Files.failure("cannot open", path)
            }
            defer { close(file) }
            while flock(file, LOCK_EX | LOCK_NB) != 0 {
                guard errno == EWOULDBLOCK || errno == EINTR else { throw Files.failure("cannot lock", path) }
                guard ContinuousClock.now < deadline else {
                    let holder = Files.read(path).flatMap { $0.split(separator: "\n").first } ?? "?"
                    throw StackError(
                        .busy, "another emporium (process \(holder)) has held \(path) for \(patience)",
                        hint: "see what it does: ps -fp \(holder)")
                }
                try await Task.sleep(for: .milliseconds(25))
            }
            // The folder may have been removed, and made anew by another, while we waited.
            var held = stat()
            guard fstat(file, &held) == 0, let there = Files.info(path), there.st_ino == held.st_ino,
                there.st_dev == held.st_dev
            else { continue }
            ftruncate(file, 0)
            let holder = Array("\(getpid())\n".utf8)
            pwrite(file, holder, holder.count, 0)
            return try await body()
        }
    }
}
