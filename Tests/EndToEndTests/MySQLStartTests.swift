import Foundation
import Glibc
import Testing

@testable import Stack

/// scripts/mysql-start, on a stand-in for Docker that keeps a container's state in a file and notes what it is asked.
@Suite struct MySQLStart {
    /// What `docker` is here. `state` holds the container's state, `health` how many looks pass until it is healthy.
    private static let docker = #"""
        #!/bin/bash
        cd "$(dirname "$0")/.."
        echo "$*" >>asked
        case "$1 $2" in
        "version "*) [ ! -e engine-down ] ;;
        "container inspect")
            [ -e state ] || exit 1
            case "$*" in
            *Health*)
                left=$(<health)
                [ ! -e ends ] || echo exited >state
                if [ "$left" -le 0 ]; then echo "$(<state) healthy"; else echo "$(<state) starting"; echo $((left - 1)) >health; fi ;;
            *) cat state ;;
            esac ;;
        "run --detach") [ ! -e broken ] || exit 125; printf '%s' "$MYSQL_PASSWORD" >password; echo running >state; echo 0123456789ab ;;
        "start "* | "unpause "*) echo running >state; echo "$2" ;;
        "logs "*) echo "last words" ;;
        "port "*) echo 127.0.0.1:3307 ;;
        *) exit 64 ;;
        esac
        """#

    private struct Place {
        let folder: String
        func put(_ name: String, _ text: String = "") throws { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
        func read(_ name: String) -> String { (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "" }

        func start(_ environment: [String: String] = [:]) async throws -> Emporium.Outcome {
            let environment = ["PATH": "\(folder)/bin:/usr/bin:/bin"].merging(environment) { $1 }
            return try await Child("\(folder)/repository/scripts/mysql-start", [], environment, in: folder).outcome()
        }
    }

    private func with(_ body: (Place) async throws -> Void) async throws {
        var template = Array("/tmp/emporium-mysql-start-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for sub in ["bin", "repository/scripts"] { try FileManager.default.createDirectory(atPath: "\(folder)/\(sub)", withIntermediateDirectories: true) }
        let place = Place(folder: folder)
        try place.put("bin/docker", Self.docker)
        try place.put("repository/scripts/mysql-start", try DeployedFiles.read("scripts/mysql-start"))
        for path in ["bin/docker", "repository/scripts/mysql-start"] { chmod("\(folder)/\(path)", 0o755) }
        try place.put("health", "2")
        try await body(place)
    }

    @Test func aNewContainerIsMadeWithTheSettingsOfTheEnvironmentFile() async throws {
        try await with { place in
            try place.put("repository/.env", "# a comment\nMYSQL_PASSWORD='pa ss$\"word'\nexport MYSQL_PORT=3307\n")
            let outcome = try await place.start()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(place.read("password") == "pa ss$\"word")
            let asked = place.read("asked")
            #expect(!asked.contains("pa ss") && !(outcome.out + outcome.err).contains("pa ss"), "a password is in no list of processes")
            let image = try #require(try DeployedFiles.service("mysql")["image"] as? String).replacing(/\$\{[A-Z_]+:-([^}]*)\}/) { $0.1 }
            let run = try #require(asked.split(separator: "\n").first { $0.hasPrefix("run ") })
            #expect(run.hasSuffix(" \(image)") && run.contains(" --publish 127.0.0.1:3307:3306 ") && run.contains(" --volume emporium-mysql:/var/lib/mysql "))
            // As compose has it.
            let mysql = try DeployedFiles.service("mysql")
            for volume in try #require(mysql["volumes"] as? [String]).dropFirst() {
                #expect(run.contains(volume.replacing("./", with: "\(place.folder)/repository/", maxReplacements: 1)), "\(volume)")
                let file = try #require(volume.split(separator: ":").first).dropFirst(2)
                #expect(FileManager.default.fileExists(atPath: "\(TestStack.root)/\(file)"))
            }
            for name in try DeployedFiles.environment("mysql").keys { #expect(run.contains("--env \(name)"), "\(name)") }
            let test = try #require((mysql["healthcheck"] as? [String: Any])?["test"] as? [String])
            #expect(run.contains("--health-cmd \(test.dropFirst().joined(separator: " "))"))
            #expect(outcome.out.contains("healthy on 127.0.0.1:3307") && outcome.out.contains("--mysql 127.0.0.1:3307/orders --user emporium"))
            #expect(asked.matches(of: /Health/).count >= 3, "it waits for health")
        }
    }

    @Test(arguments: [("running", ""), ("exited", "start emporium-mysql"), ("created", "start emporium-mysql"), ("paused", "unpause emporium-mysql")])
    func aContainerThatIsThereIsStarted(_ state: String, _ order: String) async throws {
        try await with { place in
            try place.put("state", state)
            let outcome = try await place.start()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let orders = place.read("asked").split(separator: "\n").map(String.init).filter { $0.wholeMatch(of: /(start|unpause|run) .*/) != nil }
            #expect(orders == (order.isEmpty ? [] : [order]), "without a password, and nothing is made anew")
        }
    }

    @Test func whatGoesWrongIsSaid() async throws {
        try await with { place in
            let bare = try await place.start()
            #expect(bare.exitCode == 78 && bare.err.contains("MYSQL_PASSWORD is not set"), "\(bare.err)")
            let port = try await place.start(["MYSQL_PASSWORD": "x", "MYSQL_PORT": "many"])
            #expect(port.exitCode == 78 && port.err.contains("MYSQL_PORT is no port: many"), "\(port.err)")
            #expect(place.read("state").isEmpty)
            try place.put("broken")
            let broken = try await place.start(["MYSQL_PASSWORD": "x"])
            #expect(broken.exitCode == 69 && broken.err.contains("was not started"), "\(broken.err)")

            try place.put("state", "running")
            try place.put("health", "999")
            let began = ContinuousClock.now
            let slow = try await place.start(["MYSQL_PATIENCE": "1"])
            #expect(slow.exitCode == 69 && slow.err.contains("not healthy after 1 s") && slow.err.contains("last words"), "\(slow.err)")
            #expect(ContinuousClock.now - began < .seconds(20))
            try place.put("ends")
            let ended = try await place.start()
            #expect(ended.exitCode == 69 && ended.err.contains("has ended: exited"), "\(ended.err)")
            try place.put("engine-down")
            let down = try await place.start()
            #expect(down.exitCode == 69 && down.err.contains("engine does not answer"), "\(down.err)")
            let tools = "\(place.folder)/tools"
            try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
            for tool in ["bash", "dirname"] { try FileManager.default.createSymbolicLink(atPath: "\(tools)/\(tool)", withDestinationPath: "/usr/bin/\(tool)") }
            let none = try await place.start(["PATH": tools])
            #expect(none.exitCode == 69 && none.err.contains("docker is not there"), "\(none.err)")
        }
    }
}
