import Glibc
import Kafka

extension Package {
    /// Hands every event over: the good ones in the schema's frame to the topic, the others as they came to the
    /// dead-letter topic.
    func send(
        to outgoing: inout Outgoing, _ id: PackageID, _ settings: CollectSettings, receivedAt: UInt64
    ) throws(KafkaError) {
        var key = [UInt8](id.text().utf8)
        let packageID = key
        let size = [UInt8]("\(events.count)".utf8)
        let time = [UInt8](timestamp(milliseconds: receivedAt).utf8)
        let origin = [UInt8]("collect".utf8)
        for (index, event) in events.enumerated() {
            key.withUnsafeMutableBytes { PackageID.rewrite(index + 1, in: $0) }
            var ordinal = InlineDecimal(index + 1)
            let result = borrow(key, packageID, size, time) { key, packageID, size, time in
                ordinal.withBytes { ordinal in
                    withValue(of: index) { value -> Result<Void, KafkaError> in
                        switch event.verdict {
                        case .accepted:
                            return outgoing.sending(
                                settings.topic, key, value,
                                BorrowedHeader("package", packageID), BorrowedHeader("packageSize", size),
                                BorrowedHeader("ordinal", ordinal), BorrowedHeader("receivedAt", time))
                        case .rejected(let code, let error):
                            return borrow([UInt8](code.utf8), [UInt8](error.utf8), origin, origin) { code, error, origin, _ in
                                outgoing.sending(
                                    settings.deadLetterTopic, key, value,
                                    BorrowedHeader("error", error), BorrowedHeader("code", code),
                                    BorrowedHeader("correlationId", key), BorrowedHeader("package", packageID),
                                    BorrowedHeader("packageSize", size), BorrowedHeader("ordinal", ordinal),
                                    BorrowedHeader("receivedAt", time), BorrowedHeader("origin", origin))
                            }
                        }
                    }
                }
            }
            try result.get()
        }
    }
}

extension Outgoing {
    fileprivate mutating func sending(
        _ topic: String, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ headers: BorrowedHeader...
    ) -> Result<Void, KafkaError> {
        do throws(KafkaError) {
            var failure: KafkaError?
            headers.withUnsafeBufferPointer { headers in
                do throws(KafkaError) { try send(topic: topic, key: key, value: value, headers: headers) } catch { failure = error }
            }
            if let failure { throw failure }
            return .success(())
        } catch { return .failure(error) }
    }
}

private func borrow<T>(
    _ a: [UInt8], _ b: [UInt8], _ c: [UInt8], _ d: [UInt8],
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> T
) -> T {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in c.withUnsafeBytes { c in d.withUnsafeBytes { d in body(a, b, c, d) } } } }
}

/// A number's digits without memory of their own.
struct InlineDecimal {
    private var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    private var start = 24

    init(_ value: Int) {
        var (rest, start) = (value, 24)
        withUnsafeMutableBytes(of: &digits) { bytes in
            repeat {
                start -= 1
                bytes[start] = 0x30 + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
        }
        self.start = start
    }

    mutating func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        let start = start
        return withUnsafeBytes(of: &digits) { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }
}

/// ISO 8601 in UTC, to the millisecond.
func timestamp(milliseconds: UInt64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int32, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        + "T\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        + ".\(padded(Int32(milliseconds % 1000), 3))Z"
}
