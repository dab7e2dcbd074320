import CLibPQ
import Glibc

// What runs on the connection's own queue: libpq's blocking calls.

extension Connection {
    func cancellable<T: Sendable>(_ body: @Sendable (isolated Connection) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            canceller.begin()
            defer { canceller.end() }
            try Task.checkCancellation()  // it may have come before begin(), when there was nothing to cancel
            return try body(self)
        } onCancel: {
            canceller.fireUntilEnded()
        }
    }

    func runQuery(_ sql: String, _ parameters: [Parameter]) throws -> QueryResult {
        let raw = try open()
        let count = Int32(parameters.count)
        var texts: [String?] = []
        var binary: [[UInt8]?] = []
        for parameter in parameters {
            switch parameter {
            case .null: texts.append(nil); binary.append(nil)
            case .text(let text):
                try Self.refuseNUL(text, "a parameter")
                texts.append(text)
                binary.append(nil)
            case .bytes(let bytes): texts.append(nil); binary.append(bytes)
            }
        }
        // bytea travels as hex text: cold paths only, the hot one is COPY.
        for (index, bytes) in binary.enumerated() { if let bytes { texts[index] = "\\x" + hex(bytes) } }
        let result = withCStrings(texts) { values in
            PQexecParams(raw, sql, count, nil, values, nil, nil, 0)
        }
        return try finished(result, raw)
    }

    func runScript(_ sql: String) throws -> QueryResult {
        let raw = try open()
        try Self.refuseNUL(sql, "the statement")
        return try finished(PQexec(raw, sql), raw)
    }

    func runCopyIn(
        _ sql: String, _ produce: (_ send: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Int {
        let raw = try open()
        try begin(copy: sql, PGRES_COPY_IN, raw)
        do {
            try produce { bytes in
                // One call takes an Int32 of bytes.
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20))
                    rest = rest.dropFirst(piece.count)
                    let start = piece.baseAddress!.assumingMemoryBound(to: CChar.self)
                    if PQputCopyData(raw, start, Int32(piece.count)) != 1 {
                        throw connectionError(raw)
                    }
                }
            }
        } catch {
            // The server is told why, so that it rolls the COPY back; its own error, if it has one, says more.
            PQputCopyEnd(raw, "the producer stopped")
            do { _ = try drain(raw) } catch let serverError as PostgresError where serverError.sqlState != "57014" {
                throw serverError
            } catch {}
            throw error
        }
        if PQputCopyEnd(raw, nil) != 1 { throw connectionError(raw) }
        return try drain(raw)
    }

    func runCopyOut(_ sql: String, _ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Int {
        let raw = try open()
        try begin(copy: sql, PGRES_COPY_OUT, raw)
        var failure: (any Error)?
        var buffer: UnsafeMutablePointer<CChar>?
        while true {
            let length = PQgetCopyData(raw, &buffer, 0)
            guard length > 0, let piece = buffer else { break }
            defer { PQfreemem(piece) }
            guard failure == nil else { continue }
            do {
                try consume(UnsafeRawBufferPointer(start: piece, count: Int(length)))
            } catch {
                failure = error
                canceller.fire()
            }
        }
        do {
            let rows = try drain(raw)
            if let failure { throw failure }
            return rows
        } catch {
            throw failure ?? error
        }
    }

    /// libpq takes C strings: it would cut the text short without a word.
    private static func refuseNUL(_ text: String, _ what: String) throws {
        guard text.utf8.contains(0) else { return }
        throw PostgresError(sqlState: "22021", message: "\(what) holds a NUL character")
    }

    private func begin(copy sql: String, _ expected: ExecStatusType, _ raw: OpaquePointer) throws {
        try Self.refuseNUL(sql, "the statement")
        guard let result = PQexec(raw, sql) else { throw connectionError(raw) }
        let handle = ResultHandle(result)
        if let error = handle.error() { throw error }
        guard handle.status == expected else { throw PostgresError.misuse("not a COPY of that direction: \(sql)") }
    }

    private func drain(_ raw: OpaquePointer) throws -> Int {
        var rows = 0
        var failure: PostgresError?
        while let result = PQgetResult(raw) {
            let handle = ResultHandle(result)
            if let error = handle.error() { failure = failure ?? error }
            rows = max(rows, Int(String(cString: PQcmdTuples(handle.raw))) ?? 0)
        }
        if let failure { throw failure }
        return rows
    }

    private func finished(_ result: OpaquePointer?, _ raw: OpaquePointer) throws -> QueryResult {
        guard let result else { throw connectionError(raw) }
        let handle = ResultHandle(result)
        if let error = handle.error() { throw error }
        switch handle.status {
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            close()
            throw PostgresError.misuse("COPY goes through copyIn and copyOut")
        default: return QueryResult(handle)
        }
    }

    func open() throws -> OpaquePointer {
        guard let raw = handle?.raw else { throw PostgresError(sqlState: "08003", message: "the connection is closed") }
        return raw
    }

    private func connectionError(_ raw: OpaquePointer) -> PostgresError {
        .lost(String(cString: PQerrorMessage(raw)).trimmed)
    }
}

/// Carries a value whose safety the surrounding call guarantees: here a buffer that outlives the awaited COPY.
struct Unchecked<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }
}

private func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// Calls `body` with a NULL-terminated array of C strings; nil stays NULL.
func withCStrings<T>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> T
) rethrows -> T {
    let copies = strings.map { $0.map { strdup($0)! } }
    defer { copies.forEach { free($0) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return try pointers.withUnsafeBufferPointer { try body($0.baseAddress!) }
}
