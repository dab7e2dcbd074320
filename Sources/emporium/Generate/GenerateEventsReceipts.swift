import Foundation
import Glibc
import Synchronization

/// A line for each acknowledged package, in the file before anything else learns of it: what a run was promised.
final class EventReceipts: Sendable {
    private struct Line: Encodable {
        let package: Int
        let packageId: String
        let correlationIds: [String]
        /// `accepted`, or the code of the reject.
        let verdicts: [String]
        /// What each event was made to be; left out of those from a file.
        let kinds: [String]?
    }

    let path: String
    private let descriptor: Int32
    private let failure = Mutex<String?>(nil)

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ConfigurationError("--receipts: cannot open \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// Why a line could not be written.
    var problem: String? { failure.withLock { $0 } }

    func append(_ package: EventPackage, _ answer: EventAnswer) {
        let line = Line(
            package: package.number, packageId: answer.packageId, correlationIds: answer.events.map(\.correlationId),
            verdicts: answer.events.map { $0.verdict == "accepted" ? $0.verdict : $0.code ?? $0.verdict },
            kinds: package.kinds.isEmpty ? nil : package.kinds.map(\.name))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(line) else { return }
        bytes.append(0x0A)
        failure.withLock { failure in
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    failure = "\(path): \(String(cString: strerror(errno)))"
                    return
                }
                done += count
            }
        }
    }
}
