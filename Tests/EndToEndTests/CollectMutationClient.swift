import Foundation
import Glibc

/// A connection to a collector, kept alive while both sides want it; it blocks its thread.
final class CollectConnection {
    struct Reply {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    struct Trouble: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    private let port: Int
    private var socket: Int32 = -1
    private var received: [UInt8] = []
    private var piece = [UInt8](repeating: 0, count: 64 << 10)
    /// How often a connection was made.
    private(set) var made = 0

    init(port: Int) { self.port = port }
    deinit { hangUp() }

    func hangUp() {
        if socket >= 0 { close(socket) }
        socket = -1
        received = []
    }

    private func connect() throws(Trouble) {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Trouble("connect: \(String(cString: strerror(errno)))") }
        made += 1
    }

    /// Sends a request; that the other side does not want all of it is no trouble: its answer says why.
    func send(_ request: [UInt8]) throws(Trouble) {
        if socket < 0 { try connect() }
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            if count > 0 { sent += count } else if errno == EPIPE || errno == ECONNRESET { return } else if errno != EINTR {
                throw Trouble("send: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Waits for the answer, past 100 (Continue); hangs up where the other side will.
    func reply() throws(Trouble) -> Reply {
        while true {
            var end = Self.headEnd(received)
            while end == nil {
                try receive()
                end = Self.headEnd(received)
            }
            let lines = String(decoding: received[..<end!], as: UTF8.self).components(separatedBy: "\r\n")
            guard lines[0].hasPrefix("HTTP/1.1 "), let status = Int(lines[0].dropFirst(9).prefix(3)) else { throw Trouble("no status: \(lines[0])") }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let pair = line.split(separator: ":", maxSplits: 1)
                guard pair.count == 2 else { throw Trouble("no header: \(line)") }
                headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
            }
            received.removeFirst(end! + 4)
            if status == 100 { continue }
            guard let length = headers["content-length"].flatMap({ Int($0) }) else { throw Trouble("no length: \(lines)") }
            while received.count < length { try receive() }
            let reply = Reply(status: status, headers: headers, body: Array(received[..<length]))
            received.removeFirst(length)
            if headers["connection"] == "close" { hangUp() } else if !received.isEmpty { throw Trouble("more than one answer") }
            return reply
        }
    }

    private func receive() throws(Trouble) {
        let count = recv(socket, &piece, piece.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else {
            throw Trouble(count == 0 ? "the connection ended without an answer" : "no answer: \(String(cString: strerror(errno)))")
        }
        received += piece[..<count]
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? { place(of: [13, 10, 13, 10], in: bytes, from: 0) }
}

/// Where a part stands first in bytes, from a place on.
func place(of part: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
    bytes.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress else { return nil }
        var at = from
        while at + part.count <= buffer.count {
            guard let hit = memchr(base + at, Int32(part[0]), buffer.count - part.count - at + 1) else { return nil }
            at = UnsafeRawPointer(hit) - base
            if memcmp(hit, part, part.count) == 0 { return at }
            at += 1
        }
        return nil
    }
}
