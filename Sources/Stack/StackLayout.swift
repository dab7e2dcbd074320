import Foundation
import Glibc

/// Where everything of a stack lies. All paths are absolute.
///
///     <home>/       EMPORIUM (marker)  lock  location  pgpass  port  version  .gitignore  kafka/
///     <place>/      EMPORIUM (marker)  data/  run/  log/  emporium.conf  pg_hba.conf  pg_ident.conf
///
/// `place` is `home` unless the server's user cannot enter it (a clone under /root); the socket's folder is
/// `<place>/run` unless its path is too long for a socket. `<home>/location` records both when they differ.
public struct StackLayout: Sendable, Hashable {
    /// The state folder, symbolic links resolved.
    public let home: String
    /// The folder that holds the server's own folders.
    public let place: String
    public let socketDirectory: String

    /// Reads `<home>/location` if it is there; makes nothing.
    /// - Parameter home: the state folder; taken from the current folder when it is relative.
    public init(home: String) {
        let home = Self.resolved(home)
        let recorded = Location(home: home)
        let place = recorded.place ?? home
        self.init(home: home, place: place, socketDirectory: recorded.socketDirectory ?? "\(place)/run")
    }

    init(home: String, place: String, socketDirectory: String) {
        self.home = home
        self.place = place
        self.socketDirectory = socketDirectory
    }

    public var pgdata: String { "\(place)/data" }
    public var logDirectory: String { "\(place)/log" }
    /// What the server says until its log collector runs; rewritten at each start.
    public var startupLog: String { "\(logDirectory)/startup.log" }
    public var configurationFile: String { "\(place)/emporium.conf" }
    public var hbaFile: String { "\(place)/pg_hba.conf" }
    public var identFile: String { "\(place)/pg_ident.conf" }
    /// libpq's password file for TCP, mode 0600; there once the stack was started with TCP.
    public var pgpass: String { "\(home)/pgpass" }
    public var lockFile: String { "\(home)/lock" }
    public var locationFile: String { "\(home)/location" }
    /// Says that a folder is an Emporium stack's, and whose.
    public var markerFile: String { "\(home)/\(Self.markerName)" }
    /// The TCP port of the last start that had one, to be taken again.
    var portFile: String { "\(home)/port" }
    /// The server's own words on its version at the last `up`.
    var versionFile: String { "\(home)/version" }
    var postmasterFile: String { "\(pgdata)/postmaster.pid" }
    /// The recorded place holds the data, not the home itself.
    public var isRelocated: Bool { place != home }

    /// Everything that we may have made in `home` and `place`, `data.partial-…` aside.
    static let names: Set<String> = [
        markerName, "lock", "location", "pgpass", "port", "version", ".gitignore", "data", "run", "log",
        "emporium.conf", "pg_hba.conf", "pg_ident.conf", "kafka",
    ]
    static let markerName = "EMPORIUM"
    static let partialPrefix = "data.partial-"

    /// 12 hexadecimal digits that stand for the home (FNV-1a; a mix-up is caught by the marker, not by the hash).
    static func hash(_ home: String) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in home.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(value, radix: 16)
        return String((String(repeating: "0", count: 16 - digits.count) + digits).suffix(12))
    }

    /// A socket's address holds 107 bytes and the terminating NUL, with a port of up to five digits in it; and libpq
    /// takes a comma in `host` for the end of a list's item.
    static func canHoldSocket(_ folder: String) -> Bool {
        folder.utf8.count + "/.s.PGSQL.65535".utf8.count <= 107 && !folder.contains(",")
    }

    /// Makes the path absolute and resolves the symbolic links of that part of it which exists, so that one stack
    /// has one name however it is reached.
    static func resolved(_ path: String) -> String {
        let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var result = ""
        for name in absolute.split(separator: "/") where name != "." {
            if name == ".." {
                result = String(result[..<(result.lastIndex(of: "/") ?? result.startIndex)])
                continue
            }
            result += "/" + name
            if let real = realpath(result, nil) {
                result = String(cString: real)
                if result == "/" { result = "" }
                free(real)
            }
        }
        return result.isEmpty ? "/" : result
    }

    /// Marks the state folder as ours, so that other parts of the tool may keep files in it before the first `up`.
    /// - Throws: `StackError` `.notOurs` when it exists, is not empty and bears no marker.
    public func claim() throws {
        try Marker.refuseForeign(home)
        // Traversable, when root makes it, for the server's user; its listing is nobody's business.
        try Files.makeFolder(home, mode: geteuid() == 0 ? 0o711 : 0o700)
        if Marker(folder: home)?.home != home { try Marker.write(to: home, home: home) }
        if !Files.exists("\(home)/.gitignore") { try Files.write("*\n", to: "\(home)/.gitignore", mode: 0o644) }
    }
}

/// What `<home>/location` says: lines of a keyword, a blank and a path.
struct Location: Equatable {
    var place: String?
    var socketDirectory: String?

    init(place: String?, socketDirectory: String?) {
        self.place = place
        self.socketDirectory = socketDirectory
    }

    init(home: String) {
        for line in (Files.read("\(home)/location") ?? "").split(separator: "\n") {
            if line.hasPrefix("data /") { place = String(line.dropFirst(5)) }
            if line.hasPrefix("socket /") { socketDirectory = String(line.dropFirst(7)) }
        }
    }

    var text: String {
        [place.map { "data \($0)\n" }, socketDirectory.map { "socket \($0)\n" }].compactMap(\.self).joined()
    }
}

/// The file that says whose a folder is.
struct Marker {
    /// The home that the marker was written for; another one when the folder was moved or copied since.
    let home: String
    let owner: uid_t

    init?(folder: String) {
        let path = "\(folder)/\(StackLayout.markerName)"
        guard let info = Files.info(path), let text = Files.read(path), text.hasPrefix(Self.firstLine) else {
            return nil
        }
        owner = info.st_uid
        home = text.split(separator: "\n").first { $0.hasPrefix("home /") }.map { String($0.dropFirst(5)) } ?? ""
    }

    private static let firstLine = "Emporium stack 1\n"

    static func write(to folder: String, home: String, owner: Files.Owner? = nil) throws {
        try Files.write(
            """
            \(firstLine)home \(home)
            A private PostgreSQL server of `emporium up`. `emporium down` stops it; then the folder may be removed.

            """, to: "\(folder)/\(StackLayout.markerName)", mode: 0o644, owner: owner)
    }

    /// A folder with anything in it but without our marker is left alone.
    static func refuseForeign(_ folder: String) throws {
        guard Marker(folder: folder) == nil else { return }
        let beginning = "\(StackLayout.markerName).new"  // of an `up` that runs, or was killed at once
        guard let other = Files.names(in: folder).first(where: { !$0.hasPrefix(beginning) && $0 != "lock" }),
            Marker(folder: folder) == nil  // written meanwhile
        else { return }
        throw StackError(
            .notOurs, "\(folder) holds files that are not an Emporium stack's (\(other))",
            hint: "name an empty folder or a new one: EMPORIUM_HOME=/path/to/folder emporium up")
    }
}
