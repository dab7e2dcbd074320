import CCurl
import Glibc
import Synchronization

/// The thread that all transfers of a client run on, by curl's multi interface. It starts with the first of them.
final class TransferEngine: Sendable {
    /// What the thread is told. The handle is made with the thread, and freed by it.
    struct Inbox {
        var orders: [Order] = []
        var multi: Handle?
        var isStopped = false
    }
    enum Order {
        case start(Transfer)
        /// Of no consequence where the transfer has ended.
        case cancel(Transfer)
    }
    /// `@unchecked Sendable`: curl allows `curl_multi_wakeup` from any thread; all else is the engine's thread's.
    struct Handle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let inbox = Mutex(Inbox())
    private static let isCurlReady = curl_start() == CURLE_OK

    func start(_ transfer: Transfer, _ continuation: CheckedContinuation<Transfer.Answer, Never>) {
        transfer.continuation = continuation
        let isAccepted = inbox.withLock { inbox in
            if inbox.multi == nil { inbox.multi = begin() }
            guard let multi = inbox.multi else { return false }
            inbox.orders.append(.start(transfer))
            if inbox.orders.count == 1 { curl_multi_wakeup(multi.pointer) }
            return true
        }
        if !isAccepted {
            let error = HTTPError(isOutage: true, "\(transfer.name): no thread or no memory for it")
            continuation.resume(returning: .failure(error))
        }
    }

    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { inbox in
            guard let multi = inbox.multi else { return }
            inbox.orders.append(.cancel(transfer))
            if inbox.orders.count == 1 { curl_multi_wakeup(multi.pointer) }
        }
    }

    /// Nobody waits for an answer any more.
    func stop() {
        inbox.withLock { inbox in
            inbox.isStopped = true
            if let multi = inbox.multi { curl_multi_wakeup(multi.pointer) }
        }
    }

    /// - Returns: nil where the system has no room for it.
    private func begin() -> Handle? {
        guard Self.isCurlReady, let multi = curl_multi_init() else { return nil }
        // Idle connections to keep.
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, TransferLoop.most)
        let loop = Unmanaged.passRetained(TransferLoop(Handle(pointer: multi), self))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { loop in
            let loop = Unmanaged<TransferLoop>.fromOpaque(loop!).takeRetainedValue()
            // No handler runs here, and OpenSSL's SIGPIPE, which curl leaves to us with NOSIGNAL, ends nothing.
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            loop.run()
            return nil
        }, loop.toOpaque())
        guard code == 0 else {
            loop.release()
            curl_multi_cleanup(multi)
            return nil
        }
        pthread_detach(thread)
        return Handle(pointer: multi)
    }

    /// What has come in; nil when all is over, after which the handle is the thread's alone.
    func take() -> [Order]? {
        inbox.withLock { inbox in
            if inbox.isStopped {
                inbox.multi = nil
                return nil
            }
            defer { inbox.orders.removeAll(keepingCapacity: inbox.orders.count < 1000) }
            return inbox.orders
        }
    }
}

/// What the engine's thread does. Only that thread touches it.
private final class TransferLoop {
    /// Transfers at a time.
    static let most = 64

    private let multi: UnsafeMutableRawPointer
    private let engine: TransferEngine
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    private var waiting: [Transfer] = []
    private var firstWaiting = 0
    private var spare: [UnsafeMutableRawPointer] = []

    init(_ multi: TransferEngine.Handle, _ engine: TransferEngine) {
        self.multi = multi.pointer
        self.engine = engine
    }

    func run() {
        while let orders = engine.take() {
            for order in orders {
                switch order {
                case .start(let transfer): waiting.append(transfer)
                case .cancel(let transfer):
                    if let handle = active.first(where: { $0.value === transfer })?.key { end(handle, transfer.cancelled) }
                }
            }
            var running: CInt = 0
            repeat {
                startWaiting()
                curl_multi_perform(multi, &running)
            } while endFinished() && firstWaiting < waiting.count
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
        // The client is gone, and with it whoever could wait.
        for (handle, transfer) in active { end(handle, transfer.cancelled) }
        for handle in spare { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
    }

    private func startWaiting() {
        while firstWaiting < waiting.count, active.count < Self.most {
            let transfer = waiting[firstWaiting]
            firstWaiting += 1
            if transfer.isCancelled.load(ordering: .acquiring) {
                transfer.continuation?.resume(returning: transfer.cancelled)
                continue
            }
            guard let handle = spare.popLast() ?? curl_easy_init() else {
                let error = HTTPError(isOutage: true, "\(transfer.name): out of memory")
                transfer.continuation?.resume(returning: .failure(error))
                continue
            }
            transfer.configure(handle)
            active[handle] = transfer
            curl_multi_add_handle(multi, handle)
        }
        if firstWaiting == waiting.count || firstWaiting > 1000 {
            waiting.removeFirst(firstWaiting)
            firstWaiting = 0
        }
    }

    /// - Returns: whether there was one.
    private func endFinished() -> Bool {
        var wasAny = false
        var left: CInt = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle, let transfer = active[handle] else {
                continue
            }
            // The message goes with the handle.
            let code = message.pointee.data.result
            end(handle, transfer.answer(code, handle))
            wasAny = true
        }
        return wasAny
    }

    private func end(_ handle: UnsafeMutableRawPointer, _ answer: Transfer.Answer) {
        guard let transfer = active.removeValue(forKey: handle) else { return }
        curl_multi_remove_handle(multi, handle)
        curl_easy_reset(handle)  // before the transfer goes, to whose bytes it points
        spare.append(handle)
        transfer.continuation?.resume(returning: answer)
        transfer.continuation = nil
    }
}
