import Foundation
import Logging
import Postgres
import Synchronization

/// Tells what one apply does while it does it: to the caller at once, and to ops.migration_event through a session of
/// its own, so that others see it although the work is not committed yet.
///
/// Nothing here fails a run or keeps it waiting: what cannot be recorded is left out.
final class Progress: Sendable {
    typealias Event = MigrationEvent

    /// What a session that is in the way is told apart by: the statement that it holds up.
    struct Place: Sendable {
        let path: String
        let statement: SQLScript.Statement?
    }

    private struct State {
        var queue: [Event] = []
        var isLeftOut = false
        var isEnding = false
        var place: Place?
        var recorder: Task<Void, Never>?
    }

    /// More than any run should have under way; a recorder that is so far behind will not catch up.
    private static let most = 10_000
    /// How long the end of a run may wait for its last events to be recorded.
    static let patience = Duration.seconds(1)

    let runID = UUID().uuidString.lowercased()
    private let onEvent: (@Sendable (Event) -> Void)?
    private let logger: Logger
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(_ onEvent: (@Sendable (Event) -> Void)?, _ logger: Logger) {
        self.onEvent = onEvent
        self.logger = logger
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func note(_ name: Event.Name, _ path: String? = nil, line: Int? = nil, _ detail: [String: Event.Value] = [:]) {
        let event = Event(name: name, runID: runID, at: Date(), path: path, line: line, detail: detail)
        state.withLock { state in
            if state.queue.count < Self.most { state.queue.append(event) } else { state.isLeftOut = true }
        }
        wake.yield()
        onEvent?(event)
    }

    /// The statement under way.
    var place: Place? {
        get { state.withLock { $0.place } }
        set { state.withLock { $0.place = newValue } }
    }

    // MARK: Recording

    /// From now on the table is there: the events so far, and all further ones, go into it.
    func record(in configuration: ConnectionConfiguration) {
        var configuration = configuration
        configuration.applicationName += " (progress)"
        let recorder = Task { [configuration] in await record(configuration) }
        state.withLock { $0.recorder = recorder }
    }

    /// Waits for the last events to be recorded, but not for long.
    func end() async {
        let recorder = state.withLock { state in
            state.isEnding = true
            return state.recorder
        }
        wake.yield()
        guard let recorder else { return }
        // In a task of its own: the last event of a cancelled run is recorded, too.
        await Task {
            let (ends, end) = AsyncStream.makeStream(of: Void.self)
            let timer = Task {
                try? await Task.sleep(for: Self.patience)
                end.finish()
            }
            Task {
                await recorder.value
                end.finish()
            }
            for await _ in ends {}
            timer.cancel()
            recorder.cancel()
        }.value
    }

    private func record(_ configuration: ConnectionConfiguration) async {
        var connection: Connection?
        var hasFailed = false
        var waking = wakes.makeAsyncIterator()
        while !Task.isCancelled {
            let (batch, isEnding) = state.withLock { state in
                defer { state.queue = [] }
                return (state.queue, state.isEnding)
            }
            if batch.isEmpty {
                if isEnding { break }
                guard await waking.next() != nil else { break }
                continue
            }
            do {
                if connection == nil { connection = try await open(configuration) }
                try await connection?.query(Self.insert, [.text("[\(batch.map(\.json).joined(separator: ","))]")])
            } catch {
                await connection?.close()
                connection = nil
                if !hasFailed { logger.warning("part of the progress is not recorded in ops.migration_event: \(error)") }
                hasFailed = true
                if isEnding { break }
                try? await Task.sleep(for: .seconds(1))
            }
        }
        await connection?.close()
        if state.withLock({ $0.isLeftOut }) {
            logger.warning("part of the progress is not recorded in ops.migration_event: too much at once")
        }
    }

    /// Short waits only: a file may itself lock the table, or change it.
    private func open(_ configuration: ConnectionConfiguration) async throws -> Connection {
        let connection = try await Connection.connect(configuration, logger: logger)
        do {
            try await connection.execute(
                """
                set statement_timeout = '10s'; set lock_timeout = '2s'; set synchronous_commit = off;
                set idle_session_timeout = 0; set idle_in_transaction_session_timeout = '10s';
                set default_transaction_isolation = 'read committed'
                """)
            try await connection.execute(
                "delete from ops.migration_event where at < pg_catalog.clock_timestamp() - interval '90 days'")
            return connection
        } catch {
            await connection.close()
            throw error
        }
    }

    private static let insert = """
        insert into ops.migration_event (run_id, event, path, line, detail)
        select (e.value ->> 'run_id')::uuid, e.value ->> 'event', e.value ->> 'path', (e.value ->> 'line')::integer,
          e.value -> 'detail'
        from jsonb_array_elements($1::jsonb) with ordinality as e (value, place)
        order by e.place
        """
}

extension SQLScript.Statement {
    /// Its beginning for those who watch: it ends before the first literal, which may be anybody's.
    var outline: String {
        guard let literal = tokens.first(where: { $0.kind == .string }), let range = text.firstRange(of: literal.text)
        else { return head() }
        let line = text[..<range.lowerBound].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return String(line.prefix(71)) + "…"
    }
}
