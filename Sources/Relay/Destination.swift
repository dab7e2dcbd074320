/// By what rows of the outbox travel (`ops.outbox.carrier`).
public enum CarrierKind: String, Sendable, CaseIterable, Codable {
    case kafka
    case objectStore = "object_store"
    case webhook

    /// How many rows for one destination are in hand at a time. Of objects two, so that the database writes the lines of one
    /// while the store takes another; no more, since each is held in memory.
    var lanes: Int { self == .objectStore ? 2 : 1 }
}

/// Where rows of the outbox go: a topic, the object store, a webhook.
struct Destination: Hashable, Sendable, CustomStringConvertible {
    var carrier: CarrierKind
    /// `ops.outbox.destination`
    var name: String

    var description: String {
        switch carrier {
        case .kafka: name
        case .objectStore: "object store, \(name)"
        case .webhook: "webhook \(name)"
        }
    }
}
