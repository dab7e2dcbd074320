import Foundation
import Postgres
import Testing

@testable import emporium

extension EndToEnd { @Suite struct Books {} }

extension EndToEnd.Books {
    @Test func replayAfterAChangeOfPolicy() async throws {
        try await Bench.with { bench in
            _ = try await bench.sql(
                "select membership.set_policy('strict', email_domains => '{emailprovider.com,emailprovider.net}')")
            try bench.drop(
                "a.csv",
                people(6, "p") + "Ben Roe,ben@emailprovider.com,1980-01-01,12345678\nNo Age,no@mail.com,,12345678\n"
                    + "Org,org@mail.org,1980-01-01,12345678\n")
            let strict = try await bench.membership()
            #expect(strict.exitCode == 0 && strict.lines.first == "read 9 = stored 1 + rejected 8 + duplicate 0", "\(strict.out)")
            let members = try bench.output("successful")
            #expect(members.split(separator: "\n").count == 2 && members.contains("ben@emailprovider.com"))

            _ = try await bench.sql("select membership.set_policy('wide', email_domains => '{%.com,%.net}')")
            let before = try await bench.sql("select * from ops.accounting")
            let dry = try await bench.run("replay", "--dry-run", "--where", "code=email_provider")
            #expect(dry.exitCode == 0 && dry.out == "dry run: would replay 8 = stored 6 + rejected 2 + duplicate 0\n", "\(dry.out)\(dry.err)")
            #expect(try await bench.sql("select * from ops.accounting") == before)
            #expect(try await bench.count("select count(*) from membership.member") == 1)

            let real = try await bench.run("replay", "--where", "code=email_provider", "--json")
            #expect(real.exitCode == 0 && real.out.contains("\"stored\" : \"6\""), "\(real.out)\(real.err)")
            try await bench.expectBalance()
            let run = try await bench.membership()
            #expect(run.exitCode == 0 && run.lines.first == "read 0 = stored 0 + rejected 0 + duplicate 0")
            let decided = try bench.output("successful")
            #expect(bench.names("output/successful").count == 2)
            #expect(decided.split(separator: "\n").count == 7 && !decided.contains("ben@emailprovider.com"))
            #expect(try bench.output("unsuccessful").split(separator: "\n").count == 3)  // judged anew, refused again

            // Each decision goes out once.
            let again = try await bench.membership()
            #expect(again.exitCode == 0 && again.lines.count == 1)
            #expect(bench.names("output/successful").count == 2)
            let nothing = try await bench.run("replay", "--where", "code=no_such")
            #expect(nothing.out == "replayed 0 = stored 0 + rejected 0 + duplicate 0\n")
            #expect(try await bench.run("replay", "--where", "nokey=1").exitCode == 1)
            try await bench.expectBalance()
        }
    }

    @Test func rejectsStatusAndMaintain() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            #expect(try await bench.membership().exitCode == 0)

            let rejects = try await bench.run("rejects", "--json", "--limit", "3")
            let list = try #require(
                try JSONSerialization.jsonObject(with: Data(rejects.out.utf8)) as? [[String: Any]], "\(rejects.err)")
            #expect(list.count == 3)
            #expect(list.allSatisfy { ($0["records"] as? Int ?? 0) >= 1 && ($0["remedy"] as? String)?.isEmpty == false })
            #expect(try await bench.run("rejects").out.contains("email_provider"))

            let status = try await bench.run("status", "--json", "--exit-code")
            #expect(status.exitCode == 0, "\(status.err)")
            let feeds = try status.json()["feeds"] as? [[String: Any]] ?? []
            let feed = feeds.first { $0["feed"] as? String == "membership.application" }
            #expect(feed?["received"] as? Int == 27 && feed?["difference"] as? Int == 0)

            // A year that is past retention, beside those that are not.
            try await bench.stack.admin(bench.database) { admin in
                try await admin.execute("set role emporium_owner; select ops.ensure_partition('staging.reject', '2020-01-15')")
            }
            let kept = try await bench.run("maintain", "--keep")
            #expect(kept.exitCode == 0 && kept.out.contains("reject_202001"), "\(kept.err)")
            #expect(try await bench.value("select to_regclass('staging.reject_202001')::text") != nil)
            let done = try await bench.run("maintain")
            #expect(done.exitCode == 0 && done.out.contains("dropped"), "\(done.out)\(done.err)")
            #expect(try await bench.value("select to_regclass('staging.reject_202001')::text") == nil)
            #expect(try await bench.count("select count(*) from staging.reject") == 15)
            #expect(try await bench.run("maintain").exitCode == 0)
            #expect(try await bench.count("select count(*) from staging.membership_application") == 0)
            try await bench.expectBalance()
        }
    }

    @Test func pendingShowsInStatus() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            #expect(try await bench.membership().exitCode == 0)
            try await bench.stack.admin(bench.database) {
                try await $0.execute("update ops.batch set state = 'landed', stored = stored - 1")
            }
            let status = try await bench.run("status", "--exit-code")
            #expect(status.exitCode == 2)
        }
    }
}

/// Parts of the command that are values.
@Suite struct CommandParts {
    @Test func aScheduleMakesUpForMissedRunsByOne() {
        let start = Date(timeIntervalSince1970: 1_000_000)
        var schedule = Schedule(every: .seconds(3600), from: start)
        #expect(schedule.isDue(at: start) && !schedule.isDue(at: start.addingTimeInterval(-1)))
        schedule.began(at: start)
        #expect(schedule.next == start.addingTimeInterval(3600))
        #expect(!schedule.isDue(at: start.addingTimeInterval(3599)))
        // Three hours asleep: due once, then on the old beat.
        let awake = start.addingTimeInterval(3 * 3600 + 100)
        #expect(schedule.isDue(at: awake))
        schedule.began(at: awake)
        #expect(schedule.next == start.addingTimeInterval(4 * 3600) && !schedule.isDue(at: awake))
        // A run that took longer than the beat.
        schedule.began(at: start.addingTimeInterval(4 * 3600))
        #expect(schedule.next == start.addingTimeInterval(5 * 3600))
    }

    @Test func assignmentsOfDotEnv() throws {
        func parse(_ line: String) throws -> [String]? { try Settings.assignment(line, 3).map { [$0.0, $0.1] } }
        #expect(try parse("A=b") == ["A", "b"])
        #expect(try parse("  export A = \"b c\"  ") == ["A", "b c"])
        #expect(try parse("A='x=y'") == ["A", "x=y"])
        #expect(try parse("A=") == ["A", ""])
        #expect(try parse("A=\"half") == ["A", "\"half"])
        #expect(try parse("A=$B") == ["A", "$B"])
        #expect(try parse("# A=b") == nil)
        #expect(try parse("   ") == nil)
        let error = #expect(throws: ConfigurationError.self) { try parse("nothing") }
        #expect(error?.description == ".env:3: expected NAME=value")
    }
}
