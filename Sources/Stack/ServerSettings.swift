import Foundation
import Glibc

/// The text of the server's configuration files. All three are written anew at each start.
struct ServerSettings: Sendable {
    var socketDirectory: String
    var hbaFile: String
    var identFile: String
    var port: Int
    var listensOnTCP: Bool
    var machine: Machine
    var hasLZ4: Bool
    /// The caller's own, last and therefore stronger.
    var extra: [String: String]

    /// What the machine, or the container we are in, has to offer.
    struct Machine: Sendable {
        var memory: Int64
        /// Bytes of /dev/shm; containers often have 64 MB.
        var sharedMemory: Int64

        static func here() -> Machine {
            var memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
            for limit in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
                let text = Files.read(limit)?.trimmingCharacters(in: .whitespacesAndNewlines)
                if let bytes = text.flatMap({ Int64($0) }), bytes > 0 { memory = min(memory, bytes) }
            }
            var info = statvfs()
            let shared = statvfs("/dev/shm", &info) == 0 ? UInt64(info.f_blocks) * UInt64(info.f_frsize) : 0
            return Machine(memory: memory, sharedMemory: Int64(clamping: shared))
        }

        var sharedBuffersMB: Int64 { min(max((memory / 4) >> 20, 16), 1024) }
        var effectiveCacheMB: Int64 { max((memory / 2) >> 20, 64) }
        /// Parallel plans keep hash tables in /dev/shm and fail where it is small; System V segments are not so limit.
        var dynamicSharedMemory: String { sharedMemory >= 512 << 20 ? "posix" : "sysv" }
    }

    var configuration: String {
        // A folder's name may hold anything: quoted once for the list of folders, once for the file.
        let folder = "\"" + socketDirectory.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        var lines = [
            "# Written by `emporium up` each time: changes here are lost. ALTER SYSTEM keeps your own, and wins.",
            "",
            "# Where to listen. By default on the Unix socket alone.",
            "listen_addresses = '\(listensOnTCP ? "127.0.0.1" : "")'",
            "port = \(port)",
            "unix_socket_directories = \(Self.quoted(folder))",
            "unix_socket_permissions = 0700",
            "hba_file = \(Self.quoted(hbaFile))",
            "ident_file = \(Self.quoted(identFile))",
            "password_encryption = 'scram-sha-256'",
            "max_connections = 50",
            "client_connection_check_interval = '2s'  # a loader that died does not keep its locks",
            "cluster_name = 'emporium'",
            "",
            "# fsync, full_page_writes and synchronous_commit stay on, here too: Kafka's offsets live in the same",
            "# commit as the rows they brought, so a commit that a power cut could undo would lose or double events,",
            "# and a torn page would lose the data. Transactions of thousands of rows make a flush cheap.",
            "fsync = on",
            "full_page_writes = on",
            "synchronous_commit = on",
            "max_wal_size = '4GB'",
            "checkpoint_timeout = '15min'",
            "checkpoint_completion_target = 0.9",
            "wal_compression = '\(hasLZ4 ? "lz4" : "on")'",
            "",
            "# Sized for this machine: \(machine.memory >> 20) MB of memory.",
            "shared_buffers = '\(machine.sharedBuffersMB)MB'",
            "effective_cache_size = '\(machine.effectiveCacheMB)MB'",
            "work_mem = '32MB'",
            "maintenance_work_mem = '256MB'",
            "dynamic_shared_memory_type = '\(machine.dynamicSharedMemory)'",
            "random_page_cost = 1.1",
            "jit = off",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "",
            "# Logs give away no row values: no details, no statements, no parameters. Messages of class 22 quote",
            "# values all the same, so the role emporium logs no errors at all (set when made); clients get them.",
            "log_error_verbosity = 'terse'",
            "log_min_error_statement = 'panic'",
            "log_statement = 'none'",
            "log_min_duration_statement = -1",
            "log_parameter_max_length = 0",
            "log_parameter_max_length_on_error = 0",
            "log_connections = off",
            "log_disconnections = off",
            "log_line_prefix = '%m [%p] %q%u@%d '",
            "",
            "# One file a weekday, begun anew a week later: never more than seven.",
            "logging_collector = on",
            "log_destination = 'stderr'",
            "log_directory = '../log'",
            "log_filename = 'postgresql-%a.log'",
            "log_file_mode = 0600",
            "log_rotation_age = '1d'",
            "log_rotation_size = 0",
            "log_truncate_on_rotation = on",
        ]
        if !extra.isEmpty { lines += ["", "# Asked for by the caller."] }
        lines += extra.sorted { $0.key < $1.key }.map { "\($0.key) = \(Self.quoted($0.value))" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The superuser comes over the socket only, and nobody without a password over TCP.
    static let hba = """
        # Written by `emporium up` each time: changes here are lost.
        local  all  all                     peer map=emporium
        host   all  postgres  all           reject
        host   all  all       127.0.0.1/32  scram-sha-256
        host   all  all       ::1/128       scram-sha-256

        """

    static func ident(clients: [String]) -> String {
        var seen: Set<String> = []
        let lines = clients.filter { seen.insert($0).inserted }.flatMap { name in
            ["postgres", "emporium"].map { "emporium  \"\(name)\"  \($0)" }
        }
        return (["# Written by `emporium up` each time: changes here are lost."] + lines).joined(separator: "\n") + "\n"
    }

    /// Quotes a value for postgresql.conf, where backslashes escape.
    static func quoted(_ value: String) -> String {
        "'" + value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "''") + "'"
    }
}
