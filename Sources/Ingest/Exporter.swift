import Glibc
import Logging
import Postgres

/// Writes what a run has to write out: one file for each target, under a temporary name, synced, renamed. Written again
/// after a crash it is the same file: the run's batches stand in ops.run_export.
public struct Exporter: Sendable {
    /// A view with run_id, batch_id and position, and the folder its rows go to.
    public struct Target: Sendable {
        public let folder: String
        public let view: String
        public let columns: [String]

        public init(folder: String, view: String, columns: [String]) {
            self.folder = folder
            self.view = view
            self.columns = columns
        }
    }

    public enum Format: String, Sendable, CaseIterable {
        case csv
        case ndjson
    }

    public struct Written: Sendable, Equatable {
        public let path: String
        public let rows: Int
    }

    struct Batch: Sendable {
        let id: Int64
        let afterRun: Int64
        let throughRun: Int64
    }

    let database: ConnectionConfiguration
    let format: Format
    let spreadsheetSafe: Bool
    let workers: Int
    let logger: Logger

    public init(
        database: ConnectionConfiguration, format: Format = .csv, spreadsheetSafe: Bool = false, workers: Int = 2,
        logger: Logger
    ) {
        self.database = database
        self.format = format
        self.spreadsheetSafe = spreadsheetSafe
        self.workers = workers
        self.logger = logger
    }

    /// Writes every target; no file where the run has nothing to write at all.
    /// - Parameter name: the files' name without extension.
    public func export(run: Int64, targets: [Target], into folder: String, name: String) async throws -> [Written] {
        let claims = DatabaseSession(database.asRole("promoter"), logger: logger)
        let answer = try await claims.query(
            "claim export",
            "select batch_id, after_run, through_run from ops.claim_export($1)", [.int(run)])
        await claims.close()
        let batches = answer.rows.map {
            Batch(
                id: $0.int("batch_id")!, afterRun: $0.int("after_run")!, throughRun: $0.int("through_run")!)
        }
        if batches.isEmpty { return [] }
        return try await withThrowingTaskGroup(of: [Written].self) { group in
            // Each target is cut into as many runs of batches as there are workers; the parts are joined in order.
            var written: [Written] = []
            for target in targets {
                try makeFolder(folder + "/" + target.folder)
                let file = folder + "/" + target.folder + "/" + name + "." + format.rawValue
                let parts = Self.cut(batches, into: workers)
                group.addTask {
                    let rows = try await writeParts(parts, target, file)
                    return [Written(path: file, rows: rows)]
                }
            }
            for try await one in group { written += one }
            return written.sorted { $0.path < $1.path }
        }
    }

    static func cut(_ batches: [Batch], into count: Int) -> [[Batch]] {
        let count = max(1, min(count, batches.count))
        return (0..<count).map { part in
            Array(batches[(batches.count * part / count)..<(batches.count * (part + 1) / count)])
        }
    }

    private func writeParts(_ parts: [[Batch]], _ target: Target, _ file: String) async throws -> Int {
        let slash = file.lastIndex(of: "/")!
        let temporary = file[...slash] + "." + file[file.index(after: slash)...]
        let names = parts.indices.map { "\(temporary).\(getpid()).\($0).part" }
        OutputFile.removeParts(of: String(temporary))  // left by a run that was killed
        let rows = try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, part) in parts.enumerated() {
                group.addTask { try await write(part, target, to: names[index], header: index == 0) }
            }
            return try await group.reduce(0, +)
        }
        try OutputFile.join(names, into: file)
        return rows
    }

    private func write(_ batches: [Batch], _ target: Target, to path: String, header: Bool) async throws -> Int {
        let session = DatabaseSession(database.asRole("membership_reader"), logger: logger)
        defer { Task { await session.close() } }
        let output = try OutputFile(path: path)
        if header, format == .csv { try output.write(Array((target.columns.joined(separator: ",") + "\n").utf8)) }
        var rows = 0
        for batch in batches {
            let start = output.count
            rows += try await session.run("export") { connection in
                try output.truncate(to: start)  // an outage in mid-batch begins the batch again
                return try await connection.copyOut(copy(batch, target)) { try output.write($0) }
            }
        }
        try output.finish()
        return rows
    }

    private func copy(_ batch: Batch, _ target: Target) -> String {
        let cells = target.columns.map { column in
            let name = quoteIdentifier(column)
            return spreadsheetSafe && format == .csv ? "ops.spreadsheet_safe(\(name)::text) as \(name)" : name
        }.joined(separator: ", ")
        let rows = """
            select \(cells) from \(target.view)
            where batch_id = \(batch.id) and run_id > \(batch.afterRun) and run_id <= \(batch.throughRun)
            order by position
            """
        switch format {
        case .csv: return "copy (\(rows)) to stdout (format csv)"
        // JSON text holds neither of these two bytes, so that nothing is quoted or escaped on the way.
        case .ndjson:
            return #"copy (select row_to_json(r) from (\#(rows)) r) to stdout (format csv, delimiter E'\x02', quote E'\x01')"#
        }
    }
}
