import ArgumentParser
import Stack

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start the embedded stack: a private PostgreSQL cluster, no Docker.",
        discussion: """
            It lives in .emporium/ (EMPORIUM_HOME), listens on a Unix socket, and on 127.0.0.1 only when asked to. \
            Called again it does nothing.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Listen on 127.0.0.1, too: a port, or 0 for a free one.", valueName: "port"))
    var port: Int?

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("--port: 0 to 65535") }
    }

    func run() async throws {
        let cluster = EmbeddedCluster(home: Settings.home, logger: common.logger("stack"))
        let state = try await cluster.up(tcpPort: port)
        if common.json { return try printJSON(state) }
        print("PostgreSQL \(state.serverVersion) runs in \(state.dataDirectory)")
        print("psql \"\(try cluster.url())\"")
        if state.tcpPort != nil { print("psql \"\(try cluster.url(tcp: true))\"") }
    }
}

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the embedded stack. Its data stays.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let cluster = EmbeddedCluster(home: Settings.home, logger: common.logger("stack"))
        let before = try cluster.state()
        try await cluster.down()
        if common.json { return try printJSON(["stopped": before?.status == .running]) }
        print(before?.status == .running ? "stopped" : "was not running")
    }
}

struct URLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "url", abstract: "Print the connection URL of the embedded stack, for psql and libpq.")

    @Flag(help: "As the superuser, for deploys.")
    var admin = false

    @Flag(help: "Over 127.0.0.1.")
    var tcp = false

    func run() throws { print(try Settings.stack.url(admin: admin, tcp: tcp)) }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what is missing on this machine, and the command that mends it.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let found = await diagnose(home: Settings.home, logger: common.logger("doctor"))
        if common.json {
            try printJSON(found)
        } else {
            for one in found {
                let mark = switch one.status {
                case .ok: "ok     "
                case .warning: "warning"
                case .failure: "FAILURE"
                }
                print("\(mark)  \(one.name): \(one.what)")
                if let mend = one.mend { print("         mend: \(mend)") }
            }
        }
        if found.contains(where: { $0.status == .failure }) { throw ExitCode(1) }
    }
}
