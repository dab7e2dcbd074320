import Foundation
import Framing
import Postgres
import Synchronization

/// Compares the lines that the table gives with those of an object: each of the table's must be in the object, in that order. Lines
/// that only the object has are gone from the table since: replayed, or past retention.
final class LineComparison: Sendable {
    struct Outcome: Sendable {
        /// Lines of the object.
        var lines: Int64 = 0
        /// Of those that the table has no more; 0 where there is a problem.
        var gone: Int64 = 0
        var contentBytes: Int64 = 0
        /// 64 hexadecimal digits.
        var contentSHA256 = ""
        /// What is wrong with the lines; nil when nothing is.
        var problem: String?
    }

    /// `@unchecked Sendable`: it cannot be copied, and what it holds is nobody else's; of a piece nothing is kept but its bytes.
    private struct State: ~Copyable, @unchecked Sendable {
        var lines: ObjectLines
        var column = CopiedColumn()
        /// What is there of the table's next line.
        var line: [UInt8] = []
        var gone: Int64 = 0
        var tableLines: Int64 = 0
        var problem: String?

        private static func areEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
            guard one.count == other.count else { return false }
            guard let start = one.baseAddress, let place = other.baseAddress else { return true }
            return memcmp(start, place, one.count) == 0
        }

        mutating func take(_ piece: UnsafeRawBufferPointer) throws {
            var column = CopiedColumn()
            swap(&column, &self.column)
            defer { swap(&column, &self.column) }
            try column.take(piece) { line.append(contentsOf: $0) } end: { isNull in
                var whole: [UInt8] = []
                swap(&whole, &line)
                try whole.withUnsafeBytes { try expect(isNull ? nil : $0) }
                whole.removeAll(keepingCapacity: true)
                swap(&whole, &line)
            }
        }

        /// Reads the object's lines to their end.
        mutating func finish() -> Outcome {
            do {
                while try lines.next({ _ in () }) != nil { if problem == nil { gone += 1 } }
            } catch {
                problem = problem ?? "it cannot be unpacked: \(error)"
            }
            if lines.isUnterminated { problem = problem ?? "its last line does not end" }
            return Outcome(
                lines: lines.count, gone: problem == nil ? gone : 0, contentBytes: lines.contentBytes,
                contentSHA256: lines.finishHex(), problem: problem)
        }

        /// - Parameter line: the table's next.
        mutating func expect(_ line: UnsafeRawBufferPointer?) throws {
            tableLines += 1
            guard problem == nil else { return }
            guard let line else {
                problem = "the table gives no line for its record \(tableLines)"
                return
            }
            let from = lines.count
            while let isIt = try lines.next({ Self.areEqual($0, line) }) {
                if isIt { return }
                gone += 1
            }
            problem = "line \(tableLines) of the table's is not among the object's after its line \(from): it is missing or altered"
        }
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8], compression: String, limit: Int64) {
        state = Mutex(State(lines: ObjectLines(bytes, compression: compression, limit: limit)))
    }

    /// Reads the table's lines of an object, and the object's beside them.
    /// - Throws: `PostgresError`.
    func run(_ connection: Connection, object: Int64) async throws -> Outcome {
        do {
            try await connection.copyOut("copy (select ops.archive_lines(\(object))) to stdout (format binary)") { piece in
                try state.withLock { try $0.take(piece) }
            }
        } catch let error as UnreadableFile {
            return Outcome(problem: "it cannot be unpacked: \(error.reason)")
        }
        return state.withLock { $0.finish() }
    }
}
