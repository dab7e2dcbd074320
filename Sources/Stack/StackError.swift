/// What stopped the embedded stack, and the command that mends it.
///
/// Fit for logs and terminals: it names paths, ports, process ids and versions, never a password or a row's values.
public struct StackError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An open set: compare with the constants below, expect more to come.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        init(_ rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        /// An argument, a path or an environment variable that cannot be used.
        public static let invalid = Code("invalid")
        /// No PostgreSQL server binaries of a version that serves.
        public static let noServer = Code("no-server")
        /// The data was made by another major version than any that is installed.
        public static let otherMajor = Code("other-major")
        /// A folder or file that Emporium did not make, or that belongs to somebody else.
        public static let notOurs = Code("not-ours")
        /// The stack was made by another user of the operating system.
        public static let otherUser = Code("other-user")
        /// No user of the operating system to run the server as.
        public static let noUser = Code("no-user")
        /// The server's user cannot enter the folder that holds his data.
        public static let noAccess = Code("no-access")
        public static let portTaken = Code("port-taken")
        public static let diskFull = Code("disk-full")
        /// Another `up` or `down` holds the lock.
        public static let busy = Code("busy")
        /// The running server would have to be restarted for what was asked.
        public static let needsRestart = Code("needs-restart")
        public static let notRunning = Code("not-running")
        /// Processes of an earlier server still use the data.
        public static let stillInUse = Code("still-in-use")
        public static let initFailed = Code("init-failed")
        public static let startFailed = Code("start-failed")
        public static let stopFailed = Code("stop-failed")
        /// A call of the operating system failed.
        public static let system = Code("system")
    }

    public var code: Code
    public var message: String
    /// What to do next, for the most part a command.
    public var hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}
