/// An element of an S3 server's answer.
///
/// Read by a reader of our own, of what such answers are made of: Foundation's would bring FoundationXML and libxml2 into every
/// program. There are no document types and hence no entities but XML's five, nothing deep and nothing endless.
struct XMLNode {
    /// Without a namespace's prefix.
    var name: String
    var text = ""
    var children: [XMLNode] = []

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    subscript(_ name: String) -> String? { children.first { $0.name == name }?.text }
    func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// - Throws: `Fault`.
    static func read(_ bytes: [UInt8]) throws(Fault) -> XMLNode {
        var reader = XMLReader(bytes)
        return try reader.document()
    }
}

private struct XMLReader {
    static let mostDepth = 16
    static let mostElements = 100_000

    private let bytes: [UInt8]
    private var at = 0
    private var elements = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    mutating func document() throws(XMLNode.Fault) -> XMLNode {
        try skipMisc()
        guard take("<") else { throw fault("no element") }
        let root = try element(depth: 1)
        try skipMisc()
        guard at == bytes.count else { throw fault("something after the end") }
        return root
    }

    /// After `<`.
    private mutating func element(depth: Int) throws(XMLNode.Fault) -> XMLNode {
        elements += 1
        guard depth <= Self.mostDepth, elements <= Self.mostElements else { throw fault("too deep or too large") }
        let full = try name()
        var node = XMLNode(name: Self.local(full))
        while true {
            skipBlanks()
            if take("/>") { return node }
            if take(">") { break }
            _ = try name()
            skipBlanks()
            guard take("="), try skipQuoted() else { throw fault("an attribute without a value") }
        }
        var text: [UInt8] = []
        while at < bytes.count {
            let start = at
            while at < bytes.count, bytes[at] != 0x3C, bytes[at] != 0x26 { at += 1 }  // < and &
            text.append(contentsOf: bytes[start..<at])
            if take("</") {
                guard try name() == full else { throw fault("the end of another element") }
                skipBlanks()
                guard take(">") else { throw fault("an end without its end") }
                guard let text = String(validating: text, as: UTF8.self) else { throw fault("text that is not UTF-8") }
                node.text = text
                return node
            } else if take("<![CDATA[") {
                text.append(contentsOf: try through("]]>"))
            } else if take("<!--") {
                _ = try through("-->")
            } else if take("<?") {
                _ = try through("?>")
            } else if take("<!") {
                throw fault("a declaration")
            } else if take("<") {
                node.children.append(try element(depth: depth + 1))
            } else if take("&") {
                text.append(contentsOf: try entity().utf8)
            }
        }
        throw fault("an element without its end")
    }

    /// After `&`.
    private mutating func entity() throws(XMLNode.Fault) -> String {
        guard let end = bytes[at..<min(at + 12, bytes.count)].firstIndex(of: UInt8(ascii: ";")) else { throw fault("an \"&\" alone") }
        let entity = String(decoding: bytes[at..<end], as: UTF8.self)
        at = end + 1
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = entity.hasPrefix("#x")
            guard entity.hasPrefix("#"), let code = UInt32(entity.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                let scalar = Unicode.Scalar(code)
            else { throw fault("an entity that is not XML's own") }
            return String(Character(scalar))
        }
    }

    private mutating func name() throws(XMLNode.Fault) -> String {
        let start = at
        while at < bytes.count, !Self.isBlank(bytes[at]), !Self.isMark(bytes[at]) { at += 1 }
        guard at > start, at - start <= 100 else { throw fault("no name") }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private static func local(_ name: String) -> String {
        name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init) ?? name
    }

    private mutating func skipQuoted() throws(XMLNode.Fault) -> Bool {
        skipBlanks()
        if take("\"") { _ = try through("\"") } else if take("'") { _ = try through("'") } else { return false }
        return true
    }

    /// Declarations of XML itself, comments, blanks.
    private mutating func skipMisc() throws(XMLNode.Fault) {
        while true {
            skipBlanks()
            if take("<?") { _ = try through("?>") } else if take("<!--") { _ = try through("-->") } else { break }
        }
        if isNext("<!") { throw fault("a document type") }
    }

    private mutating func skipBlanks() {
        while at < bytes.count, Self.isBlank(bytes[at]) { at += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    /// What no name has in it: `/>=<&"'`
    private static func isMark(_ byte: UInt8) -> Bool {
        byte == 0x2F || byte == 0x3E || byte == 0x3D || byte == 0x3C || byte == 0x26 || byte == 0x22 || byte == 0x27
    }


    private mutating func take(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        at += text.utf8CodeUnitCount
        return true
    }

    private func isNext(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - at >= count else { return false }
        for index in 0..<count where bytes[at + index] != text.utf8Start[index] { return false }
        return true
    }

    /// What stands before an end, which is taken, too.
    private mutating func through(_ end: StaticString) throws(XMLNode.Fault) -> ArraySlice<UInt8> {
        let start = at
        while at < bytes.count {
            let here = at
            if take(end) { return bytes[start..<here] }
            at += 1
        }
        throw fault("\(end) is missing")
    }

    private func fault(_ what: String) -> XMLNode.Fault { XMLNode.Fault(description: "\(what) at byte \(at)") }
}
