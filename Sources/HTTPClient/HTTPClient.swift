/// Requests over HTTP and HTTPS by libcurl, many at once, over connections that are kept.
///
/// - Certificates are verified. Redirects are not followed, `.netrc` is not read, nothing but http and https is spoken.
/// - Proxies are those that curl finds: `http_proxy` (lower case only), `https_proxy`, `all_proxy`, `no_proxy`. A server on
///   this machine (`localhost`, 127.0.0.0/8, `::1`) is never asked through one.
/// - A connection is given up after 5 seconds, the whole after the request's `timeout`.
/// - 64 requests are on their way at a time, the others wait; the time that they wait is not counted.
/// - Where a kept connection turns out to be closed before a byte of the answer came, the request is sent again on a new
///   one, as RFC 9110 leaves to clients. A server that did its work and died without a word may thus get it twice: give
///   what must not happen twice an idempotency key.
/// - The end of the caller's task ends the transfer, too.
public final class HTTPClient: Sendable {
    private let engine = TransferEngine()

    public init() {}

    deinit { engine.stop() }

    /// - Returns: what the server answered, whatever its status.
    /// - Throws: `HTTPError` when there was no answer. It is an outage unless the request itself is wrong, or the answer
    ///   longer than it may be: a certificate that does not verify, a server that speaks no HTTP and the end of the
    ///   caller's task say nothing about what was asked, either.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = try Transfer(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { engine.start(transfer, $0) }
        } onCancel: {
            engine.cancel(transfer)
        }
        return try result.get()
    }
}
