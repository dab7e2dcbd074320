/// The limit of `within` passed.
public struct DeadlinePassed: Error, CustomStringConvertible {
    public let limit: Duration
    public var description: String { "no answer within \(limit)" }
}

/// Waits for `body`, and not beyond the limit, even where it does not hear that it is cancelled: a server that hangs answers
/// nothing. What comes of it afterwards is dropped.
/// - Throws: `DeadlinePassed`, what `body` throws, `CancellationError`.
public func within<T: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: T.self)
    let work = Task {
        do {
            continuation.yield(try await body())
            continuation.finish()
        } catch { continuation.finish(throwing: error) }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        continuation.finish(throwing: DeadlinePassed(limit: limit))
    }
    defer {
        timer.cancel()
        work.cancel()
    }
    for try await value in stream { return value }
    throw CancellationError()
}
