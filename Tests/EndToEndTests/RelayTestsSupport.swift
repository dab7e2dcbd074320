import Foundation
import Kafka
import Testing
import TestSupport

/// A receiver of webhooks (Tests/relay/webhooks.py).
struct Receiver: Sendable {
    static let secret = "whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjI="
    private let server: PythonServer
    var url: String { server.url }

    init(signed: Bool = false) throws {
        server = try PythonServer("relay/webhooks.py", signed ? ["--secret", Self.secret] : [])
    }

    struct Post: Decodable, Sendable {
        var path: String
        var headers: [String: String]
        var body: String
        var signed: Bool
        var answer: Int?
        var seconds: Double
        var id: String { headers["webhook-id"] ?? "none" }
    }

    func log(_ path: String? = nil) async throws -> [Post] {
        let text = try await system(["/usr/bin/curl", "-sS", "\(url)/_log"])
        return try JSONDecoder().decode([Post].self, from: Data(text.utf8)).filter { path == nil || $0.path == path }
    }

    /// What it answers next to POSTs at a path.
    func fault(_ path: String, _ answers: String, forEver: Bool = false) async throws {
        let body = #"{"path": "\#(path)", "for ever": \#(forEver), "answers": [\#(answers)]}"#
        try await system(["/usr/bin/curl", "-sS", "-f", "-d", body, "\(url)/_fault"])
    }
}

extension DeadLetters {
    func webhook(_ name: String, _ url: String, on kinds: String...) async throws {
        let outcome = try await Emporium.run(["relay", "webhooks", "add", name, url, "--on"] + kinds, bench.environment, in: bench.folder)
        try #require(outcome.exitCode == 0, "\(outcome.err)")
    }

    /// Posts a message to a webhook; gives its row of the outbox.
    @discardableResult
    func say(_ text: String, to webhook: String, key: String? = nil) async throws -> Int64 {
        let answer = try await bench.sql(
            "select ops.post_message('webhook', $1, convert_to($2, 'UTF8'), $3)", [.text(webhook), .text(text), .optional(key)])
        return try #require(answer.first?[0].flatMap { Int64($0) })
    }

    func set(_ setting: String, _ value: String) async throws {
        _ = try await bench.sql("update ops.setting set value = $2 where name = $1", [.text(setting), .text(value)])
    }

    /// `emporium relay` without brokers.
    func start(_ arguments: [String], _ more: [String: String] = [:]) throws -> Child {
        try Child(Emporium.path, ["relay"] + arguments, bench.environment.merging(more) { $1 }, in: bench.folder)
    }

    func run(_ arguments: [String], _ more: [String: String] = [:]) async throws -> Emporium.Outcome {
        try await start(arguments, more).outcome()
    }

    var folder: String { bench.folder + "/store" }
    var store: [String: String] { ["EMPORIUM_OBJECT_STORE": "file://\(folder)"] }

    /// Relays that stand between the last acknowledgement and booking.
    func held() async throws -> Int {
        try await bench.count("select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted and database = (select oid from pg_database where datname = current_database())")
    }
}
