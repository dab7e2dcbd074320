import Digests

extension Schema {
    /// The parsing canonical form: equal for schemas that read and write the same bytes under the same names.
    public var canonicalForm: String {
        var text = ""
        var written: Set<ID> = []
        write(root, to: &text, &written)
        return text
    }

    /// CRC-64-AVRO (Rabin) of the canonical form.
    public var fingerprint: UInt64 { Self.rabin(canonicalForm.utf8) }

    /// SHA-256 of the canonical form, 32 bytes.
    public var sha256: [UInt8] {
        var hash = SHA256()
        Array(canonicalForm.utf8).withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }

    /// CRC-64-AVRO of bytes, with the specification's polynomial.
    public static func rabin(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = empty
        for byte in bytes { hash = (hash >> 8) ^ table[Int(UInt8(truncatingIfNeeded: hash) ^ byte)] }
        return hash
    }

    private static let empty: UInt64 = 0xC15D_213A_A4D7_A795
    private static let table: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { hash, _ in (hash >> 1) ^ (hash & 1 == 0 ? 0 : empty) }
    }

    private func write(_ id: ID, to text: inout String, _ written: inout Set<ID>) {
        if let (name, _) = names(id), !written.insert(id).inserted {
            text += JSON.quoted(name.full)
            return
        }
        switch types[id].kind {
        case .record(let record):
            text += #"{"name":"\#(record.name)","type":"record","fields":["#
            for (index, field) in record.fields.enumerated() {
                text += #"\#(index == 0 ? "" : ","){"name":"\#(field.name)","type":"#
                write(field.type, to: &text, &written)
                text += "}"
            }
            text += "]}"
        case .enumeration(let type):
            text += #"{"name":"\#(type.name)","type":"enum","symbols":[\#(type.symbols.map(JSON.quoted).joined(separator: ","))]}"#
        case .fixed(let type): text += #"{"name":"\#(type.name)","type":"fixed","size":\#(type.size)}"#
        case .array(let items):
            text += #"{"type":"array","items":"#
            write(items, to: &text, &written)
            text += "}"
        case .map(let values):
            text += #"{"type":"map","values":"#
            write(values, to: &text, &written)
            text += "}"
        case .union(let branches):
            text += "["
            for (index, branch) in branches.enumerated() {
                if index > 0 { text += "," }
                write(branch, to: &text, &written)
            }
            text += "]"
        default: text += "\"\(types[id].kind.word)\""
        }
    }
}
