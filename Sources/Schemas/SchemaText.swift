import Avro
import Foundation

/// What is compared to say whether two texts are one schema: the JSON with its keys in order and without white space.
/// Documentation, defaults, aliases and logical types count, as they do in Confluent's registry: a schema that differs in
/// one of them may read the same bytes as something else. (Avro's parsing canonical form leaves them out.)
public func normalForm(ofSchema text: String) throws(SchemaError) -> String {
    do {
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
        let data = try JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
        return String(decoding: data, as: UTF8.self)
    } catch {
        throw SchemaError(.refused, "the schema is no JSON")
    }
}

extension RegisteredSchema {
    /// A schema as a registry gave it. Defaults that do not fit their fields are let through: some registries take them.
    init(id: UInt32, type: String, text: String) throws(SchemaError) {
        guard type == "AVRO" else {
            throw SchemaError(.unknown, "schema \(id) is of type \(shown(type, 20)): only AVRO is read here")
        }
        do throws(AvroError) {
            self.init(id: id, text: text, schema: try Schema(text, lenientDefaults: true))
        } catch {
            throw SchemaError(.unknown, "schema \(id) is no Avro schema: \(error)")
        }
    }
}

/// What somebody else wrote, for a message: one line of printable characters, cut at `limit`.
func shown(_ text: String, _ limit: Int = 300) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
        guard line.unicodeScalars.count < limit else { return line + "…" }
        line.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return line
}
