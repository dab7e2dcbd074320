import Foundation
import Glibc
import Logging
import Postgres

// What happens inside the server: proof that it is ours and answers, the role, the database, the password.

extension EmbeddedCluster {
    /// - Throws: `StackError` `.startFailed` when the server does not answer, or ends while we ask.
    func finish(
        _ layout: StackLayout, _ tcpPort: Int?, _ user: ServerUser
    ) async throws(StackError) -> StackState {
        do {
            let (connection, postmaster) = try await connect(layout, user)
            do {
                try requireListening(postmaster, on: tcpPort)
                let version = try await connection.query("show server_version").first?[0] ?? ""
                if try await makeRoleAndDatabase(connection) {
                    try await makeExtensions(socketConfiguration(layout, postmaster.port, admin: true))
                }
                if let port = postmaster.tcpPort { try await makePassword(connection, layout, port) }
                await connection.close()
                if Files.read(layout.versionFile) != version + "\n" {
                    try Files.write(version + "\n", to: layout.versionFile, mode: 0o644)
                }
            } catch {
                await connection.close()
                throw error
            }
            guard let state = try state() else {
                throw StackError(.system, "the stack in \(home) was removed while it started", hint: "emporium up")
            }
            return state
        } catch let error as StackError {
            throw error
        } catch {
            throw Self.failure(.startFailed, "PostgreSQL was started, but: \(error)", "", layout)
        }
    }

    /// Connects as the superuser and makes sure that it is our server. It waits for the end of a recovery, and a few
    /// seconds for a socket that is not there yet.
    private func connect(_ layout: StackLayout, _ user: ServerUser) async throws -> (Connection, Postmaster) {
        let began = ContinuousClock.now
        while true {
            // Anew each time: the file is written in steps while the server starts.
            guard let postmaster = Postmaster.running(layout, user) else {
                throw Self.failure(.startFailed, "PostgreSQL ended while it started", "", layout)
            }
            do {
                let configuration = socketConfiguration(layout, postmaster.port, admin: true).database("postgres")
                let connection = try await Connection.connect(configuration, logger: logger)
                let folder = try await connection.query("show data_directory").first?[0] ?? ""
                guard let theirs = Files.target(folder), let ours = Files.target(layout.pgdata),
                    theirs.st_dev == ours.st_dev, theirs.st_ino == ours.st_ino
                else {
                    await connection.close()
                    throw StackError(
                        .notOurs,
                        "the server behind \(layout.socketDirectory) runs on \(folder), not on \(layout.pgdata)",
                        hint: "emporium down && emporium up")
                }
                return (connection, postmaster)
            } catch let error as PostgresError where error.isConnectionLost {
                let patience = error.sqlState == "57P03" ? recoveryPatience : .seconds(5)
                guard ContinuousClock.now - began < patience else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// The same in deploy/postgres/10-emporium.sh.
    static let loginDefinition = """
        create role \(loginRole) login nosuperuser nocreatedb nocreaterole inherit noreplication nobypassrls;
        alter role \(loginRole) set log_min_messages = 'log';
        """

    /// - Returns: whether the database is new.
    private func makeRoleAndDatabase(_ connection: Connection) async throws -> Bool {
        let there = try await connection.query(
            """
            select exists (select from pg_roles where rolname = $1) as role,
                   exists (select from pg_database where datname = $2) as database
            """, [.text(Self.loginRole), .text(databaseName)])
        if there.first?.bool("role") != true {
            // One transaction: a role without its setting would put values into the log.
            try await connection.execute(Self.loginDefinition)
        }
        let isNew = there.first?.bool("database") != true
        if isNew {
            let name = quoteIdentifier(databaseName)
            try await connection.execute(
                "create database \(name) owner \(Self.adminRole) encoding 'UTF8' template template0")
            logger.info("made the database \(databaseName)")
        }
        return isNew
    }

    /// What only a superuser may make in the database, where the server has it. The same in deploy/postgres/10-emporium.sh.
    static let extensionDefinition = """
        select format('create extension %I', name) from pg_available_extensions where name = 'mysql_fdw' and installed_version is null
        """

    private func makeExtensions(_ configuration: ConnectionConfiguration) async throws {
        let connection = try await Connection.connect(configuration, logger: logger)
        do {
            for row in try await connection.query(Self.extensionDefinition).rows { try await connection.execute(row[0] ?? "") }
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Sees to a password for `emporium` in the password file, and that it opens the door.
    private func makePassword(_ connection: Connection, _ layout: StackLayout, _ port: Int) async throws {
        let known = Files.read(layout.pgpass)?.split(separator: "\n").first?.split(separator: ":").last.map(String.init)
        let hexadecimal = known.flatMap { $0.count == 64 && $0.allSatisfy(\.isHexDigit) ? $0 : nil }
        let password = hexadecimal ?? Self.randomPassword()
        let lines = ["127.0.0.1", "localhost"].map { "\($0):\(port):*:\(Self.loginRole):\(password)\n" }.joined()
        if Files.read(layout.pgpass) != lines || (Files.info(layout.pgpass)?.st_mode ?? 0) & 0o7777 != 0o600 {
            try Files.write(lines, to: layout.pgpass, mode: 0o600)
        }
        let configuration = tcpConfiguration(layout, port)
        do {
            try await Connection.connect(configuration, logger: logger).close()
        } catch let error as PostgresError where error.sqlStateClass == "28" {
            // The settings keep the statement out of every log, whatever ALTER SYSTEM says.
            try await connection.execute(
                """
                set local log_statement = 'none';
                set local log_min_error_statement = 'panic';
                set local log_min_duration_statement = -1;
                alter role \(Self.loginRole) password \(quoteLiteral(password));
                """)
            try await Connection.connect(configuration, logger: logger).close()
        }
    }

    /// 256 bits in hexadecimal: nothing in it needs quoting anywhere.
    private static func randomPassword() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
