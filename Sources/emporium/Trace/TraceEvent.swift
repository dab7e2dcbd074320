import ArgumentParser
import Foundation
import Ingest
import Postgres

struct TraceEvent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Say where an event came by, from its package to its row.",
        discussion: """
            Prints `name  value` a line, a block for each place where the event was seen, in their order: outcome is stored, \
            rejected (by PostgreSQL), refused (by the door), duplicate or pending. Exit code 1: it was seen nowhere (yet).
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The event's correlationId, as the answer to its package has it.", valueName: "correlationId"))
    var correlationID: String

    private enum Names {
        /// What is printed, and the column of events.trace() it is.
        static let all = [
            ("package", "package_id"), ("ordinal", "ordinal"), ("received", "received_at"), ("outcome", "outcome"), ("feed", "feed"),
            ("cluster", "cluster_id"), ("topic", "topic"), ("partition", "partition"), ("offset", "offset"), ("schema", "schema_id"),
            ("batch", "batch_id"), ("run", "run_id"), ("landed", "landed_at"), ("promoted", "promoted_at"), ("row", "row"),
            ("codes", "codes"), ("reasons", "reasons"),
        ]
    }

    func validate() throws { _ = try Self.id(correlationID) }

    /// - Throws: `ValidationError` for what cannot be an event's correlation id: a UUIDv7 whose last 20 bits are its ordinal.
    static func id(_ text: String) throws -> UUID {
        guard let id = UUID(uuidString: text) else {
            throw ValidationError("\(text.prefix(60)) is no correlation id: a UUID was expected, 36 characters")
        }
        let bytes = withUnsafeBytes(of: id.uuid) { [UInt8]($0) }
        guard bytes[6] >> 4 == 7, bytes[8] >> 6 == 2 else {
            throw ValidationError("\(text) is no correlation id: those are UUIDs of version 7")
        }
        guard bytes[13] & 15 > 0 || bytes[14] > 0 || bytes[15] > 0 else {
            throw ValidationError("\(text) is the id of a package: the answer to it has each event's correlationId")
        }
        return id
    }

    func run() async throws {
        let logger = common.logger("trace")
        let id = try Self.id(correlationID).uuidString.lowercased()
        let session = DatabaseSession(try Settings.database().asRole("promoter"), patience: .seconds(10), logger: logger)
        let answer = try await session.query(
            "trace",
            """
            with place as (
                select t.*, t.timestamp_stamp::text || ' ' || t.message_id_stamp::text as row,
                    array_to_string(t.codes, ', ') as code_list, array_to_string(t.reasons, '; ') as reason_list
                from events.trace($1) t
            )
            select p.*, (jsonb_strip_nulls(to_jsonb(p)) - 'code_list' - 'reason_list')::text as json from place p
            """, [.text(id)])
        await session.close()
        let isKnown = answer.rows.contains { $0.text("outcome") != "unknown" }
        if common.json {
            print("[" + answer.rows.map { $0.text("json") }.joined(separator: ",\n ") + "]")
        } else {
            let blocks = answer.rows.map { row in
                Names.all.compactMap { name, column -> String? in
                    let value = row.dictionary[["codes": "code_list", "reasons": "reason_list"][column] ?? column] ?? nil
                    guard let value, !value.isEmpty else { return nil }
                    return name.padding(toLength: 11, withPad: " ", startingAt: 0) + value
                }.joined(separator: "\n")
            }
            print(blocks.joined(separator: "\n\n"))
        }
        guard isKnown else {
            Failure.say(
                """
                event \(id) was seen nowhere
                  hint: what was answered a moment ago may not be loaded yet (emporium status); loaded are events.raw and \
                events.dead.letter
                """)
            throw ExitCode(1)
        }
    }
}
