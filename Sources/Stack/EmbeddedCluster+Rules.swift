import Foundation
import Glibc
import Logging

// What must hold before anything is done.

extension EmbeddedCluster {
    /// The home went away while we waited for its lock: there is nothing left to stop.
    struct Gone: Error {}

    func requireHome() throws {
        guard Marker(folder: home) != nil else { throw Gone() }
    }

    func validate(_ tcpPort: Int?) throws {
        func refuse(_ message: String, _ hint: String? = nil) -> StackError {
            StackError(.invalid, message, hint: hint)
        }
        if let tcpPort, !(0...65535).contains(tcpPort) {
            throw refuse("\(tcpPort) is not a TCP port", "take any free one: emporium up --port 0")
        }
        if home.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            throw refuse(
                "the state folder's path holds control characters", "EMPORIUM_HOME=/path/to/folder emporium up")
        }
        // PostgreSQL cuts paths at 1023 bytes; its own files need some of them.
        if home.utf8.count > 900 { throw refuse("the state folder's path is longer than 900 bytes") }
        if databaseName.isEmpty || databaseName.utf8.count > 63
            || ["postgres", "template0", "template1"].contains(databaseName)
            || databaseName.unicodeScalars.contains(where: { $0.value < 32 })
        {
            throw refuse("\(databaseName.debugDescription) cannot be the name of the database")
        }
        for name in settings.keys.sorted() {
            let plain = name.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || "_.".utf8.contains($0)
            }
            if name.isEmpty || !plain { throw refuse("\(name.debugDescription) is not the name of a setting") }
            if settings[name]!.contains(where: \.isNewline) { throw refuse("the setting \(name) holds a line break") }
        }
    }

    /// A stack is run by whoever made it: his are the files, and the socket lets in nobody else.
    func requireOwner() throws {
        guard let marker = Marker(folder: home), marker.owner != geteuid() else { return }
        let name = ServerUser.name(of: marker.owner)
        throw StackError(
            .otherUser, "the stack in \(home) belongs to \(name), and you are \(ServerUser.name(of: geteuid()))",
            hint: geteuid() == 0
                ? "runuser -u \(name) -- emporium …"
                : "sudo -u \(name) emporium …, or a stack of your own: EMPORIUM_HOME=/path/to/folder emporium up")
    }

    func requireSpace(at path: String) throws {
        guard let free = Files.freeBytes(at: path), free < spaceNeeded else { return }
        throw StackError(
            .diskFull,
            "\(free >> 20) MB are free for \(path); a new database takes \(spaceNeeded >> 20) MB",
            hint: "make room (df -h \(shellQuoted(path))), or go elsewhere: EMPORIUM_HOME=/path/to/folder emporium up")
    }

    func requireListening(_ postmaster: Postmaster, on tcpPort: Int?) throws {
        guard let tcpPort, postmaster.tcpPort != (tcpPort == 0 ? postmaster.port : tcpPort) else { return }
        let now = postmaster.tcpPort.map { "on port \($0) of 127.0.0.1" } ?? "on its Unix socket only"
        throw StackError(
            .needsRestart, "the stack in \(home) runs and listens \(now)",
            hint: "a restart ends its sessions: emporium down && emporium up --port \(tcpPort)")
    }

    /// The socket's port when there is no TCP, else the one to listen on.
    func choosePort(_ tcpPort: Int?, _ layout: StackLayout) throws -> (number: Int, tcp: Bool, anyWillDo: Bool) {
        switch tcpPort {
        case nil: return (5432, false, false)
        case 0?:
            let last = Files.read(layout.portFile).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            if let last, (1...65535).contains(last) {
                if LoopbackPort.isFree(last) { return (last, true, true) }
                logger.notice("port \(last), used last time, is taken: another one is chosen")
            }
            return (try LoopbackPort.pick(), true, true)
        case let port?:
            try LoopbackPort.require(port)
            return (port, true, false)
        }
    }

    /// nil when there is no data, or what is there is no PostgreSQL's.
    func majorVersion(_ layout: StackLayout) -> Int? {
        Files.read("\(layout.pgdata)/PG_VERSION").flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// For existing data the version that made it, else the newest.
    func findBinaries(_ layout: StackLayout) throws -> ServerBinaries {
        guard Files.exists(layout.pgdata) else { return try ServerBinaries.find() }
        guard Marker(folder: layout.pgdata) != nil, let major = majorVersion(layout) else {
            throw StackError(
                .notOurs, "\(layout.pgdata) is not data that Emporium made",
                hint: "put it away: mv -- \(shellQuoted(layout.pgdata)) \(shellQuoted(layout.pgdata + ".away"))")
        }
        return try ServerBinaries.find(major: major, data: layout.pgdata)
    }
}
