import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// From the table to objects while relays are killed; EMPORIUM_ARCHIVE_STORM_FAULTS says how often, for each kind of store (16
    /// with every change, 100 before a release).
    @Suite(.serialized) struct ArchiveStormTests {
        private static let faults = ProcessInfo.processInfo.environment["EMPORIUM_ARCHIVE_STORM_FAULTS"].flatMap { Int($0) } ?? 16

        @Test(.timeLimit(.minutes(max(4, faults / 8))), arguments: ArchiveObjects.Kind.allCases)
        func whatIsPromotedIsInOneObject(_ kind: ArchiveObjects.Kind) async throws {
            let seed = testSeed
            var generator = SeededGenerator(seed: seed)
            let plan = ArchiveStorm.plan(Self.faults, &generator)
            try await Archiving.with(kind, compression: kind == .s3 ? "gzip" : "none") { archiving in
                let storm = ArchiveStorm(archiving, seed: seed)
                let began = ContinuousClock.now
                try await storm.tend()
                for fault in plan {
                    try await storm.send()
                    try await storm.strike(fault)
                    try await storm.tend()
                }
                let stormy = ContinuousClock.now
                try await storm.settle()
                let verdict = try await archiving.expectVerified()
                let proof = try await ArchiveProof(archiving, seen: storm.seen)
                let kinds = ArchiveStorm.Fault.allCases.map { "\($0) \(storm.struck[$0] ?? 0)" }.joined(separator: ", ")
                let troubles = storm.troubles.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                print(
                    """
                    archive storm, \(kind): \(plan.count) faults (\(kinds)), \(storm.kills) relays killed, \(storm.between) objects were \
                    put and not booked then; the store's own: \(troubles.isEmpty ? "none" : troubles); \(storm.sent) messages: \
                    \(proof.events) events and \(proof.letters) dead letters in \(proof.objects) objects, lost \(proof.lost.count), \
                    doubled \(proof.doubled.count), objects that changed \(storm.changed.count); \((stormy - began).components.seconds) s, \
                    \((ContinuousClock.now - stormy).components.seconds) s to the end; seed \(seed)
                    """)
                #expect(proof.isExact, "\(proof.faults)seed \(seed)")
                #expect(storm.changed == [], "seed \(seed)")
                #expect(proof.events + proof.letters == storm.sent, "seed \(seed)")
                #expect(verdict.number("objects") == proof.objects && verdict.number("lines") == storm.sent && verdict.number("gone") == 0)
                #expect(storm.between >= storm.struck[.between] ?? 0, "seed \(seed)")
                #expect(storm.complaints == [], "who gave up; seed \(seed)")
                try await Self.expectBooks(archiving)
            }
        }

        /// The platform's own books say the same.
        private static func expectBooks(_ archiving: Archiving) async throws {
            try await archiving.loading.expectBalance()
            let bench = archiving.bench
            #expect(try await bench.sql("select * from ops.archive_balance()") == [])
            #expect(try await bench.count("select count(*) from ops.outbox where state = 'waiting'") == 0)
            #expect(try await bench.count("select count(*) from ops.alert where kind <> 'destination.away'") == 0)
            #expect(try await bench.count("select count(*) from ops.archive_kept") == 0)
        }
    }
}
