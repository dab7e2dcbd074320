import CCrypto

/// A SHA-256 digest in the making (FIPS 180-4), by OpenSSL's libcrypto.
///
///     var hash = SHA256()
///     hash.update(bytes)
///     let digest = hash.finish()  // 32 bytes
///
/// Traps when libcrypto cannot give a SHA-256 at all (out of memory, or a provider configuration without it).
public struct SHA256: ~Copyable {
    /// The bytes of a digest.
    public static let byteCount = 32

    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
        self.context = context
        let status = EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(status == 1, "EVP_DigestInit_ex gave \(status)")
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes; any number of calls, any sizes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        let status = EVP_DigestUpdate(context, start, bytes.count)
        precondition(status == 1, "EVP_DigestUpdate gave \(status)")
    }

    /// Ends the digest: 32 bytes, big-endian as everywhere.
    public consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            var length: UInt32 = 0
            let status = EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            precondition(status == 1, "EVP_DigestFinal_ex gave \(status)")
            count = Int(length)
        }
    }

    /// Ends the digest: 64 lower-case hexadecimal digits.
    public consuming func finishHex() -> String { hexadecimal(finish()) }
}

/// The SHA-256 of bytes, as 64 lower-case hexadecimal digits.
public func sha256Hex(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finishHex()
}

/// The SHA-256 of bytes, as 64 lower-case hexadecimal digits.
public func sha256Hex(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { sha256Hex($0) } }

/// The SHA-256 of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits.
public func sha256Hex(_ text: String) -> String {
    var text = text
    return text.withUTF8 { sha256Hex(UnsafeRawBufferPointer($0)) }
}

/// Two lower-case digits a byte.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
        for (index, byte) in bytes.enumerated() {
            buffer[2 * index] = digit(byte >> 4)
            buffer[2 * index + 1] = digit(byte & 15)
        }
        return bytes.count * 2
    }
}
