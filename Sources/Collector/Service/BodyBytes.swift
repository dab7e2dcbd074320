/// Bytes that somebody holds, for as long as a closure runs.
public protocol BodyBytes: Sendable {
    var count: Int { get }
    func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T
}

extension [UInt8]: BodyBytes {
    public func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        // The generic form of withUnsafeBytes throws any error.
        let result = withUnsafeBytes { bytes -> Result<T, E> in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
