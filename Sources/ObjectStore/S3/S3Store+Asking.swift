import Digests
import Glibc
import HTTPClient

/// Seconds since 1970.
func systemTime() -> Int { Glibc.time(nil) }

extension S3Store {
    private static let nothing = (bytes: [UInt8](), sha256: sha256Hex([]))

    /// Asks, and asks again where that may help.
    /// - Parameters:
    ///   - key: below the store's prefix; nil for the bucket.
    ///   - headers: signed, too.
    ///   - body: with its SHA-256, hexadecimal; nil for none.
    ///   - limit: bytes of the answer; of an answer that is an error 64 KiB may come in any case.
    /// - Throws: what is not 2xx.
    func ask(
        _ method: String, _ key: String?, query: SigV4.Pairs = [], headers: SigV4.Pairs = [], body: (bytes: [UInt8], sha256: String)? = nil,
        limit: Int = 1 << 20
    ) async throws(S3Failure) -> HTTPResponse {
        let weight = Duration.seconds(((body?.bytes.count ?? 0) + (method == "GET" ? limit : 0)) >> 20)
        let deadline = ContinuousClock.now + patience.call + weight
        var (attempt, wasLate) = (0, false)
        while true {
            attempt += 1
            let left = deadline - .now
            var failure: S3Failure
            do throws(HTTPError) {
                let time = clock.time
                let request = signed(
                    method, key, query, headers, body, time, timeout: min(patience.attempt + weight, left), limit: max(limit, 64 << 10))
                let response = try await client.send(request)
                failure = S3Failure(response, to: method, region: place.region, credentials: credentials)
                if (200..<300).contains(response.status), !Self.isError(response, method) { return response }
                if !wasLate, let now = failure.serverTime, isSkewed(failure, method, time - now) {
                    wasLate = true
                    clock.set(now)
                    attempt -= 1
                    continue
                }
            } catch { failure = S3Failure(error) }
            let most = patience.pause * (1 << (attempt - 1))
            let pause = max(failure.pause ?? .zero, most / 2 + (most / 2) * Double.random(in: 0...1))
            guard failure.isPassing, attempt < patience.attempts, deadline - .now > pause, !Task.isCancelled else { throw failure }
            try? await Task.sleep(for: pause)
        }
    }

    /// S3 sends a 200 before it knows the end of what takes long.
    private static func isError(_ response: HTTPResponse, _ method: String) -> Bool {
        guard method == "POST" else { return false }
        return (try? XMLNode.read(response.body))?.name == "Error"
    }

    /// An answer to HEAD has no body that could say so.
    private func isSkewed(_ failure: S3Failure, _ method: String, _ seconds: Int) -> Bool {
        failure.code == "RequestTimeTooSkewed" || (method == "HEAD" && failure.status == 403 && abs(seconds) > 240)
    }

    private func signed(
        _ method: String, _ key: String?, _ query: SigV4.Pairs, _ headers: SigV4.Pairs, _ body: (bytes: [UInt8], sha256: String)?,
        _ time: Int, timeout: Duration, limit: Int
    ) -> HTTPRequest {
        let path = place.root + (key.map { "/" + SigV4.encoded(place.full($0), slash: true) } ?? (place.root.isEmpty ? "/" : ""))
        let (query, stamp) = (SigV4.query(query), SigV4.stamp(time))
        let payload = body?.sha256 ?? Self.nothing.sha256
        var all = headers + [("Host", place.host), ("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
        if let token = credentials.token { all.append(("x-amz-security-token", token)) }
        let authorization = SigV4.authorization(
            method, path: path, query: query, headers: all, payload: payload, credentials: credentials, stamp: stamp, region: place.region)
        // What a server between compresses would not be the bytes that were kept.
        all += [("Authorization", authorization), ("Accept-Encoding", "identity")]
        let url = place.origin + path + (query.isEmpty ? "" : "?\(query)")
        return HTTPRequest(method, url, headers: all, body: body?.bytes, timeout: timeout, maxResponseBytes: limit)
    }
}
