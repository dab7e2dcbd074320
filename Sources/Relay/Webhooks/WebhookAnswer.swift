import Foundation
import Glibc

/// What becomes of a POST by its answer's status.
enum WebhookVerdict: Equatable {
    case delivered
    /// The receiver is away or has too much to do.
    /// - Parameter pause: how long it asked to be left alone.
    case outage(pause: Duration?)
    case refusal

    static let mostPause = Duration.seconds(300)

    init(status: Int, retryAfter: String?, now: Int64) {
        switch status {
        case 200..<300: self = .delivered
        case 408, 425, 429, 500...: self = .outage(pause: Self.pause(retryAfter, now: now))
        default: self = .refusal
        }
    }

    /// RFC 9110, 10.2.3: seconds, or a date; five minutes at most. nil for anything else.
    static func pause(_ text: String?, now: Int64) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        let seconds: Int64
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            seconds = Int64(text) ?? .max
        } else {
            guard let instant = instant(text) else { return nil }
            seconds = instant - now
        }
        return seconds > 0 ? min(.seconds(min(seconds, 86_400)), mostPause) : nil
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970.
    private static func instant(_ text: String) -> Int64? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let month = months.firstIndex(of: String(words[2])),
            let year = Int32(words[3]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2]) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Int64(timegm(&parts))
    }
}

/// What may be said of a webhook's URL: its path or query may be a secret.
public enum WebhookPlace {
    /// Scheme, host and port.
    public static func origin(_ url: String) -> String {
        guard let scheme = url.range(of: "://") else { return "a URL" }
        let authority = url[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        // What stands before an @ is nobody's to read, either.
        return url[..<scheme.upperBound] + (authority.split(separator: "@", omittingEmptySubsequences: false).last.map(String.init) ?? "")
    }

    /// An error of the HTTP client without the URL that it begins with.
    static func withoutURL(_ error: String) -> String {
        guard error.hasPrefix("POST ") else { return error }
        let rest = error.dropFirst(5)
        return rest.firstIndex(of: " ").map { String(rest[rest.index(after: $0)...]) } ?? "no answer"
    }
}
