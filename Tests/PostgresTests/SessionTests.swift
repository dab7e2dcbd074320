import Logging
import Postgres
import Synchronization
import Testing

@Suite struct SessionTests {
    @Test func cancellationReachesTheServer() async throws {
        try await Server.session { session in
            let began = ContinuousClock.now
            let task = Task { try await session.query("select pg_sleep(300)") }
            try await Server.waitUntilActive(session.backendPID)
            task.cancel()
            let error = try await serverError { try await task.value }
            #expect(error.sqlState == "57014")
            #expect(ContinuousClock.now - began < .seconds(60))
            #expect(try await session.query("select 1").first?[0] == "1")
        }
    }

    @Test func cancellationReachesACopy() async throws {
        try await Server.session { session in
            let task = Task {
                try await session.copyOut("copy (select pg_sleep(300)) to stdout") { _ in }
            }
            try await Server.waitUntilActive(session.backendPID)
            task.cancel()
            #expect(try await serverError { try await task.value }.sqlState == "57014")
            #expect(try await session.query("select 1").first?[0] == "1")
        }
    }

    /// Whenever the cancellation comes, before, while or after the statement is sent, it ends well before its time.
    @Test func cancellationAtAnyMoment() async throws {
        try await Server.session { session in
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<60 {
                let began = ContinuousClock.now
                let task = Task { try await session.query("select pg_sleep(20)") }
                let spins = Int.random(in: 0..<4000, using: &generator)
                for _ in 0..<spins { _ = ContinuousClock.now }
                task.cancel()
                await #expect(throws: (any Error).self) { try await task.value }
                try #require(ContinuousClock.now - began < .seconds(15), "the statement ran on after \(spins) spins")
                #expect(try await session.query("select 1").first?[0] == "1")
            }
        }
    }

