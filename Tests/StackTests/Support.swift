import Foundation
import Glibc
import Logging
import Testing

@testable import Stack

/// Every test that starts servers is in here: two cores, so one after another.
@Suite(.serialized) enum Clusters {}

let isRoot = geteuid() == 0

/// Nothing is flushed to disk, and little memory taken, but in the tests that say so: those are not what is tested.
func makeCluster(_ home: String, settings: [String: String] = ["fsync": "off", "shared_buffers": "16MB"])
    -> EmbeddedCluster
{
    EmbeddedCluster(home: home, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
}

/// Gives a test a folder of its own, and whatever happens stops and removes the stacks in and beside it.
/// - Parameter body: gets the folder's path; its stacks' homes lie directly in it.
func withFolder(mode: mode_t = 0o755, _ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/emporium-test-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    chmod(folder, mode)
    var failure: (any Error)?
    do { try await body(folder) } catch { failure = error }
    for name in Files.names(in: folder) where Marker(folder: "\(folder)/\(name)")?.owner == geteuid() {
        do {
            try await makeCluster("\(folder)/\(name)").destroy()
        } catch {
            Issue.record("could not remove \(folder)/\(name): \(error)")
        }
    }
    try Files.remove(folder)
    if let failure { throw failure }
}

/// Runs a program with the environment that is given and none other.
func run(_ arguments: [String]) throws -> Child.Outcome {
    try Child.runBlocking(
        [try #require(Child.find(arguments[0]), "\(arguments[0]) is missing")] + arguments.dropFirst())
}

func psql(_ url: String, _ sql: String) throws -> String {
    let outcome = try run(["psql", "-X", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
    try #require(outcome.status == 0, "psql: \(outcome.output)")
    return outcome.output
}

/// The error that something throws, which must be one of ours.
func stackError(_ body: () async throws -> Void) async throws -> StackError {
    do { try await body() } catch let error as StackError { return error }
    Issue.record("nothing was thrown")
    throw StackError(.system, "nothing was thrown")
}

func expect(
    _ code: StackError.Code, at location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws {
    let error = try await stackError(body)
    #expect(error.code == code, "\(error)", sourceLocation: location)
}

/// Every path below a folder, with what would change if anybody wrote there.
func snapshot(_ folder: String) throws -> [String] {
    try run(["find", folder, "-printf", "%P %y %s %m %u %T@\n"]).output.split(separator: "\n").map(String.init).sorted()
}

/// A process of the server's user that is no server, so that a pid file may name it.
func withBystander(_ body: (pid_t) async throws -> Void) async throws {
    let user = try ServerUser.current()
    // setpriv becomes the program it runs, so that the pid is the bystander's own.
    let change =
        isRoot ? ["/usr/bin/setpriv", "--reuid=\(user.owner.uid)", "--regid=\(user.owner.gid)", "--clear-groups"] : []
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    let pid = try Child.spawn(change + ["/usr/bin/sleep", "300"], in: "/", output: null)
    var failure: (any Error)?
    do {
        // Until setpriv has become sleep, the process is root's and not yet a bystander.
        try await eventually { Files.read("/proc/\(pid)/comm") == "sleep\n" }
        try await body(pid)
    } catch { failure = error }
    var status: Int32 = 0
    #expect(waitpid(pid, &status, WNOHANG) == 0, "the bystander was killed")
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
    if let failure { throw failure }
}

/// Waits until something holds, for ten seconds at most.
func eventually(_ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "waited for ten seconds")
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Listens on a port of 127.0.0.1 for as long as the body runs.
func withListener(_ body: (_ port: Int) async throws -> Void) async throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket, $0, length) == 0 && listen(socket, 1) == 0 && getsockname(socket, $0, &length) == 0
        }
    }
    try #require(done)
    try await body(Int(in_port_t(bigEndian: address.sin_port)))
}
