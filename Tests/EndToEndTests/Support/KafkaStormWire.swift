import Foundation
import Glibc
import Synchronization
import Testing

/// A Unix socket before PostgreSQL's own, by which loaders connect: it knows which process has which session, and cuts
/// a connection at the very message that ends a landing with COMMIT.
///
/// Two threads a connection: one that is stopped (SIGSTOP) holds up no other.
final class StormWire: Sendable {
    enum Cut: CaseIterable {
        /// The message never arrives.
        case before
        /// It arrives, and nobody is there for the answer.
        case sent
        /// It is done, and the answer is lost.
        case answered
    }

    private struct State {
        var armed: Cut?
        var victim: pid_t?
        /// The client's process by the server's.
        var clients: [pid_t: pid_t] = [:]
        var listener: Int32 = -1
    }

    private let state = Mutex(State())
    private let upstream: String
    /// Takes the place of the server's socket folder in a URL.
    let folder: String

    /// - Parameter url: of the server, by its Unix socket.
    init(url: String, in folder: String) throws {
        self.folder = folder
        let host = try #require(URLComponents(string: url.replacingOccurrences(of: "emporium@/", with: "emporium@x/"))?
            .queryItems?.first { $0.name == "host" }?.value)
        upstream = host + "/.s.PGSQL.5432"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/.s.PGSQL.5432"
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(Self.with(path) { bind(listener, $0, $1) } == 0 && listen(listener, 64) == 0, "cannot listen on \(path)")
        state.withLock { $0.listener = listener }
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client >= 0 { Thread.detachNewThread { self.serve(client) } } else if errno != EINTR { return }
            }
        }
    }

    func url(_ url: String) -> String {
        url.replacing(/host=[^&]*/, with: "host=\(folder.replacingOccurrences(of: "/", with: "%2F"))")
    }

    func close() {
        state.withLock { _ = shutdown($0.listener, Int32(SHUT_RDWR)) }
    }

    /// The process whose session that is, where it came by here.
    func client(of backend: pid_t) -> pid_t? { state.withLock { $0.clients[backend] } }

    /// The next COMMIT of a landing is cut.
    func arm(_ cut: Cut) {
        state.withLock {
            $0.armed = cut
            $0.victim = nil
        }
    }

    func disarm() { state.withLock { $0.armed = nil } }

    /// The server's process whose connection was cut since `arm`.
    var victim: pid_t? { state.withLock { $0.victim } }

    // MARK: One connection

    /// `@unchecked Sendable`: shared by the two threads of a connection; what changes is behind the lock.
    private final class Pair: @unchecked Sendable {
        let client: Int32
        let server: Int32
        private let shared = Mutex((open: 2, swallows: false, backend: pid_t(0)))

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }

        var swallows: Bool {
            get { shared.withLock { $0.swallows } }
            set { shared.withLock { $0.swallows = newValue } }
        }
        var backend: pid_t {
            get { shared.withLock { $0.backend } }
            set { shared.withLock { $0.backend = newValue } }
        }

        func cut() {
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }

        /// Each thread once; the second one closes.
        func leave() {
            cut()
            let last = shared.withLock { shared in
                shared.open -= 1
                return shared.open == 0
            }
            if last {
                Glibc.close(client)
                Glibc.close(server)
            }
        }
    }

    private func serve(_ client: Int32) {
        // Of struct ucred: pid, uid, gid.
        var credentials: [Int32] = [0, 0, 0]
        var size = socklen_t(12)
        getsockopt(client, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
        let server = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard Self.with(upstream, { connect(server, $0, $1) }) == 0 else {
            Glibc.close(client)
            Glibc.close(server)
            return
        }
        let pair = Pair(client: client, server: server)
        let pid = credentials[0]
        Thread.detachNewThread { self.answers(pair, pid) }
        requests(pair)
    }

    private static let landing = Array("ops.land_messages(".utf8)

    /// From the client to the server.
    private func requests(_ pair: Pair) {
        defer { pair.leave() }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(pair.client, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            // libpq sends it by itself, after the answer to the end of COPY.
            var cut: Cut?
            if buffer[0] == UInt8(ascii: "Q"), count < 1 << 14,
                Data(buffer[..<count]).range(of: Data(Self.landing)) != nil
            {
                cut = state.withLock { state in
                    defer { state.armed = nil }
                    if state.armed != nil { state.victim = pair.backend }
                    return state.armed
                }
            }
            switch cut {
            case .before: return
            case .sent:
                _ = Self.put(buffer[..<count], pair.server)
                return
            case .answered: pair.swallows = true
            case nil: break
            }
            guard Self.put(buffer[..<count], pair.server) else { return }
        }
    }

    /// From the server to the client; at the beginning comes the number of the server's process.
    private func answers(_ pair: Pair, _ client: pid_t) {
        defer { pair.leave() }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var start: [UInt8]? = []
        while true {
            let count = recv(pair.server, &buffer, buffer.count, 0)
            guard count > 0, !pair.swallows else { return }
            if start != nil {
                start! += buffer[..<count]
                if let backend = Self.backend(start!) {
                    pair.backend = backend
                    state.withLock { $0.clients[backend] = client }
                    start = nil
                } else if start!.count > 1 << 14 {
                    start = nil
                }
            }
            guard Self.put(buffer[..<count], pair.client) else { return }
        }
    }

    /// Of BackendKeyData among the first messages: a type, a length without it, the process.
    private static func backend(_ bytes: [UInt8]) -> pid_t? {
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        var at = 0
        while at + 9 <= bytes.count {
            if bytes[at] == UInt8(ascii: "K") { return pid_t(number(at + 5)) }
            at += 1 + number(at + 1)
        }
        return nil
    }

    private static func put(_ bytes: ArraySlice<UInt8>, _ socket: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
