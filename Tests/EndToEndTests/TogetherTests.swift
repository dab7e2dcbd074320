import Foundation
import Postgres
import Testing

extension EndToEnd { @Suite struct Together {} }

extension EndToEnd.Together {
    @Test func twoLoadersOnOneFolder() async throws {
        try await Bench.with { bench in
            for number in 10..<30 { try bench.drop("f\(number).csv", people(400, "p\(number)x")) }
            let arguments = ["load", "files", "--in", "input", "--batch-rows", "100", "--json"]
            let loaders = try (0..<2).map { _ in
                try Child(Emporium.path, arguments, bench.environment, in: bench.folder)
            }
            var read = 0
            for loader in loaders {
                let outcome = try await loader.outcome()
                #expect(outcome.exitCode == 0, "\(outcome.out)\(outcome.err)")
                read += try outcome.json()["read"] as? Int ?? 0
            }
            #expect(read == 8000)
            #expect(bench.names("processed").count == 20 && bench.names("failed").isEmpty)
            #expect(try await bench.count("select count(distinct email) from membership.member") == 8000)
            #expect(try await bench.count("select count(*) from membership.member") == 8000)
            #expect(try await bench.count("select sum(received) from ops.batch") == 8000)
            try await bench.expectBalance()
        }
    }

    @Test func aSecondRunSaysThatOneIsInProgress() async throws {
        try await Bench.with { bench in
            _ = try await bench.run("generate", "applications", "--rows", "20000", "--seed", "3", "--out", "input")
            let first = try bench.start("run", "membership", "--in", "input", "--out", "output", "--batch-rows", "500")
            try await eventually("the first run holds its lock") {
                try await bench.count("select count(*) from ops.run") > 0
            }
            let second = try await bench.membership()
            #expect(second.exitCode == 0 && second.out.hasPrefix("another run is in progress (pid "), "\(second.out)")
            #expect(first.isRunning, "too quick for this test")
            let outcome = try await first.outcome()
            #expect(outcome.exitCode == 0 && outcome.lines.first?.hasPrefix("read 20000 = ") == true)
            #expect(try await bench.count("select count(*) from ops.run") == 1)
            try await bench.expectBalance()
        }
    }

    @Test func SIGTERMCommitsTheBatchInHandAndTheNextRunGoesOn() async throws {
        try await Bench.with { bench in
            _ = try await bench.run("generate", "applications", "--rows", "20000", "--seed", "4", "--out", "input")
            let first = try bench.start("run", "membership", "--in", "input", "--out", "output", "--batch-rows", "500")
            try await eventually("a batch is landed") { try await bench.count("select count(*) from ops.batch") > 2 }
            first.signal(SIGTERM)
            let stopped = try await first.outcome()
            #expect(stopped.exitCode == 0 && stopped.out.contains("call again to go on"), "\(stopped.out)\(stopped.err)")
            try await bench.expectBalance()
            let second = try await bench.membership()
            #expect(second.exitCode == 0 && second.lines.first?.hasPrefix("read 20000 = ") == true, "\(second.out)")
            #expect(bench.names("processed") == ["applications.csv"] && bench.names("output/successful").count == 1)
            try await bench.expectBalance()
        }
    }

    /// Two sessions land the same ten records of one file: the second one's compare-and-set fails. Without it the books
    /// do not agree, and the suites above would see it.
    @Test func theFenceHoldsAndItsAbsenceIsSeen() async throws {
        try await Bench.with { bench in
            #expect(try await zombie(bench) == "EM020")
            try await bench.expectBalanceOfLanded(10)
        }
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { admin in
                let source = try await admin.query(
                    "select pg_get_functiondef('ops.land_batch'::regproc) as f").first?.text("f") ?? ""
                let sabotaged = source.replacingOccurrences(
                    of: "and landed_records = p_from and state = 'loading' and p_to = p_from + p_received", with: "")
                try #require(sabotaged != source)
                try await admin.execute(sabotaged)
            }
            #expect(try await zombie(bench) == nil)
            let apart = try await bench.sql("select what, booked, counted from ops.reconcile('membership.application')")
            #expect(apart == [["file f.csv", "10", "20"]])
        }
    }

    /// - Returns: the SQLSTATE that stopped the second session.
    private func zombie(_ bench: Bench) async throws -> String? {
        try await bench.stack.admin(bench.database) { admin in
            try await admin.execute("set role loader")
            let run = try await admin.query("select ops.start_run('load', 'membership.application', '{}')").first?[0] ?? ""
            let file = try await admin.query(
                """
                select source_file_id from ops.register_file(
                    'membership.application', repeat('a', 64), 'f.csv', 100, 'csv', ',')
                """).first?[0] ?? ""
            try await admin.execute(
                "select ops.start_file(\(file), '{name,email,date_of_birth,mobile_no}')")
            let batches = try await [0, 1].asyncMap { _ in
                try await admin.query("select batch_id, slot, received_on from ops.open_batch('membership.application')").first!
            }
            return try await bench.stack.admin(bench.database) { other -> String? in
                try await other.execute("set role loader")
                for (session, batch) in zip([admin, other], batches) {
                    do {
                        try await session.execute("begin")
                        try await session.execute(
                            """
                            insert into staging.membership_application (batch_id, position, line, slot, payload)
                            select \(batch.text("batch_id")), g, g + 1, \(batch.text("slot")),
                                convert_to('A B,a' || g || '@mail.com,1980-01-01,12345678', 'UTF8')
                            from generate_series(1, 10) g
                            """)
                        try await session.execute(
                            """
                            select ops.land_batch(\(batch.text("batch_id")), 'membership.application',
                                \(batch.text("slot"))::smallint, \(quoteLiteral(batch.text("received_on"))), \(run), \(file),
                                0, 10, 10); commit
                            """)
                    } catch let error as PostgresError {
                        return error.sqlState
                    }
                }
                return nil
            }
        }
    }
}

extension Bench {
    /// Nothing is promoted yet; what is landed agrees with the books.
    func expectBalanceOfLanded(_ count: Int) async throws {
        #expect(try await sql("select * from ops.reconcile('membership.application')") == [])
        #expect(try await self.count("select sum(received) from ops.batch") == count)
        #expect(try await self.count("select count(*) from staging.membership_application") == count)
    }
}

extension Array {
    func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var result: [T] = []
        for element in self { result.append(try await transform(element)) }
        return result
    }
}
