import Testing

@testable import Mongo

@Suite struct BSONDocuments {
    @Test func extendedJSONBecomesTypesOfOneKind() throws {
        let fields = try BSON(
            json: #"""
                {"_id": {"$numberLong": "4711"}, "small": 7, "share": {"$numberDouble": "2"}, "day": {"$date": "2025-12-31T00:00:00Z"},
                 "list": [{"name": "Zoë 😀 \u0000 end"}, null, true], "oid": {"$oid": "6b01ea822bb66f1edf537c02"}}
                """#
        ).fields()
        #expect(fields["_id"] == .int(4711) && fields["small"] == .int(7), "32 and 64 bits are the same")
        #expect(fields["share"] == .double(2), "a whole number stays a double")
        #expect(fields["day"] == .date(1_767_139_200_000))
        #expect(fields["list"] == .array([.document(["name": .string("Zoë 😀 \0 end")]), .null, .bool(true)]))
        guard case .other(7, let bytes)? = fields["oid"] else { throw MongoError(.other, "no object id") }
        #expect(bytes.count == 12)
    }

    @Test func theOrderOfFieldsIsNoDifferenceAndItsValuesAre() throws {
        let one = try BSON(json: #"{"a": 1, "b": {"c": 2, "d": [1, 2]}}"#)
        #expect(try one.fields() == BSON(json: #"{"b": {"d": [1, 2], "c": 2}, "a": {"$numberLong": "1"}}"#).fields())
        #expect(try one.fields() != BSON(json: #"{"a": 1, "b": {"c": 2, "d": [2, 1]}}"#).fields())
        #expect(try one.fields() != BSON(json: #"{"a": 1.0, "b": {"c": 2, "d": [1, 2]}}"#).fields())
    }

    @Test func oneFieldIsTakenOutAsItIs() throws {
        let document = try BSON(json: #"{"x": 1, "_id": {"k": [1, "two"]}, "y": 2}"#)
        #expect(try document.only("_id") == BSON(json: #"{"_id": {"k": [1, "two"]}}"#))
        #expect(try document.only("z") == nil)
    }

    @Test(arguments: ["", "{", "[1]", "nul", #"{"a": 1e"#, #"{"$numberLong": 3"#])
    func whatIsNoDocumentIsAnError(_ text: String) {
        #expect(throws: MongoError.self) { try BSON(json: text) }
    }

    /// Any byte of a document changed, and any of its beginnings: an error or a document, never a crash.
    @Test func brokenBytesAreErrors() throws {
        let whole = try BSON(
            json: #"""
                {"d": {"$date": "2025-12-31T00:00:00Z"}, "s": "text", "l": [1, 2.5, {"x": null}], "b": {"$binary": {"base64": "AAEC", "subType": "00"}},
                 "r": {"$regularExpression": {"pattern": "a", "options": "i"}}, "c": {"$code": "1"}, "t": {"$timestamp": {"t": 1, "i": 2}}}
                """#
        ).bytes
        var (errors, documents) = (0, 0)
        func attempt(_ bytes: [UInt8]) {
            var reader = BSONReader(bytes)
            do {
                _ = try reader.document(depth: 0)
                documents += 1
            } catch { errors += 1 }
        }
        for end in 0..<whole.count { attempt(Array(whole[..<end])) }
        #expect(errors == whole.count && documents == 0)
        for index in whole.indices {
            for value in [UInt8(0), 1, 3, 0x7F, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] = value
                attempt(bytes)
            }
        }
        #expect(errors > whole.count && documents > 0)
        var deep: [UInt8] = [5, 0, 0, 0, 0]
        for _ in 0..<5000 {
            let inner = [3, 0x61, 0] + deep + [0]
            deep = withUnsafeBytes(of: UInt32(inner.count + 4).littleEndian, Array.init) + inner
        }
        let before = errors
        attempt(deep)
        #expect(errors == before + 1, "too deep")
    }
}
