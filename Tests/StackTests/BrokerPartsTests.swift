import Foundation
import Glibc
import Testing

@testable import Stack

/// The parts of the embedded broker that need no broker.
@Suite(.timeLimit(.minutes(1))) struct BrokerParts {
    @Test func aRecordReadsWhatItWrote() {
        let process = ProcessIdentity(pid: 7, began: "123 boot-id")
        let record = BrokerRecord(process: process, bootstrapServers: "127.0.0.1:9", clusterID: "mockClusterff")
        #expect(BrokerRecord(text: record.text) == record)
        for text in ["", "nonsense", "pid 7\n", record.text.replacing("pid 7", with: "pid -7"), record.text.replacing("began", with: "x")] {
            #expect(BrokerRecord(text: text) == nil, "\(text)")
        }
    }

    @Test func aProcessIsKnownByItsStart() throws {
        let own = try #require(ProcessIdentity(of: getpid()))
        #expect(own.isAlive)
        #expect(!ProcessIdentity(pid: own.pid, began: "1 " + own.began).isAlive)
        // Ended, and not waited for: a zombie is no process any more.
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        let pid = try Child.spawn(["/usr/bin/sleep", "300"], in: "/", output: null)
        let child = try #require(ProcessIdentity(of: pid))
        #expect(child.isAlive)
        kill(pid, SIGKILL)
        var info = siginfo_t()
        waitid(P_PID, UInt32(pid), &info, WEXITED | WNOWAIT)
        #expect(!child.isAlive && kill(pid, 0) == 0)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        #expect(!child.isAlive)
    }

    @Test func theControlSocketAnswersInAFolderOfAnyLength() async throws {
        try await withFolder { folder in
            let long = folder + "/" + String(repeating: "d", count: 200)
            try Files.makeFolder(long, mode: 0o700)
            #expect(try stackErrorCode { try ControlSocket.ask("x", in: long) } == .notRunning)
            #expect(try stackErrorCode { try ControlSocket.ask("x", in: long + "/none") } == .notRunning)
            let listener = try ControlSocket.listen(in: long)
            Thread.detachNewThread {
                ControlSocket.serve(listener) { $0 == "bad" ? "error why" : "ok\nyou said \($0)\nand that was it" }
            }
            #expect(try ControlSocket.ask("a b", in: long) == ["you said a b", "and that was it"])
            #expect(try stackErrorCode { try ControlSocket.ask("bad", in: long) } == .invalid)
            // Too long: not answered, and the next one is.
            #expect(try stackErrorCode { try ControlSocket.ask(String(repeating: "x", count: 10_000), in: long) } == .notRunning)
            #expect(try ControlSocket.ask("again", in: long).count == 2)
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }

    private func stackErrorCode(_ body: () throws -> [String]) throws -> StackError.Code? {
        do { _ = try body() } catch let error as StackError { return error.code }
        return nil
    }

    @Test func aProgramThatIsNoBrokerIsReportedWithWhatItSaid() async throws {
        try await withFolder { folder in
            let broker = EmbeddedBroker(home: folder + "/home", program: "/usr/bin/env")
            let error = try await stackError { _ = try await broker.up() }
            #expect(error.code == .startFailed && error.message.contains("broker"), "\(error)")
            #expect(broker.running() == nil)
            #expect(try await broker.down() == false)
        }
    }

    @Test func nothingIsStartedInAFolderOfOthers() async throws {
        try await withFolder { folder in
            try Files.write("mine", to: folder + "/precious", mode: 0o600)
            try await expect(.notOurs) { _ = try await EmbeddedBroker(home: folder, program: "/usr/bin/env").up() }
            #expect(!Files.exists(folder + "/kafka"))
        }
    }
}
