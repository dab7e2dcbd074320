import ArgumentParser
import Foundation
import Postgres

struct CollectServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Take events in: POST /collect, until SIGTERM.",
        discussion: """
            Runs emporium-collector, a program of its own, with this one's database, brokers and registry. Every limit has \
            an environment name, EMPORIUM_COLLECT_…; GET /openapi.json says what is served. On the embedded stack, a key is \
            made when there is none, and kept in <home>/collector/key.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var brokers: KafkaOptions

    @Option(help: ArgumentHelp("Address to listen on (EMPORIUM_COLLECT_HOST, 127.0.0.1).", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("Port to listen on, 0 for any free one (EMPORIUM_COLLECT_PORT, 8000).", valueName: "n"))
    var port: Int?

    @Option(help: ArgumentHelp("Longest body, packed or unpacked (EMPORIUM_COLLECT_MAX_BODY, 4194304).", valueName: "bytes"))
    var maxBody: Int?

    @Option(help: ArgumentHelp("Most events in a package (EMPORIUM_COLLECT_MAX_EVENTS, 10000).", valueName: "n"))
    var maxEvents: Int?

    @Option(help: ArgumentHelp("Most connections at a time (EMPORIUM_COLLECT_MAX_CONNECTIONS, 1024).", valueName: "n"))
    var maxConnections: Int?

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("--port: 0 to 65535") }
        if let maxBody, maxBody < 1 { throw ValidationError("--max-body: 1 at least") }
        if let maxEvents, maxEvents < 1 { throw ValidationError("--max-events: 1 at least") }
        if let maxConnections, maxConnections < 1 { throw ValidationError("--max-connections: 1 at least") }
    }

    func run() async throws {
        _ = common.logger("collect")
        let program = try CollectorProgram.find()
        let isEmbedded = !Settings.namesServer
        if isEmbedded { setenv("DATABASE_URL", try Settings.stack.url(), 1) }
        let kafka = try Settings.kafka(bootstrap: brokers.bootstrapServers)
        if let servers = kafka.properties["bootstrap.servers"] { setenv("KAFKA_BOOTSTRAP_SERVERS", servers, 1) }
        let given: [(String, String?)] = [
            ("HOST", host), ("PORT", port.map(String.init)), ("MAX_BODY", maxBody.map(String.init)),
            ("MAX_EVENTS", maxEvents.map(String.init)), ("MAX_CONNECTIONS", maxConnections.map(String.init)),
        ]
        for case (let name, let value?) in given { setenv("EMPORIUM_COLLECT_\(name)", value, 1) }
        if common.verbose { setenv("EMPORIUM_LOG_LEVEL", "debug", 1) } else if common.quiet { setenv("EMPORIUM_LOG_LEVEL", "warning", 1) }
        // For its glibc: what a large body took goes back to the system at once, and threads share their heaps.
        setenv("MALLOC_MMAP_THRESHOLD_", "262144", 0)
        setenv("MALLOC_ARENA_MAX", "2", 0)
        if isEmbedded { try await LocalKey.make() }
        throw CollectorProgram.replaceThisOne(by: program)
    }
}

/// The server's program: built apart, because SwiftNIO takes minutes to compile.
enum CollectorProgram {
    static let name = "emporium-collector"

    /// EMPORIUM_COLLECTOR; else where it is built, under the folders this tool lies in; else beside the tool. The last,
    /// because a build of the tool leaves one there that has no server in it.
    static func find() throws -> String {
        if let named = Settings.value("EMPORIUM_COLLECTOR") {
            guard access(named, X_OK) == 0 else { throw ConfigurationError("EMPORIUM_COLLECTOR: \(named) cannot be run") }
            return named
        }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent()
        var folder = beside
        for _ in 0..<4 {
            for place in [".build-collector-release/release", ".build-collector/debug"] {
                let path = folder.appendingPathComponent("\(place)/\(name)").path
                if access(path, X_OK) == 0 { return path }
            }
            folder = folder.deletingLastPathComponent()
        }
        let path = beside.appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw ConfigurationError(
                "\(name), the HTTP server, is not built\n  hint: make collector; or name the program: EMPORIUM_COLLECTOR=…")
        }
        return path
    }

    /// Does not return but with the reason why the program could not be started.
    static func replaceThisOne(by program: String) -> ConfigurationError {
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), nil]
        execv(program, arguments)
        return ConfigurationError("\(program) cannot be started: \(String(cString: strerror(errno)))\n  hint: make collector")
    }
}

/// The embedded stack's first key, so that something can be sent right away.
private enum LocalKey {
    static let sender = "local"

    static func make() async throws {
        let path = URL(fileURLWithPath: Settings.home).appendingPathComponent("collector/key").path
        let key = APIKey()
        let isAdded = try await KeysCommand.withKeys { connection in
            let answer = try await connection.query("select count(*) as good from events.list_api_keys() where revoked_at is null")
            guard answer.first?.int("good") == 0 else { return false }
            // First the file: a key in the database that nobody has would keep this from ever making another one.
            try write(key.text, to: path)
            try await connection.query("select events.add_api_key($1, $2)", [.text(sender), .bytes(key.digest)])
            return true
        }
        if isAdded { Failure.say("there was no API key: one for sender \(sender) is in \(path)") }
    }

    private static func write(_ text: String, to path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw ConfigurationError("\(folder): cannot be made: \(error.localizedDescription)") }
        let temporary = "\(path).new-\(getpid())"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        let bytes = Array("\(text)\n".utf8)
        guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count, close(file) == 0, rename(temporary, path) == 0 else {
            throw ConfigurationError("\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
