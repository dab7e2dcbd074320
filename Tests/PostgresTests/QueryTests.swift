import Postgres
import Testing

@Suite struct QueryTests {
    @Test func parametersTravelWhole() async throws {
        try await Server.session { session in
            let row = try #require(
                try await session.query(
                    """
                    select $1::text as missing, $2::text as words, $3::bigint as least, $4::integer as small,
                        encode($5::bytea, 'hex') as bytes, $6::boolean as yes, octet_length($7::bytea) as none,
                        $8::text as nothing
                    """,
                    [
                        nil, .text("O'Neil \"x\" \\ 李 🦕\n\ttab"), .int(Int64.min), 7, .bytes([0, 1, 0x5c, 0x27, 0xff]),
                        true, .bytes([]), "",
                    ]
                ).first)
            #expect(row["missing"] == .some(nil))
            #expect(row.text("words") == "O'Neil \"x\" \\ 李 🦕\n\ttab")
            #expect(row.int("least") == Int64.min)
            #expect(row.int("small") == 7)
            #expect(row.text("bytes") == "00015c27ff")
            #expect(row.bool("yes") == true)
            #expect(row.int("none") == 0)
            #expect(row["nothing"] == "")
        }
    }

    @Test func everyByteSurvivesAsParameter() async throws {
        let bytes = (0...255).map { UInt8($0) }
        try await Server.session { session in
            let hex = try await session.query("select encode($1, 'hex')", [.bytes(bytes)]).first?[0]
            #expect(hex == bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
    }

    @Test func arraysKeepQuotesBackslashesAndNulls() async throws {
        let values: [String?] = ["plain", "", "NULL", nil, "null", "a\"b", "c\\d", "\\\"", "{x,y}", " blank ", "a,b", "é\n"]
        try await Server.session { session in
            let answer = try await session.query(
                "select v from unnest($1::text[]) with ordinality as u (v, n) order by n", [.array(values)])
            #expect(answer.rows.map { $0[0] } == values)
            #expect(try await session.query("select cardinality($1::text[])", [.array([])]).first?[0] == "0")
        }
    }

    /// libpq's strings end at NUL: what stands behind one must not vanish without a word.
    @Test func textWithNULIsRefusedNotCut() async throws {
        try await Server.session { session in
            let error = try await serverError { try await session.query("select $1::text", [.text("ab\0cd")]) }
            #expect(error.sqlState == "22021")
            #expect(try await session.query("select 1").first?[0] == "1")
        }
    }

    @Test func answersTellColumnsAndCounts() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a int, b text)")
            let inserted = try await session.query("insert into t select g, null from generate_series(1, 5) g")
            #expect(inserted.affected == 5 && inserted.rows.isEmpty)
            let answer = try await session.query("select a, b from t where a > 100")
            #expect(answer.columns == ["a", "b"] && answer.first == nil)
            #expect(try await session.query("delete from t where a < 3").affected == 2)
            #expect(try await session.execute("select 1; select 2 as x").first?.int("x") == 2)
            #expect(try await session.query("select a, b from t where a = 5").first?.dictionary == ["a": "5", "b": nil])
        }
    }

    @Test func quotedForSQLText() async throws {
        let nasty = ["it's", "back\\slash", "'; drop table x; --", "\"", "", "E'\\x'"]
        try await Server.session { session in
            for text in nasty {
                let back = try await session.execute("select \(quoteLiteral(text))").first?[0]
                #expect(back == text)
            }
            for text in nasty where !text.isEmpty {
                let columns = try await session.execute("select 1 as \(quoteIdentifier(text))").columns
                #expect(columns == [text])
            }
        }
    }

    @Test func callsOnOneConnectionRunInTurn() async throws {
        try await Server.session { session in
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 1...50 {
                    group.addTask { try await session.query("select \(number)::bigint as n").first?.int("n") ?? 0 }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 1275)
        }
    }
}

