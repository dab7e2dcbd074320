import Foundation
import Glibc
import Logging
import Postgres

/// A private PostgreSQL server in a state folder, behind `emporium up | down | status | url`.
///
/// It listens on a Unix socket of its own and, if asked, on 127.0.0.1. Whoever made it logs in without a password
/// (the kernel says who he is), as `emporium` or, to deploy, as the superuser `postgres`.
public struct EmbeddedCluster: Sendable {
    /// The role that everything but a deploy logs in as. It owns nothing; migrations grant it what it needs.
    public static let loginRole = "emporium"
    /// The superuser.
    public static let adminRole = "postgres"

    /// The state folder: absolute, symbolic links resolved.
    public let home: String
    public let databaseName: String
    /// Settings of the server that win over ours; in force from the next start on. With `["fsync": "off"]`, which is
    /// for tests alone, the making of the data is not flushed either.
    public let settings: [String: String]
    let logger: Logger
    /// How long a server may take to recover after a crash, and an `up` waits for it.
    var recoveryPatience: Duration = .seconds(600)
    /// Bytes that must be free before data is made: a new cluster takes 40 MB, its first log segments as much again.
    var spaceNeeded: Int64 = 100 << 20

    /// Makes nothing yet.
    /// - Parameter home: the state folder; taken from the current folder when it is relative.
    public init(
        home: String, databaseName: String = "ecommerce", settings: [String: String] = [:],
        logger: Logger = Logger(label: "stack")
    ) {
        self.home = StackLayout.resolved(home)
        self.databaseName = databaseName
        self.settings = settings
        self.logger = logger
    }

    /// Where everything lies, as far as it is decided.
    public var layout: StackLayout {
        let recorded = StackLayout(home: home)
        guard recorded.isRelocated, !owns(recorded.place) else { return recorded }
        return StackLayout(home: home, place: home, socketDirectory: "\(home)/run")
    }

    /// Makes the cluster if it is not there, starts it if it does not run, and proves that it answers.
    ///
    /// An `up` of a running stack changes nothing and takes some 20 ms. Two at the same time are no harm.
    /// - Parameter tcpPort: nil: Unix socket only. 0: also on a free port of 127.0.0.1, the last one again if it is
    ///   still free. Else on that port.
    /// - Throws: `StackError`. What is refused (a foreign folder, a taken port, another major version, too little
    ///   space) is refused before anything is changed.
    @discardableResult
    public func up(tcpPort: Int? = nil) async throws -> StackState {
        try validate(tcpPort)
        let user = try ServerUser.current()
        if Marker(folder: home) == nil {
            try Marker.refuseForeign(home)
            _ = try ServerBinaries.find()
            if let tcpPort, tcpPort != 0 { try LoopbackPort.require(tcpPort) }
            try requireSpace(at: home)
        }
        return try await FolderLock.hold(StackLayout(home: home).lockFile, prepare: prepareHome) {
            try await upLocked(tcpPort, user)
        }
    }

    private func prepareHome() throws {
        try requireOwner()
        try StackLayout(home: home).claim()
    }

    private func upLocked(_ tcpPort: Int?, _ user: ServerUser) async throws -> StackState {
        if let state = try await join(layout, tcpPort, user) { return state }
        let layout = try await settle(user)
        if let state = try await join(layout, tcpPort, user) { return state }
        let binaries = try findBinaries(layout)
        let port = try choosePort(tcpPort, layout)
        try removeLeftovers(layout)
        if !Files.exists(layout.pgdata) { try await create(layout, user, binaries) }
        try await start(layout, user, binaries, port)
        return try await finish(layout, tcpPort, user)
    }

