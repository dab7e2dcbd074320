import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd { @Suite struct Crash {} }

/// What random choices are drawn from: EMPORIUM_TEST_SEED, else a new one, which is printed.
let testSeed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["EMPORIUM_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
    print("EMPORIUM_TEST_SEED=\(seed)")
    return seed
}()

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension EndToEnd.Crash {
    enum Fault: CaseIterable {
        /// kill -9 of the tool
        case tool
        /// pg_terminate_backend of one of its sessions
        case session
        /// pg_ctl stop -m immediate, then `emporium up`
        case server
    }

    /// 30 faults, two thirds of them aimed inside an open transaction; after each the tool runs again to completion.
    /// A file of 2,000 records is dropped each round, so that there is always something under way: 60,000 in all.
    @Test(.timeLimit(.minutes(5))) func nothingIsLostNothingIsDoubled() async throws {
        let stack = try await TestStack.make(durable: true)
        let seed = testSeed
        try await Bench.with(stack) { bench in
            var generator = SeededGenerator(seed: seed)
            var faults: [(Fault, aimed: Bool)] = (0..<30).map { round in
                ([.tool, .session, .tool, .session, .server][round % 5], aimed: (round / 5) % 3 != 2)
            }
            faults.shuffle(using: &generator)
            var expected: [String: Int] = [:]
            var inside = 0
            var took = Duration.seconds(1)
            var log: [String] = []
            var round = 0
            while let (fault, aimed) = faults.first {
                defer { round += 1 }
                try #require(round < 60, "faults come too late to hit anything; seed \(seed)")
                let name = "r\(round < 10 ? "0" : "")\(round)"
                let made = try await bench.run(
                    "generate", "applications", "--rows", "2000", "--files", "1", "--dirt", "hostile", "--seed",
                    "\(seed &+ UInt64(round))", "--out", "input", "--prefix", name)
                try #require(made.exitCode == 0, "\(made.err)")
                expected["\(name).csv"] = try records("\(bench.folder)/input/\(name).csv")

                let began = ContinuousClock.now
                let tool = try bench.start(
                    "run", "membership", "--in", "input", "--out", "output", "--batch-rows", "400")
                let hit = try await strike(fault, aimed, tool, bench, within: took, &generator)
                // Too late, the tool had ended: the same fault again, on another file.
                if let hit {
                    if hit { inside += 1 }
                    faults.removeFirst()
                }
                if fault == .server { try await stack.up() }
                let outcome = try await tool.outcome()
                if fault != .tool {
                    // An outage is waited out; only the session that holds the run's lock is not tried again at the start.
                    #expect(outcome.exitCode == 0 || outcome.exitCode == 69, "round \(round) \(fault): \(outcome.err)")
                }
                let completed = ContinuousClock.now
                let finish = try await bench.membership("--batch-rows", "400")
                #expect(finish.exitCode == 0, "round \(round) \(fault): \(finish.out)\(finish.err)")
                if fault == .session, hit != nil { took = max(.milliseconds(200), completed - began) }
                log.append("\(fault)\(hit == nil ? " late" : hit == true ? " inside" : "")\(outcome.exitCode.map { " exit \($0)" } ?? " killed")")
            }
            print("crash rounds: \(log.joined(separator: "; ")); inside a transaction: \(inside) of 30, in \(round) rounds")
            #expect(inside >= 10, "too few faults inside a transaction; seed \(seed)")
            try await expectAllOnce(expected, bench)
        }
    }

    /// Fires at a random moment of the run, or as soon as a session of the tool is seen in a transaction.
    /// - Returns: whether it was seen in one at that moment; nil when the tool had ended before.
    private func strike(
        _ fault: Fault, _ aimed: Bool, _ tool: Child, _ bench: Bench, within took: Duration,
        _ generator: inout SeededGenerator
    ) async throws -> Bool? {
        let delay = took * Double.random(in: 0.05...0.8, using: &generator)
        let copying = Bool.random(using: &generator)
        let due = ContinuousClock.now + delay
        while !aimed, tool.isRunning, ContinuousClock.now < due { try await Task.sleep(for: .milliseconds(1)) }
        // Sessions of the tool; the oldest transaction first. Terminated in the statement that sees it.
        let watch = """
            select pid, xact_start is not null as inside,
                case when \(fault == .session) then pg_terminate_backend(pid) end
            from pg_stat_activity
            where datname = '\(bench.database)' and application_name = 'emporium' and pid <> pg_backend_pid()
                and (not \(aimed) or state <> 'idle' and xact_start is not null
                    and query ilike \(copying ? "'copy %'" : "'%promote_next%'"))
            order by \(aimed ? "xact_start" : "random()") limit 1
            """
        return try await bench.stack.admin("postgres") { watcher in
            while tool.isRunning {
                let seen = try await watcher.query(watch).first
                // A session to end, or to see in a transaction, may not be there yet.
                if seen == nil, aimed || fault == .session { continue }
                switch fault {
                case .tool: tool.signal(SIGKILL)
                case .session: break
                case .server: try await bench.stack.stopImmediately()
                }
                return seen?.bool("inside") == true
            }
            return nil
        }
    }

    /// Records of a CSV file, counted apart from the tool: line ends outside quotes (generated files quote by RFC 4180).
    private func records(_ path: String) throws -> Int {
        var inside = false
        var count = 0
        var filled = false
        for byte in try Data(contentsOf: URL(fileURLWithPath: path)) {
            if byte == UInt8(ascii: "\"") { inside.toggle() }
            if !inside, byte == 10 || byte == 13 {
                if filled { count += 1 }
                filled = false
            } else if byte != 13 {
                filled = true
            }
        }
        return count + (filled ? 1 : 0) - 1  // the header
    }

    private func expectAllOnce(_ expected: [String: Int], _ bench: Bench) async throws {
        let total = expected.values.reduce(0, +)
        #expect(bench.names("processed") == expected.keys.sorted() && bench.names("input").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/input/.claimed").isEmpty)
        try await bench.expectBalance()
        for row in try await bench.sql("select name, landed_records from ops.source_file") {
            #expect(expected[row[0] ?? ""] == row[1].flatMap { Int($0) }, "\(row)")
        }
        // Every position of every file exactly once, among members and rejects together.
        let positions = try await bench.sql(
            """
            select f.name, count(*), count(distinct p.position), max(p.position)
            from (select batch_id, position from membership.member
                union all select batch_id, position from staging.reject) p
            join ops.batch using (batch_id) join ops.source_file f using (source_file_id) group by f.name
            """)
        #expect(positions.count == expected.count)
        for row in positions {
            let count = expected[row[0] ?? ""].map(String.init)
            #expect(row[1] == count && row[2] == count && row[3] == count, "\(row)")
        }
        // The output files of all runs together hold each of them once.
        var ids: [String] = []
        for name in bench.names("output/successful") {
            let rows = try bench.read("output/successful/\(name)").split(separator: "\n").dropFirst()
            ids += rows.map { row in
                row.hasPrefix("\"") ? String(row.dropFirst().prefix { $0 != "\"" }) : String(row.prefix { $0 != "," })
            }
        }
        let members = try await bench.sql("select membership_id from membership.member").compactMap { $0[0] }
        #expect(ids.count == members.count && Set(ids) == Set(members))
        var places: [String] = []
        for name in bench.names("output/unsuccessful") {
            // Records end in file and line; embedded line ends make further lines that do not.
            for line in try bench.read("output/unsuccessful/\(name)").split(separator: "\n").dropFirst() {
                let end = line.split(separator: ",").suffix(2)
                if end.count == 2, expected[String(end.first!)] != nil { places.append(end.joined(separator: ":")) }
            }
        }
        let rejects = try await bench.sql(
            "select source_file || ':' || line from membership.unsuccessful").compactMap { $0[0] }
        #expect(places.count == rejects.count && Set(places) == Set(rejects))
        #expect(members.count + rejects.count == total)
        print("crash suite: \(total) records, \(members.count) members, \(rejects.count) rejects and duplicates")
    }
}
