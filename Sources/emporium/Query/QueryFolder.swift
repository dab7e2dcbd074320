import ArgumentParser
import Foundation

/// Where query files are: `sql/queries` of a project, or a folder of one's own.
struct QueryFolder {
    let path: String

    /// - Throws: `ConfigurationError` when there is no such folder.
    init(root: String) throws {
        let project = root == "." ? "sql/queries" : "\(root)/sql/queries"
        if Self.isFolder(project) {
            path = project
        } else if root != ".", Self.isFolder(root) {
            path = root
        } else {
            throw ConfigurationError(
                "\(project) is not there\n  hint: run this in the project's root, or name it or a folder with queries: --root DIR")
        }
    }

    /// Names of the files, without `.sql`.
    func names() throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
                .filter { $0.hasSuffix(".sql") && !$0.hasPrefix(".") }.map { String($0.dropLast(4)) }.sorted()
        } catch { throw ConfigurationError("\(path) cannot be read") }
    }

    /// - Throws: `ValidationError` for a name that is none, `ConfigurationError` for a file that is no query.
    func query(_ name: String) throws -> QueryFile {
        let known = try names()
        guard known.contains(name) else {
            throw ValidationError("there is no query \(name) in \(path); there are: \(known.joined(separator: ", "))")
        }
        return try QueryFile(name: name, path: path(of: name), text: text(of: name))
    }

    func path(of name: String) -> String { "\(path)/\(name).sql" }

    func text(of name: String) throws -> String {
        do { return try String(contentsOfFile: path(of: name), encoding: .utf8) } catch {
            throw ConfigurationError("\(path(of: name)): cannot be read as UTF-8 text")
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var folder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &folder) && folder.boolValue
    }
}
