/// A fact about the bytes of a record, found while it was framed. The raw value is what lands in the column `defect`.
///
/// A record has one defect at most. The order of precedence: structure (`open_quote`, `stray_quote`,
/// `record_too_large`, then `too_many_fields`), a raw NUL byte, UTF-8, and for JSON what the scanner found: syntax,
/// depth or element count, whichever stands first, and only in well-formed JSON the first of `nul_byte` (as `\u0000`),
/// `json_escape`, `json_number`, `duplicate_key`.
public enum Defect: String, Sendable, CaseIterable {
    /// Not UTF-8: stray or missing continuation bytes, overlong forms, surrogates, above U+10FFFF.
    case invalidUTF8 = "invalid_utf8"
    /// A byte 0, or in JSON the escape `\u0000`; PostgreSQL's text has no place for it.
    case nulByte = "nul_byte"
    /// A quoted CSV field that is not closed before the end of the file or of the record limit.
    case openQuote = "open_quote"
    /// Something other than a delimiter or a line end follows a closing quote.
    case strayQuote = "stray_quote"
    /// Above the record limit; the payload is the record's beginning only.
    case recordTooLarge = "record_too_large"
    /// More fields than the limit.
    case tooManyFields = "too_many_fields"
    /// Not JSON by RFC 8259, or an element that stands where the array's own structure is broken.
    case invalidJSON = "invalid_json"
    /// A name stands twice in one object (compared after unescaping).
    case duplicateKey = "duplicate_key"
    /// Nested deeper than the limit.
    case jsonDepth = "json_depth"
    /// More members and elements than the limit.
    case jsonElements = "json_elements"
    /// A number with an exponent outside -308...308 or with more than 400 digits.
    case jsonNumber = "json_number"
    /// An escaped surrogate (`\uD800` to `\uDFFF`) without its other half.
    case jsonEscape = "json_escape"
}

/// One record as it stands in the file. Its pointers are valid until the framer's next call.
public struct FramedRecord {
    /// 1-based ordinal of the record in the file; the header and blank lines do not count, defective records do.
    public let position: Int64
    /// 1-based physical line on which the record begins.
    public let line: Int64
    /// The record's own bytes without its line end. The first bytes only when the defect is `recordTooLarge`.
    public let payload: UnsafeRawBufferPointer
    public let defect: Defect?
    /// The dequoted fields of a CSV record with at least one quoted field and no defect; otherwise nil, and the payload
    /// splits at every delimiter.
    public let fields: FieldList?
}

/// The fields of one CSV record, a view over the framer's buffers: valid until the framer's next call.
public struct FieldList: RandomAccessCollection {
    struct Span {
        var start: Int
        var count: Int
        /// The field held doubled quotes, so its text stands in the framer's scratch buffer.
        var unescaped: Bool
    }

    let payload: UnsafeRawPointer
    let scratch: UnsafeRawPointer
    let spans: UnsafePointer<Span>
    public let count: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    /// The field's bytes without its quotes, doubled quotes made single.
    public subscript(index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < count, "field index out of range")
        let span = spans[index]
        return UnsafeRawBufferPointer(start: (span.unescaped ? scratch : payload) + span.start, count: span.count)
    }
}
