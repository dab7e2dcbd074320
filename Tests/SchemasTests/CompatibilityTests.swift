import Avro
import Schemas
import Testing

@Suite struct CompatibilityTests {
    private func version(_ number: Int, _ text: String) throws -> SchemaVersion {
        SchemaVersion(subject: "s", version: number, schema: RegisteredSchema(id: UInt32(number), text: text, schema: try Schema(text)))
    }

    /// A record with a required field; one with an optional field more; one with a required field more.
    private static let required = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}, {"name": "c", "type": "int"}]}"#

    @Test(arguments: [
        ("NONE", one, three, 0), ("BACKWARD", one, two, 0), ("BACKWARD", two, one, 0), ("BACKWARD", one, required, 1),
        ("BACKWARD", required, one, 0), ("FORWARD", one, required, 0), ("FORWARD", required, one, 1), ("FULL", one, two, 0),
        ("FULL", one, required, 1), ("FULL", required, one, 1), ("BACKWARD", one, three, 2), ("FULL", one, three, 3),
    ])
    func levels(level: String, old: String, new: String, objections: Int) throws {
        let found = try #require(Compatibility(rawValue: level)).objections(to: try Schema(new), after: [try version(1, old)])
        #expect(found.count == objections, "\(found)")
    }

    @Test func transitiveOnesLookAtEveryVersion() throws {
        let versions = [try version(1, one), try version(2, Self.required)]
        let new = try Schema(Self.required.replacing(#""r""#, with: #""r", "doc": "x""#))
        #expect(Compatibility.backward.objections(to: new, after: versions) == [])
        #expect(Compatibility.backwardTransitive.objections(to: new, after: versions) == [
            "cannot read what version 1 wrote: c: the reader's field has no default and the writer does not write it"
        ])
        #expect(Compatibility.full.objections(to: try Schema(one), after: []) == [])
    }

    @Test func aSchemaIsCheckedBeforeAnybodyIsAsked() throws {
        try check(schema: one)
        for text in ["", "{", "7", #""strin""#, #"{"type": "record", "name": "r"}"#, two.replacing(#"default": null"#, with: #"default": "x""#)] {
            let error = #expect(throws: SchemaError.self) { try check(schema: text) }
            #expect(error?.kind == .refused)
        }
    }
}
