import Foundation
import Glibc
import Logging
import Postgres

// Starting and stopping the server.

extension EmbeddedCluster {
    private static let include = "include_if_exists = '../emporium.conf'"

    /// Starts the server and waits for it, a minute at most; a recovery may take longer and goes on by itself.
    func start(
        _ layout: StackLayout, _ user: ServerUser, _ binaries: ServerBinaries,
        _ chosen: (number: Int, tcp: Bool, anyWillDo: Bool)
    ) async throws {
        for folder in ["\(layout.place)/run", layout.logDirectory, layout.socketDirectory] {
            try Files.makeFolder(folder, ownedBy: user.owner)
        }
        guard try await clearTheWay(layout, user) else { return }
        tidyLogs(layout)
        var port = chosen.number
        for attempt in 1... {
            try writeConfiguration(layout, user, binaries, port: port, tcp: chosen.tcp)
            unlink(layout.startupLog)
            // Relative paths: pg_ctl pastes them into a shell's command line, and a folder's name may hold anything.
            let outcome = try await user.run(
                [
                    binaries.program("pg_ctl"), "start", "-w", "-t", "60", "-D", "data", "-l", "log/startup.log",
                ], in: layout.place)
            if Postmaster.running(layout, user) != nil {
                if outcome.status != 0 { logger.notice("the server is up and still recovering from a crash") }
                if chosen.tcp { try Files.write("\(port)\n", to: layout.portFile, mode: 0o644) }
                return
            }
            let error = Self.failure(.startFailed, "PostgreSQL did not start", outcome.output, layout)
            guard error.code == .portTaken, chosen.anyWillDo, attempt < 5 else { throw error }
            port = try LoopbackPort.pick()
        }
        preconditionFailure("the loop above returns or throws")
    }

    /// Removes what a crash left and PostgreSQL itself would trip over.
    ///
    /// It takes a dead pid in its files for what it is, but not one that has become another process's of the same
    /// user. Whether the data is still in use is asked of the kernel, not of a file.
    /// - Returns: false when a server runs after all: one that an `up` started which was killed itself.
    private func clearTheWay(_ layout: StackLayout, _ user: ServerUser) async throws -> Bool {
        // Children of a killed postmaster end by themselves, as a rule within milliseconds.
        let deadline = ContinuousClock.now + .seconds(15)
        var left = Postmaster.processes(in: layout.pgdata, user)
        while !left.isEmpty {
            if Postmaster.running(layout, user) != nil { return false }
            guard ContinuousClock.now < deadline else {
                let pids = left.map(String.init).joined(separator: " ")
                throw StackError(
                    .stillInUse, "processes of an earlier server still use \(layout.pgdata): \(pids)",
                    hint: "end them, then try again: kill \(pids)")
            }
            try await Task.sleep(for: .milliseconds(25))
            left = Postmaster.processes(in: layout.pgdata, user)
        }
        if let stale = Postmaster.recorded(layout), kill(stale.pid, 0) == 0 || errno == EPERM {
            logger.notice("process \(stale.pid) is not our server: its number was used again after a crash")
            unlink(layout.postmasterFile)
        }
        // Nobody listens in our own folder now, whatever the lock files there say.
        for name in Files.names(in: layout.socketDirectory) where name.hasPrefix(".s.PGSQL.") {
            unlink("\(layout.socketDirectory)/\(name)")
        }
        return true
    }

    /// The server begins a weekday's file anew only if it runs at midnight: a stack that is up on Mondays alone would
    /// add to one file for ever.
    private func tidyLogs(_ layout: StackLayout) {
        for name in Files.names(in: layout.logDirectory) where name.hasPrefix("postgresql-") {
            let path = "\(layout.logDirectory)/\(name)"
            guard let info = Files.info(path) else { continue }
            if time(nil) - info.st_mtim.tv_sec > 6 * 86400 || info.st_size > 64 << 20 { unlink(path) }
        }
    }

