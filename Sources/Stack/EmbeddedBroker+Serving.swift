import Foundation
import Glibc
import Logging

// The broker's own process.

extension EmbeddedBroker {
    /// Blocks SIGTERM and SIGINT, for this thread and those that it starts from now on: `serve` waits for them. To be
    /// called before a library starts threads.
    public static func holdSignals() {
        var signals = endingSignals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        setsid()  // ^C at the terminal of `up` is not meant for it
    }

    private static var endingSignals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }

    /// Ids of clusters that this home has had. An id that came again would make old offsets look like the new cluster's.
    public func earlierIDs() -> Set<String> {
        Set((Files.read(incarnationsFile, last: 1 << 26) ?? "").split(separator: "\n").map(String.init))
    }

    private var incarnationsFile: String { "\(folder)/incarnations" }

    /// Records the id, answers on the control socket, and tells where the broker is; returns at SIGTERM, at `stop`, or
    /// within a second when the state folder is gone or names another broker.
    /// - Parameter answer: what to say to a request: `ok` and lines, or `error <why>`.
    /// - Throws: `StackError` when a broker runs already or the folder cannot be written.
    public func serve(
        bootstrapServers: String, clusterID: String, answer: @escaping @Sendable (String) -> String
    ) throws {
        // One at a time from here until it is known where the broker is: an `up` that was killed may have begun another.
        let serving = open("\(folder)/serving", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard serving >= 0 else { throw Files.failure("cannot open", "\(folder)/serving") }
        while flock(serving, LOCK_EX) != 0, errno == EINTR {}
        if let other = running() {
            throw StackError(.busy, "a broker runs already (process \(other.pid))", hint: "emporium status")
        }
        guard let own = ProcessIdentity(of: getpid()) else { throw StackError(.system, "/proc does not show this process") }
        let ids = (Files.read(incarnationsFile, last: 1 << 26) ?? "") + "\(clusterID)\n"
        try Files.write(ids, to: incarnationsFile, mode: 0o600)
        let listener = try ControlSocket.listen(in: folder)
        Thread.detachNewThread {
            ControlSocket.serve(listener) { request in
                switch request {
                case "ping": return "ok"
                case "stop":
                    kill(own.pid, SIGTERM)
                    return "ok"
                default: return answer(request)
                }
            }
        }
        let record = BrokerRecord(process: own, bootstrapServers: bootstrapServers, clusterID: clusterID)
        try Files.write(record.text, to: stateFile, mode: 0o600)
        close(serving)
        var signals = Self.endingSignals
        var second = timespec(tv_sec: 1, tv_nsec: 0)
        while sigtimedwait(&signals, nil, &second) < 0 {
            guard Files.read(stateFile) == record.text else { return }
        }
        unlink(stateFile)
    }
}
