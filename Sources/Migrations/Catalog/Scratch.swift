import Foundation
import Logging
import Postgres

/// A database that lives as long as a piece of work: made, worked in, dropped.
///
/// Its name says who made it and when, `emporium_scratch_<seconds>_<pid>_<machine>_<random>`, so that what a killed
/// run has left is known as such and dropped by the next one.
public enum Scratch {
    static let prefix = "emporium_scratch_"

    /// Makes a scratch database on the same server, runs the body with the way to it, and drops it in any case, also
    /// where the body fails or its task is cancelled. Drops what killed runs have left, too.
    /// - Parameters:
    ///   - configuration: the live database; the scratch one gets its encoding, locale and, where this user may give
    ///     it away, its owner.
    ///   - template: a database to clone, rather than an empty one; nobody may be connected to it.
    /// - Throws: `MigrationError.Code.configuration` where this user may not make databases, `.busy` (with `server`
    ///   of SQLSTATE 55006) where somebody is connected to the template, and whatever the body throws.
    public static func withScratchDatabase<T>(
        _ configuration: ConnectionConfiguration, template: String? = nil,
        logger: Logger = Logger(label: "migrate"), _ body: (ConnectionConfiguration) async throws -> T
    ) async throws -> T {
        let name = ScratchName.next()
        try await withKeeper(configuration, template: template, logger) { keeper in
            await dropLeftovers(keeper, logger)
            try await create(name.text, like: configuration, template: template, keeper, logger)
        }
        let result: Result<T, any Error>
        do {
            // Settings that the live database or its operator gave would not be the scratch one's own.
            result = .success(try await body(configuration.database(name.text)))
        } catch {
            result = .failure(error)
        }
        // In a task of its own: a cancelled one could not drop anything any more.
        await Task {
            do {
                try await withKeeper(configuration, template: template, logger) { try await drop(name.text, $0) }
            } catch {
                logger.warning("the scratch database \(name.text) could not be dropped: \(error); the next run tries again")
            }
        }.value
        return try result.get()
    }

    // MARK: The session that makes and drops

    /// Not connected to a template: nobody may be while it is cloned.
    private static func withKeeper(
        _ configuration: ConnectionConfiguration, template: String?, _ logger: Logger,
        _ body: (Connection) async throws -> Void
    ) async throws {
        var places = [configuration]
        if template != nil { places = ["postgres", "template1"].filter { $0 != template }.map(configuration.database) }
        var keeper: Connection?
        for (index, place) in places.enumerated() {
            do {
                keeper = try await Connection.connect(place, logger: logger)
                break
            } catch let error as PostgresError where index == places.count - 1 {
                throw MigrationError(error, during: "connecting to make a scratch database")
            } catch is PostgresError {}
        }
        guard let keeper else { return }
        do {
            try await keeper.execute("set statement_timeout = 0; set lock_timeout = '60s'; set search_path = pg_catalog")
            try await body(keeper)
            await keeper.close()
        } catch {
            await keeper.close()
            throw error
        }
    }

    // MARK: Making

    private static func create(
        _ name: String, like configuration: ConnectionConfiguration, template: String?, _ keeper: Connection,
        _ logger: Logger
    ) async throws {
        var sql = "create database \(quoteIdentifier(name)) template \(quoteIdentifier(template ?? "template0"))"
        if template == nil { sql += try await likeness(keeper) }
        do {
            try await keeper.execute(sql)
        } catch let error as PostgresError {
            if Task.isCancelled { throw CancellationError() }
            throw failure(error, template)
        }
        logger.debug("made the scratch database \(name)")
    }

    /// Encoding, locale and owner of the database that the keeper is connected to, as options of `create database`.
    /// What a release calls them is read from the columns that its pg_database has.
    private static func likeness(_ keeper: Connection) async throws -> String {
        let row = try await keeper.query(
            """
            select pg_encoding_to_char(d.encoding) as encoding, d.datcollate, d.datctype,
              case d.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider,
              coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
              to_jsonb(d) ->> 'daticurules' as rules,
              case when pg_has_role(d.datdba, 'member') then r.rolname end as owner
            from pg_database d
            join pg_roles r on r.oid = d.datdba
            where d.datname = current_database()
            """
        ).first
        guard let row else { return "" }
        var options =
            " encoding \(quoteLiteral(row.text("encoding"))) lc_collate \(quoteLiteral(row.text("datcollate")))"
            + " lc_ctype \(quoteLiteral(row.text("datctype"))) locale_provider \(row.text("provider"))"
        if let locale = row["locale"] {
            options += " \(row.text("provider") == "icu" ? "icu" : "builtin")_locale \(quoteLiteral(locale))"
        }
        if let rules = row["rules"] { options += " icu_rules \(quoteLiteral(rules))" }
        if let owner = row["owner"] { options += " owner \(quoteIdentifier(owner))" }
        return options
    }

