import Avro
import Foundation

/// A version of another subject, whose types a schema uses by their names.
public struct SchemaReference: Sendable, Hashable {
    /// The full name of the type that it is referred to for.
    public let name: String
    public let subject: String
    public let version: Int

    public init(name: String, subject: String, version: Int) {
        self.name = name
        self.subject = subject
        self.version = version
    }

    /// What a registry's answer has under `references`; nil where that is none of a registry.
    static func list(_ json: Any?) -> [SchemaReference]? {
        guard let json, !(json is NSNull) else { return [] }
        guard let items = json as? [[String: Any]] else { return nil }
        let list = items.compactMap { item in
            if let name = item["name"] as? String, let subject = item["subject"] as? String, let version = item["version"] as? Int {
                SchemaReference(name: name, subject: subject, version: version)
            } else {
                nil as SchemaReference?
            }
        }
        return list.count == items.count ? list : nil
    }
}

/// Puts the types that a schema refers to where it uses them first, so that its text stands by itself.
///
/// Only names and places change: every type gets its full name, and is defined where it is used first. What a text is not
/// (a record without fields, a type twice) is found when the result is parsed.
struct ReferenceResolver {
    /// Deeper, no schema is nested that the parser takes.
    private static let deepest = 64

    /// Types by their full names; those in them are names.
    private var types: [String: Any] = [:]

    /// Types of a schema that another one refers to; what it refers to itself comes before.
    mutating func add(_ text: String) throws(SchemaError) { _ = try flat(try Self.json(text), namespace: "", depth: 0) }

    /// A schema's text with the types it uses of those that were added.
    mutating func resolved(_ text: String) throws(SchemaError) -> String {
        let root = try flat(try Self.json(text), namespace: "", depth: 0)
        var defined: Set<String> = []
        let whole = try expanded(root, &defined, depth: 0)
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: whole, options: [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
        else { throw SchemaError(.unknown, "the schema cannot be written as JSON") }
        return String(decoding: data, as: UTF8.self)
    }

    private static func json(_ text: String) throws(SchemaError) -> Any {
        guard let json = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed]) else {
            throw SchemaError(.outage, "the schema is no JSON")
        }
        return json
    }

    /// A type with full names for the types it defines, which are kept apart.
    private mutating func flat(_ json: Any, namespace: String, depth: Int) throws(SchemaError) -> Any {
        guard depth <= Self.deepest else { throw SchemaError(.unknown, "the schema is nested more than \(Self.deepest) deep") }
        if let name = json as? String { return fullName(name, namespace) }
        if let branches = json as? [Any] {
            var list: [Any] = []
            for branch in branches { list.append(try flat(branch, namespace: namespace, depth: depth + 1)) }
            return list
        }
        guard var type = json as? [String: Any] else { return json }
        guard let own = type["name"] as? String, let kind = type["type"] as? String, ["record", "error", "enum", "fixed"].contains(kind)
        else {
            for key in ["type", "items", "values"] {
                if let inner = type[key] { type[key] = try flat(inner, namespace: namespace, depth: depth + 1) }
            }
            return type
        }
        let space = type["namespace"] as? String ?? namespace
        let full = own.contains(".") || space.isEmpty ? own : "\(space).\(own)"
        type["name"] = full
        // A name without dots would take on the namespace that it comes to stand in.
        type["namespace"] = full.contains(".") ? nil : ""
        types[full] = type  // its own fields may name it
        if let fields = type["fields"] as? [[String: Any]] {
            let inside = full.split(separator: ".").dropLast().joined(separator: ".")
            var list: [[String: Any]] = []
            for var field in fields {
                if let inner = field["type"] { field["type"] = try flat(inner, namespace: inside, depth: depth + 1) }
                list.append(field)
            }
            type["fields"] = list
            types[full] = type
        }
        return full
    }

    private func fullName(_ name: String, _ namespace: String) -> String {
        if name.contains(".") || namespace.isEmpty || Self.words.contains(name) { return name }
        let full = "\(namespace).\(name)"
        // Writers of old refer to what has no namespace by its bare name, from wherever they are.
        return types[full] == nil && types[name] != nil ? name : full
    }

    /// What is no name of a type that somebody defines.
    private static let words: Set<String> = [
        "null", "boolean", "int", "long", "float", "double", "bytes", "string", "array", "map", "record", "error", "enum", "fixed",
    ]

    /// The type with each definition in the place where it is used first.
    private func expanded(_ json: Any, _ defined: inout Set<String>, depth: Int) throws(SchemaError) -> Any {
        guard depth <= Self.deepest else { throw SchemaError(.unknown, "the schema is nested more than \(Self.deepest) deep") }
        if let name = json as? String {
            guard let type = types[name], defined.insert(name).inserted else { return name }
            return try inside(type, &defined, depth: depth)
        }
        if let branches = json as? [Any] {
            var list: [Any] = []
            for branch in branches { list.append(try expanded(branch, &defined, depth: depth + 1)) }
            return list
        }
        return try inside(json, &defined, depth: depth)
    }

    private func inside(_ json: Any, _ defined: inout Set<String>, depth: Int) throws(SchemaError) -> Any {
        guard var type = json as? [String: Any] else { return json }
        if let fields = type["fields"] as? [[String: Any]] {
            var list: [[String: Any]] = []
            for var field in fields {
                if let inner = field["type"] { field["type"] = try expanded(inner, &defined, depth: depth + 1) }
                list.append(field)
            }
            type["fields"] = list
            return type
        }
        for key in ["items", "values"] {
            if let inner = type[key] { type[key] = try expanded(inner, &defined, depth: depth + 1) }
        }
        // Of {"type": {…}}, and of {"type": "a.Name"} with something beside it.
        if let inner = type["type"], !(type["name"] is String) { type["type"] = try expanded(inner, &defined, depth: depth + 1) }
        return type
    }
}
