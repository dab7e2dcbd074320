import Postgres

// Where in the file an error of the server lies.

extension SQLScript.Statement {
    /// The place of an error of this statement in the file, both 1-based; the column counts Unicode scalars.
    ///
    /// In this order: the server's position in the statement; its position in a query that stands word for word in
    /// the statement (the body of a DO block, an EXECUTE of a literal); the line of a DO block that the context
    /// names; the line on which the statement begins, without a column.
    func place(of error: PostgresError) -> (line: Int, column: Int?) {
        let scalars = Array(text.unicodeScalars)
        if let position = error.position, 1...scalars.count + 1 ~= position {
            return place(scalars, position - 1)
        }
        if let inner = error.internalQuery, !inner.isEmpty, let position = error.internalPosition, position > 0,
            let offset = Self.onlyOccurrence(of: Array(inner.unicodeScalars), in: scalars),
            offset + position - 1 <= scalars.count
        {
            return place(scalars, offset + position - 1)
        }
        if tokens.first?.word == "do", let body = tokens.first(where: { $0.kind == .string }),
            let within = error.context.flatMap(Self.lineOfInlineBlock)
        {
            return (body.line + within - 1, nil)
        }
        return (line, nil)
    }

    /// Positions count code points, since the session's encoding is UTF-8.
    private func place(_ scalars: [Unicode.Scalar], _ offset: Int) -> (line: Int, column: Int?) {
        let before = scalars[..<offset]
        guard let newline = before.lastIndex(of: "\n") else { return (line, column + offset) }
        return (line + before.count { $0 == "\n" }, offset - newline)
    }

    private static func onlyOccurrence(of part: [Unicode.Scalar], in whole: [Unicode.Scalar]) -> Int? {
        guard part.count <= whole.count else { return nil }
        var found: Int?
        for offset in 0...whole.count - part.count
        where whole[offset] == part[0] && whole[offset..<offset + part.count].elementsEqual(part) {
            if found != nil { return nil }
            found = offset
        }
        return found
    }

    /// 3 for `PL/pgSQL function inline_code_block line 3 at RAISE`; the outermost frame stands last.
    private static func lineOfInlineBlock(_ context: String) -> Int? {
        let marker = "inline_code_block line "
        for frame in context.split(separator: "\n").reversed() {
            guard let found = frame.firstRange(of: marker) else { continue }
            return Int(frame[found.upperBound...].prefix { $0.isNumber }).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
