import Digests
import HTTPClient
import Synchronization

/// A bucket of Amazon S3, or of a server that speaks its protocol (MinIO, Ceph, …).
///
/// - Requests are signed with `SigV4`, the digest of their body included, which is always the real one.
/// - The object's SHA-256 is kept as `x-amz-meta-sha256`; the server itself checks what arrives by `x-amz-checksum-sha256`.
/// - Objects above 16 MiB go up in parts of 8 MiB, one at a time, and are read in ranges of 8 MiB.
/// - What may pass is tried up to three times within the call: 408, 425, 429, 500, 502, 503, 504, `SlowDown` and its like, no
///   connection, no answer. Each operation can be repeated: a second PUT of the same bytes changes nothing, except that a bucket
///   with versions has two of them.
/// - A clock that is wrong is made up for once, by the server's.
public struct S3Store: ObjectStore {
    /// How long it waits.
    public struct Patience: Sendable {
        /// For one answer, and a second for each MiB that is sent or may come.
        public var attempt: Duration
        /// For all attempts of one request, likewise.
        public var call: Duration
        /// Before the second attempt, half of it to all of it; twice that before the third.
        public var pause: Duration
        public var attempts: Int

        public init(
            attempt: Duration = .seconds(15), call: Duration = .seconds(40), pause: Duration = .milliseconds(400), attempts: Int = 3
        ) {
            (self.attempt, self.call, self.pause, self.attempts) = (attempt, call, pause, attempts)
        }
    }

    public let place: S3Place
    public var name: String { place.name }

    static let partBytes = 8 << 20
    /// Larger ones go up in parts.
    static let mostAtOnce = 16 << 20
    static let mostParts = 10_000

    let credentials: S3Credentials
    let client: HTTPClient
    let patience: Patience
    let clock: Clock

    /// Seconds since 1970, as the server has them.
    final class Clock: Sendable {
        let read: @Sendable () -> Int
        private let skew = Mutex(0)
        init(_ read: @escaping @Sendable () -> Int) { self.read = read }
        var time: Int { read() + skew.withLock { $0 } }
        func set(_ time: Int) { skew.withLock { $0 = time - read() } }
    }

    /// - Parameter time: this machine's clock, in seconds since 1970; nil for the system's.
    public init(
        _ place: S3Place, _ credentials: S3Credentials, client: HTTPClient = HTTPClient(), patience: Patience = Patience(),
        time: (@Sendable () -> Int)? = nil
    ) {
        (self.place, self.credentials, self.client, self.patience) = (place, credentials, client, patience)
        clock = Clock(time ?? { systemTime() })
    }

    public func put(_ key: String, _ body: ObjectBody) async throws(StoreError) -> StoredObject {
        _ = try ObjectKey.segments(place.full(key))
        let what = "PUT \(name)/\(key)"
        let source = try BodySource(body.content)
        if source.bytes > Int64(Self.mostAtOnce) { return try await putParts(key, body, source) }
        let bytes = try source.read(Int(source.bytes))
        let digest = SHA256.of(bytes)
        guard digest == body.sha256 else { throw StoreError(.corrupt, "\(what): the bytes are not those of the SHA-256 given") }
        do throws(S3Failure) {
            let response = try await ask(
                "PUT", key, headers: described(body) + [("x-amz-checksum-sha256", base64(digest))], body: (bytes, hexadecimal(digest)))
            if let kept = response.header("x-amz-checksum-sha256"), kept != base64(digest) {
                throw S3Failure(kind: .corrupt, "the server kept other bytes than it was sent")
            }
            return StoredObject(
                key: key, bytes: Int64(bytes.count), sha256: digest, version: response.header("x-amz-version-id"))
        } catch { throw notAnObject(error).error(what) }
    }

    /// What is kept beside an object.
    func described(_ body: ObjectBody) -> SigV4.Pairs {
        [("Content-Type", body.type), ("x-amz-meta-sha256", hexadecimal(body.sha256))]
            + (body.encoding.map { [("Content-Encoding", $0)] } ?? [])
    }

    /// A 404 for what is no object: the bucket, or the server's own path.
    func notAnObject(_ failure: S3Failure) -> S3Failure {
        guard failure.kind == .missing else { return failure }
        var failure = failure
        failure.kind = .outage
        return failure
    }

    public func head(_ key: String) async throws(StoreError) -> StoredObject? {
        _ = try ObjectKey.segments(place.full(key))
        do throws(S3Failure) {
            let response = try await ask("HEAD", key)
            return StoredObject(
                key: key, bytes: try Self.length(of: response), sha256: response.header("x-amz-meta-sha256").flatMap(digest(hexadecimal:)),
                version: response.header("x-amz-version-id"))
        } catch {
            if error.kind == .missing { return nil }
            throw error.error("HEAD \(name)/\(key)")
        }
    }

    public func delete(_ key: String, version: String?) async throws(StoreError) {
        _ = try ObjectKey.segments(place.full(key))
        do throws(S3Failure) {
            _ = try await ask("DELETE", key, query: version.map { [("versionId", $0)] } ?? [])
        } catch {
            if error.kind != .missing { throw error.error("DELETE \(name)/\(key)") }
        }
    }

    public func get(_ key: String, version: String?, limit: Int) async throws(StoreError) -> [UInt8] {
        _ = try ObjectKey.segments(place.full(key))
        do throws(S3Failure) { return try await read(key, version, limit) } catch { throw error.error("GET \(name)/\(key)") }
    }

    /// Asks for the size first: what a range beyond the end is answered with differs from server to server.
    private func read(_ key: String, _ version: String?, _ limit: Int) async throws(S3Failure) -> [UInt8] {
        let query: SigV4.Pairs = version.map { [("versionId", $0)] } ?? []
        let head = try await ask("HEAD", key, query: query)
        let total = try Self.length(of: head)
        guard total <= limit else { throw S3Failure(kind: .refused, "the object has \(total) bytes, more than the \(limit) allowed") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(total))
        repeat {
            let end = min(Int(total), bytes.count + Self.partBytes)
            var headers: SigV4.Pairs = []
            if total > Int64(Self.partBytes) { headers.append(("Range", "bytes=\(bytes.count)-\(end - 1)")) }
            if let tag = head.header("etag") { headers.append(("If-Match", tag)) }
            let part: HTTPResponse
            do throws(S3Failure) { part = try await ask("GET", key, query: query, headers: headers, limit: Self.partBytes) } catch {
                throw error.status == 412 || error.status == 416 ? Self.replaced : error
            }
            // Not another object's bytes, even where If-Match is not heeded.
            guard part.header("etag") == head.header("etag") else { throw Self.replaced }
            guard part.body.count == end - bytes.count, part.status == (headers.first?.name == "Range" ? 206 : 200) else {
                throw S3Failure(kind: .outage, "an answer that is not the range asked for")
            }
            bytes.append(contentsOf: part.body)
        } while bytes.count < total
        if let kept = head.header("x-amz-meta-sha256").flatMap(digest(hexadecimal:)), kept != SHA256.of(bytes) {
            throw S3Failure(kind: .corrupt, "its bytes are not those of its SHA-256")
        }
        return bytes
    }

    private static var replaced: S3Failure { S3Failure(kind: .outage, "the object was replaced while it was read") }

    private static func length(of head: HTTPResponse) throws(S3Failure) -> Int64 {
        guard let bytes = head.header("content-length").flatMap({ Int64($0) }), bytes >= 0 else {
            throw S3Failure(kind: .outage, "an answer without Content-Length")
        }
        return bytes
    }
}

extension SHA256 {
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
