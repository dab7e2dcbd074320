import Foundation

/// What `emporium archive verify` found.
struct ArchiveReport: Codable, Sendable {
    struct Fault: Codable, Sendable {
        enum Kind: String, Codable, Sendable {
            /// The books have it, the store does not.
            case missing
            /// It is not what was delivered: size, digest, records.
            case differs
            /// Its lines are not those of the table.
            case content
            /// The store has it, the books do not.
            case unknown
            /// Books that contradict each other: of a batch, or of two objects.
            case books
        }
        var kind: Kind
        /// The object's key, or the batch.
        var subject: String
        var problem: String
    }

    /// More than these are counted only.
    static let kept = 1000

    /// Delivered objects that were looked at.
    var objects = 0
    /// Their lines, by the books.
    var lines: Int64 = 0
    /// Their bytes as they lie in the store.
    var bytes: Int64 = 0
    /// Lines that only the objects have now: replayed, or past retention.
    var gone: Int64 = 0
    /// Sealed, and not delivered yet.
    var undelivered: Int64 = 0
    /// Records that are in no object yet.
    var pending: Int64 = 0
    /// Whether contents were read back.
    var quick: Bool
    var faults = 0
    var found: [Fault] = []

    mutating func add(_ kind: Fault.Kind, _ subject: String, _ problem: String) {
        faults += 1
        if found.count < Self.kept { found.append(Fault(kind: kind, subject: subject, problem: problem)) }
    }

    var summary: String {
        var text = "\(objects) objects, \(lines) lines, \(bytes) bytes: "
        switch (faults, quick) {
        case (0, false): text += "all there, and as the table and the books have them"
        case (0, true): text += "all there, by size and digest"
        case (1, _): text += "1 fault"
        default: text += "\(faults) faults"
        }
        if gone > 0 { text += "; \(gone) lines are gone from the table" }
        if undelivered > 0 { text += "; \(undelivered) objects wait for delivery" }
        if pending > 0 { text += "; \(pending) records are in no object yet" }
        return text
    }
}
