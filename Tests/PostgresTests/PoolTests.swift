import Postgres
import Testing

@Suite struct PoolTests {
    private func pool(_ size: Int, waitTimeout: Duration = .seconds(30)) async throws -> ConnectionPool {
        ConnectionPool(try await Server.configuration(), size: size, waitTimeout: waitTimeout, logger: silent)
    }

    @Test func theSizeIsTheBound() async throws {
        let pool = try await pool(3)
        let use = Shared((now: 0, most: 0))
        let pids = Shared(Set<Int32>())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await pool.withConnection { session in
                        use.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        pids.change { _ = $0.insert(session.backendPID) }
                        try await session.query("select pg_sleep(0.005)")
                        use.change { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(use.value.most <= 3 && use.value.most >= 2)
        #expect(pids.value.count <= 3)
        #expect(await pool.openCount <= 3)
        await pool.close()
        #expect(await pool.openCount == 0)
    }

    @Test func exhaustionEndsWith53300() async throws {
        let pool = try await pool(1, waitTimeout: .milliseconds(100))
        let error = try await pool.withConnection { _ in
            try await serverError { try await pool.withConnection { _ in } }
        }
        #expect(error.sqlState == "53300" && error.isOutage && error.hint != nil)
        // It was a time-out of waiting, not the end of the pool.
        #expect(try await pool.withConnection { try await $0.query("select 1").first?[0] } == "1")
        await pool.close()
    }

    @Test func aWaiterGetsTheSessionThatComesBack() async throws {
        let pool = try await pool(1)
        let inside = Gate()
        let leave = Gate()
        let holder = Task {
            try await pool.withConnection { session in
                inside.reach()
                try await eventually { leave.isReached }
                return session.backendPID
            }
        }
        try await eventually { inside.isReached }
        let waiter = Task { try await pool.withConnection { $0.backendPID } }
        leave.reach()
        let (got, held) = (try await waiter.value, try await holder.value)
        #expect(got == held)
        await pool.close()
    }

    @Test func aKilledSessionIsReplaced() async throws {
        let pool = try await pool(2)
        let first = try await pool.withConnection { $0.backendPID }
        try await Server.terminate(first)
        let second = try await pool.withConnection { session in
            _ = try await session.query("select 1")
            return session.backendPID
        }
        #expect(second != first)
        #expect(await pool.openCount == 1)
        await pool.close()
    }

    @Test func aSessionInATransactionIsNotHandedOn() async throws {
        let pool = try await pool(1)
        let first = try await pool.withConnection { session in
            try await session.execute("begin")
            return session.backendPID
        }
        let second = try await pool.withConnection { session in
            #expect(await !session.inTransaction)
            return session.backendPID
        }
        #expect(second != first)
        await #expect(throws: Stop()) {
            try await pool.withConnection { session in
                try await session.execute("begin")
                throw Stop()
            }
        }
        #expect(try await pool.withConnection { $0.backendPID } != second)
        #expect(await pool.openCount == 1)
        await pool.close()
    }

    @Test func closingWakesWaiters() async throws {
        let pool = try await pool(1)
        let leave = Gate()
        let inside = Gate()
        let holder = Task {
            try await pool.withConnection { session in
                inside.reach()
                try await eventually { leave.isReached }
                return try await session.query("select 1").first?[0]
            }
        }
        try await eventually { inside.isReached }
        let waiters = (0..<3).map { _ in Task { try await pool.withConnection { _ in } } }
        // The pool is an actor: what was asked of it before is queued, or finds it closed.
        await pool.close()
        for waiter in waiters { #expect(try await serverError { try await waiter.value }.sqlState == "57P01") }
        leave.reach()
        #expect(try await holder.value == "1")
        #expect(await pool.openCount == 0)
        #expect(try await serverError { try await pool.withConnection { _ in } }.sqlState == "57P01")
    }

    @Test func aCancelledWaiterLeavesTheQueue() async throws {
        let pool = try await pool(1)
        try await pool.withConnection { _ in
            let began = ContinuousClock.now
            let waiter = Task { try await pool.withConnection { _ in } }
            await Task.yield()
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
            #expect(ContinuousClock.now - began < .seconds(20))
        }
        #expect(try await pool.withConnection { try await $0.query("select 1").first?[0] } == "1")
        #expect(await pool.openCount == 1)
        await pool.close()
    }

    @Test func aServerThatIsAwayFreesTheSlot() async throws {
        let pool = ConnectionPool(
            ConnectionConfiguration(conninfo: "host=/nonexistent/folder"), size: 1, waitTimeout: .seconds(5), logger: silent)
        for _ in 0..<3 {
            #expect(try await serverError { try await pool.withConnection { _ in } }.sqlState == "08001")
            #expect(await pool.openCount == 0)
        }
    }
}
