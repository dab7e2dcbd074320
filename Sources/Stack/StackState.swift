import Foundation

/// What is known of a stack from outside.
public struct StackState: Sendable, Equatable, Codable {
    public enum Status: String, Sendable, Codable { case running, stopped }

    public var status: Status
    /// The postmaster's process id; nil when stopped.
    public var pid: Int32?
    public var startedAt: Date?
    public var home: String
    public var dataDirectory: String
    /// The folder of the Unix socket: libpq's `host`.
    public var socketDirectory: String
    public var logDirectory: String
    /// libpq's `port`, which the socket's name holds too; nil when stopped.
    public var port: Int?
    /// The port on 127.0.0.1; nil when the server listens on the socket only, or is stopped.
    public var tcpPort: Int?
    public var databaseName: String
    /// The major version that made the data, for example 15.
    public var majorVersion: Int
    /// The server's own words at the last `up`, for example `15.20 (Debian 15.20-0+deb12u1)`.
    public var serverVersion: String
    /// The user of the operating system who runs the server.
    public var serverUser: String
    /// Bytes that the data directory takes on disk.
    public var dataBytes: Int64
}