@Suite struct ErrorTests {
    @Test func uniqueViolationNamesTheConstraintNotTheValue() async throws {
        try await Server.session { session in
            try await session.execute("create temp table person (email text constraint person_email_key unique)")
            try await session.query("insert into person values ($1)", ["secret@mail.com"])
            let error = try await serverError {
                try await session.query("insert into person values ($1)", ["secret@mail.com"])
            }
            #expect(error.sqlState == "23505" && error.sqlStateClass == "23")
            #expect(error.constraint == "person_email_key" && error.table == "person")
            #expect(error.detail?.contains("secret@mail.com") == true)
            #expect(error.isBadData && !error.isOutage && !error.isConnectionLost)
            #expect(error.description.contains("23505") && error.description.contains("person_email_key"))
            #expect(!error.description.contains("secret"))
            #expect(error.debugDescription.contains("secret@mail.com"))
        }
    }

    @Test(arguments: [
        ("select 'geheim'::integer", "22P02"), ("select '2020-02-31 geheim'::date", "22007"),
        ("select 'geheim'::jsonb", "22P02"), ("select 'geheim'::uuid", "22P02"),
    ])
    func badTextIsNotQuoted(sql: String, sqlState: String) async throws {
        try await Server.session { session in
            let error = try await serverError { try await session.query(sql) }
            #expect(error.sqlState == sqlState)
            #expect(!error.description.contains("geheim"), "\(error)")
        }
        try await Server.session { session in
            let error = try await serverError { try await session.query("select $1::integer", ["geheim"]) }
            #expect(error.debugDescription.contains("geheim") && !"\(error)".contains("geheim"))
        }
    }

    @Test func checkViolationGivesAwayNoRow() async throws {
        try await Server.session { session in
            try await session.execute(
                "create temp table t (name text, age int constraint t_age_check check (age > 18), c text not null)")
            let check = try await serverError { try await session.query("insert into t values ('geheim', 3, 'x')") }
            #expect(check.sqlState == "23514" && check.constraint == "t_age_check")
            #expect(!check.description.contains("geheim") && check.debugDescription.contains("geheim"))
            let null = try await serverError { try await session.query("insert into t values ('geheim', 30, null)") }
            #expect(null.sqlState == "23502" && null.column == "c")
            #expect(!null.description.contains("geheim"))
        }
    }

    @Test func ownErrorsCarryDetailAndHint() async throws {
        try await Server.session { session in
            let error = try await serverError {
                try await session.execute(
                    """
                    do $$ begin
                        raise exception using errcode = 'EM020', message = 'm', detail = 'd', hint = 'h';
                    end $$
                    """)
            }
            #expect(error.sqlState == "EM020" && error.message == "m" && error.detail == "d" && error.hint == "h")
            #expect(error.description == "ERROR EM020: m\n  detail: d\n  hint: h")
            #expect(!error.isOutage && !error.isBadData)
            #expect(error.context?.contains("PL/pgSQL") == true)
        }
    }

    @Test func positionCountsCharacters() async throws {
        try await Server.session { session in
            let error = try await serverError { try await session.execute("select 'éé', nothere") }
            #expect(error.sqlState == "42703" && error.position == 14)
        }
    }

    @Test func copyThroughQueryIsMisuse() async throws {
        try await Server.session { session in
            let error = try await serverError { try await session.execute("copy (select 1) to stdout") }
            #expect(error.sqlState == "0A000")
            #expect(await !session.isOpen)
            #expect(try await serverError { try await session.query("select 1") }.sqlState == "08003")
        }
    }

    @Test(arguments: [
        ("08006", true, true, false), ("40P01", true, false, false), ("53100", true, false, false),
        ("55P03", true, false, false), ("57014", true, false, false), ("57P01", true, true, false),
        ("57P03", true, true, false), ("58030", true, false, false), ("22P02", false, false, true),
        ("23505", false, false, true), ("54000", false, false, true), ("42P01", false, false, false),
        ("EM020", false, false, false),
    ])
    func classes(_ sqlState: String, _ outage: Bool, _ lost: Bool, _ data: Bool) {
        let error = PostgresError(sqlState: sqlState, message: "m")
        #expect(error.isOutage == outage && error.isConnectionLost == lost && error.isBadData == data)
    }
}
