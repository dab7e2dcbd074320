import Foundation
import Glibc
import Logging
import Postgres

/// One finding of `emporium doctor`.
public struct Diagnosis: Sendable, Equatable, Codable {
    public enum Status: String, Sendable, Codable {
        case ok
        /// Works, but not everything, or not for long.
        case warning
        /// The stack cannot work so.
        case failure
    }

    /// What was looked at, for example `PostgreSQL server`.
    public var name: String
    public var status: Status
    /// What was found.
    public var what: String
    /// The command that mends it; nil when there is nothing to mend.
    public var mend: String?

    public static func ok(_ name: String, _ what: String) -> Diagnosis {
        Diagnosis(name: name, status: .ok, what: what, mend: nil)
    }

    public static func warning(_ name: String, _ what: String, _ mend: String) -> Diagnosis {
        Diagnosis(name: name, status: .warning, what: what, mend: mend)
    }

    public static func failure(_ name: String, _ what: String, _ mend: String) -> Diagnosis {
        Diagnosis(name: name, status: .failure, what: what, mend: mend)
    }

    static func failure(_ name: String, _ error: StackError) -> Diagnosis {
        .failure(name, error.message, error.hint ?? "emporium status")
    }
}

/// Looks at everything that the stack and the repository's own tests need. Changes nothing; takes a second, for the
/// most part Swift's own start.
/// - Parameter home: the state folder, which need not exist.
public func diagnose(home: String, logger: Logger = Logger(label: "stack")) async -> [Diagnosis] {
    await Doctor(cluster: EmbeddedCluster(home: home, logger: logger)).examine()
}

struct Doctor: Sendable {
    let cluster: EmbeddedCluster
    var environment = ProcessInfo.processInfo.environment

    func examine() async -> [Diagnosis] {
        let server = Result { () throws -> ServerBinaries in
            let layout = cluster.layout
            let major = cluster.majorVersion(layout)
            return try ServerBinaries.find(major: major, data: layout.pgdata, environment: environment)
        }
        let binaries = try? server.get()
        return [
            swift(), postgres(server), serverUser(), psql(binaries), libpq(binaries), locale(), space(), folder(),
            await stack(), pgTAP(binaries), pgProve(binaries),
        ]
    }

    // MARK: Programs

    private func swift() -> Diagnosis {
        let name = "Swift toolchain"
        let mend = "scripts/setup (Swift 6.2 or later, from swift.org/install/linux)"
        guard let path = Child.find("swift"), let outcome = try? Child.runBlocking([path, "--version"]),
            let version = Self.word(after: "Swift version", in: outcome.output)
        else { return .warning(name, "no swift on PATH: it builds and tests, the built tool does without", mend) }
        let parts = version.split(separator: ".").compactMap { Int($0.prefix(while: \.isWholeNumber)) }
        guard let major = parts.first, (major, parts.dropFirst().first ?? 0) >= (6, 2) else {
            return .warning(name, "Swift \(version): too old to build this", mend)
        }
        return .ok(name, "Swift \(version)")
    }

    private func postgres(_ server: Result<ServerBinaries, any Error>) -> Diagnosis {
        let name = "PostgreSQL server"
        switch server {
        case .success(let found): return .ok(name, "\(found.version) in \(found.folder)")
        case .failure(let error as StackError): return .failure(name, error)
        case .failure(let error): return .failure(name, "\(error)", "scripts/setup")
        }
    }

    private func serverUser() -> Diagnosis {
        let name = "user of the server"
        do {
            let user = try ServerUser.current()
            return .ok(name, user.uid == geteuid() ? "\(user.name), who you are" : "\(user.name), as you are root")
        } catch let error as StackError {
            return .failure(name, error)
        } catch { return .failure(name, "\(error)", "scripts/setup") }
    }

    private func psql(_ server: ServerBinaries?) -> Diagnosis {
        let name = "psql"
        let mend = "apt-get install postgresql-client\(server.map { "-\($0.major)" } ?? "")"
        guard let path = Child.find("psql"), let outcome = try? Child.runBlocking([path, "--version"]),
            outcome.status == 0, let version = ServerBinaries.version(in: outcome.output)
        else { return .warning(name, "not found: emporium query does without, the examples do not", mend) }
        guard let server, let major = Int(version.prefix(while: \.isWholeNumber)), major < server.major else {
            return .ok(name, "\(version) in \(path)")
        }
        return .warning(name, "\(version) is older than the server (\(server.version)): \\d may fail", mend)
    }

    private func libpq(_ server: ServerBinaries?) -> Diagnosis {
        let name = "libpq"
        // By name: the target Postgres is the only one that imports libpq.
        guard let address = dlsym(nil, "PQlibVersion") else {
            return .warning(name, "its version is not to be had", "apt-get install --reinstall libpq5")
        }
        let number = unsafeBitCast(address, to: (@convention(c) () -> Int32).self)()
        let version = "\(number / 10000).\(number % 10000)"
        guard let server, Int(number) / 10000 < server.major else { return .ok(name, version) }
        return .warning(
            name, "\(version) is older than the server (\(server.version)): it connects, newer features are missing",
            "apt-get install --only-upgrade libpq5")
    }

