import Testing

@testable import Avro

func encoded(_ value: Value, _ schema: Schema) throws -> [UInt8] {
    var encoder = Encoder()
    try encoder.encode(value, as: schema)
    return encoder.bytes
}

/// One whole datum.
func decoded(_ bytes: [UInt8], _ schema: Schema, limits: Limits = Limits()) throws -> Value {
    try bytes.withUnsafeBytes { buffer in
        var decoder = Decoder(buffer, limits: limits)
        let value = try decoder.decode(schema)
        try decoder.expectEnd()
        return value
    }
}

func resolved(_ bytes: [UInt8], _ plan: Resolution) throws -> Value {
    try bytes.withUnsafeBytes { buffer in
        var decoder = Decoder(buffer)
        let value = try plan.decode(&decoder)
        try decoder.expectEnd()
        return value
    }
}

/// What a body throws, or nil.
func failure(_ body: () throws -> Void) -> AvroError? {
    do { try body() } catch { return error as? AvroError }
    return nil
}

func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
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
}
