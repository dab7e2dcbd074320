import Foundation
import Glibc

/// What a running server wrote into its `postmaster.pid`.
struct Postmaster: Sendable, Equatable {
    let pid: pid_t
    let startedAt: Date
    let port: Int
    /// Empty when the server does not listen on TCP.
    let listenAddress: String

    var tcpPort: Int? { listenAddress.isEmpty ? nil : port }

    /// Lines: pid, data directory, start (seconds since 1970), port, socket folder, first address, shared memory,
    /// status. The last ones come while the server starts.
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let pid = lines.first.flatMap({ pid_t($0.trimmingCharacters(in: .whitespaces)) }), pid > 0 else {
            return nil
        }
        self.pid = pid
        func line(_ index: Int) -> String {
            lines.count > index ? lines[index].trimmingCharacters(in: .whitespaces) : ""
        }
        startedAt = Date(timeIntervalSince1970: TimeInterval(line(2)) ?? 0)
        port = Int(line(3)) ?? 5432
        listenAddress = line(5)
    }

    /// The server that runs on this data now. A pid alone proves nothing: after a crash of the machine it may be
    /// anybody's, and a copied folder names the original's server.
    static func running(_ layout: StackLayout, _ user: ServerUser) -> Postmaster? {
        guard let postmaster = recorded(layout),
            !processes(in: layout.pgdata, among: [postmaster.pid], user).isEmpty
        else { return nil }
        return postmaster
    }

    /// What the file says, whether or not the process lives.
    static func recorded(_ layout: StackLayout) -> Postmaster? {
        Files.read(layout.postmasterFile).flatMap { Postmaster(text: $0) }
    }

    /// PostgreSQL's processes whose current folder is this data directory: the postmaster and all its children.
    /// - Parameter among: look at these only; nil for all of the machine's.
    static func processes(in pgdata: String, among: [pid_t]? = nil, _ user: ServerUser) -> [pid_t] {
        guard let folder = Files.target(pgdata) else { return [] }
        let pids = (among ?? Files.names(in: "/proc").compactMap { pid_t($0) }).filter {
            Files.read("/proc/\($0)/comm").map { $0 == "postgres\n" || $0 == "postmaster\n" } ?? false
        }
        var result: [pid_t] = []
        var hidden: [pid_t] = []
        for pid in pids {
            if let info = Files.target("/proc/\(pid)/cwd") {
                if info.st_dev == folder.st_dev && info.st_ino == folder.st_ino { result.append(pid) }
            } else if errno == EACCES {
                hidden.append(pid)
            }
        }
        // A container's root may not look into others' processes (no CAP_SYS_PTRACE); their own user may.
        guard !hidden.isEmpty, user.uid != geteuid() else { return result }
        let paths = hidden.map { "/proc/\($0)/cwd" }
        let wanted = " \(folder.st_dev):\(folder.st_ino)"
        let outcome = try? Child.runBlocking(user.command(["/usr/bin/stat", "-L", "-c", "%n %d:%i"] + paths))
        for line in (outcome?.output ?? "").split(separator: "\n") where line.hasSuffix(wanted) {
            if let pid = line.split(separator: "/").dropFirst().first.flatMap({ pid_t($0) }) { result.append(pid) }
        }
        return result
    }
}

/// TCP ports of 127.0.0.1.
enum LoopbackPort {
    /// - Throws: `StackError` `.portTaken`, with who listens there if /proc tells.
    static func require(_ port: Int) throws {
        guard !isFree(port) else { return }
        let holder = holder(of: port).map { " by \($0)" } ?? ""
        throw StackError(
            .portTaken, "port \(port) of 127.0.0.1 is taken\(holder)",
            hint: "take any free one: emporium up --port 0")
    }

    static func isFree(_ port: Int) -> Bool { bound(to: port) != nil }

    /// A port that is free now; it may be gone when the server comes to take it.
    static func pick() throws -> Int {
        guard let port = bound(to: 0) else { throw Files.failure("cannot find a free port on", "127.0.0.1") }
        return port
    }

    /// Listens for a moment, as the server would: a port in TIME_WAIT counts as free.
    private static func bound(to port: Int) -> Int? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 1) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        return done ? Int(in_port_t(bigEndian: address.sin_port)) : nil
    }

    /// Who listens on a port, such as `nginx (process 812)`.
    static func holder(of port: Int) -> String? {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        var sockets: Set<String> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in (Files.read(table, last: 1 << 22) ?? "").split(separator: "\n") {
                let fields = line.split(separator: " ")
                // local address, state 0A = LISTEN, inode
                if fields.count > 9, fields[1].hasSuffix(suffix), fields[3] == "0A" {
                    sockets.insert("socket:[\(fields[9])]")
                }
            }
        }
        guard !sockets.isEmpty else { return nil }
        for pid in Files.names(in: "/proc").compactMap({ pid_t($0) }) {
            for descriptor in Files.names(in: "/proc/\(pid)/fd") {
                var buffer = [UInt8](repeating: 0, count: 64)
                let count = buffer.withUnsafeMutableBytes {
                    readlink("/proc/\(pid)/fd/\(descriptor)", $0.baseAddress!, $0.count)
                }
                guard count > 0, sockets.contains(String(decoding: buffer[..<count], as: UTF8.self)) else { continue }
                let name = (Files.read("/proc/\(pid)/comm") ?? "?").trimmingCharacters(in: .newlines)
                return "\(name) (process \(pid))"
            }
        }
        return nil
    }
}
