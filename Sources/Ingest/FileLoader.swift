import Framing
import Logging
import Postgres

/// The door for files: lands every record of every file of a drop folder, or of one file, exactly once.
///
/// A file is known by the SHA-256 of its bytes. How far it is landed stands in the database and moves in the same
/// transaction as the rows, so a loader that takes over goes on from there and a crash loses and doubles nothing.
public struct FileLoader: Sendable {
    /// Called on the way with the file's name, the bytes read of it and its size.
    public typealias Progress = @Sendable (_ file: String, _ read: Int64, _ size: Int64) -> Void

    let options: LoadOptions
    let run: Int64
    let session: DatabaseSession
    let shutdown: Shutdown
    let progress: Progress
    /// Called after each batch that was landed.
    let landed: @Sendable () -> Void
    let logger: Logger

    public init(
        options: LoadOptions, run: Int64, database: ConnectionConfiguration, shutdown: Shutdown = Shutdown(),
        logger: Logger, progress: @escaping Progress = { _, _, _ in }, landed: @escaping @Sendable () -> Void = {}
    ) {
        self.options = options
        self.run = run
        session = DatabaseSession(database.asRole("loader"), logger: logger)
        self.shutdown = shutdown
        self.progress = progress
        self.landed = landed
        self.logger = logger
    }

    public func close() async { await session.close() }

    /// Loads what lies in the folder, those files included that come while it runs, until nothing new is left.
    public func load(folder: DropFolder) async throws -> LoadReport {
        try folder.prepare()
        let undecodable = listFolder(folder.input).undecodable
        if undecodable > 0 {
            logger.warning("\(undecodable) files in \(folder.input) are left alone: their names are not UTF-8; rename them")
        }
        var report = LoadReport()
        var passed: Set<String> = []
        while !report.interrupted {
            let candidates = try folder.candidates().filter { !passed.contains($0.path) }
            if candidates.isEmpty { break }
            for candidate in candidates {
                if shutdown.isRequested {
                    report.interrupted = true
                    break
                }
                do {
                    if try await !load(candidate, in: folder, into: &report) { passed.insert(candidate.path) }
                } catch let refusal as ClaimedFile.Refusal {
                    passed.insert(candidate.path)
                    note(refusal, candidate.path)
                }
            }
        }
        return report
    }

    /// Loads one file where it lies and leaves it there.
    public func load(file path: String) async throws -> LoadReport {
        var report = LoadReport()
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let file: ClaimedFile
        do {
            file = try ClaimedFile(opening: path, name: name)
        } catch {
            throw UnusableFile(path, error)
        }
        guard let format = options.format ?? FileFormat(fileName: name) else {
            throw UnreadableFile(
                code: "unknown_format", reason: "\(name) is not named .csv, .ndjson, .jsonl or .json",
                hint: "say which it is with --format")
        }
        do {
            try await load(file, format, into: &report)
        } catch let error as UnreadableFile {
            report.failed.append((name, error.description))
        }
        return report
    }

    /// - Returns: whether the file left the folder.
    private func load(
        _ candidate: (path: String, name: String, orphan: Bool), in folder: DropFolder, into report: inout LoadReport
    ) async throws -> Bool {
        guard let format = options.format ?? FileFormat(fileName: candidate.name) else {
            logger.warning("\(candidate.path) is left alone: not named .csv, .ndjson, .jsonl or .json (or those with .gz)")
            return false
        }
        let file = try ClaimedFile(opening: candidate.path, name: candidate.name)
        if !candidate.orphan { try file.move(into: folder.claimed) }
        do {
            try await load(file, format, into: &report)
            if report.interrupted { return true }  // stays claimed: the next loader goes on with it
            try file.move(into: folder.processed)
        } catch let error as UnreadableFile {
            try folder.fail(file, reason: error.description)
            report.failed.append((candidate.name, error.description))
            logger.error("\(candidate.name) cannot be read: \(error)")
        } catch let error as PostgresError where error.sqlState == "EM020" {
            logger.notice("\(candidate.name): another loader has it")
        }
        return true
    }

