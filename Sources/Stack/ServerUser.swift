import Glibc

/// The user of the operating system who runs the server: oneself, or `postgres` when oneself is root, as PostgreSQL
/// refuses to be run by root.
struct ServerUser: Sendable {
    let name: String
    let owner: Files.Owner
    /// Path of `runuser` (util-linux) when the server's user is not oneself.
    private let runuser: String?
    /// Names of those who may log in over the socket: the server's user and whoever called.
    let clients: [String]

    var uid: uid_t { owner.uid }

    /// - Throws: `StackError` `.noUser` when root finds no user `postgres`, or oneself has no name.
    static func current() throws -> ServerUser {
        let caller = geteuid()
        guard caller == 0 else {
            guard let own = lookUp(uid: caller) else {
                throw StackError(
                    .noUser, "user id \(caller) has no name, and PostgreSQL's initdb needs one",
                    hint: "add it to /etc/passwd (useradd --uid \(caller) emporium), or run as root")
            }
            return ServerUser(name: own.name, owner: own.owner, runuser: nil, clients: [own.name])
        }
        guard let server = lookUp(name: "postgres") else {
            throw StackError(
                .noUser, "started by root, the server runs as user postgres, and there is none",
                hint: "scripts/setup, or: apt-get install postgresql-15")
        }
        guard let runuser = Child.find("runuser") else {
            throw StackError(
                .noUser, "runuser is missing, by which root runs the server as user postgres",
                hint: "apt-get install util-linux")
        }
        let root = lookUp(uid: 0)?.name ?? "root"
        return ServerUser(
            name: server.name, owner: server.owner, runuser: runuser, clients: [root, server.name])
    }

    /// Runs a program as this user.
    func run(_ arguments: [String], in folder: String = "/") async throws -> Child.Outcome {
        try await Child.run(command(arguments), in: folder)
    }

    func command(_ arguments: [String]) -> [String] {
        runuser.map { [$0, "-u", name, "--"] + arguments } ?? arguments
    }

    /// Whether this user gets into a folder, by its mode, its ACLs and those of all its ancestors.
    func canEnter(_ folder: String) async throws -> Bool {
        guard runuser != nil else { return access(folder, X_OK) == 0 }
        return try await run(["/usr/bin/test", "-x", folder]).status == 0
    }

    static func name(of uid: uid_t) -> String { lookUp(uid: uid)?.name ?? "user id \(uid)" }

    private static func lookUp(uid: uid_t) -> (name: String, owner: Files.Owner)? {
        lookUp { getpwuid_r(uid, $0, $1, $2, $3) }
    }

    private static func lookUp(name: String) -> (name: String, owner: Files.Owner)? {
        lookUp { getpwnam_r(name, $0, $1, $2, $3) }
    }

    private static func lookUp(
        _ call: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> (name: String, owner: Files.Owner)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        guard call(&entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return (String(cString: entry.pw_name), Files.Owner(uid: entry.pw_uid, gid: entry.pw_gid))
    }
}
