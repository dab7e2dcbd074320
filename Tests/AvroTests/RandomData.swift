@testable import Avro

/// Made-up schemas, as JSON text, and values of them; the same for a seed everywhere.
struct RandomData {
    var dice: Dice
    private var names = 0

    init(seed: UInt64) { dice = Dice(seed: seed) }

    private static let primitives = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

    mutating func schema() -> String {
        names = 0
        return record(depth: 0)
    }

    private mutating func name() -> String {
        names += 1
        return "n\(names)"
    }

    private mutating func record(depth: Int) -> String {
        let own = name()
        var fields: [String] = []
        for index in 0...dice.below(4) { fields.append(#"{"name":"f\#(index)","type":\#(type(depth: depth + 1))}"#) }
        if dice.below(4) == 0 { fields.append(#"{"name":"again","type":["null","space.\#(own)"]}"#) }
        return #"{"type":"record","name":"\#(own)","namespace":"space","fields":[\#(fields.joined(separator: ","))]}"#
    }

    private mutating func type(depth: Int) -> String {
        switch depth > 3 ? 0 : dice.below(12) {
        case 0...4: return "\"\(Self.primitives[dice.below(8)])\""
        case 5: return record(depth: depth)
        case 6: return #"{"type":"enum","name":"\#(name())","symbols":["A","B","C"]}"#
        case 7: return #"{"type":"fixed","name":"\#(name())","size":\#(dice.below(5))}"#
        case 8: return #"{"type":"array","items":\#(type(depth: depth + 1))}"#
        case 9: return #"{"type":"map","values":\#(type(depth: depth + 1))}"#
        default: return #"["null","\#(Self.primitives[1 + dice.below(7)])",\#(record(depth: depth + 1))]"#
        }
    }

    mutating func value(_ id: Schema.ID, _ schema: Schema, depth: Int = 0) -> Value {
        switch schema[id].kind {
        case .null: return .null
        case .boolean: return .boolean(dice.below(2) == 1)
        case .int: return .int(Int32(truncatingIfNeeded: long()))
        case .long: return .long(long())
        // Few digits, so that the shortest ones of a float are those of the same double, as Python prints it.
        case .float: return .float(Float(dice.below(20_001) - 10_000) / 8)
        case .double: return .double(Double(truncatingIfNeeded: dice.next()))
        case .bytes: return .bytes(bytes(dice.below(20)))
        case .string: return .string(text())
        case .fixed(let type): return .fixed(bytes(type.size))
        case .enumeration(let type): return .enumeration(dice.below(type.symbols.count))
        case .union(let branches):
            let index = depth > 8 ? 0 : dice.below(branches.count)
            return .union(index, value(branches[index], schema, depth: depth + 1))
        case .record(let record): return .record(record.fields.map { value($0.type, schema, depth: depth + 1) })
        case .array(let items): return .array((0..<dice.below(4)).map { _ in value(items, schema, depth: depth + 1) })
        case .map(let values):
            return .map((0..<dice.below(4)).map { .init("k\($0)" + text(), value(values, schema, depth: depth + 1)) })
        }
    }

    /// Of all sizes, from one byte to ten.
    private mutating func long() -> Int64 { Int64(bitPattern: dice.next()) >> Int64(dice.below(64)) }

    private mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.next()) } }

    private mutating func text() -> String { String((0..<dice.below(12)).map { _ in Character(["a", "é", "日", "😀", "\"", "\n", "\u{1}"][dice.below(7)]) }) }
}

extension Double {
    /// Any finite double by its bits; 0.1 for what is none, as NaN equals nothing.
    init(truncatingIfNeeded bits: UInt64) {
        let value = Double(bitPattern: bits)
        self = value.isFinite ? value : 0.1
    }
}
