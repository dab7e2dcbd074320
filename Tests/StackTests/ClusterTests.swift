import Foundation
import Glibc
import Postgres
import Testing

@testable import Stack

extension Clusters {
    /// Real servers, in the same way for root and for an ordinary user: `RootTests` runs this suite again as one.
    @Suite struct ClusterTests {
        @Test func upMakesStartsAndProves() async throws {
            try await withFolder { folder in
                let cluster = makeCluster("\(folder)/.emporium", settings: [:])
                #expect(try cluster.state() == nil)
                try await expect(.notRunning) { _ = try cluster.url() }
                try await cluster.down()  // nothing there: nothing happens
                #expect(!Files.exists(cluster.home))

                let state = try await cluster.up()
                #expect(state.status == .running && state.majorVersion >= 15)
                #expect(state.serverVersion.hasPrefix("\(state.majorVersion)."))
                #expect(state.port == 5432 && state.tcpPort == nil)
                #expect(state.dataBytes > 20 << 20 && state.home == cluster.home)
                let age = -(try #require(state.startedAt).timeIntervalSinceNow)
                #expect(age > -1 && age < 30)
                #expect(try cluster.state()?.pid == state.pid)

                let connection = try await Connection.connect(cluster.configuration())
                let me = try await connection.query(
                    """
                    select current_user as name, current_database() as database, rolsuper, rolcreatedb, rolcreaterole,
                           rolreplication, rolbypassrls, rolinherit, rolcanlogin
                    from pg_roles where rolname = current_user
                    """)
                #expect(me.first?["name"] == "emporium" && me.first?["database"] == "ecommerce")
                for right in ["rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls"] {
                    #expect(me.first?.bool(right) == false, "\(right)")
                }
                #expect(me.first?.bool("rolinherit") == true && me.first?.bool("rolcanlogin") == true)
                await connection.close()

                let admin = try await Connection.connect(cluster.configuration(admin: true))
                let settings = try await admin.query(
                    "select name, setting from pg_settings union all select 'owner', pg_get_userbyid(datdba) "
                        + "|| ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate from pg_database "
                        + "where datname = 'ecommerce'")
                let have = Dictionary(uniqueKeysWithValues: settings.rows.map { ($0.text("name"), $0.text("setting")) })
                for (name, value) in [
                    "data_checksums": "on", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
                    "listen_addresses": "", "jit": "off", "TimeZone": "UTC", "cluster_name": "emporium",
                    "max_connections": "50", "max_wal_size": "4096", "checkpoint_timeout": "900",
                    "log_error_verbosity": "terse", "log_min_error_statement": "panic", "log_statement": "none",
                    "password_encryption": "scram-sha-256", "unix_socket_permissions": "0700",
                    "client_connection_check_interval": "2000", "owner": "postgres UTF8 C.UTF-8",
                ] { #expect(have[name] == value, "\(name)") }
                #expect(["lz4", "pglz"].contains(have["wal_compression"]))
                await admin.close()
                #expect(Files.info("\(cluster.layout.pgdata)")!.st_mode & 0o7777 == 0o700)
                #expect(Files.info("\(cluster.layout.socketDirectory)")!.st_mode & 0o7777 == 0o700)

                let began = ContinuousClock.now
                let again = try await cluster.up()
                #expect(ContinuousClock.now - began < .seconds(2), "20 ms on an idle machine")
                #expect(again.pid == state.pid && again.startedAt == state.startedAt && again.port == state.port)
                try await expect(.needsRestart) { try await cluster.up(tcpPort: 0) }

                try await psqlAndUpKeepData(cluster, state)
            }
        }

        private func psqlAndUpKeepData(_ cluster: EmbeddedCluster, _ before: StackState) async throws {
            let url = try cluster.url()
            #expect(url == "postgresql://emporium@/ecommerce?host=\(cluster.home)/run&port=5432")
            #expect(try psql(url, "select current_user || ' ' || current_database()") == "emporium ecommerce")
            #expect(try psql(cluster.url(admin: true), "select current_user") == "postgres")
            _ = try psql(cluster.url(admin: true), "create table kept as select 42 as answer")
            _ = try psql(cluster.url(admin: true), "alter system set work_mem = '33MB'")

            // Nobody logs in as anything else than these two, and the kernel says who he is.
            _ = try psql(cluster.url(admin: true), "create role other login")
            let other = url.replacingOccurrences(of: "//emporium@", with: "//other@")
            let refused = try run(["psql", "-X", "-w", "-d", other, "-c", "select 1"])
            #expect(refused.status == 2 && refused.output.contains("Peer authentication failed"))
            let doors = try psql(
                cluster.url(admin: true),
                "select string_agg(concat_ws(' ', type, user_name, auth_method), ', ' order by line_number) "
                    + "from pg_hba_file_rules")
            #expect(
                doors == "local {all} peer, host {postgres} reject, host {all} scram-sha-256, host {all} scram-sha-256")

            try await cluster.down()
            try await cluster.down()
            let stopped = try #require(try cluster.state())
            #expect(stopped.status == .stopped && stopped.pid == nil && stopped.serverVersion == before.serverVersion)
            #expect(Postmaster.processes(in: before.dataDirectory, try ServerUser.current()).isEmpty)
            try await expect(.notRunning) { _ = try cluster.configuration() }

            let after = try await makeCluster(cluster.home, settings: ["application_name": "it's"]).up()
            #expect(after.pid != before.pid)
            #expect(try psql(cluster.url(admin: true), "select answer from kept") == "42")
            #expect(try psql(cluster.url(admin: true), "show work_mem") == "33MB", "ALTER SYSTEM wins")
            #expect(
                try psql(cluster.url(admin: true), "select reset_val || boot_val from pg_settings where name = 'jit'")
                    == "offon")
            #expect(
                try psql(
                    cluster.url(admin: true),
                    "select setting from pg_file_settings where name = 'application_name' and applied") == "it's")
        }

