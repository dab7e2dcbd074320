import Avro
import Foundation

@testable import Collector

/// The repository's folder.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The schema of events as it is registered.
let eventSchemaText = try! String(contentsOf: repository.appending(path: "topics/events.raw.avsc"), encoding: .utf8)
let eventSchema = try! EventSchema(id: 258, schema: Schema(eventSchemaText))

/// A verdict with what is to be sent, copied.
struct Outcome: Equatable, CustomStringConvertible {
    var verdict: Event.Verdict
    var value: [UInt8]

    var code: String? { if case .rejected(let code, _) = verdict { code } else { nil } }
    var error: String? { if case .rejected(_, let error) = verdict { error } else { nil } }
    var text: String { String(decoding: value, as: UTF8.self) }
    var description: String { "\(verdict) \(text)" }
}

extension PackageReader {
    func outcomes(
        _ body: [UInt8], format: PackageFormat = .array, schema: EventSchema = eventSchema
    ) throws(Refusal) -> [Outcome] {
        // A buffer of exactly this size, so that a sanitizer sees what is read beyond it.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: body.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: body)
        let package = try read(UnsafeRawBufferPointer(copy), format: format, schema: schema)
        return package.events.indices.map { index in
            Outcome(verdict: package.events[index].verdict, value: package.withValue(of: index) { Array($0) })
        }
    }

    func outcomes(
        _ body: String, format: PackageFormat = .array, schema: EventSchema = eventSchema
    ) throws(Refusal) -> [Outcome] {
        try outcomes(Array(body.utf8), format: format, schema: schema)
    }

    /// The refusal of a body, nil when it is taken.
    func refusal(_ body: [UInt8], format: PackageFormat = .array, schema: EventSchema = eventSchema) -> Refusal? {
        do throws(Refusal) { _ = try outcomes(body, format: format, schema: schema) } catch { return error }
        return nil
    }
}

/// A frame read back by Avro's own decoder: the schema's id, and the event as JSON in the normal form.
func decodedFrame(_ bytes: [UInt8], schema: EventSchema = eventSchema) throws -> (id: UInt32, value: Value, json: String) {
    try bytes.withUnsafeBytes { buffer in
        let frame = try ConfluentFrame(buffer)
        var decoder = Decoder(frame.body)
        let value = try decoder.decode(schema.schema)
        try decoder.expectEnd()
        return (frame.schemaID, value, try value.json(as: schema.schema))
    }
}

/// SplitMix64: a seed gives the same numbers everywhere.
struct Dice {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func oneOf<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
