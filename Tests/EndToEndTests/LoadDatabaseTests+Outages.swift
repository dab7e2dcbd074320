import Foundation
import Glibc
import Stack
import TestSupport
import Testing

extension EndToEnd.LoadDatabase {
    /// Twelve kills at random moments, some of them aimed at a reading, a promote or the putting together; orders are added before
    /// each. In the end it is as if one run had loaded all of it.
    @Test(.timeLimit(.minutes(5))) func killedAtAnyMomentNothingIsLostOrDoubled() async throws {
        let system = try await OrderSystem.make("killed")
        let seed = testSeed
        var generator = SeededGenerator(seed: seed)
        var log: [String] = []
        try await Bench.with { bench in
            try await system.add("legacy", to: bench)
            let command = ["load", "database", "--source", "legacy", "--batch-rows", "100"]
            var killed = 0
            var round = 0
            while killed < 12 {
                round += 1
                try #require(round < 60, "kills come too late; seed \(seed): \(log)")
                try await system.run(
                    """
                    start transaction;
                    insert into orders select 20000 + \(round) * 10 + n, 1001 + (n * 7 + \(round)) % 100, null, '2025-12-31', null, null, 'new', 'card'
                        from (select 0 as n union select 1 union select 2 union select 3) k;
                    insert into order_details select 20000 + \(round) * 10 + n, 1 + m, 1 + (n + m + \(round)) % 20, 1, 10.50, 0
                        from (select 0 as n union select 1 union select 2 union select 3) k, (select 0 as m union select 1) l;
                    commit
                    """)
                let aim = [nil, nil, "%land_snapshot%", "%promote_next%", "%complete_run%"].randomElement(using: &generator)!
                let delay = Duration.milliseconds(Int.random(in: 20...900, using: &generator))
                let due = ContinuousClock.now + delay
                let tool = try Child(Emporium.path, command, bench.environment, in: bench.folder)
                let hit = try await bench.stack.admin("postgres") { watcher in
                    while tool.isRunning {
                        if let aim {
                            let seen = try await watcher.query(
                                """
                                select 1 from pg_stat_activity where datname = $1 and application_name = 'emporium' and state = 'active'
                                    and query like $2
                                """, [.text(bench.database), .text(aim)])
                            if seen.first == nil { continue }
                        } else if ContinuousClock.now < due {
                            try await Task.sleep(for: .milliseconds(1))
                            continue
                        }
                        tool.signal(SIGKILL)
                        return true
                    }
                    return false
                }
                let outcome = try await tool.outcome()
                if hit, outcome.signal == SIGKILL { killed += 1 }
                log.append("\(aim ?? "\(delay)")\(outcome.signal == nil ? " late" : "")")
            }
            print("load database: \(killed) kills in \(round) rounds: \(log.joined(separator: ", "))")
            // The session of the last one that was killed may hold the lock for a moment.
            try await eventually("a run of its own") {
                let outcome = try await Emporium.run(command, bench.environment, in: bench.folder)
                try #require(outcome.exitCode == 0, "\(outcome.err)")
                return !outcome.out.contains("another run")
            }
            #expect(try await bench.run("load", "database", "--source", "legacy", "--verify").exitCode == 0)
            try await bench.expectSourcesBalance()
            let shop = try await bench.shop(of: "legacy")
            #expect(shop.count == 619 + round * 4)

            try await Bench.with { clean in
                try await system.add("legacy", to: clean)
                #expect(try await clean.run("load", "database", "--source", "legacy").exitCode == 0)
                #expect(try await clean.shop(of: "legacy").map { $0.dropLast(2) } == shop.map { $0.dropLast(2) })
                #expect(try await clean.surroundings(of: "legacy") == bench.surroundings(of: "legacy"))
            }
        }
    }

