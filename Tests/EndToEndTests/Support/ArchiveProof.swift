import Foundation
import Testing

/// What became of every event and every dead letter that the database has: told from what lies on the disk, by correlation id
/// and by place, with none of the archive's books.
struct ArchiveProof: ExactProof {
    var objects = 0
    var events = 0
    var letters = 0
    var lost: [String] = []
    var doubled: [String] = []
    var wrong: [String] = []

    /// - Parameter seen: digests of objects when they were seen before; none may have changed, or have gone.
    init(_ archiving: Archiving, seen: [String: String] = [:]) async throws {
        let digests = try archiving.objects.digests()
        for (key, digest) in seen where digests[key] != digest {
            wrong.append(digests[key] == nil ? "\(key) has gone" : "\(key) has changed")
        }
        var found: [String: String] = [:]
        var places: [String: String] = [:]
        for (key, lines) in try await archiving.objects.lines() {
            objects += 1
            for line in lines {
                guard let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                    wrong.append("\(key) has a line that is no JSON object")
                    continue
                }
                if key.hasPrefix("events/") {
                    events += 1
                    let id = (json["metadata"] as? [String: Any])?["correlationId"] as? String ?? "none"
                    if found.updateValue(line, forKey: id) != nil { doubled.append("event \(id)") }
                } else if key.hasPrefix("dead-letter/") {
                    letters += 1
                    let place = "\(json["batch"] ?? "") \(json["position"] ?? "")"
                    if places.updateValue(Self.payload(json), forKey: place) != nil { doubled.append("dead letter \(place)") }
                } else {
                    wrong.append("\(key) is neither of events nor of dead letters")
                }
            }
        }
        try await compare(
            found, archiving.bench.sql("select correlation_id, event::text from events.enriched"), "event")
        try await compare(
            places,
            archiving.bench.sql(
                """
                select batch_id || ' ' || position, encode(payload, 'hex') || ' ' || array_to_string(codes, ',')
                from staging.reject where disposition = 'rejected'
                """), "dead letter")
    }

    private mutating func compare(_ found: [String: String], _ wanted: [[String?]], _ what: String) {
        var rest = found
        for row in wanted {
            let id = row[0] ?? ""
            guard let text = rest.removeValue(forKey: id) else {
                lost.append("\(what) \(id)")
                continue
            }
            if text != row[1] { wrong.append("\(what) \(id) is \(text.prefix(200)), not \((row[1] ?? "").prefix(200))") }
        }
        wrong += rest.keys.map { "\(what) \($0) is not in the table" }
    }

    /// The letter's bytes, and why it was rejected.
    private static func payload(_ json: [String: Any]) -> String {
        let text = (json["payload"] as? String).map { Data($0.utf8) } ?? (json["payloadBase64"] as? String).flatMap { Data(base64Encoded: $0) }
        let codes = (json["codes"] as? [String])?.joined(separator: ",") ?? "none"
        return "\((text ?? Data()).map { String(format: "%02x", $0) }.joined()) \(codes)"
    }
}
