import Postgres
import Synchronization
import Testing

@Suite struct CopyTests {
    private static let table = "create temp table t (a bigint, b integer, c smallint, d text, e bytea, f text[])"

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func everyKindOfFieldComesBack() async throws {
        let all = (0...255).map { UInt8($0) }
        let words = ["", "NULL", "a\"b", "c\\d", "{,}", "é"]
        var rows = BinaryCopy(capacity: 64)
        rows.row(fields: 6)
        rows.int64(.min)
        rows.int32(.max)
        rows.int16(-1)
        rows.text("it's \\. 李\n")
        all.withUnsafeBytes { rows.bytes($0) }
        let arrays = words.map { bytes($0) }
        rows.textArray(count: arrays.count) { index in
            arrays[index].withUnsafeBytes { UnsafeRawBufferPointer(start: $0.baseAddress, count: $0.count) }
        }
        rows.row(fields: 6)
        for _ in 0..<6 { rows.null() }
        rows.row(fields: 6)
        rows.int64(0)
        rows.int32(0)
        rows.int16(0)
        rows.text("")
        rows.bytes(UnsafeRawBufferPointer(start: nil, count: 0))
        rows.textArray(count: 0) { _ in UnsafeRawBufferPointer(start: nil, count: 0) }
        rows.finish()

        try await Server.session { session in
            try await session.execute(Self.table)
            #expect(try await copy(session, "copy t from stdin (format binary)", Bytes(rows.bytes)) == 3)
            let answer = try await session.query(
                """
                select a, b, c, d, encode(e, 'hex') as e, array_to_string(f, '|') as f, cardinality(f) as n,
                    num_nulls(a, b, c, d, e, f) as nulls from t order by nulls, a
                """)
            try #require(answer.rows.count == 3)
            #expect(answer.rows[0].int("a") == .min && answer.rows[0].int("b") == Int64(Int32.max))
            #expect(answer.rows[0].int("c") == -1 && answer.rows[0].text("d") == "it's \\. 李\n")
            #expect(answer.rows[0].text("e") == all.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            #expect(answer.rows[0].text("f") == words.joined(separator: "|") && answer.rows[0].int("n") == 6)
            #expect(answer.rows[1]["d"] == "" && answer.rows[1]["e"] == "" && answer.rows[1].int("n") == 0)
            #expect(answer.rows[2].int("nulls") == 6)
        }
    }