    /// A server of its own, which is stopped, frozen and killed.
    @Test(.timeLimit(.minutes(4))) func aMySQLThatIsAwayIsWaitedFor() async throws {
        let server = try MariaDB()
        let system = try await OrderSystem.make("away", on: server)
        try await Bench.with { bench in
            try await system.add("legacy", to: bench)
            func booked() async throws -> [[String?]] {
                try await bench.sql("select (select count(*) from ops.batch), (select count(*) from ops.snapshot), (select count(*) from staging.source_customers)")
            }
            let reading = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%land_snapshot%' and pid <> pg_backend_pid()"

            // Down: given up after --patience, and nothing is booked.
            try server.tell(.stop)
            let refused = try await bench.run("load", "database", "--source", "legacy", "--patience", "2s")
            #expect(refused.exitCode == 69 && refused.err.contains("MySQL is away: Can't connect"), "\(refused.err)")
            #expect(refused.err.contains("next try in"))
            #expect(try await booked() == [["0", "0", "0"]])

            // Down at first, then there.
            let waiting = try bench.start("load", "database", "--source", "legacy")
            try await eventually("the first try") { waiting.err.contains("next try in") }
            try server.tell(.start)
            let first = try await waiting.outcome()
            #expect(first.exitCode == 0 && first.out.contains("landed 1101"), "\(first.err)")

            // Frozen in the middle: it waits, and goes on.
            try await system.run("update customers set city = 'Ulm' where customer_id < 1050")
            try server.tell(.freeze)
            let frozen = try bench.start("load", "database", "--source", "legacy")
            try await eventually("a reading") { try await bench.count(reading) == 1 }
            try await Task.sleep(for: .milliseconds(300))  // nothing else tells that it is waiting for MySQL
            #expect(frozen.isRunning)
            try server.tell(.thaw)
            let thawed = try await frozen.outcome()
            #expect(thawed.exitCode == 0 && thawed.lines.first?.contains("landed 49;") == true, "\(thawed.out)\(thawed.err)")

            // Killed in the middle.
            try await system.run("update customers set city = 'Hof' where customer_id < 1050")
            let before = try await booked()
            try server.tell(.freeze)
            let lost = try bench.start("load", "database", "--source", "legacy")
            try await eventually("a reading") { try await bench.count(reading) == 1 }
            try server.tell(.kill)
            try await eventually("the outage") { lost.err.contains("MySQL is away") }
            #expect(try await booked() == before)
            try server.tell(.start)
            let found = try await lost.outcome()
            #expect(found.exitCode == 0 && found.lines.first?.contains("landed 49;") == true, "\(found.out)\(found.err)")
            #expect(try await bench.run("load", "database", "--source", "legacy", "--verify").exitCode == 0)
            try await bench.expectSourcesBalance()

            // Told to stop while MySQL answers nothing.
            try server.tell(.freeze)
            let stuck = try bench.start("load", "database", "--source", "legacy")
            try await eventually("a reading") { try await bench.count(reading) == 1 }
            stuck.signal(SIGTERM)
            let ended = try await stuck.outcome(deadline: .seconds(30))
            #expect(ended.exitCode == 69 && ended.err.contains("MySQL does not answer"), "\(ended.err)")
            try server.tell(.thaw)
            try await eventually("the end of the reading") { try await bench.count(reading) == 0 }
        }
    }

    @Test(.timeLimit(.minutes(2))) func everySoOftenUntilItIsTold() async throws {
        let system = try await OrderSystem.make("hourly")
        try await Bench.with { bench in
            try await system.add("legacy", to: bench)
            let loader = try bench.start("load", "database", "--source", "legacy", "--every", "1s")
            try await eventually("the first run") { loader.out.contains("landed 1101") }
            try await system.run("update customers set city = 'Ulm' where customer_id = 1001")
            try await eventually("a run that finds it") { loader.out.contains("landed 1; stored 1") }
            loader.signal(SIGTERM)
            let outcome = try await loader.outcome(deadline: .seconds(20))
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            try await bench.expectSourcesBalance()
        }
    }
}
