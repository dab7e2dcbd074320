import Foundation
import Glibc
import Testing
import TestSupport

/// A database with a generated shop, and a document store of its own (nx-27017).
struct DueStore: Sendable {
    let bench: Bench
    let port: Int
    /// Two days of which the sets differ, and share customers.
    static let days = ["2025-12-29", "2025-12-31"]

    static func with(_ options: [String] = [], _ body: (DueStore, PythonServer) async throws -> Void) async throws {
        try await Bench.with { bench in
            let made = try await bench.run("generate", "shop", "--customers", "800", "--orders", "6000")
            try #require(made.exitCode == 0, "\(made.err)")
            let server = try PythonServer("mongo/nx27017.py", options)
            try await body(DueStore(bench: bench, port: server.port), server)
        }
    }

    func environment(_ more: String = "", user: String = "") -> [String: String] {
        bench.environment.merging([
            "MONGODB_URI": "mongodb://\(user)127.0.0.1:\(port)/?serverSelectionTimeoutMS=2000&connectTimeoutMS=1000&socketTimeoutMS=2000\(more)"
        ]) { $1 }
    }

    func start(_ arguments: String..., environment: [String: String]? = nil) throws -> Child {
        try Child(Emporium.path, ["relay", "mongo"] + arguments, environment ?? self.environment(), in: bench.folder)
    }

    func run(_ arguments: String..., environment: [String: String]? = nil) async throws -> Emporium.Outcome {
        try await Child(Emporium.path, ["relay", "mongo"] + arguments, environment ?? self.environment(), in: bench.folder).outcome()
    }

    @discardableResult
    func documents(_ command: String...) async throws -> String {
        try await system(["/usr/bin/env", "python3", "\(TestStack.root)/Tests/mongo/documents.py", "\(port)", "due_customers"] + command)
    }

    /// What the store holds, by another client: each document without the relay's mark.
    func held() async throws -> [Int: NSDictionary] {
        var result: [Int: NSDictionary] = [:]
        let all = try #require(try JSONSerialization.jsonObject(with: Data(try await documents("read").utf8)) as? [[String: Any]])
        for var document in all {
            let mark = try #require(document.removeValue(forKey: "emporium") as? [String: Any], "\(document)")
            #expect(Set(mark.keys) == ["owner", "run", "digest"])
            #expect(result.updateValue(document as NSDictionary, forKey: try #require(document["_id"] as? Int)) == nil, "twice")
        }
        return result
    }

    /// What SQL says, with the types of Extended JSON taken off.
    func due(_ day: String, _ days: Int = 7, model: String = "bg_nbd") async throws -> [Int: NSDictionary] {
        func plain(_ value: Any) -> Any {
            guard let map = value as? [String: Any] else { return (value as? [Any]).map { $0.map(plain) } ?? value }
            if let text = map["$numberLong"] as? String { return Int(text) ?? text }
            if let text = map["$numberDouble"] as? String { return Double(text) ?? text }
            if let text = map["$date"] as? String { return String(text.prefix(10)) }
            return map.mapValues(plain)
        }
        let rows = try await bench.sql(
            """
            select d.customer_id, d.document
            from analytics.due_customers($1::date, $2::integer, $3) d
            join analytics.next_order($1::date, $2::integer, p_model => $3) n using (customer_id)
            where n.predicted_date > $1::date and n.predicted_date <= $1::date + $2::integer
            """, [.text(day), .int(days), .text(model)])
        var result: [Int: NSDictionary] = [:]
        for row in rows {
            let document = try JSONSerialization.jsonObject(with: Data((row[1] ?? "").utf8))
            result[try #require(row[0].flatMap { Int($0) })] = plain(document) as? NSDictionary
        }
        return result
    }

    func expectEqual(_ day: String, _ days: Int = 7, at location: SourceLocation = #_sourceLocation) async throws {
        let (held, due) = (try await held(), try await due(day, days))
        #expect(!due.isEmpty, sourceLocation: location)
        #expect(Set(held.keys) == Set(due.keys), "the same customers", sourceLocation: location)
        for (key, document) in due where held[key] != document {
            Issue.record("\(key): \(held[key] ?? [:]) is not \(document)", sourceLocation: location)
        }
    }
}

/// Numbers that are the same in every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
