import Foundation
import Testing
import Yams

@testable import Stack

/// docker-compose.yaml and what it names, as Docker would read them.
enum DeployedFiles {
    static func read(_ path: String) throws -> String {
        try String(contentsOfFile: "\(TestStack.root)/\(path)", encoding: .utf8)
    }

    static func compose() throws -> [String: Any] {
        try #require(try Yams.load(yaml: try read("docker-compose.yaml")) as? [String: Any])
    }

    static func services() throws -> [String: [String: Any]] {
        try #require(try compose()["services"] as? [String: [String: Any]])
    }

    static func service(_ name: String) throws -> [String: Any] { try #require(try services()[name], "\(name)") }

    static func environment(_ name: String) throws -> [String: String] {
        guard let found = try service(name)["environment"] else { return [:] }
        return try #require(found as? [String: String], "\(name): numbers and booleans in quotes, as the process gets them")
    }

    /// The tool's arguments in a service's command.
    static func arguments(_ name: String) throws -> [String] {
        let command = try #require(try service(name)["command"] as? [String])
        try #require(command.first == "emporium", "\(name): \(command)")
        return Array(command.dropFirst())
    }

    /// Names of what compose takes from .env.
    static func interpolated() throws -> Set<String> {
        Set(try read("docker-compose.yaml").matches(of: /\$\{([A-Z_]+)/).map { String($0.1) })
    }

    /// Services that run the tool from the server's image.
    static let tools = ["init", "topics", "schemas", "loader", "events-loader", "refused-loader", "relay", "due-customers"]
}
