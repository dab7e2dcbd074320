import Avro

extension RegisteredSchema {
    /// A schema as a registry gave it. Defaults that do not fit their fields are let through: some registries take them.
    /// - Parameter resolved: the text with what it refers to in its place; nil where it refers to nothing.
    init(id: UInt32, type: String, text: String, resolved: String? = nil) throws(SchemaError) {
        guard type == "AVRO" else {
            throw SchemaError(.unknown, "schema \(id) is of type \(shown(type, 20)): only AVRO is read here")
        }
        do throws(AvroError) {
            self.init(id: id, text: text, resolved: resolved, schema: try Schema(resolved ?? text, lenientDefaults: true))
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