    private func writeConfiguration(
        _ layout: StackLayout, _ user: ServerUser, _ binaries: ServerBinaries, port: Int, tcp: Bool
    ) throws {
        let built = try? Child.runBlocking([binaries.program("pg_config"), "--configure"])
        let text = ServerSettings(
            socketDirectory: layout.socketDirectory, hbaFile: layout.hbaFile, identFile: layout.identFile, port: port,
            listensOnTCP: tcp, machine: .here(), hasLZ4: built?.output.contains("--with-lz4") ?? false,
            extra: settings
        ).configuration
        // Beside the data and not in it: root writes no files where the server's user could put a link in the way.
        let owned = user.uid == geteuid()
        let mode: mode_t = owned ? 0o600 : 0o644
        try Files.write(text, to: layout.configurationFile, mode: mode)
        try Files.write(ServerSettings.hba, to: layout.hbaFile, mode: mode)
        try Files.write(ServerSettings.ident(clients: user.clients), to: layout.identFile, mode: mode)
        let main = "\(layout.pgdata)/postgresql.conf"
        guard let lines = Files.read(main) else {
            throw StackError(.notOurs, "\(main) is missing or not to be read", hint: "emporium doctor")
        }
        if !lines.split(separator: "\n").contains(Substring(Self.include)) {
            try Files.append("\n\(Self.include)\n", to: main)
        }
    }

    /// Fast shutdown, without pg_ctl: it works even when the binaries have been removed meanwhile.
    func stop(_ layout: StackLayout, _ user: ServerUser) async throws {
        guard let postmaster = Postmaster.running(layout, user) else { return }
        guard kill(postmaster.pid, SIGINT) == 0 || errno == ESRCH else {
            throw Files.failure("cannot stop the server of", layout.pgdata)
        }
        let deadline = ContinuousClock.now + .seconds(120)
        // Its log collector ends a moment after it.
        while !Postmaster.processes(in: layout.pgdata, user).isEmpty {
            guard ContinuousClock.now < deadline else {
                throw StackError(
                    .stopFailed,
                    "the server (process \(postmaster.pid)) still runs two minutes after it was told to stop"
                        + Self.logTail(layout),
                    hint: "see what it does: ps -f --ppid \(postmaster.pid); at last: kill -QUIT \(postmaster.pid)"
                )
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: What went wrong

    /// Makes one error of a program's output and the end of the server's log.
    static func failure(
        _ code: StackError.Code, _ what: String, _ output: String, _ layout: StackLayout
    ) -> StackError {
        let tail = logTail(layout)
        let said = output.split(separator: "\n").filter { !$0.contains("waiting for server to start") }
            .suffix(12).map { "\n    " + $0 }.joined()
        let message = what + (said.isEmpty ? "" : ":") + said + tail
        let all = output + tail
        if all.contains("No space left on device") || all.contains("Disk quota exceeded") {
            return StackError(.diskFull, message, hint: "make room: df -h \(shellQuoted(layout.place))")
        }
        if all.contains("Address already in use") {
            return StackError(.portTaken, message, hint: "take any free port: emporium up --port 0")
        }
        if all.contains("could not map anonymous shared memory") || all.contains("Cannot allocate memory") {
            return StackError(code, message, hint: "make memory free: free -h")
        }
        return StackError(code, message, hint: "emporium doctor; the whole log is in \(layout.logDirectory)")
    }

    /// The last lines of what the server said during its last start, or since.
    static func logTail(_ layout: StackLayout) -> String {
        let names = Files.names(in: layout.logDirectory).filter { $0.hasPrefix("postgresql-") }
        let newest = names.map { "\(layout.logDirectory)/\($0)" }
            .max { (Files.info($0)?.st_mtim.tv_sec ?? 0) < (Files.info($1)?.st_mtim.tv_sec ?? 0) }
        // The collector's file counts only when it was written to after the start began.
        let began = Files.info(layout.startupLog)?.st_mtim.tv_sec ?? .max
        let fresh = newest.flatMap { (Files.info($0)?.st_mtim.tv_sec ?? 0) >= began ? $0 : nil }
        return [layout.startupLog, fresh].compactMap(\.self).map { path in
            let lines = (Files.read(path, last: 4096) ?? "").split(separator: "\n").suffix(10)
            return lines.isEmpty ? "" : "\n  end of \(path):" + lines.map { "\n    " + $0 }.joined()
        }.joined()
    }
}