    private func pgTAP(_ server: ServerBinaries?) -> Diagnosis {
        let name = "pgTAP"
        let major = server?.major ?? ServerBinaries.oldestMajor
        var share = "/usr/share/postgresql/\(major)"
        if let server, let outcome = try? Child.runBlocking([server.program("pg_config"), "--sharedir"]),
            outcome.status == 0
        {
            share = outcome.output
        }
        guard let control = Files.read("\(share)/extension/pgtap.control") else {
            return .warning(name, "not installed: make test needs it", "apt-get install postgresql-\(major)-pgtap")
        }
        return .ok(name, Self.word(after: "default_version =", in: control)?.filter { $0 != "'" } ?? "installed")
    }

    private func pgProve(_ server: ServerBinaries?) -> Diagnosis {
        guard let path = Child.find("pg_prove") else {
            return .warning(
                "pg_prove", "not installed: make test needs it",
                "apt-get install libtap-parser-sourcehandler-pgtap-perl")
        }
        return .ok("pg_prove", path)
    }

    // MARK: The machine

    private func locale() -> Diagnosis {
        guard let made = newlocale((1 << LC_CTYPE) | (1 << LC_COLLATE), "C.UTF-8", nil) else {
            return .failure("locale C.UTF-8", "not there: initdb needs it", "apt-get install libc-bin")
        }
        freelocale(made)
        return .ok("locale C.UTF-8", "available")
    }

    private func space() -> Diagnosis {
        let place = cluster.layout.place
        let mend = "df -h \(shellQuoted(place))"
        guard let free = Files.freeBytes(at: place) else { return .warning("disk space", "cannot be read", mend) }
        let text = "\(free >> 20) MB are free for \(place)"
        if free < cluster.spaceNeeded { return .failure("disk space", text, mend) }
        // max_wal_size, and as much again for data.
        if free < 8 << 30 { return .warning("disk space", text + "; the log of changes alone may take 4 GB", mend) }
        return .ok("disk space", text)
    }

    private func folder() -> Diagnosis {
        let name = "state folder"
        let home = cluster.home
        guard Files.exists(home) else { return .ok(name, "\(home) is not there yet") }
        do {
            try Marker.refuseForeign(home)
            try cluster.requireOwner()
        } catch let error as StackError {
            return .failure(name, error)
        } catch { return .failure(name, "\(error)", "ls -la \(shellQuoted(home))") }
        let layout = cluster.layout
        if let info = Files.info(home), info.st_mode & 0o022 != 0 {
            return .failure(name, "others may write in \(home)", "chmod go-w \(shellQuoted(home))")
        }
        if let info = Files.info(layout.pgpass), info.st_mode & 0o077 != 0 {
            return .failure(name, "others may read \(layout.pgpass)", "chmod 600 \(shellQuoted(layout.pgpass))")
        }
        if let recorded = Location(home: home).place, Marker(folder: recorded) == nil {
            return .failure(
                name, "the data should be in \(recorded), and is not",
                "bring it back, or: rm -- \(shellQuoted(layout.locationFile))")
        }
        if let user = try? ServerUser.current(), let info = Files.target(layout.pgdata) {
            if info.st_uid != user.uid {
                return .failure(
                    name, "\(layout.pgdata) belongs to \(ServerUser.name(of: info.st_uid)), not to \(user.name)",
                    "chown -R \(user.name): \(shellQuoted(layout.pgdata))")
            }
            if info.st_mode & 0o027 != 0 {
                return .failure(name, "others may enter \(layout.pgdata)", "chmod 700 \(shellQuoted(layout.pgdata))")
            }
        }
        return .ok(name, layout.isRelocated ? "\(home), the data in \(layout.place)" : home)
    }

    private func stack() async -> Diagnosis {
        let name = "stack"
        do {
            guard let state = try cluster.state() else {
                return .warning(name, "was not made yet", "emporium up")
            }
            guard state.status == .running, let pid = state.pid else {
                return .warning(name, "PostgreSQL \(state.serverVersion) is stopped", "emporium up")
            }
            let connection = try await Connection.connect(cluster.configuration(), logger: cluster.logger)
            await connection.close()
            let tcp = state.tcpPort.map { " and 127.0.0.1:\($0)" } ?? ""
            return .ok(
                name, "PostgreSQL \(state.serverVersion) runs (process \(pid)) on \(state.socketDirectory)\(tcp)")
        } catch let error as StackError {
            return .failure(name, error)
        } catch {
            return .failure(name, "runs, but does not let emporium in: \(error)", "emporium down && emporium up")
        }
    }

    /// The word that follows a phrase.
    static func word(after phrase: String, in text: String) -> String? {
        guard let range = text.range(of: phrase) else { return nil }
        return text[range.upperBound...].split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