        @Test func tcpWithPassword() async throws {
            try await withFolder { folder in
                let cluster = makeCluster("\(folder)/home")
                let port = try #require(try await cluster.up(tcpPort: 0).tcpPort)
                #expect(try cluster.state()?.port == port)
                #expect(Files.info(cluster.layout.pgpass)!.st_mode & 0o7777 == 0o600)
                let first = try #require(Files.read(cluster.layout.pgpass))
                #expect(first.hasPrefix("127.0.0.1:\(port):*:emporium:"))

                let connection = try await Connection.connect(cluster.configuration(tcp: true))
                let peer = try await connection.query(
                    "select host(inet_client_addr()) as address, current_user as name")
                #expect(peer.first?["address"] == "127.0.0.1" && peer.first?["name"] == "emporium")
                await connection.close()
                #expect(try psql(cluster.url(tcp: true), "select 1") == "1")
                #expect(try psql(cluster.url(), "select 2") == "2", "the socket, with the port in its name")
                let address = try cluster.url(tcp: true)
                #expect(!address.contains(first.split(separator: ":").last!.prefix(64)))
                let scram = try psql(
                    cluster.url(admin: true), "select left(rolpassword, 13) from pg_authid where rolname = 'emporium'")
                #expect(scram == "SCRAM-SHA-256")

                let running = await diagnose(home: cluster.home)
                #expect(running.first { $0.name == "stack" }?.status == .ok)
                #expect(running.first { $0.name == "libpq" }?.status == .ok)
                #expect(chmod(cluster.layout.pgpass, 0o644) == 0)
                let finding = await diagnose(home: cluster.home).first { $0.name == "state folder" }
                #expect(finding?.status == .failure && finding?.mend == "chmod 600 \(cluster.layout.pgpass)")

                // Nobody gets in without the password, and the superuser not at all.
                for user in ["emporium", "postgres"] {
                    let outcome = try run([
                        "psql", "-w", "-c", "select 1",
                        "postgresql://\(user)@127.0.0.1:\(port)/ecommerce?passfile=/dev/null",
                    ])
                    #expect(outcome.status == 2, "\(outcome.output)")
                }
                try await expect(.invalid) { _ = try cluster.url(admin: true, tcp: true) }
                #expect(try await cluster.up(tcpPort: port).tcpPort == port)
                #expect(try await cluster.up().tcpPort == port)
                let other = try await stackError { try await cluster.up(tcpPort: port == 65535 ? 1024 : port + 1) }
                #expect(other.code == .needsRestart && other.message.contains("\(port)"))

                // The same port and password the next time; another port when that one is taken; a lost file is mended.
                try await cluster.down()
                #expect(try await cluster.up(tcpPort: 0).tcpPort == port)
                #expect(Files.read(cluster.layout.pgpass) == first)
                try await cluster.down()
                unlink(cluster.layout.pgpass)
                try Files.write("\(try LoopbackPort.pick())\n", to: cluster.layout.portFile, mode: 0o644)
                #expect(try await cluster.up(tcpPort: 0).tcpPort != port)
                #expect(try psql(cluster.url(tcp: true), "select 3") == "3")

                try await cluster.down()
                #expect(try await cluster.up().tcpPort == nil, "without being asked, the socket only")
                try await expect(.needsRestart) { _ = try cluster.url(tcp: true) }
                let password = Files.read(cluster.layout.pgpass)!.split(separator: "\n")[0].split(separator: ":")[4]
                let logs = try run(["grep", "-rl", String(password), cluster.home])
                #expect(logs.output == cluster.layout.pgpass, "nowhere but in its file")
            }
        }

