import Dispatch
import Glibc
import Synchronization

/// Stops in order: the first SIGTERM or SIGINT lets the batch in hand be committed, the second ends the process.
public final class Shutdown: Sendable {
    private let requested = Mutex(false)

    public init() {}

    public var isRequested: Bool { requested.withLock { $0 } }

    public func request() { requested.withLock { $0 = true } }

    /// Listens for the signals; keep the answer for as long as that should last.
    public func listen() -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                let again = requested.withLock { requested in
                    defer { requested = true }
                    return requested
                }
                if again { _exit(128 + number) }
            }
            source.resume()
            return source
        }
    }
}