    /// The state of a server that runs and answers; nil when none runs, or it was about to end.
    private func join(_ layout: StackLayout, _ tcpPort: Int?, _ user: ServerUser) async throws -> StackState? {
        guard Postmaster.running(layout, user) != nil else { return nil }
        do {
            return try await finish(layout, tcpPort, user)
        } catch let error where error.code == .startFailed {
            // Killed or told to stop a moment ago, it may still be there to be seen.
            let deadline = ContinuousClock.now + .seconds(2)
            while Postmaster.running(layout, user) != nil {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(25))
            }
            logger.notice("the server ended while it was being looked at: it is started anew")
            return nil
        }
    }

    /// Stops the server, ending its sessions and rolling back what they had not committed, and waits for its end.
    /// Nothing happens when it does not run or was never made.
    /// - Throws: `StackError` `.stopFailed` when it still runs after two minutes.
    public func down() async throws {
        guard Marker(folder: home) != nil else { return }
        try requireOwner()
        let user = try ServerUser.current()
        do {
            try await FolderLock.hold(StackLayout(home: home).lockFile, prepare: requireHome) {
                try await stop(layout, user)
            }
        } catch is Gone {}
    }

    /// Stops the server, and a broker beside it, and removes everything that they and we made, the data included. Files of others stay.
    /// - Throws: `StackError` `.notOurs` when the folder exists and does not bear our marker.
    public func destroy() async throws {
        guard Files.exists(home) else { return }
        guard Marker(folder: home) != nil else {
            throw StackError(
                .notOurs, "\(home) is not an Emporium stack: nothing is removed",
                hint: "look at it first: ls -la \(shellQuoted(home))")
        }
        try requireOwner()
        let user = try ServerUser.current()
        do {
            try await FolderLock.hold(StackLayout(home: home).lockFile, prepare: requireHome) {
                try await EmbeddedBroker(home: home).down()
                try await stop(layout, user)
                try removeEverything(layout, user)
            }
        } catch is Gone {}
    }

    /// What can be seen of the stack, without connecting; nil when there is none.
    /// - Throws: `StackError` `.otherUser` when another user made it.
    public func state() throws -> StackState? {
        guard Marker(folder: home) != nil else { return nil }
        try requireOwner()
        let layout = layout
        guard let major = majorVersion(layout) else { return nil }
        let user = try ServerUser.current()
        let postmaster = Postmaster.running(layout, user)
        return StackState(
            status: postmaster == nil ? .stopped : .running, pid: postmaster?.pid, startedAt: postmaster?.startedAt,
            home: home, dataDirectory: layout.pgdata, socketDirectory: layout.socketDirectory,
            logDirectory: layout.logDirectory, port: postmaster?.port, tcpPort: postmaster?.tcpPort,
            databaseName: databaseName, majorVersion: major,
            serverVersion: Files.read(layout.versionFile)?.trimmingCharacters(in: .newlines) ?? String(major),
            serverUser: user.name, dataBytes: Files.allocatedBytes(below: layout.pgdata))
    }

    /// How to connect.
    /// - Parameters:
    ///   - admin: as the superuser, for deploys; else as `emporium`.
    ///   - tcp: over 127.0.0.1, with the password from `pgpass`; not for the superuser.
    /// - Throws: `StackError` `.notRunning`; `.needsRestart` when it does not listen on TCP.
    public func configuration(admin: Bool = false, tcp: Bool = false) throws -> ConnectionConfiguration {
        let (layout, postmaster) = try requireRunning(admin: admin, tcp: tcp)
        return tcp
            ? tcpConfiguration(layout, postmaster.port)
            : socketConfiguration(layout, postmaster.port, admin: admin)
    }

    /// The same as a URL for libpq (psql and all that build on it), such as
    /// `postgresql://emporium@/ecommerce?host=/abs/run&port=5432`. It never holds a password; over TCP it names the
    /// password file.
    public func url(admin: Bool = false, tcp: Bool = false) throws -> String {
        let (layout, postmaster) = try requireRunning(admin: admin, tcp: tcp)
        let user = admin ? Self.adminRole : Self.loginRole
        let database = Self.percentEncoded(databaseName)
        if tcp {
            return "postgresql://\(user)@127.0.0.1:\(postmaster.port)/\(database)?sslmode=disable&passfile="
                + Self.percentEncoded(layout.pgpass)
        }
        return "postgresql://\(user)@/\(database)?host=\(Self.percentEncoded(layout.socketDirectory))"
            + "&port=\(postmaster.port)"
    }

    // MARK: Connecting

    func socketConfiguration(_ layout: StackLayout, _ port: Int, admin: Bool) -> ConnectionConfiguration {
        // hostaddr: a PGHOSTADDR in the environment would win over the socket's folder.
        ConnectionConfiguration(
            conninfo: "hostaddr=''",
            overrides: [
                "host": layout.socketDirectory, "port": String(port), "dbname": databaseName,
                "user": admin ? Self.adminRole : Self.loginRole,
            ])
    }

    func tcpConfiguration(_ layout: StackLayout, _ port: Int) -> ConnectionConfiguration {
        ConnectionConfiguration(
            conninfo: "password=''",
            overrides: [
                "host": "127.0.0.1", "hostaddr": "127.0.0.1", "port": String(port), "dbname": databaseName,
                "user": Self.loginRole, "passfile": layout.pgpass, "sslmode": "disable", "gssencmode": "disable",
            ])
    }

    private func requireRunning(admin: Bool, tcp: Bool) throws -> (StackLayout, Postmaster) {
        guard !(admin && tcp) else {
            throw StackError(.invalid, "the superuser logs in over the Unix socket only", hint: "emporium url --admin")
        }
        try requireOwner()
        let layout = layout
        guard let postmaster = Postmaster.running(layout, try ServerUser.current()) else {
            throw StackError(.notRunning, "the stack in \(home) does not run", hint: "emporium up")
        }
        if tcp { try requireListening(postmaster, on: 0) }
        return (layout, postmaster)
    }

    static func percentEncoded(_ text: String) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }
}