        @Test func takenPortChangesNothing() async throws {
            try await withFolder { folder in
                try await withListener { port in
                    let cluster = makeCluster("\(folder)/home")
                    let error = try await stackError { try await cluster.up(tcpPort: port) }
                    #expect(error.code == .portTaken)
                    #expect(error.message.contains("\(port)") && error.message.contains("process \(getpid())"))
                    #expect(!Files.exists(cluster.home))

                    try await cluster.up()
                    try await cluster.down()
                    let before = try snapshot(cluster.layout.place).filter { !$0.hasPrefix("lock ") }
                    try await expect(.portTaken) { try await cluster.up(tcpPort: port) }
                    #expect(try snapshot(cluster.layout.place).filter { !$0.hasPrefix("lock ") } == before)

                    // Remembered, but taken now: another one.
                    try Files.write("\(port)\n", to: cluster.layout.portFile, mode: 0o644)
                    let chosen = try #require(try await cluster.up(tcpPort: 0).tcpPort)
                    #expect(chosen != port)
                }
            }
        }

        @Test(arguments: [
            #"it's "a" $HOME `id` back\slash 100% ü"#,
            "long-" + String(repeating: "x", count: 120),
        ])
        func foldersOfAnyName(_ name: String) async throws {
            try await withFolder { folder in
                let cluster = makeCluster("\(folder)/\(name)")
                let state = try await cluster.up()
                #expect(state.dataDirectory == "\(folder)/\(name)/data")
                #expect(try psql(cluster.url(), "select 'yes'") == "yes")
                let moved = state.socketDirectory != "\(cluster.home)/run"
                #expect(moved == (name != #"it's "a" $HOME `id` back\slash 100% ü"#))
                if moved {
                    #expect(state.socketDirectory.hasPrefix("/tmp/emporium-\(geteuid())-"))
                    #expect(Files.info(state.socketDirectory)!.st_mode & 0o7777 == 0o700)
                    #expect(Files.read(cluster.layout.locationFile) == "socket \(state.socketDirectory)\n")
                }
                let connection = try await Connection.connect(cluster.configuration())
                await connection.close()
                try await cluster.destroy()
                #expect(!Files.exists(state.socketDirectory) && !Files.exists(cluster.home))
            }
        }

        @Test func theServerIsDiscreet() async throws {
            try await withFolder { folder in
                // A caller that reads our output by a pipe waits for its end: the server must not hold it open.
                var ends: [Int32] = [0, 0]
                #expect(pipe(&ends) == 0)  // not close-on-exec
                let cluster = makeCluster("\(folder)/home")
                let pid = try #require(try await cluster.up().pid)
                close(ends[1])
                var byte: UInt8 = 0
                _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
                #expect(read(ends[0], &byte, 1) == 0, "the end of the pipe, and not EAGAIN")
                close(ends[0])
                let user = try ServerUser.current()
                let session = try await Child.run(user.command(["/usr/bin/ps", "-o", "sid=,ppid=", "-p", "\(pid)"]))
                #expect(session.output.split(separator: " ").first.map(String.init) != "\(getsid(0))")
                let variables = try await Child.run(user.command(["/usr/bin/cat", "/proc/\(pid)/environ"])).output
                #expect(
                    variables.contains("LC_ALL=C.UTF-8") && !variables.contains("SWIFT")
                        && !variables.contains("SHELL="))

                // Its log gives away no values.
                let admin = try await Connection.connect(cluster.configuration(admin: true))
                try await admin.execute("create table t (id int primary key); grant all on t to emporium")
                await admin.close()
                let connection = try await Connection.connect(cluster.configuration())
                for sql in [
                    "select 'secret-in-a-cast'::int", "insert into t values (77770001), (77770001)",
                    "do $$ begin raise exception 'secret-raised'; end $$", "select * from secret_table",
                ] { await #expect(throws: PostgresError.self) { try await connection.execute(sql) } }
                await connection.close()
                try await cluster.down()
                let logs = try run(["grep", "-r", "", cluster.layout.logDirectory]).output
                #expect(logs.contains("database system is ready"), "the log is there")
                #expect(!logs.contains("secret") && !logs.contains("77770001"))
            }
        }

        @Test func doctorChangesNothing() async throws {
            try await withFolder { folder in
                let home = "\(folder)/home"
                let findings = await diagnose(home: home)
                #expect(findings.count == 11 && Set(findings.map(\.name)).count == 11)
                #expect(findings.allSatisfy { ($0.status == .ok) == ($0.mend == nil) && !$0.what.isEmpty })
                #expect(findings.first { $0.name == "stack" }?.mend == "emporium up")
                #expect(!findings.contains { $0.status == .failure }, "\(findings)")
                #expect(!Files.exists(home))
            }
        }
    }
}
