import Foundation
import Glibc

/// A Unix socket in a folder of ours, over which the embedded broker takes a line and answers with lines: `ok` or
/// `error <why>` first.
///
/// The folder is held open and the socket named below /proc/self/fd, so that a path of any length will do (a socket's
/// address holds 107 bytes).
enum ControlSocket {
    private static let name = "control"
    /// A longer request is refused.
    private static let longest = 4096

    /// Takes the place of an earlier socket.
    static func listen(in folder: String) throws -> Int32 {
        try withAddress(in: folder) { socket, address, length in
            unlink("\(folder)/\(name)")
            guard bind(socket, address, length) == 0, chmod("\(folder)/\(name)", 0o600) == 0, Glibc.listen(socket, 16) == 0
            else { throw Files.failure("cannot listen on", "\(folder)/\(name)") }
        }
    }

    /// Answers one request after another until the listener is shut down.
    static func serve(_ listener: Int32, _ answer: (String) -> String) {
        while true {
            let peer = accept(listener, nil, nil)
            guard peer >= 0 else {
                if errno == EINVAL || errno == EBADF { return }
                if errno == EMFILE || errno == ENFILE { usleep(10_000) }
                continue
            }
            defer { close(peer) }
            setPatience(peer, .seconds(5))  // whoever says nothing does not keep others waiting for long
            guard let request = readLine(peer) else { continue }
            put(answer(request) + "\n", peer)
        }
    }

    /// - Returns: the answer's lines after `ok`.
    /// - Throws: `StackError` `.notRunning` when nobody listens, `.invalid` with what an `error` says.
    static func ask(_ request: String, in folder: String, patience: Duration = .seconds(10)) throws -> [String] {
        let socket = try withAddress(in: folder) { socket, address, length in
            setPatience(socket, patience)
            guard connect(socket, address, length) == 0 else {
                throw StackError(.notRunning, "the embedded broker does not answer on \(folder)/\(name)", hint: "emporium up")
            }
        }
        defer { close(socket) }
        put(request + "\n", socket)
        var lines = String(decoding: Files.readAll(socket, limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        guard let first = lines.first else {
            throw StackError(.notRunning, "the embedded broker ended before it answered", hint: "emporium up")
        }
        lines.removeFirst()
        guard first == "ok" else { throw StackError(.invalid, "the embedded broker: \(first.replacing("error ", with: "", maxReplacements: 1))") }
        return lines
    }

    private static func withAddress(
        in folder: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws -> Int32 {
        let held = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard held >= 0 else {
            throw StackError(.notRunning, "no embedded broker was started in \(folder)", hint: "emporium up")
        }
        defer { close(held) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Files.failure("cannot make a socket in", folder) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/proc/self/fd/\(held)/\(name)".utf8) }
        do {
            try withUnsafePointer(to: &address) {
                try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    try body(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        } catch {
            close(socket)
            throw error
        }
        return socket
    }

    private static func setPatience(_ socket: Int32, _ time: Duration) {
        var limit = timeval(tv_sec: Int(time.components.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private static func readLine(_ peer: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 512)
        while bytes.count <= longest {
            let count = read(peer, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return String(decoding: bytes[..<end], as: UTF8.self) }
        }
        return nil
    }

    private static func put(_ text: String, _ socket: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            done += count
        }
    }
}
