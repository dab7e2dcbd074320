import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Mongo

/// Against nx-27017, which speaks MongoDB's wire protocol.
@Suite(.serialized) struct MongoClientTests {
    private static let everything = try! BSON(json: "{}")
    static let hurry = "serverSelectionTimeoutMS=2000&connectTimeoutMS=1000&socketTimeoutMS=1000"

    private func client(_ port: Int, _ options: String = hurry, user: String = "") throws -> MongoClient {
        MongoClient(try MongoAddress("mongodb://\(user)127.0.0.1:\(port)/?\(options)"), database: "emporium")
    }

    private func replacing(_ key: Int, run: Int, _ more: String = "") throws -> MongoClient.Write {
        .replace(
            try BSON(json: #"{"_id": \#(key), "emporium.run": {"$lte": \#(run)}}"#),
            with: try BSON(json: #"{"_id": \#(key), "emporium": {"run": \#(run)}\#(more)}"#))
    }

    private func all(_ client: MongoClient, _ collection: String, fields: BSON? = nil) async throws -> [[String: BSON.Value]] {
        let found = Mutex<[BSON]>([])
        try await client.find(Self.everything, in: collection, fields: fields) { (document) throws(MongoError) in
            found.withLock { $0.append(document) }
        }
        return try found.withLock(\.self).map { try $0.fields() }.sorted { ($0["_id"]?.int ?? 0) < ($1["_id"]?.int ?? 0) }
    }

    @Test func documentsAreAddedReplacedRemovedAndCounted() async throws {
        let server = try PythonServer("mongo/nx27017.py")
        let client = try client(server.port)
        try await client.ping()
        #expect(try await client.write((1...5).map { try replacing($0, run: 1, #", "name": "Zoë 😀 \"\\\u0001", "list": [1.5, null]"#) }, to: "c").added == 5)
        #expect(try await client.write([replacing(2, run: 2), replacing(6, run: 2)], to: "c") == .init(added: 1, replaced: 1))
        let found = try await all(client, "c")
        #expect(found.count == 6, "a second replace of a key added none")
        #expect(found[0]["name"] == .string("Zoë 😀 \"\\\u{1}") && found[0]["list"] == .array([.double(1.5), .null]))
        #expect(found[1] == ["_id": .int(2), "emporium": .document(["run": .int(2)])], "replaced whole")
        #expect(try await all(client, "c", fields: BSON(json: #"{"_id": 1}"#))[0] == ["_id": .int(1)])
        let removed = try await client.write([1, 2, 99].map { .remove(try BSON(json: #"{"_id": \#($0), "emporium.run": {"$lt": 2}}"#)) }, to: "c")
        #expect(removed.removed == 1, "what a newer run wrote is not removed")
        let left = try await all(client, "c")
        #expect(left.count == 5 && left.count { $0["emporium"]?["run"]?.int == 2 } == 2)
        #expect(try await client.write([], to: "c") == .init())
    }

    @Test func whatANewerRunWroteIsAConflictAndTheRestIsDone() async throws {
        let server = try PythonServer("mongo/nx27017.py")
        let client = try client(server.port)
        _ = try await client.write([replacing(1, run: 5), replacing(2, run: 3)], to: "c")
        let written = try await client.write([replacing(1, run: 4), replacing(2, run: 4), replacing(3, run: 4)], to: "c")
        #expect(written == .init(added: 1, replaced: 1, conflicts: [0]))
        #expect(try await all(client, "c").map { $0["emporium"]?["run"]?.int } == [5, 4, 4])
    }

    @Test func manyAndLargeDocumentsGoInSeveralMessages() async throws {
        let server = try PythonServer("mongo/nx27017.py")
        let client = try client(server.port, "socketTimeoutMS=60000")
        let text = String(repeating: "x", count: 3 << 20)
        // 60 MiB: more than one message of 48 MB holds.
        #expect(try await client.write((1...20).map { try replacing($0, run: 1, #", "t": "\#(text)""#) }, to: "large").added == 20)
        #expect(try await all(client, "large", fields: BSON(json: #"{"_id": 1}"#)).count == 20)
        #expect(try await client.write((1...3000).map { try replacing($0, run: 1) }, to: "many").added == 3000)
        #expect(try await all(client, "many").map { $0["_id"]?.int } == (1...3000).map(Int64.init))
        let error = await #expect(throws: MongoError.self) {
            try await client.write([replacing(1, run: 1, #", "t": "\#(String(repeating: "x", count: 17 << 20))""#)], to: "large")
        }
        #expect(error?.kind == .other, "a document over 16 MiB is no outage: \(String(describing: error))")
    }

    @Test func aServerThatIsAwayIsAnOutageAndComesBack() async throws {
        var server: PythonServer? = try PythonServer("mongo/nx27017.py")
        let port = try #require(server).port
        let client = try client(port)
        try await client.ping()
        server = nil
        for _ in 0..<2 {
            let error = await #expect(throws: MongoError.self) { try await client.ping() }
            #expect(error?.kind == .outage, "\(String(describing: error))")
            #expect("\(try #require(error))".hasPrefix("MongoDB at 127.0.0.1:\(port)/emporium: "))
        }
        server = try PythonServer("mongo/nx27017.py", ["--port", "\(port)"])
        try await client.ping()
        _ = server
    }

    @Test func aServerThatSaysNothingIsAnOutage() async throws {
        // Takes connections, and answers none.
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Bool in
                bind(silent, raw, length) == 0 && listen(silent, 8) == 0 && getsockname(silent, raw, &length) == 0
            }
        } ? Int(UInt16(bigEndian: address.sin_port)) : 0
        try #require(port > 0)
        let client = try client(port)
        let began = ContinuousClock.now
        let error = await #expect(throws: MongoError.self) { try await client.ping() }
        #expect(error?.kind == .outage, "\(String(describing: error))")
        #expect(ContinuousClock.now - began < .seconds(15))
    }

    @Test func noIsNoOutageAndShowsNoPassword() async throws {
        let server = try PythonServer("mongo/nx27017.py", ["--refuse", "saslStart=18", "--refuse", "update=13", "--refuse", "find=11600"])
        let locked = try client(server.port, Self.hurry + "&authMechanism=SCRAM-SHA-256", user: "relay:hunter2secret@")
        let error = await #expect(throws: MongoError.self) { try await locked.ping() }
        #expect(error?.kind == .refused, "\(String(describing: error))")
        let said = "\(try #require(error)) \(locked.address) \(locked.place)"
        #expect(said.contains("127.0.0.1:\(server.port)") && !said.contains("hunter2"))
        let open = try client(server.port)
        let forbidden = await #expect(throws: MongoError.self) { try await open.write([replacing(1, run: 1)], to: "c") }
        #expect(forbidden?.kind == .refused && forbidden?.code == 13, "\(String(describing: forbidden))")
        let leaving = await #expect(throws: MongoError.self) { try await open.find(Self.everything, in: "c") { _ in } }
        #expect(leaving?.kind == .outage, "shutting down: \(String(describing: leaving))")
    }

    @Test(arguments: [
        "", "localhost", "http://relay:hunter2secret@h/", "mongodb://", "mongodb://relay:hunter2secret@", "mongodb://relay:hunter2/secret@h/",
        "mongodb://relay:27017/hunter2secret@h/", "mongodb://u:p@hunter2/secret@h/", "mongodb://relay:hunter2%zzsecret@h/", "mongodb://relay:hunter2@secret@h/", "mongodb://relay:hunter2:secret@h/db",
        "mongodb://relay:hunter2secret@h:99999/", "mongodb://relay:hunter2secret@h/a$b?x", "mongodb+srv://relay:hunter2secret@a,b/",
        "mongodb://hunter2secret", "mongodb://relay:hunter2secret@h/?authMechanism=GSSAPI&w=0&journal=true",
    ])
    func aURIThatCannotBeUsedIsNotShown(_ uri: String) {
        do {
            let address = try MongoAddress(uri)
            // Taken after all: a name of a host, which is no secret.
            #expect(uri == "mongodb://hunter2secret", "\(address)")
        } catch {
            #expect(error.kind == .configuration)
            #expect(!"\(error)".contains("hunter2") && !"\(error)".contains("secret"), "\(error)")
        }
    }

    @Test func hostsAndDatabaseAreOfTheURI() throws {
        let address = try MongoAddress("mongodb://u:p%40ss@one:1,two:2,[::1]:3/shop?replicaSet=rs0&ssl=true")
        #expect(address.hosts == "one:1,two:2,[::1]:3" && address.database == "shop")
        let client = MongoClient(try MongoAddress("mongodb+srv://u:p@cluster.example.net/"), database: "emporium")
        #expect(client.place == "cluster.example.net/emporium")
    }
}
