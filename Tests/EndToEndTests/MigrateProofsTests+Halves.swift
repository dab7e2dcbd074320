import Foundation
import Glibc
import Testing

/// Killed in the middle of a concurrent operation, with its backend: a short one outlives its killed migrator and ends
/// well, so that here another session keeps each waiting until the server has noticed.
extension EndToEnd.MigrateProofs {
    struct Half: Sendable, CustomTestStringConvertible {
        let file: String
        /// What another session does first, and holds.
        let obstacle: String
        /// True of what is left behind.
        let left: String

        var testDescription: String { "\(file) behind \(obstacle.prefix(40))" }

        static func invalid(_ index: String, isReady: Bool) -> String {
            "select count(*) = 1 from pg_index where indexrelid = to_regclass('shop.\(index)') and not indisvalid and indisready = \(isReady)"
        }
        static let writer = "begin; update shop.orders set customer = customer where id = 1"
        static let snapshot = "begin isolation level repeatable read; select count(*) from pg_class"

        static let all = [
            Half(file: "0002_index_customer", obstacle: writer, left: invalid("orders_customer_idx", isReady: false)),
            Half(file: "0002_index_customer", obstacle: snapshot, left: invalid("orders_customer_idx", isReady: true)),
            Half(
                file: "0004_detach_visit", obstacle: "begin; select from shop.visit limit 1",
                left: "select inhdetachpending from pg_inherits where inhrelid = 'shop.visit_1'::regclass"),
            Half(
                file: "0005_drop_placed", obstacle: "begin; select from shop.orders limit 1",
                left: invalid("orders_placed_idx", isReady: true)),
            Half(file: "0007_index_note", obstacle: writer, left: invalid("orders_customer_id_key", isReady: false)),
            Half(file: "0007_index_note", obstacle: snapshot, left: invalid("orders_customer_id_key", isReady: true)),
            Half(file: "0008_reindex_orders", obstacle: writer, left: invalid("orders_id_pkey_ccnew", isReady: false)),
            Half(file: "0008_reindex_orders", obstacle: snapshot, left: invalid("orders_id_pkey_ccnew", isReady: true)),
        ]
    }

    @Test func whatAKilledConcurrentOperationLeavesIsMended() async throws {
        var reference: [String] = []
        try await MigrateProof.with(rows: 2000) { proof in
            try await proof.finish()
            reference = try await proof.state()
        }
        let expected = reference
        try await sideBySide(Half.all.count) { number in
            let half = Half.all[number]
            let path = "migrations/\(half.file).sql"
            try await MigrateProof.with(rows: 2000, until: path) { proof in
                try await proof.finish()
                try proof.write(path)
                try await proof.bench.stack.admin(proof.bench.database) { other in
                    try await other.execute(half.obstacle)
                    let child = try proof.start()
                    try await eventually("\(half.testDescription): it waits") {
                        try await proof.bench.count(
                            "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()"
                        ) > 0
                    }
                    child.signal(SIGKILL)
                    #expect(try await child.outcome().signal == SIGKILL)
                    try await eventually("\(half.testDescription): the server has noticed") {
                        try await proof.bench.count(
                            "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid not in (pg_backend_pid(), \(other.backendPID))"
                        ) == 0
                    }
                    try await other.execute("rollback")
                }
                #expect(try await proof.bench.value(half.left) == "t", "\(half.testDescription) has left no half")
                try proof.writeAll()
                try await proof.finish()
                let apart = try await proof.state().difference(from: expected).map { "\($0)" }
                #expect(apart.isEmpty, "\(half.testDescription): \(apart)")
            }
        }
    }
}
