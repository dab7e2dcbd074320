import Digests
import Testing

@Suite struct HMACTests {
    /// RFC 4231, cases 1 to 7 without 5, whose digest is cut.
    @Test(arguments: [
        (key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
         digest: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
         digest: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (key: [UInt8](repeating: 0xaa, count: 20), message: [UInt8](repeating: 0xdd, count: 50),
         digest: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (key: [UInt8](1...25), message: [UInt8](repeating: 0xcd, count: 50),
         digest: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (key: [UInt8](repeating: 0xaa, count: 131), message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
         digest: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        (key: [UInt8](repeating: 0xaa, count: 131),
         message: Array(("This is a test using a larger than block-size key and a larger than block-size data. "
                + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
         digest: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ])
    func itIsThatOfTheRFC(key: [UInt8], message: [UInt8], digest: String) {
        #expect(hexadecimal(HMAC.sha256(key: key, message)) == digest)
    }

    /// As `printf '' | openssl dgst -sha256 -hmac ''` gives it; a key before it leaves nothing behind.
    @Test func nothingHasADigestToo() {
        _ = HMAC.sha256(key: Array("secret".utf8), Array("message".utf8))
        let digest = hexadecimal(HMAC.sha256(key: [], []))
        #expect(digest == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }
}
