import CCrypto

/// Keyed digests (RFC 2104), by OpenSSL's libcrypto.
public enum HMAC {
    /// - Parameter key: any length, none included.
    /// - Returns: 32 bytes.
    ///
    /// Traps when libcrypto cannot give a SHA-256 at all, as `SHA256` does.
    public static func sha256(key: some Collection<UInt8>, _ message: some Collection<UInt8>) -> [UInt8] {
        let (key, message) = (Array(key), Array(message))
        return [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
            var length: UInt32 = 0
            let digest = key.withUnsafeBytes { key in
                message.withUnsafeBufferPointer { message in
                    // Without a key's address OpenSSL would take the key of the call before.
                    withUnsafePointer(to: UInt8(0)) { none in
                        CCrypto.HMAC(
                            EVP_sha256(), key.baseAddress ?? UnsafeRawPointer(none), Int32(key.count), message.baseAddress ?? none,
                            message.count, buffer.baseAddress, &length)
                    }
                }
            }
            precondition(digest != nil && length == SHA256.byteCount, "HMAC gave no digest")
            count = Int(length)
        }
    }
}