    private func note(_ refusal: ClaimedFile.Refusal, _ path: String) {
        switch refusal {
        case .irregular: logger.warning("\(path) is left alone: not a regular file")
        case .beingWritten: logger.info("\(path) is still being written")
        case .taken, .gone: logger.debug("\(path) is another loader's")
        case .system(let call, let code): logger.warning("\(FolderError("\(path): \(call) failed", code))")
        }
    }

    /// Registers, locks and lands one file that this process has for itself.
    private func load(_ file: ClaimedFile, _ format: FileFormat, into report: inout LoadReport) async throws {
        let digest = try file.digest()
        let registered = try await session.query(
            "register \(file.name)",
            "select source_file_id, state, landed_records, name from ops.register_file($1, $2, $3, $4, $5, $6, $7)",
            [
                .text(options.feed), .text(digest), .text(file.name), .int(file.size), .text(format.rawValue),
                .text(String(UnicodeScalar(options.delimiter))), .text(options.source),
            ])
        guard let row = registered.first, let id = row.int("source_file_id"), let landed = row.int("landed_records")
        else { throw PostgresError(sqlState: "EM006", message: "ops.register_file gave no file") }
        if row["state"] == "loaded" {
            logger.notice("\(file.name) is in already, as \(row.text("name"))")
            report.known.append(file.name)
            return
        }
        do {
            try await land(file, id, format, from: landed, into: &report)
        } catch let error as UnreadableFile {
            try await session.query(
                "fail \(file.name)", "select ops.fail_file($1, $2)", [.int(id), .text(error.description)])
            throw error
        }
    }

    private func land(
        _ file: ClaimedFile, _ id: Int64, _ format: FileFormat, from landed: Int64, into report: inout LoadReport
    ) async throws {
        let reader = try RecordReader(fd: file.fd, size: file.size, format: format, options: options)
        if let header = reader.header { try await start(id, header) }
        if landed > 0 {
            logger.notice("\(file.name): going on after record \(landed)")
            try reader.skip(records: landed)
        }
        var writer = StagingWriter(session: session, run: run, options: options)
        var position = landed
        while true {
            if shutdown.isRequested {
                report.interrupted = true
                return
            }
            if !writer.isOpen { try await writer.open() }
            var failure: UnreadableFile?
            do {
                while !writer.isFull, let record = try reader.next() { writer.add(record) }
            } catch let error as UnreadableFile {
                failure = error  // what was framed before it is landed all the same
            }
            let ended = !writer.isFull
            let count = try await writer.land(file: id, from: position)
            position += count
            report.records += count
            if count > 0 { self.landed() }
            progress(file.name, reader.bytesRead, file.size)
            if let failure { throw failure }
            if ended { break }
        }
        try await session.query(
            "finish \(file.name)", "select ops.finish_file($1, $2)", [.int(id), .int(position)])
        report.files += 1
    }

    /// The header is SQL's to judge; a file that lacks a column is unreadable as a whole.
    private func start(_ id: Int64, _ header: [String]) async throws {
        do {
            try await session.query("header", "select ops.start_file($1, $2)", [.int(id), .array(header)])
        } catch let error as PostgresError where error.sqlState == "EM011" {
            throw UnreadableFile(
                code: "header",
                reason: error.message + (error.detail.map { "; \($0)" } ?? ""), hint: error.hint ?? "")
        }
    }
}

/// The one file that was asked for cannot be used.
public struct UnusableFile: Error, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ refusal: ClaimedFile.Refusal) {
        description =
            switch refusal {
            case .irregular: "\(path) is not a regular file"
            case .beingWritten: "\(path) is still being written"
            case .taken: "\(path) is being loaded by another process"
            case .gone: "\(path) is not there"
            case .system(let call, let code): FolderError("\(path): \(call) failed", code).description
            }
    }
}
