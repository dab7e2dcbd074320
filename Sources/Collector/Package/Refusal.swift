/// Why a whole package is refused. Nothing of it is kept; the sender mends it and sends it again.
public struct Refusal: Error, Sendable, Equatable {
    /// Of HTTP: 400, or 413 for what is too large.
    public var status: Int
    /// Snake case, for programs: `malformed_json`, `too_many_events`.
    public var code: String
    /// A sentence for people; it holds nothing of the package.
    public var detail: String
    /// Bytes of the unpacked body before the first offending one, where it can be told.
    public var position: Int?
    /// Counted from 1, for NDJSON.
    public var line: Int?

    public init(status: Int, code: String, detail: String, position: Int? = nil, line: Int? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.position = position
        self.line = line
    }

    /// What is wrong with a text, whatever its limits: 400.
    static func bad(_ code: String, _ detail: String, at position: Int? = nil) -> Refusal {
        Refusal(status: 400, code: code, detail: detail, position: position)
    }

    /// A limit that is passed: 413.
    static func large(_ code: String, _ detail: String, at position: Int? = nil) -> Refusal {
        Refusal(status: 413, code: code, detail: detail, position: position)
    }

    static func malformed(_ detail: String, at position: Int?) -> Refusal { bad("malformed_json", detail, at: position) }

    static func empty() -> Refusal { bad("empty_package", "the package holds no event") }

    static func duplicateKey(at position: Int) -> Refusal {
        bad("duplicate_key", "a key stands twice in its object", at: position)
    }

    static func nul(at position: Int) -> Refusal { bad("nul_escape", "a text holds the character U+0000", at: position) }

    static func loneSurrogate(at position: Int) -> Refusal {
        bad("lone_surrogate", "an escape is one half of a surrogate pair without the other", at: position)
    }

    static func outOfRange(at position: Int) -> Refusal {
        bad("number_out_of_range", "a number is outside of what a double holds (IEEE 754, 64 bits)", at: position)
    }

    static func notUTF8(_ detail: String, at position: Int) -> Refusal { bad("not_utf8", detail, at: position) }

    static func tooDeep(_ limit: Int, at position: Int) -> Refusal {
        large("too_deep", "arrays and objects are nested more than \(limit) deep in an event", at: position)
    }

    static func tooManyEvents(_ limit: Int, at position: Int) -> Refusal {
        large("too_many_events", "a package holds at most \(limit) events", at: position)
    }

    static func eventTooLarge(_ limit: Int, at position: Int) -> Refusal {
        large("event_too_large", "an event has at most \(limit) bytes", at: position)
    }

    static func bodyTooLarge(_ limit: Int) -> Refusal {
        large("body_too_large", "a body has at most \(limit) bytes, unpacked, too")
    }
}