    @Test func aCancelledTaskRunsNothing() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a int)")
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await session.execute("insert into t values (1)")
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            session.cancel()  // nothing runs: it must not hit the next statement
            #expect(try await session.query("select count(*) from t").first?[0] == "0")
        }
    }

    @Test func anErrorRollsATransactionBack() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a int primary key deferrable initially deferred)")
            await #expect(throws: Stop()) {
                try await session.transaction { inside in
                    try await inside.execute("insert into t values (1)")
                    throw Stop()
                }
            }
            _ = try await serverError {
                try await session.transaction { try await $0.execute("insert into t values (1); select 1 / 0") }
            }
            // Refused at COMMIT.
            let late = try await serverError {
                try await session.transaction { try await $0.execute("insert into t values (1), (1)") }
            }
            #expect(late.sqlState == "23505")
            #expect(await !session.inTransaction)
            let kept = try await session.transaction { inside in
                try await inside.execute("insert into t values (2)")
                return try await inside.query("select count(*) from t").first?[0]
            }
            #expect(kept == "1")
            #expect(try await session.query("select a from t").rows.map { $0[0] } == ["2"])
        }
    }

    @Test func cancellationRollsATransactionBack() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a int)")
            let task = Task {
                try await session.transaction { inside in
                    try await inside.execute("insert into t values (1)")
                    try await inside.query("select pg_sleep(300)")
                }
            }
            try await Server.waitUntilActive(session.backendPID)
            task.cancel()
            #expect(try await serverError { try await task.value }.sqlState == "57014")
            #expect(await !session.inTransaction)
            #expect(try await session.query("select count(*) from t").first?[0] == "0")
        }
    }

    @Test func aKilledBackendIsAnOutage() async throws {
        try await Server.session { session in
            let task = Task { try await session.query("select pg_sleep(300)") }
            try await Server.waitUntilActive(session.backendPID)
            try await Server.terminate(session.backendPID)
            let busy = try await serverError { try await task.value }
            #expect(busy.isOutage && busy.isConnectionLost, "\(busy)")
            #expect(await !session.isOpen)
        }
        try await Server.session { session in
            try await Server.terminate(session.backendPID)
            let idle = try await serverError { try await session.query("select 1") }
            #expect(idle.isOutage && idle.isConnectionLost, "\(idle)")
            #expect(await !session.isOpen)
            #expect(try await serverError { try await session.query("select 1") }.isConnectionLost)
        }
    }

    @Test func aBackendKilledInACopyIsAnOutage() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint)")
            let pid = session.backendPID
            let gate = Gate()
            let task = Task {
                try await session.copyIn("copy t from stdin (format binary)") { send in
                    let data = copyOf(50_000, finished: false)
                    try withExtendedLifetime(data) {
                        try send(data.bytes)
                        gate.reach()
                        let rows = UnsafeRawBufferPointer(rebasing: data.bytes[19...])
                        for _ in 0..<10_000 { try send(rows) }  // until the lost connection is felt
                    }
                }
            }
            try await eventually { gate.isReached }
            try await Server.terminate(pid)
            let error = try await serverError { try await task.value }
            #expect(error.isOutage && error.isConnectionLost, "\(error)")
            #expect(await !session.isOpen)
        }
    }

    @Test func noServerNoDatabaseNoRole() async throws {
        let away = ConnectionConfiguration(conninfo: "host=/nonexistent/folder dbname=x")
        let none = try await serverError { try await Connection.connect(away, logger: silent) }
        #expect(none.sqlState == "08001" && none.isOutage && none.isConnectionLost)

        let refused = ConnectionConfiguration(conninfo: "host=127.0.0.1 port=1 dbname=x", connectTimeout: 5)
        #expect(try await serverError { try await Connection.connect(refused, logger: silent) }.sqlState == "08001")

        let server = try await Server.configuration()
        let missing = try await serverError {
            try await Connection.connect(server.database("no_such_database"), logger: silent)
        }
        #expect(missing.sqlState == "3D000" && !missing.isOutage)

        var stranger = server
        stranger.overrides["user"] = "no_such_role"
        let refusal = try await serverError { try await Connection.connect(stranger, logger: silent) }
        #expect(refusal.sqlStateClass == "28" && !refusal.isOutage)
    }

    @Test func roleAndSettingsHoldFromTheStart() async throws {
        try await Server.session { try await $0.execute(#"create role "odd ""role" nologin"#) }
        try await Server.session { configuration in
            configuration.role = #"odd "role"#
            configuration.settings = ["lock_timeout": "1234ms", "search_path": "pg_catalog, \"x y\""]
            configuration.applicationName = "named"
        } _: { session in
            let row = try await session.query(
                "select current_user::text as me, current_setting('lock_timeout') as wait, "
                    + "current_setting('search_path') as path, current_setting('application_name') as name, "
                    + "current_setting('client_encoding') as encoding"
            ).first
            #expect(row?.text("me") == #"odd "role"#)
            #expect(row?.text("wait") == "1234ms" && row?.text("path") == "pg_catalog, \"x y\"")
            #expect(row?.text("name") == "named" && row?.text("encoding") == "UTF8")
            #expect(session.serverVersion >= 150_000)
        }
        let server = try await Server.configuration()
        let unknown = try await serverError {
            try await Connection.connect(server.asRole("nobody_of_that_name"), logger: silent)
        }
        #expect(unknown.sqlState == "22023")
        _ = try await serverError { try await Connection.connect(server.setting("no_such", "x"), logger: silent) }
    }

    @Test func noticesGoToTheLog() async throws {
        let journal = Journal()
        let session = try await Connection.connect(try await Server.configuration(), logger: journal.logger)
        try await session.execute(
            """
            do $$ begin
                raise notice 'good to know';
                raise warning using message = 'mind', errcode = '01P01';
                raise info 'said';
            end $$
            """)
        await session.close()
        #expect(journal.lines.contains(.init(level: .debug, message: "good to know", sqlState: "00000")))
        #expect(journal.lines.contains(.init(level: .warning, message: "mind", sqlState: "01P01")))
        #expect(journal.lines.contains(.init(level: .info, message: "said", sqlState: "00000")))
    }
}

/// A moment that one thread reaches and another waits for.
final class Gate: Sendable {
    private let reached = Mutex(false)
    var isReached: Bool { reached.withLock { $0 } }
    func reach() { reached.withLock { $0 = true } }
}
