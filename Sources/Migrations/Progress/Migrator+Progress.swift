import Synchronization

extension Migrator {
    /// One apply with its first and last event.
    func withProgress(
        _ body: (Migrator, _ applied: (MigrationReport.Applied) -> Void) async throws -> MigrationReport
    ) async throws -> MigrationReport {
        let clock = ContinuousClock()
        let start = clock.now
        let applied = Mutex(0)
        var migrator = self
        let progress = Progress(options.onEvent, logger)
        migrator.progress = progress
        func figures() -> [String: MigrationEvent.Value] {
            [
                "applied": .number(applied.withLock { $0 }),
                "duration_ms": .number(Int((clock.now - start).milliseconds)),
            ]
        }
        do {
            let report = try await body(migrator) { _ in applied.withLock { $0 += 1 } }
            progress.note(.runFinished, nil, figures())
            await progress.end()
            return report
        } catch {
            let failure = error as? MigrationError
            let fields = failure?.fields ?? ["code": "cancelled", "message": "interrupted"]
            progress.note(.runFailed, failure?.path, line: failure?.line, fields.merging(figures()) { $1 })
            await progress.end()
            throw error
        }
    }
}

extension MigrationError {
    /// What an event may say of it: others read it, so it holds no values.
    var fields: [String: MigrationEvent.Value] {
        var fields: [String: MigrationEvent.Value] = ["code": .text(code.rawValue)]
        let said = server.map { String($0.description.prefix { $0 != "\n" }) }
        fields["message"] = .text(said ?? message)
        if let server { fields["sqlstate"] = .text(server.sqlState) }
        return fields
    }
}
