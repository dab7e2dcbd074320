/// How a reader's schema reads what a writer's schema wrote (Schema Resolution, specification 1.12), worked out once for
/// any number of data.
///
///     let plan = Resolution(writer: old, reader: new)
///     let value = try bytes.withUnsafeBytes { var decoder = Decoder($0); return try plan.decode(&decoder) }
///
/// What cannot be resolved fails only when such data comes, as specified for unions and enums; `incompatibilities` lists
/// all of it beforehand. Where the writer's type matches several branches of a reader's union, the same type goes first (with
/// its full name, then its unqualified one), then the first that the writer's can be promoted to, as Apache's Java does.
public struct Resolution: Sendable {
    /// A place where data of the writer may not be readable.
    public struct Incompatibility: Sendable, Hashable, CustomStringConvertible {
        /// By the reader's field names: `attributes.tags[]`; empty for the root.
        public let path: String
        /// `the reader's field has no default and the writer does not write it`.
        public let message: String

        public var description: String { path.isEmpty ? message : "\(path): \(message)" }
    }

    /// What is done for one pair of types. Positions are those of `steps`.
    enum Step: Sendable {
        case unknown
        case null, boolean, int, long, float, double, bytes, string
        case intToLong, intToFloat, intToDouble, longToFloat, longToDouble, floatToDouble
        case stringToBytes, bytesToString
        case fixed(Int)
        /// For each symbol of the writer the reader's, or -1.
        case enumeration([Int])
        case record(RecordStep)
        case array(Int, leastBytes: Int)
        case map(Int, leastBytes: Int)
        /// The writer has a union: for each branch what to do.
        case branches([Int])
        /// Only the reader has one: the value of the step becomes its branch.
        case wrap(Int, Int)
        case fails(Incompatibility)
    }

    struct RecordStep: Sendable {
        struct FieldStep: Sendable {
            let name: String
            let writer: Schema.ID
            /// The reader's field, and what is done; nil to skip.
            let target: Int?
            let step: Int
        }

        var fields: [FieldStep] = []
        /// The reader's fields before any is read: the defaults.
        var initial: [Value] = []
    }

    var steps: [Step] = []
    var root = 0
    public let writer: Schema
    public let reader: Schema
    /// In the order of the reader's fields; empty when everything that the writer can write can be read.
    public internal(set) var incompatibilities: [Incompatibility] = []

    public init(writer: Schema, reader: Schema) {
        self.writer = writer
        self.reader = reader
        var compiler = ResolutionCompiler(writer: writer, reader: reader)
        root = compiler.step(writer.root, reader.root, [])
        steps = compiler.steps
        incompatibilities = compiler.incompatibilities
    }

    /// Reads one datum of the writer's as a value of the reader's.
    /// - Throws: `AvroError`; `unresolvable` where the data meets an incompatibility.
    public func decode(_ decoder: inout Decoder) throws(AvroError) -> Value { try value(root, &decoder) }

    private func value(_ position: Int, _ decoder: inout Decoder) throws(AvroError) -> Value {
        try decoder.count()
        switch steps[position] {
        case .null: return .null
        case .boolean: return .boolean(try decoder.readBoolean())
        case .int: return .int(try decoder.readInt())
        case .long: return .long(try decoder.readLong())
        case .float: return .float(try decoder.readFloat())
        case .double: return .double(try decoder.readDouble())
        case .bytes, .stringToBytes: return .bytes([UInt8](try decoder.readBytes()))
        case .string, .bytesToString: return .string(try decoder.readString())
        case .intToLong: return .long(Int64(try decoder.readInt()))
        case .intToFloat: return .float(Float(try decoder.readInt()))
        case .intToDouble: return .double(Double(try decoder.readInt()))
        case .longToFloat: return .float(Float(try decoder.readLong()))
        case .longToDouble: return .double(Double(try decoder.readLong()))
        case .floatToDouble: return .double(Double(try decoder.readFloat()))
        case .fixed(let size): return .fixed([UInt8](try decoder.readFixed(size)))
        case .enumeration(let map):
            let index = map[try decoder.readIndex(below: map.count)]
            guard index >= 0 else { throw decoder.fault(.unresolvable, "the reader's enum lacks the symbol and has no default") }
            return .enumeration(index)
        case .record(let record):
            try decoder.descend()
            // Defaults are values too: what they make of few bytes counts.
            decoder.valuesLeft &-= record.initial.count
            if decoder.valuesLeft < 0 { throw decoder.fault(.limit, "there are more than \(decoder.limits.values) values") }
            var values = record.initial
            for field in record.fields {
                do throws(AvroError) {
                    if let target = field.target {
                        values[target] = try value(field.step, &decoder)
                    } else {
                        try decoder.skip(field.writer, writer)
                    }
                } catch { throw error.within(.name(field.name)) }
            }
            decoder.depthLeft &+= 1
            return .record(values)
        case .array(let item, let leastBytes):
            return .array(try decoder.array(leastBytes: leastBytes) { decoder throws(AvroError) in try value(item, &decoder) })
        case .map(let item, let leastBytes):
            return .map(try decoder.map(leastBytes: leastBytes) { decoder throws(AvroError) in try value(item, &decoder) })
        case .branches(let branches):
            let index = try decoder.readIndex(below: branches.count)
            try decoder.descend()
            let inner = try value(branches[index], &decoder)
            decoder.depthLeft &+= 1
            return inner
        case .wrap(let branch, let step):
            try decoder.descend()
            let inner = try value(step, &decoder)
            decoder.depthLeft &+= 1
            return .union(branch, inner)
        case .fails(let why): throw decoder.fault(.unresolvable, why.message)
        case .unknown: throw decoder.fault(.unresolvable, "the plan has a hole here")
        }
    }
}

extension Schema {
    /// What keeps this schema from reading everything that `writer` may have written; empty: it is compatible.
    /// Backward: the new schema's against the old one; forward: the old one's against the new; full: both are empty.
    public func incompatibilities(reading writer: Schema) -> [Resolution.Incompatibility] {
        Resolution(writer: writer, reader: self).incompatibilities
    }
}
