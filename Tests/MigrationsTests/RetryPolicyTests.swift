import Postgres
import Testing

@testable import Migrations

@Suite struct RetryPolicyTests {
    private func error(_ state: String, _ message: String = "", schema: String? = nil) -> PostgresError {
        var error = PostgresError(sqlState: state, message: message)
        error.schema = schema
        return error
    }

    @Test(arguments: ["55P03", "40P01", "40001"]) func locksAndRacesAreTriedAgain(_ state: String) {
        var policy = RetryPolicy(retries: 2)
        guard case .retry(.milliseconds(50), _) = policy.failed(error(state), kind: .versioned, jitter: 0) else {
            Issue.record("not tried again")
            return
        }
        guard case .retry(.milliseconds(75), _) = policy.failed(error(state), kind: .versioned, jitter: 0.5) else {
            Issue.record("not tried a third time")
            return
        }
        guard case .exhausted = policy.failed(error(state), kind: .versioned, jitter: 0) else {
            Issue.record("tried for ever")
            return
        }
        #expect(policy.attempts == 3)
    }

    @Test(arguments: [
        ("42601", MigrationKind.role, ""), ("23505", .versioned, "pg_catalog"), ("23505", .role, "shop"),
        ("42710", .versioned, ""), ("XX000", .grant, ""), ("08006", .versioned, ""), ("57014", .versioned, ""),
    ])
    func othersAreNot(_ state: String, _ kind: MigrationKind, _ schema: String) {
        var policy = RetryPolicy(retries: 9)
        #expect(policy.failed(error(state, "cache lookup failed", schema: schema), kind: kind, jitter: 0) == .fail)
    }

    @Test func rolesAreTheWholeClusters() {
        var policy = RetryPolicy(retries: 9)
        for (state, message) in [("23505", ""), ("XX000", "tuple concurrently updated")] {
            let verdict = policy.failed(error(state, message, schema: "pg_catalog"), kind: .role, jitter: 0)
            guard case .retry = verdict else {
                Issue.record("\(state): \(verdict)")
                continue
            }
        }
    }

    @Test func aRoleThatIsThereEveryTimeIsAFault() {
        var policy = RetryPolicy(retries: 9)
        let verdicts = (1...3).map { _ in policy.failed(error("42710"), kind: .role, jitter: 0) == .fail }
        #expect(verdicts == [false, false, true])
    }

    @Test func pausesGrowToTwoSeconds() {
        #expect(
            (1...9).map { RetryPolicy.delay(attempt: $0, jitter: 0).milliseconds }
                == [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000])
        #expect(RetryPolicy.delay(attempt: 99, jitter: 0.999) >= .seconds(1))
    }

    /// Readers queue for as long as an attempt waits: no longer than usual, but for an autovacuum's sake.
    @Test func anAttemptBehindAnAutovacuumLetsItGiveWay() {
        func wait(_ usual: Duration, _ deadlock: Duration, behindServer: Bool = true) -> Duration {
            RetryPolicy.lockTimeout(usual, deadlock, behindServer: behindServer)
        }
        #expect(wait(.milliseconds(750), .seconds(1), behindServer: false) == .milliseconds(750))
        #expect(wait(.milliseconds(750), .seconds(1)) == .milliseconds(1100))
        #expect(wait(.seconds(1), .milliseconds(500)) == .seconds(1))
        #expect(wait(.zero, .seconds(1)) == .zero)
    }
}
