import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd.KafkaStormTests {
    /// What is done to a database to see whether a storm finds out.
    enum Sabotage: CaseIterable {
        case none
        /// Who takes over leaves the old session alone: the fence holds all the same.
        case noEnd
        /// Positions move on for whoever says so, and nobody ends old sessions.
        case noFence
        /// Positions move on in a transaction of their own before messages are landed.
        case autoCommit

        var sql: String {
            switch self {
            case .none: ""
            case .noEnd: Self.sessionsStay
            case .noFence: Self.sessionsStay + Self.change([(Self.fence, "")])
            case .autoCommit:
                Self.autonomous
                    + Self.change([
                        (Self.fence, ""),
                        (
                            "insert into ops.batch",
                            "perform test.commit_offsets(p_feed, p_cluster, p_partitions, p_to); insert into ops.batch"
                        ),
                    ])
            }
        }

        private static let fence = "and p.epoch = l.epoch and p.next_offset = l.from_offset"

        private static let sessionsStay = """
            create or replace function ops.end_session(p_member ops.kafka_member) returns void language plpgsql as
            'begin end';
            """

        private static let autonomous = """
            create extension dblink schema test;
            grant usage on schema test to public;
            create function test.commit_offsets(p_feed text, p_cluster text, p_partitions integer[], p_to bigint[]) returns void
            language plpgsql security definer as $f$
            begin
                perform test.dblink_exec(
                    format('dbname=%s user=postgres host=%s port=%s', current_database(),
                        trim('"' from split_part(current_setting('unix_socket_directories'), ',', 1)), current_setting('port')),
                    format('update ops.kafka_position p set next_offset = l.next
                        from unnest(%L::integer[], %L::bigint[]) as l (partition, next)
                        where p.feed = %L and p.cluster_id = %L and p.partition = l.partition',
                        p_partitions, p_to, p_feed, p_cluster));
            end
            $f$;
            grant execute on function test.commit_offsets to public;
            """

        /// ops.land_messages as it is, but for these; each must be there.
        private static func change(_ parts: [(String, String)]) -> String {
            parts.map { old, new in
                """
                do $do$
                declare
                    v_old text := pg_get_functiondef((select oid from pg_proc where proname = 'land_messages'));
                    v_new text := replace(v_old, $r$\(old)$r$, $r$\(new)$r$);
                begin
                    if v_new = v_old then
                        raise exception 'ops.land_messages has changed: sabotage it in another way';
                    end if;
                    execute v_new;
                end
                $do$;
                """
            }.joined(separator: "\n")
        }
    }

    /// The gate must bite: two faults, aimed right, against loaders that are whole and loaders that are not.
    @Test(.timeLimit(.minutes(3)), arguments: Sabotage.allCases)
    func aSabotagedLoaderIsCaught(_ sabotage: Sabotage) async throws {
        try await Storm.with(
            nil, partitions: 4, batchRows: 100, seed: testSeed, lease: "3 s", sabotage: sabotage.sql
        ) { storm in
            try await storm.fleet.tend()
            try await storm.replaceAZombie()
            try await storm.killBeforeCommit()
            try await storm.topic.flush()
            try await storm.fleet.settle()
            let (load, _) = try await storm.fleet.drain()
            let proof = try await StormProof(storm.topic, storm.bench)
            print("kafka storm, sabotage \(sabotage): \(proof.messages) messages; \(proof.isExact ? "exact" : proof.faults)")
            switch sabotage {
            case .none, .noEnd:
                #expect(proof.isExact, "\(proof.faults)")
                #expect(load.exitCode == 0, "\(load.out)\(load.err)")
                #expect(storm.fleet.complaints == [])
            case .noFence: #expect(!proof.doubled.isEmpty && proof.lost.isEmpty, "\(proof.faults)")
            case .autoCommit: #expect(!proof.lost.isEmpty, "\(proof.faults)")
            }
        }
    }
}

extension Storm {
    /// Stops a loader, and its session short of the fence; lets both go on once others have landed what it had in hand.
    fileprivate func replaceAZombie() async throws {
        let (backend, member) = try await catchOne { backend, member in
            try await pause.pin(backend)
            fleet.freeze(member)
        }
        try await eventually("others have its partitions") { try await fleet.isReplaced(member) }
        try await topic.flush()
        try await eventually("others have landed everything") { try await landed() >= topic.sent }
        try await pause.unpin(backend)
        try await eventually("the zombie's transaction has ended") {
            try await bench.count("select count(*) from pg_stat_activity where pid = \(backend) and xact_start is not null") == 0
        }
        fleet.thaw(member)
    }

    /// Kills a loader and its session, which has been told to commit and not got there.
    fileprivate func killBeforeCommit() async throws {
        _ = try await catchOne { backend, member in
            fleet.kill(member)
            try await pause.session().query("select pg_terminate_backend(\(backend), 5000)")
        }
        try await fleet.tend()
    }

    /// A loader whose messages are copied and not booked.
    private func catchOne(
        _ body: (pid_t, StormFleet.Member) async throws -> Void
    ) async throws -> (pid_t, StormFleet.Member) {
        for _ in 0..<20 {
            try await topic.produce(upTo: topic.sent + 1000)
            let found = try await pause.hold(at: [.books], within: .seconds(1), for: { self.fleet.running(self.wire.client(of: $0)) != nil }) {
                let member = try #require(fleet.running(wire.client(of: $0)))
                try await body($0, member)
                return ($0, member)
            }
            if let found { return found }
        }
        try await fleet.tend(atLeast: 0)
        throw Uncaught(loaders: fleet.complaints + fleet.members(.running).map { String($0.child.err.suffix(1500)) })
    }

    private struct Uncaught: Error { let loaders: [String] }
}