    private static func failure(_ error: PostgresError, _ template: String?) -> MigrationError {
        var failure: MigrationError
        switch error.sqlState {
        case "42501":
            failure = MigrationError(
                .configuration, "no scratch database could be made: \(error.message)",
                hint: "this compares with, or tries in, a database of its own, dropped afterwards:\n"
                    + "alter role <the connecting user> createdb"
                    + (template == nil ? "" : ";\nand cloning takes the database's owner, or a superuser"))
        case "55006":
            failure = MigrationError(
                .busy, "\(template ?? "the template") cannot be cloned: \(error.message)",
                hint: error.detail.map { "\($0)\nend those sessions, or come back at a quieter hour" })
        default:
            failure = MigrationError(error, during: "making a scratch database")
        }
        failure.server = error
        return failure
    }

    // MARK: Dropping

    private static func drop(_ name: String, _ keeper: Connection) async throws {
        do {
            try await keeper.execute("drop database if exists \(quoteIdentifier(name)) with (force)")
        } catch let error as PostgresError where error.sqlState == "42501" {
            // Somebody is connected whose session this user may not end.
            try await keeper.execute("drop database if exists \(quoteIdentifier(name))")
        }
    }

    /// Those of killed runs: nobody is connected, and their maker is gone, or they are older than an hour.
    private static func dropLeftovers(_ keeper: Connection, _ logger: Logger) async {
        do {
            let found = try await keeper.query(
                """
                select d.datname
                from pg_database d
                where starts_with(d.datname, $1)
                  and pg_has_role(d.datdba, 'member')
                  and not exists (select from pg_stat_activity a where a.datid = d.oid)
                """, [.text(prefix)])
            for name in found.rows.compactMap({ ScratchName($0.text("datname")) }) where name.isLeftOver() {
                try await keeper.execute("drop database if exists \(quoteIdentifier(name.text))")
                logger.notice("dropped the scratch database \(name.text) that an interrupted run had left")
            }
        } catch {
            logger.debug("looking for scratch databases of interrupted runs: \(error)")
        }
    }
}

/// The name of a scratch database, which tells when, where and by whom it was made.
struct ScratchName: Equatable, Sendable {
    /// Seconds since 1970, UTC, by the maker's clock.
    let made: Int
    let pid: Int32
    /// A digest of the machine, its boot and its process namespace: the pid means something only there.
    let machine: String
    let random: String

    var text: String { "\(Scratch.prefix)\(made)_\(pid)_\(machine)_\(random)" }

    static func next() -> ScratchName {
        ScratchName(
            made: now, pid: getpid(), machine: thisMachine,
            random: String(UInt32.random(in: 0 ... .max), radix: 36))
    }

    private init(made: Int, pid: Int32, machine: String, random: String) {
        self.made = made
        self.pid = pid
        self.machine = machine
        self.random = random
    }

    /// nil for a name that is not one.
    init?(_ name: String) {
        let parts = name.dropFirst(Scratch.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard name.hasPrefix(Scratch.prefix), parts.count == 4, let made = Int(parts[0]), let pid = Int32(parts[1]),
            made > 0, pid > 0
        else { return nil }
        self.init(made: made, pid: pid, machine: String(parts[2]), random: String(parts[3]))
    }

    /// - Parameter isAlive: whether a process of this machine is there.
    func isLeftOver(
        now: Int = ScratchName.now, machine: String = ScratchName.thisMachine,
        isAlive: (Int32) -> Bool = { kill($0, 0) == 0 || errno == EPERM }
    ) -> Bool {
        if now - made > 3600 { return true }
        return machine == self.machine && !isAlive(pid)
    }

    private static var now: Int { Int(Date().timeIntervalSince1970) }

    private static let thisMachine: String = {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let namespace = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in (ProcessInfo.processInfo.hostName + boot + namespace).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return String(hash & 0xFFFF_FFFF, radix: 36)
    }()
}
