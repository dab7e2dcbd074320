import Foundation
import Testing

extension EndToEnd { @Suite struct FailedFiles {} }

let header = "name,email,date_of_birth,mobile_no\n"

/// `count` people nobody else is.
func people(_ count: Int, _ tag: String) -> String {
    header + (0..<count).map { "Ann Lee,\(tag)\($0)@mail.com,1980-01-01,12345678\n" }.joined()
}

extension EndToEnd.FailedFiles {
    @Test func unreadableFilesAreSetAsideTheOthersLoad() async throws {
        try await Bench.with { bench in
            try bench.drop("a_noheader.csv", "name,email,birthday\nAnn,a@mail.com,1980-01-01\n")
            try bench.drop("b_utf16.csv", Data([0xff, 0xfe]) + people(3, "x").data(using: .utf16LittleEndian)!)
            try bench.drop("c_empty.csv", "")
            try bench.drop("d_twice.csv", "name,email,email,date_of_birth,mobile_no\n1,2,3,4,5\n")
            try bench.drop("z_good.csv", people(5, "good"))
            let outcome = try await bench.membership("--json")
            #expect(outcome.exitCode == 1)
            let object = try outcome.json()
            #expect(object["read"] as? Int == 5 && object["stored"] as? Int == 5 && object["balances"] as? Bool == true)
            let failed = object["failed"] as? [[String: String]] ?? []
            #expect(failed.map { $0["file"] } == ["a_noheader.csv", "b_utf16.csv", "c_empty.csv", "d_twice.csv"])
            let bad = ["a_noheader", "b_utf16", "c_empty", "d_twice"]
            #expect(bench.names("failed") == bad.flatMap { [$0 + ".csv", $0 + ".csv.reason"] })
            #expect(bench.names("processed") == ["z_good.csv"] && bench.names("input").isEmpty)
            #expect(try bench.read("failed/a_noheader.csv.reason").contains("the header lacks date_of_birth, mobile_no"))
            #expect(try bench.read("failed/b_utf16.csv.reason").contains("UTF-16"))
            #expect(try bench.read("failed/c_empty.csv.reason").contains("empty"))
            #expect(try bench.read("failed/d_twice.csv.reason").contains("same name"))
            #expect(try await bench.count("select count(*) from ops.source_file where state = 'failed'") == 4)
            try await bench.expectBalance()

            // Mended, under its old name, it loads.
            try bench.drop("a_noheader.csv", people(2, "mended"))
            let again = try await bench.membership()
            #expect(again.exitCode == 0 && again.lines.first == "read 2 = stored 2 + rejected 0 + duplicate 0")
        }
    }

    @Test func whatPrecedesTheBreakOfAGzipStaysLanded() async throws {
        try await Bench.with { bench in
            // Bytes that do not compress to nothing, so that half of the file is thousands of records.
            _ = try await bench.run("generate", "applications", "--rows", "20000", "--seed", "7", "--out", "made")
            try await system(
                ["/bin/sh", "-c", "gzip -c made/applications.csv > all.gz; head -c $(($(stat -c %s all.gz) / 2)) all.gz > input/cut.csv.gz"],
                in: bench.folder)
            try bench.drop("good.csv", people(3, "good"))
            let outcome = try await bench.membership("--batch-rows", "1000", "--json")
            #expect(outcome.exitCode == 1)
            let read = try outcome.json()["read"] as? Int ?? 0
            #expect(read > 5_000 && read < 15_000)
            #expect(try bench.read("failed/cut.csv.gz.reason").contains("gzip_truncated"))
            #expect(bench.names("failed") == ["cut.csv.gz", "cut.csv.gz.reason"])
            #expect(try await bench.count("select sum(received) from ops.batch") == read)
            try await bench.expectBalance()

            // Sent whole (another content): it is loaded whole, those who are members already count as duplicates.
            try await system(["/bin/mv", "all.gz", "input/cut.csv.gz"], in: bench.folder)
            let whole = try await bench.membership()
            #expect(whole.exitCode == 0 && whole.lines.first?.hasPrefix("read 20000 = ") == true, "\(whole.out)\(whole.err)")
            try await bench.expectBalance()

            // The broken one once more: tried anew from where it stands, so nothing is landed twice.
            try await system(["/bin/cp", "failed/cut.csv.gz", "input/cut2.csv.gz"], in: bench.folder)
            let again = try await bench.membership("--json")
            #expect(again.exitCode == 1)
            #expect(try again.json()["read"] as? Int == 0)
            #expect(bench.names("failed").contains("cut2.csv.gz.reason"))
            try await bench.expectBalance()
        }
    }

    /// A name as long as names may be leaves no room for `.reason` or `-2`: that must not stop the other files.
    @Test func anUnreadableFileWithALongName() async throws {
        try await Bench.with { bench in
            let name = String(repeating: "a", count: 251) + ".csv"
            for text in ["", "no header at all"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(bench.folder)/input/\(name)"))
                try bench.drop("good\(text.count).csv", people(2, "good\(text.count)"))
                let outcome = try await bench.membership()
                #expect(outcome.exitCode == 1 && outcome.lines.first == "read 2 = stored 2 + rejected 0 + duplicate 0",
                    "exit \(outcome.exitCode ?? -1): \(outcome.out)\(outcome.err.prefix(300))")
            }
            #expect(bench.names("processed") == ["good0.csv", "good16.csv"])
        }
    }

    /// A run that landed and judged but could not write is completed by the next one.
    @Test func outputThatCannotBeWritten() async throws {
        try await Bench.with { bench in
            try Data().write(to: URL(fileURLWithPath: bench.folder + "/blocked"))
            try bench.drop("people.csv", Fixture.csv)
            let refused = try await bench.run("run", "membership", "--in", "input", "--out", "blocked")
            #expect(refused.exitCode == 78 && refused.err.contains("blocked"), "\(refused.err)")
            #expect(bench.names("processed") == ["people.csv"])
            try await bench.expectBalance()
            let completed = try await bench.membership()
            #expect(completed.exitCode == 0, "\(completed.err)")
            #expect(try bench.output("successful") == Fixture.successful)
            #expect(try bench.output("unsuccessful") == Fixture.unsuccessful)
        }
    }

    @Test func aGzipBombIsStopped() async throws {
        try await Bench.with { bench in
            try await system(["/bin/sh", "-c", "head -c 300000000 /dev/zero | gzip -9 > input/bomb.csv.gz"], in: bench.folder)
            try await system(
                [
                    "/bin/sh", "-c",
                    "(printf 'name,email,date_of_birth,mobile_no\\n'; head -c 300000000 /dev/zero) | gzip -9 > input/tail.csv.gz",
                ], in: bench.folder)
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 1)
            #expect(bench.names("failed") == ["bomb.csv.gz", "bomb.csv.gz.reason", "tail.csv.gz", "tail.csv.gz.reason"])
            #expect(try bench.read("failed/tail.csv.gz.reason").contains("gzip_bomb"))
            #expect(outcome.peak < 64 << 10, "\(outcome.peak) KiB")
            try await bench.expectBalance()
        }
    }
}
