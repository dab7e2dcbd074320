import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// `emporium archive` as a user runs it, over a folder and over nanio.
    @Suite(.timeLimit(.minutes(3))) struct ArchiveTests {}
}

extension EndToEnd.ArchiveTests {
    @Test(arguments: [(ArchiveObjects.Kind.file, "gzip"), (.s3, "none")])
    func eventsAndDeadLettersAreFoundAgain(_ kind: ArchiveObjects.Kind, _ compression: String) async throws {
        try await Archiving.with(kind, records: 40, compression: compression) { archiving in
            try await archiving.load(100, package: 1)
            let waiting = try await archiving.verify()
            #expect(waiting.exitCode == 0 && waiting.number("objects") == 0 && waiting.number("pending") == 100, "\(waiting.json)")
            try await archiving.deliver()
            let verdict = try await archiving.expectVerified()
            #expect(verdict.number("objects") >= 4 && verdict.number("lines") == 100 && verdict.number("gone") == 0, "\(verdict.json)")
            let proof = try await ArchiveProof(archiving)
            #expect(proof.isExact && proof.events == 90 && proof.letters == 10, "\(proof.faults)")

            // The same in words, and a look from afar.
            let words = try await archiving.run("archive", "verify")
            #expect(words.exitCode == 0 && words.out.contains("100 lines") && words.out.contains("all there"), "\(words.out)")
            let quick = try await archiving.verify(["--quick"])
            #expect(quick.exitCode == 0 && quick.number("objects") == verdict.number("objects"), "\(quick.json)")
            let old = try await archiving.verify(["--to", "2020-01-01"])
            #expect(old.exitCode == 0 && old.number("objects") == 0, "\(old.json)")

            // list
            let listed = try await archiving.run("archive", "list", "--json")
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(listed.out.utf8)) as? [[String: Any]])
            #expect(rows.compactMap { $0["key"] as? String }.sorted() == (try archiving.objects.keys()))
            #expect(rows.allSatisfy { $0["deliveredAt"] is String && $0["bytes"] is Int })
            #expect(try await archiving.run("archive", "list", "--from", "2100-01-01", "--json").out == "[\n\n]\n")

