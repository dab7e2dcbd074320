import Avro

/// A schema as a registry keeps it.
public struct RegisteredSchema: Sendable {
    /// Unique in its registry, never given to another schema.
    public let id: UInt32
    /// As it was registered.
    public let text: String
    /// The same with the types of other subjects that it refers to in their places; `text` where it refers to none.
    public let resolvedText: String
    public let schema: Schema

    /// - Parameter resolved: the text that `schema` is of, where it is another than `text`.
    public init(id: UInt32, text: String, resolved: String? = nil, schema: Schema) {
        self.id = id
        self.text = text
        resolvedText = resolved ?? text
        self.schema = schema
    }
}

/// A schema in its place: a version of a subject.
public struct SchemaVersion: Sendable {
    public let subject: String
    /// From 1.
    public let version: Int
    public let schema: RegisteredSchema

    public init(subject: String, version: Int, schema: RegisteredSchema) {
        self.subject = subject
        self.version = version
        self.schema = schema
    }
}

/// Where schemas are looked up: a registry with the Confluent API, or PostgreSQL's schema `registry`.
public protocol SchemaSource: Sendable {
    /// - Throws: `SchemaError`.
    func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema
    /// The newest version of a subject that is not deleted.
    /// - Throws: `SchemaError`.
    func latest(subject: String) async throws(SchemaError) -> SchemaVersion
}

public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The registry says that there is no such schema, subject or version: asking again does not help.
        case unknown
        /// The registry refuses what was sent: not a schema, or not compatible.
        case refused
        /// The registry is away, or answers with what says nothing (5xx, 401, 403, 429, not JSON): wait and ask again.
        case outage
    }

    public let kind: Kind
    /// What, where, and what to do. Names no credentials.
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The subject of a topic's values.
public func valueSubject(topic: String) -> String { "\(topic)-value" }
