import Postgres
import Testing

@testable import Migrations

/// What of a transaction would outlive its database.
@Suite struct ClusterStateTests {
    private struct Case: Sendable {
        /// `R` stands for a role of the test's own, `D` for its database.
        let sql: String
        let traces: String?
        init(_ sql: String, _ traces: String?) { (self.sql, self.traces) = (sql, traces) }
    }

    private static let cases = [
        Case("select 1", nil),
        Case("create table t (id int); grant select on t to R; comment on table t is 'x'", nil),
        Case("revoke all on database D from public; alter database D set work_mem = '5MB'; comment on database D is 'x'", nil),
        Case("alter role R in database D set work_mem = '5MB'", nil),
        Case("alter role R nologin; comment on role R is null; grant pg_monitor to R", nil),
        Case("create role R_2", "roles"),
        Case("savepoint a; create role R_2; rollback to savepoint a", nil),
        Case("do $$ begin create role R_2; raise 'no'; exception when raise_exception then null; end $$", nil),
        Case("drop role R", "roles"),
        Case("alter role R rename to R_2", "roles"),
        Case("alter role R createdb", "roles"),
        Case("alter role R password 'a'", "roles"),
        Case("grant R to postgres", "roles"),
        Case("revoke pg_monitor from R", "roles"),
        Case("alter role R set work_mem = '5MB'", "settings of roles or databases"),
        Case("comment on role R is 'x'", "comments or labels of roles or databases"),
        Case("grant set on parameter log_min_messages to R", "grants on parameters"),
        Case("alter database postgres connection limit 90", "other databases"),
    ]

    @Test func whatOutlivesTheDatabase() async throws {
        let bench = try await Bench.make()
        let role = "\(bench.database)_r"
        try await bench.execute("create role \(role); grant pg_monitor to \(role)")
        let (inside, outside) = (try await bench.connect(), try await bench.connect())
        // What others do meanwhile is not the transaction's doing.
        let other = try await bench.connect()
        let storm = Task {
            while !Task.isCancelled {
                try await other.execute("create role \(role)_other")
                try await other.execute("comment on role \(role)_other is 'x'")
                try await other.execute("drop role \(role)_other")
            }
        }
        for item in Self.cases {
            let sql = item.sql.replacing(/\bR\b/, with: role).replacing("R_2", with: role + "_2")
                .replacing(/\bD\b/, with: bench.database)
            try await inside.execute("begin")
            try await inside.execute(sql)
            let traces = try await ClusterState.traces(inside, outside)
            #expect(traces == item.traces, "\(item.sql)")
            try await inside.execute("rollback")
        }
        storm.cancel()
        _ = await storm.result
        await other.close()
        await inside.close()
        await outside.close()
    }

    @Test func whoCannotReadPasswordsIsCareful() async throws {
        let bench = try await Bench.make()
        let (deployer, role) = ("\(bench.database)_deployer", "\(bench.database)_r")
        try await bench.execute("create role \(deployer) login createrole; create role \(role)")
        var user = bench.superuser
        user.overrides["user"] = deployer
        let inside = try await Connection.connect(user)
        let outside = try await Connection.connect(user)
        try await inside.execute("begin; alter role \(role) password 'a'")
        #expect(try await ClusterState.traces(inside, outside) == "roles")
        try await inside.execute("rollback; begin; grant \(role) to \(deployer); revoke \(role) from \(deployer)")
        #expect(try await ClusterState.traces(inside, outside) == nil)
        await inside.close()
        await outside.close()
    }
}
