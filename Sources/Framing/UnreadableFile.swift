/// The file as a whole cannot be read: no record of it can be trusted, or the rest of it is out of reach.
///
/// `description` gives away no byte of the file: what stands where a header is expected may be a row.
public struct UnreadableFile: Error, Equatable, Sendable, CustomStringConvertible {
    /// Stable, snake_case. Those thrown by this module:
    /// `empty_file`, `utf16`, `utf32`, `header_too_large`, `header_not_utf8`, `header_nul`, `header_quote`,
    /// `header_too_many_fields`, `empty_header_name`, `duplicate_header`, `resume_past_end`, `gzip_truncated`,
    /// `gzip_corrupt`, `gzip_bomb`, `compression_unsupported`.
    public let code: String
    /// What is wrong, one sentence without the full stop.
    public let reason: String
    /// What to do about it, one sentence without the full stop.
    public let hint: String

    public init(code: String, reason: String, hint: String) {
        self.code = code
        self.reason = reason
        self.hint = hint
    }

    public var description: String { "\(reason) [\(code)]; \(hint)" }
}