    @Test func aMebibyteInOneValue() async throws {
        var rows = BinaryCopy(capacity: 64)
        let value = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        rows.row(fields: 1)
        value.withUnsafeBytes { rows.bytes($0) }
        rows.finish()
        try await Server.session { session in
            try await session.execute("create temp table t (e bytea)")
            #expect(try await copy(session, "copy t from stdin (format binary)", Bytes(rows.bytes)) == 1)
            #expect(
                try await session.query("select e = $1 as same from t", [.bytes(value)]).first?.bool("same") == true)
        }
    }

    @Test func hundredThousandRowsAndTheBufferIsReused() async throws {
        var rows = BinaryCopy(capacity: 1 << 16)
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint, d text)")
            for part in 0..<2 {
                rows.reset()
                for number in 0..<50_000 {
                    rows.row(fields: 2)
                    rows.int64(Int64(part * 50_000 + number))
                    rows.text("row \(number)")
                }
                rows.finish()
                #expect(try await copy(session, "copy t from stdin (format binary)", Bytes(rows.bytes)) == 50_000)
            }
            let row = try await session.query("select count(*) as n, count(distinct a) as k, sum(a) as s from t").first
            #expect(row?.int("n") == 100_000 && row?.int("k") == 100_000 && row?.int("s") == 4_999_950_000)
        }
    }

    @Test func anErrorInMidCopyLeavesTheConnectionUsable() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint constraint t_a_check check (a < 50000))")
            let outside = try await serverError {
                try await copy(session, "copy t from stdin (format binary)", 100_000)
            }
            #expect(outside.sqlState == "23514" && outside.constraint == "t_a_check")
            #expect(try await session.query("select count(*) from t").first?[0] == "0")
            #expect(await session.isOpen)
            #expect(await !session.inTransaction)

            try await session.execute("begin")
            _ = try await serverError {
                try await copy(session, "copy t from stdin (format binary)", 60_000)
            }
            #expect(await session.inTransaction)
            #expect(try await serverError { try await session.query("select 1") }.sqlState == "25P02")
            try await session.execute("rollback")
            #expect(try await copy(session, "copy t from stdin (format binary)", 10) == 10)
        }
    }

    @Test func damagedAndForeignCopyIsRefused() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint)")
            let junk: [UInt8] = Array("no binary copy at all".utf8)
            let error = try await serverError {
                try await session.copyIn("copy t from stdin (format binary)") { send in
                    try junk.withUnsafeBytes { try send($0) }
                }
            }
            #expect(error.sqlState == "22P04")
            #expect(try await serverError { try await copy(session, "select 1", 1) }.sqlState == "0A000")
            #expect(try await session.query("select count(*) from t").first?[0] == "0")
        }
    }

    /// The connection must be usable after a COPY of the wrong direction, or say that it is not.
    @Test func aCopyOfTheWrongDirectionIsMisuse() async throws {
        try await Server.session { session in
            let out = try await serverError { try await copy(session, "copy (select 1) to stdout", 1) }
            #expect(out.sqlState == "0A000")
            if await session.isOpen {
                #expect(try await session.query("select 1").first?[0] == "1")
            }
        }
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint)")
            let into = try await serverError { try await session.copyOut("copy t from stdin") { _ in } }
            #expect(into.sqlState == "0A000")
            if await session.isOpen {
                #expect(try await session.query("select 1").first?[0] == "1")
            }
        }
    }

    @Test func aProducerThatThrowsRollsBack() async throws {
        try await Server.session { session in
            try await session.execute("create temp table t (a bigint)")
            await #expect(throws: Stop()) {
                try await session.copyIn("copy t from stdin (format binary)") { send in
                    let data = copyOf(1000, finished: false)
                    try withExtendedLifetime(data) { try send(data.bytes) }
                    throw Stop()
                }
            }
            #expect(try await session.query("select count(*) from t").first?[0] == "0")
            #expect(await !session.inTransaction)
        }
    }

    @Test func copyOutStreams() async throws {
        try await Server.session { session in
            let seen = Mutex((rows: 0, sum: 0))
            let rows = try await session.copyOut("copy (select g from generate_series(1, 100000) g) to stdout") { piece in
                let number = Int(String(decoding: piece, as: UTF8.self).dropLast()) ?? 0
                seen.withLock { $0 = ($0.rows + 1, $0.sum + number) }
            }
            #expect(rows == 100_000)
            #expect(seen.withLock { $0.rows } == 100_000 && seen.withLock { $0.sum } == 5_000_050_000)
        }
    }

    @Test func aConsumerThatThrowsStopsTheStream() async throws {
        try await Server.session { session in
            let seen = Mutex(0)
            await #expect(throws: Stop()) {
                try await session.copyOut("copy (select g from generate_series(1, 100000000) g) to stdout") { _ in
                    if seen.withLock({ $0 += 1; return $0 }) == 10 { throw Stop() }
                }
            }
            #expect(seen.withLock { $0 } == 10)
            for _ in 0..<20 {
                let one = try await session.query("select 1").first?[0]
                #expect(one == "1")
            }
        }
    }

    @Test func aFailingCopyOutIsTheServersError() async throws {
        try await Server.session { session in
            let error = try await serverError {
                try await session.copyOut("copy (select 1 / (g - 5000) from generate_series(1, 9000) g) to stdout") { _ in }
            }
            #expect(error.sqlState == "22012")
            #expect(try await session.query("select 1").first?[0] == "1")
        }
    }
}

/// COPY data of one bigint a row, from 0 up.
struct CopyData: @unchecked Sendable {  // never changed after init
    private final class Box {
        var copy: BinaryCopy
        init(_ copy: consuming BinaryCopy) { self.copy = copy }
    }
    private let box: Box
    var bytes: UnsafeRawBufferPointer { box.copy.bytes }

    init(_ rows: Int, finished: Bool) {
        var copy = BinaryCopy()
        for number in 0..<rows {
            copy.row(fields: 1)
            copy.int64(Int64(number))
        }
        if finished { copy.finish() }
        box = Box(copy)
    }
}

func copyOf(_ rows: Int, finished: Bool = true) -> CopyData { CopyData(rows, finished: finished) }

/// A view of a buffer that its owner keeps unchanged until the awaited call is over.
struct Bytes: @unchecked Sendable {
    let value: UnsafeRawBufferPointer
    init(_ value: UnsafeRawBufferPointer) { self.value = value }
}

func copy(_ session: Connection, _ sql: String, _ data: Bytes) async throws -> Int {
    try await session.copyIn(sql, data.value)
}

/// The data outlives the awaited call.
func copy(_ session: Connection, _ sql: String, _ rows: Int) async throws -> Int {
    let data = copyOf(rows)
    let count = try await copy(session, sql, Bytes(data.bytes))
    return withExtendedLifetime(data) { count }
}