            // find, and cat what was found
            let id = EventLoading.correlationID(package: 1, ordinal: 42)
            let found = try await archiving.run("archive", "find", "--correlation-id", id, "--json")
            let places = try #require(try JSONSerialization.jsonObject(with: Data(found.out.utf8)) as? [[String: Any]], "\(found.err)")
            #expect(places.count == 1)
            let (key, line) = (try #require(places[0]["key"] as? String), try #require(places[0]["line"] as? Int))
            let cat = try await archiving.run("archive", "cat", key)
            let lines = cat.out.split(separator: "\n").map(String.init)
            let inDatabase = try await archiving.bench.value("select event::text from events.enriched where correlation_id = '\(id)'")
            #expect(cat.exitCode == 0 && lines[line - 1] == inDatabase, "\(cat.err)")
            #expect(try await archiving.objects.lines()[key] == lines)

            // A dead letter is found by its event's id, too.
            let rejected = EventLoading.correlationID(package: 1, ordinal: 10)
            let letter = try await archiving.run("archive", "find", "--correlation-id", rejected)
            #expect(letter.exitCode == 0 && letter.out.contains("dead-letter/dt="), "\(letter.out)\(letter.err)")

            let nobody = try await archiving.run("archive", "find", "--correlation-id", EventLoading.correlationID(package: 9, ordinal: 1))
            #expect(nobody.exitCode == 1 && nobody.out == "" && nobody.err.contains("hint"), "\(nobody.out)\(nobody.err)")
            let missing = try await archiving.run("archive", "cat", "events/dt=2020-01-01/none.jsonl")
            #expect(missing.exitCode == 1 && missing.out == "" && missing.err.contains("none.jsonl"), "\(missing.err)")
        }
    }

    @Test func wordsThatCannotBeAreRefused() async throws {
        let cases: [[String]] = [
            ["archive", "verify", "--from", "yesterday"], ["archive", "verify", "--from", "2026-02-02", "--to", "2026-02-01"],
            ["archive", "find", "--correlation-id", "42"], ["archive", "list", "--limit", "0"], ["archive", "cat"],
        ]
        for arguments in cases {
            let outcome = try await Emporium.run(arguments, [:], in: "/tmp")
            #expect(outcome.exitCode == 64, "\(arguments): \(outcome.err)")
        }
    }

    /// A replay takes dead letters out of the table after they were delivered: their lines are gone there, and that is no fault.
    @Test func linesThatWereReplayedSinceAreCounted() async throws {
        try await Archiving.with(.file) { archiving in
            try await archiving.load(60, package: 1)
            try await archiving.deliver()
            let before = try archiving.objects.digests()
            let replayed = try await archiving.run("replay", "--feed", "events.raw")
            #expect(replayed.exitCode == 0 && replayed.out.contains("replayed 6"), "\(replayed.out)\(replayed.err)")
            // Rejected again, by a run of its own: a second object, and the first is as it was.
            try await archiving.deliver()
            let verdict = try await archiving.expectVerified()
            #expect(verdict.number("gone") == 6 && verdict.number("lines") == 66, "\(verdict.json)")
            let after = try archiving.objects.digests()
            #expect(before.allSatisfy { after[$0.key] == $0.value } && after.count == before.count + 1)
        }
    }

    /// And one that takes them before: the object has the bytes it would have had.
    @Test func aReplayBeforeTheDeliveryChangesNoObject() async throws {
        try await Archiving.with(.file) { archiving in
            try await archiving.load(60, package: 1)
            let letters = try await archiving.bench.count("select count(*) from staging.reject where disposition = 'rejected'")
            let replayed = try await archiving.run("replay", "--feed", "events.raw")
            #expect(replayed.exitCode == 0, "\(replayed.err)")
            try await archiving.deliver()
            let verdict = try await archiving.expectVerified()
            #expect(letters == 6 && verdict.number("lines") == 66 && verdict.number("gone") == 6, "\(verdict.json)")
            #expect(try await archiving.bench.count("select count(*) from ops.archive_kept") == 0)
        }
    }

    /// An object of the most lines that there may be: neither who puts it nor who reads it back holds more than a few times it.
    @Test func aLargeObjectInBoundedMemory() async throws {
        try await Archiving.with(.s3, records: 20_000) { archiving in
            for package in 1...4 {  // the brokers keep 5 MB a partition
                try await archiving.loading.send(
                    try (0..<3000).map { _ in try Archiving.Event(id: String(repeating: "x", count: 1500)).avro(schemaID: archiving.schema) },
                    package: package)
                try await archiving.loading.once()
            }
            let relay = try await archiving.run("relay", "--once")
            #expect(relay.exitCode == 0, "\(relay.err)")
            let verify = try await archiving.run("archive", "verify")
            #expect(verify.exitCode == 0 && verify.out.contains("12000 lines"), "\(verify.out)\(verify.err)")
            print("archive of 12,000 events of 2 kB: relay VmHWM \(relay.peak) KiB, verify \(verify.peak) KiB")
            #expect(relay.peak < 160 << 10 && verify.peak < 160 << 10)
        }
    }

    /// Loads go on, rows wait and are not parked; once the store is well again, everything is there.
    @Test(arguments: ["down", "slow", "503", "403", "full", "cut", "lose_answer"])
    func aStoreThatFailsIsWaitedFor(_ mode: String) async throws {
        try await Archiving.with(.s3, records: 40) { archiving in
            try await archiving.load(50, package: 1)
            try await archiving.objects.fail(mode, methods: ["full", "lose_answer"].contains(mode) ? ["PUT"] : nil, seconds: 1)
            let relay = try await archiving.run("relay", "--once")
            let waiting = "select count(*) from ops.outbox where carrier = 'object_store' and state = 'waiting'"
            if mode == "slow" || mode == "lose_answer" {
                // Late is not lost; nor is an object whose answer was, which the relay finds in its place.
                #expect(relay.exitCode == 0 || relay.exitCode == 69, "\(relay.err)")
            } else {
                #expect(relay.exitCode == 69, "\(relay.out)\(relay.err)")
                #expect(try await archiving.bench.count(waiting) > 0 && (try archiving.objects.keys()) == [])
                let error = try await archiving.bench.value("select max(last_error) from ops.outbox where carrier = 'object_store'")
                #expect(error?.isEmpty == false && error?.contains("secretsecret") == false)
                if mode == "down" {
                    // Nothing is delivered that could be missed; but who lists is told that the store is away, after a while.
                    let verify = try await archiving.run("archive", "verify", "--quick")
                    #expect(verify.exitCode == 69, "\(verify.out)\(verify.err)")
                }
            }
            try await archiving.load(50, package: 2)
            #expect(try await archiving.loading.stored() == 90)
            try await archiving.objects.heal()
            try await archiving.hurry()
            try await archiving.deliver()
            #expect(try await archiving.bench.count(waiting) == 0)
            #expect(try await archiving.bench.count("select count(*) from ops.outbox where parked_at is not null or refusals > 0") == 0)
            try await archiving.expectVerified()
            let proof = try await ArchiveProof(archiving)
            #expect(proof.isExact && proof.events == 90 && proof.letters == 10, "\(proof.faults)")
        }
    }
}
