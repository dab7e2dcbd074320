import Foundation
import Glibc
import Testing

extension EndToEnd { @Suite struct Hostile {} }

extension EndToEnd.Hostile {
    @Test func bytesThatAreNoText() async throws {
        try await Bench.with { bench in
            var file = Data(header.utf8)
            file += Data("N\u{0}ul,nul@mail.com,1980-01-01,12345678\n".utf8)
            file += Data("Ren".utf8) + Data([0xe9]) + Data(",latin@mail.com,1980-01-01,12345678\n".utf8)
            file += Data("=2+3,\"=HYPERLINK(\"\"x\"\")@mail.com\",1980-01-01,12345678\n".utf8)
            file += Data("Robert'); drop table membership.member; --,bobby@mail.com,1980-01-01,12345678\n".utf8)
            file += Data("\\.\n".utf8)
            file += Data("Good Person,good@mail.com,1980-01-01,12345678\n".utf8)
            file += Data("Open,\"open@mail.com,1980-01-01,12345678\nGood Too,good2@mail.com,1980-01-01,12345678\n".utf8)
            try bench.drop("'); drop table membership.member; --.csv", file)
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.lines.first == "read 8 = stored 3 + rejected 5 + duplicate 0", "\(outcome.out)")
            let codes = try await bench.sql("select position, codes::text from staging.reject order by position")
            #expect(codes == [
                ["1", "{nul_byte}"], ["2", "{invalid_utf8}"], ["3", "{email_malformed}"], ["5", "{column_count}"],
                ["7", "{open_quote}"],
            ])
            // The original bytes are kept.
            let latin = try await bench.value("select encode(payload, 'hex') from staging.reject where position = 2")
            #expect(latin?.hasPrefix("52656ee92c") == true)
            #expect(bench.names("processed") == ["'); drop table membership.member; --.csv"])
            #expect(try bench.output("unsuccessful").contains("'); drop table membership.member; --.csv"))
            #expect(try bench.output("successful").contains("bobby@mail.com"))
            try await bench.expectBalance()
        }
    }

    @Test func objectsThatAreNone() async throws {
        try await Bench.with { bench in
            let rest = #""email":"x@mail.com","date_of_birth":"1980-01-01","mobile_no":"12345678"}"#
            let depth = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
            let lines = [
                #"{"name":"A\u0000B","# + rest, #"{"name":"A","name":"B","# + rest, #"{"deep":"# + depth + "}",
                #"{"n":1e999,"name":"A","# + rest, #"{"name":"\ud800","# + rest, "[1,2]", #"{"name":"#, "\"text\"", "null",
                "{}", #"{"name":{"first":"A"},"email":["x"],"date_of_birth":19800101,"mobile_no":true}"#,
                #"{"name":"Num Ber","email":"num@mail.com","date_of_birth":"1980-01-01","mobile_no":12345678}"#,
            ]
            try bench.drop("hostile.ndjson", lines.joined(separator: "\n"))
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.lines.first == "read 12 = stored 1 + rejected 11 + duplicate 0", "\(outcome.out)")
            let codes = try await bench.sql("select array_to_string(codes, ' ') from staging.reject order by position")
            #expect(codes.map { $0[0] ?? "" } == [
                "nul_byte", "duplicate_key", "json_depth", "json_number", "json_escape", "not_an_object", "invalid_json",
                "not_an_object", "not_an_object", "name_missing email_missing date_of_birth_missing mobile_missing",
                "email_malformed date_of_birth_format mobile_not_8_digits",
            ])
            try await bench.expectBalance()
        }
    }

    @Test func aFieldOf64Megabytes() async throws {
        try await Bench.with { bench in
            let path = "\(bench.folder)/input/large.csv"
            try Data(people(3, "a").utf8).write(to: URL(fileURLWithPath: path))
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            let piece = Data(repeating: UInt8(ascii: "x"), count: 1 << 20)
            for quote in ["", "\""] {
                try file.write(contentsOf: Data(quote.utf8))
                for _ in 0..<64 { try file.write(contentsOf: piece) }
                try file.write(contentsOf: Data("\(quote),large@mail.com,1980-01-01,12345678\n".utf8))
            }
            try file.write(contentsOf: Data("Last One,last@mail.com,1980-01-01,12345678\n".utf8))
            try file.close()
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.lines.first == "read 6 = stored 4 + rejected 2 + duplicate 0", "\(outcome.out)")
            #expect(try await bench.count("select count(*) from staging.reject where codes && '{record_too_large,open_quote}'") == 2)
            #expect(outcome.peak < 64 << 10, "\(outcome.peak) KiB")
            try await bench.expectBalance()
        }
    }

    @Test func tenThousandColumns() async throws {
        try await Bench.with { bench in
            let many = String(repeating: ",x", count: 10_000)
            try bench.drop("rows.csv", header + "A B,a@mail.com,1980-01-01,12345678\(many)\n"
                + "Good One,g@mail.com,1980-01-01,12345678\n")
            let names = (0..<10_000).map { ",c\($0)" }.joined()
            try bench.drop("wide.csv", header.dropLast() + names + "\n1,2,3,4\(many)\n")
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 1)
            #expect(outcome.lines.first == "read 2 = stored 1 + rejected 1 + duplicate 0", "\(outcome.out)")
            #expect(try await bench.value("select codes::text from staging.reject") == "{too_many_fields}")
            #expect(try bench.read("failed/wide.csv.reason").contains("header_too"))
            try await bench.expectBalance()
        }
    }

    @Test func onlyWholeRegularFilesAreTaken() async throws {
        try await Bench.with { bench in
            let input = bench.folder + "/input"
            try Data(people(1, "secret").utf8).write(to: URL(fileURLWithPath: bench.folder + "/outside.csv"))
            try #require(mkfifo(input + "/fifo.csv", 0o644) == 0)
            try #require(mkdir(input + "/folder.csv", 0o755) == 0)
            try #require(symlink(bench.folder + "/outside.csv", input + "/link.csv") == 0)
            for name in ["growing.csv.part", ".hidden.csv", "notes.txt", "a.csv~"] {
                try Data(people(1, "no").utf8).write(to: URL(fileURLWithPath: "\(input)/\(name)"))
            }
            // Held open for writing, as by a slow upload.
            let fd = open(input + "/slow.csv", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            try #require(fd >= 0)
            let rows = Array(people(4, "slow").utf8)
            try #require(write(fd, rows, rows.count / 2) == rows.count / 2)
            let before = try FileManager.default.contentsOfDirectory(atPath: input).sorted()
            let first = try await bench.membership()
            #expect(first.exitCode == 0 && first.lines.first == "read 0 = stored 0 + rejected 0 + duplicate 0", "\(first.out)")
            let after = try FileManager.default.contentsOfDirectory(atPath: input).filter { $0 != ".claimed" }.sorted()
            #expect(after == before)

            let rest = Array(rows[(rows.count / 2)...])
            try #require(write(fd, rest, rest.count) == rest.count)
            close(fd)
            let second = try await bench.membership()
            #expect(second.exitCode == 0 && second.lines.first == "read 4 = stored 4 + rejected 0 + duplicate 0", "\(second.out)")
            #expect(bench.names("processed") == ["slow.csv"])
            #expect(try await bench.count("select count(*) from membership.member where email like 'secret%'") == 0)
        }
    }

    @Test func twoHundredThousandRowsInLittleMemory() async throws {
        try await Bench.with { bench in
            let made = try await bench.run(
                "generate", "applications", "--rows", "200000", "--seed", "1", "--out", "input")
            try #require(made.exitCode == 0)
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.lines.first?.hasPrefix("read 200000 = ") == true)
            #expect(outcome.peak > 1 << 10 && outcome.peak < 64 << 10, "\(outcome.peak) KiB")
            print("peak of 200,000 rows: \(outcome.peak) KiB")
            try await bench.expectBalance()
        }
    }
}
