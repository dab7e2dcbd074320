import Postgres
import Testing

@Suite struct CopiedColumnTests {
    /// Each way of cutting the server's answer into pieces.
    @Test func aCopiedColumnComesInAnyPieces() throws {
        let header = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let rows: [UInt8] = [0, 1, 0, 0, 0, 2, 65, 66] + [0, 1, 0xFF, 0xFF, 0xFF, 0xFF] + [0, 1, 0, 0, 0, 0] + [0xFF, 0xFF]
        let all = header + rows
        for size in 1...all.count {
            var column = CopiedColumn()
            var found: [[UInt8]?] = []
            var value: [UInt8] = []
            for start in stride(from: 0, to: all.count, by: size) {
                try all[start..<min(start + size, all.count)].withUnsafeBytes {
                    try column.take($0) { value.append(contentsOf: $0) } end: { isNull in
                        found.append(isNull ? nil : value)
                        value = []
                    }
                }
            }
            #expect(found == [[65, 66], nil, []] && column.isWhole, "pieces of \(size)")
        }
        for wrong in [[UInt8](repeating: 65, count: 30), header + [0, 2, 0, 0, 0, 0], header + [0, 1, 0xFF, 0xFF, 0xFF, 0xFE]] {
            #expect(throws: CopiedColumn.Malformed.self) {
                var column = CopiedColumn()
                try wrong.withUnsafeBytes { try column.take($0) { _ in } end: { _ in } }
            }
        }
    }
}
