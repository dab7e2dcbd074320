import Digests
import Foundation

/// A new API key: `emp_` and 256 random bits in base64url, 43 characters.
struct APIKey {
    let text: String

    init() {
        var generator = SystemRandomNumberGenerator()  // getrandom(2)
        let words = (0..<4).map { _ in generator.next() }
        let bytes = words.withUnsafeBytes { Data($0) }
        text = "emp_" + bytes.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// What the database keeps: SHA-256 of the text.
    var digest: [UInt8] {
        var hash = SHA256()
        Array(text.utf8).withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
