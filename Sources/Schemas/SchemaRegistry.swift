import Avro

/// A registry as those see it who put schemas there.
public protocol SchemaRegistry: SchemaSource {
    /// What it is called in messages. Names no credentials.
    var name: String { get }
    /// The version of a subject that has this schema; nil when there is none.
    func lookup(subject: String, text: String) async throws(SchemaError) -> SchemaVersion?
    /// What a new version of a subject must be to those before it: `BACKWARD`.
    func compatibility(subject: String) async throws(SchemaError) -> String
    /// What keeps a schema from becoming a subject's next version, a sentence each; empty: nothing does.
    func objections(subject: String, text: String) async throws(SchemaError) -> [String]
    /// Makes a schema a subject's next version; again, it gives the version it is.
    /// - Parameter after: the version that it was compared with, 0 for none; `refused` where a registry sees another.
    func register(subject: String, text: String, after: Int) async throws(SchemaError) -> SchemaVersion
}

/// Says what is wrong with a schema's text.
/// - Throws: `SchemaError` with `refused`, and the place in the JSON.
public func check(schema text: String) throws(SchemaError) { _ = try SchemaError.parsed(text) }

extension SchemaError {
    /// A schema's text, parsed to be registered: defaults must fit.
    static func parsed(_ text: String) throws(SchemaError) -> Schema {
        do throws(AvroError) { return try Schema(text) } catch { throw SchemaError(.refused, "no Avro schema: \(error)") }
    }
}
