import ArgumentParser
import Foundation
import Migrations
import Yams

// What `${name}` stands for: the project's allow-list, and where the values come from.

/// `name=value` of the command line.
struct PlaceholderArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

extension Placeholders {
    static let fileName = "placeholders.yaml"

    /// Values: the command line's, then `EMPORIUM_PLACEHOLDER_NAME` of the environment, then the list's defaults.
    /// - Returns: nil where the project has no allow-list: `${…}` is text like any other there.
    /// - Throws: `MigrationError`: `.configuration` for a list that is none, `.usage` for a value nobody asked for.
    static func read(
        root: String, arguments: [PlaceholderArgument],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Placeholders? {
        let path = root + "/" + fileName
        guard FileManager.default.fileExists(atPath: path) else {
            guard let first = arguments.first else { return nil }
            throw MigrationError(
                .usage, "--placeholder \(first.name): the project has no \(fileName)",
                hint: "list the name there: \(first.name): {default: …, pattern: …}")
        }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw MigrationError(.configuration, "\(fileName) cannot be read as UTF-8 text")
        }
        let allowed = try parse(text)
        var values: [String: String] = [:]
        for name in allowed.keys { values[name] = environment["EMPORIUM_PLACEHOLDER_\(name.uppercased())"] }
        var given: Set<String> = []
        for argument in arguments {
            guard given.insert(argument.name).inserted else {
                throw MigrationError(.usage, "--placeholder \(argument.name) is given twice")
            }
            values[argument.name] = argument.value
        }
        do {
            return try Placeholders(allowed: allowed, values: values)
        } catch let error as MigrationError where error.code == .configuration {
            throw MigrationError(.configuration, "\(fileName): \(error.message)", hint: error.hint)
        }
    }

    /// `name: {default: value, pattern: regex}`, both optional; scalars are taken as they are spelled.
    static func parse(_ text: String) throws -> [String: Allowed] {
        func failure(_ node: Node?, _ message: String) -> MigrationError {
            MigrationError(
                .configuration, fileName + (node?.mark.map { ":\($0.line)" } ?? "") + ": \(message)",
                hint: "a line of it: name: {default: value, pattern: '[a-z]+'}")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw failure(nil, "it is not YAML: \(error)")
        }
        guard let root, root.null == nil else { return [:] }
        guard let entries = root.mapping else { throw failure(root, "it is not a list of names") }
        var allowed: [String: Allowed] = [:]
        for (key, entry) in entries {
            guard let name = key.scalar?.string else { throw failure(key, "a name is expected") }
            var one = Allowed()
            if entry.null == nil {
                guard let fields = entry.mapping else {
                    throw failure(entry, "\(name): default and pattern are expected, not a bare value")
                }
                for (field, value) in fields {
                    guard let text = value.scalar?.string else {
                        throw failure(value, "\(name): a plain value is expected")
                    }
                    switch field.scalar?.string {
                    case "default": one.default = value.null == nil ? text : nil
                    case "pattern": one.pattern = text
                    default: throw failure(field, "\(name): \(field.scalar?.string ?? "this") is neither default nor pattern")
                    }
                }
            }
            allowed[name] = one
        }
        return allowed
    }
}
