import Schemas
import Testing

@Suite struct SchemaTextTests {
    @Test func aSchemaIsCheckedBeforeAnybodyIsAsked() throws {
        try check(schema: one)
        for text in ["", "{", "7", #""strin""#, #"{"type": "record", "name": "r"}"#, two.replacing(#"default": null"#, with: #"default": "x""#)] {
            let error = #expect(throws: SchemaError.self) { try check(schema: text) }
            #expect(error?.kind == .refused)
        }
    }
}
