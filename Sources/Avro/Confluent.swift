/// A message in Confluent's wire format: a zero byte, the schema's id in four bytes, big-endian, then the datum.
public struct ConfluentFrame {
    public static let headerBytes = 5

    public let schemaID: UInt32
    /// The datum: a part of the message, no copy.
    public let body: UnsafeRawBufferPointer

    /// - Throws: `AvroError` with `badFrame`: fewer than 5 bytes, or another first byte.
    public init(_ message: UnsafeRawBufferPointer) throws(AvroError) {
        guard message.count >= Self.headerBytes else { throw AvroError(.badFrame, "a message has 5 bytes before its datum", offset: message.count) }
        guard message[0] == 0 else { throw AvroError(.badFrame, "a message begins with a zero byte", offset: 0) }
        schemaID = UInt32(bigEndian: message.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        body = UnsafeRawBufferPointer(rebasing: message[Self.headerBytes...])
    }
}
