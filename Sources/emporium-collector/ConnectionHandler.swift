#if Collector
import Collector
import NIOCore
import NIOHTTP1

/// One connection's requests, one after another: the head is judged before the body is read, and every phase has an end.
///
/// While a request is worked on, nothing more is read, so what a client sends ahead stays with its own system but for
/// one piece; an answer is off to the client's system before the next request is begun. Runs on its event loop only.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum Mode {
        /// A request's head is next.
        case head
        /// The key is being looked up.
        case asking
        case body(Incoming)
        /// Answer at the end of a request that has no body.
        case ending(Ending)
        case working
        /// Answered and not read: what comes is thrown away.
        case lingering
        case closed
    }

    private enum Ending {
        case read(Door.Question)
        case refuse(Answer, route: String)
    }

    private enum Held {
        case part(HTTPServerRequestPart)
        case error(any Error)
    }

    /// Thrown away after an early answer.
    private static let mostLingering = 1 << 20

    private let door: Door
    private var clock: ConnectionClock
    private var mode = Mode.head
    private var request: HTTPRequestHead?
    private var body = ByteBuffer()
    /// Of events.
    private var reserved = 0
    private var answerHold: RegistryHold?
    /// What came while a request was worked on.
    private var held = CircularBuffer<Held>(initialCapacity: 0)
    private var isDraining = false
    private var wantsRead = false
    private var requests = 0
    private var isInFlight = false
    /// No request after this one.
    private var isLast = false
    private var inputClosed = false
    private var lingered = 0
    private var timer: (at: Int64, task: Scheduled<Void>)?

    init(_ door: Door, _ limits: ConnectionClock.Limits) {
        self.door = door
        clock = ConnectionClock(limits, at: now())
    }

    // MARK: Deadlines

    /// Bytes of a request, decoded or not.
    func bytesCame() { clock.received(at: now(), isFirstRequest: requests == 0) }

    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline = clock.deadline else { return }
        if let timer, timer.at <= deadline { return }  // it looks again when it is due
        timer?.task.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(max(0, deadline)))) {
            let (handler, context) = bound.value
            handler.timerFired(context)
        }
        timer = (deadline, task)
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        if case .closed = mode { return }
        switch clock.verdict(at: now()) {
        case .wait: arm(context)
        case .tooSlow:
            door.metrics.cut("too_slow")
            if case .asking = mode { return context.close(promise: nil) }
            respond(.tooSlow, route: "none", closes: true, context)
        case .close:
            if clock.phase != .lingering { door.metrics.cut(clock.phase == .waiting ? "idle" : "answer_not_taken") }
            context.close(promise: nil)
        }
    }

    // MARK: What comes in

    func channelActive(context: ChannelHandlerContext) {
        arm(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if mustHold { held.append(.part(part)) } else { take(part, context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        arm(context)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if mustHold, error is HTTPParserError { held.append(.error(error)) } else { take(error, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        mode = .closed
        timer?.task.cancel()
        timer = nil
        held = CircularBuffer(initialCapacity: 0)
        forgetBody()
        endRequest()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            isLast = true
            if case .head = mode, clock.phase == .waiting { context.close(promise: nil) }
        case ChannelEvent.inputClosed:
            inputClosed = true
            switch mode {
            case .head where held.isEmpty, .lingering: context.close(promise: nil)
            default: break  // in the middle of a request the decoder says that it is broken
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func read(context: ChannelHandlerContext) {
        if mustHold { wantsRead = true } else { context.read() }
    }

    private var mustHold: Bool {
        switch mode {
        case .working, .asking: true
        default: !held.isEmpty || isDraining
        }
    }

    /// What was held back, up to the next request that has to be worked on.
    private func drain(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        while true {
            switch mode {
            case .working, .asking, .closed:
                isDraining = false
                return
            default: break
            }
            guard let next = held.popFirst() else { break }
            switch next {
            case .part(let part): take(part, context)
            case .error(let error): take(error, context)
            }
        }
        isDraining = false
        if inputClosed, case .head = mode { return context.close(promise: nil) }
        arm(context)
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (mode, part) {
        case (.head, .head(let head)): begin(head, context)
        case (.body(let incoming), .body(let chunk)): append(chunk, incoming, context)
        case (.body(.events(let ticket)), .end): work(ticket, context)
        case (.body(.registry(let ticket, let hold)), .end): work(ticket, hold, context)
        case (.ending(let ending), .end):
            switch ending {
            case .refuse(let answer, let route): respond(answer, route: route, closes: false, context)
            case .read(let question): work(question, context)
            }
        case (.ending, .body): respond(.badRequest, route: "none", closes: true, context)
        case (.lingering, .body(let chunk)):
            lingered += chunk.readableBytes
            if lingered > Self.mostLingering { context.close(promise: nil) }
        default: break
        }
    }

    private func take(_ error: any Error, _ context: ChannelHandlerContext) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        switch mode {
        case .head, .body, .ending:
            door.metrics.cut("not_http")
            respond(error == .headerOverflow ? .headersTooLarge : .badRequest, route: "none", closes: true, context)
        default: context.close(promise: nil)
        }
    }

    // MARK: A request's steps

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        requests += 1
        request = head
        isInFlight = true
        door.metrics.requestsInFlight.add(1, ordering: .relaxed)
        let parsed = RequestHead(
            method: head.method.rawValue, target: head.uri, headers: head.headers, needsHost: head.version.major == 1 && head.version.minor >= 1)
        admitted(door.admit(parsed), parsed, context)
    }

    private func admitted(_ admission: Door.Admission, _ head: RequestHead, _ context: ChannelHandlerContext) {
        let hasBody = head.isChunked || (head.contentLength ?? 0) > 0
        switch admission {
        case .refused(let answer, let route):
            // What is malformed may be understood in another way by whoever stands in between.
            if hasBody || head.defect != nil || head.expectsContinue {
                respond(answer, route: route, closes: true, context)
            } else {
                mode = .ending(.refuse(answer, route: route))
            }
        case .read(let question):
            guard hasBody else {
                mode = .ending(.read(question))
                return
            }
            respond(.badRequest, route: "none", closes: true, context)
        case .unknownKey(let digest):
            mode = .asking
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let loop = context.eventLoop
            Task { [door] in
                let found = await door.ask(digest)
                loop.execute {
                    let (handler, context) = bound.value
                    guard case .asking = handler.mode else { return }
                    handler.mode = .head
                    handler.admitted(door.admit(head, key: found), head, context)
                    handler.drain(context)
                }
            }
        case .collect(let ticket):
            mode = .body(.events(ticket))
            if ticket.expectsContinue { sendContinue(context) }
        case .registry(let ticket):
            mode = .body(.registry(ticket, RegistryHold(door.metrics)))
            if ticket.expectsContinue { sendContinue(context) }
        }
    }

    private func sendContinue(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    private func append(_ chunk: ByteBuffer, _ incoming: Incoming, _ context: ChannelHandlerContext) {
        let count = chunk.readableBytes
        switch incoming {
        case .events:
            guard body.readableBytes + count <= door.settings.package.bodyBytes else {
                return respond(.bodyTooLarge(door.settings.package.bodyBytes), route: "/collect", closes: true, context)
            }
            guard door.metrics.reserve(count, of: door.settings.maxBytesInFlight) else {
                return respond(.tooManyBytes, route: "/collect", closes: true, context)
            }
            reserved += count
        case .registry(let ticket, let hold):
            guard body.readableBytes + count <= Door.registryBodyBytes else {
                return respond(Door.registryBodyTooLarge, route: ticket.route, closes: true, context)
            }
            guard hold.add(count) else { return respond(.registryOverloaded, route: ticket.route, closes: true, context) }
        }
        if body.readableBytes == 0, incoming.length == count { body = chunk } else { body.writeImmutableBuffer(chunk) }
    }

    private func work(_ ticket: Door.CollectTicket, _ context: ChannelHandlerContext) {
        let (body, bytes) = (Body(buffer: body), reserved)
        self.body = ByteBuffer()
        reserved = 0  // the task's now: it may outlive the connection
        work(context) { [door] in
            let answer = await door.collect(ticket, body)
            door.metrics.release(bytes: bytes)
            return answer
        }
    }

    private func work(_ ticket: Door.RegistryTicket, _ hold: RegistryHold, _ context: ChannelHandlerContext) {
        let body = Body(buffer: body)
        self.body = ByteBuffer()
        work(context) { [door] in
            let answer = await door.registry(ticket, body)
            withExtendedLifetime(hold) {}
            return answer
        }
    }

    private func work(_ question: Door.Question, _ context: ChannelHandlerContext) {
        work(context) { [door] in await door.read(question) }
    }

    private func work(_ context: ChannelHandlerContext, _ step: @escaping @Sendable () async -> Answer) {
        mode = .working
        clock.work()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        Task {
            let answer = await step()
            loop.execute {
                let (handler, context) = bound.value
                guard case .working = handler.mode else { return }
                handler.respond(answer, route: nil, closes: false, context)
            }
        }
    }

    /// - Parameters:
    ///   - route: counts the answer in the metrics; nil where that was done.
    ///   - closes: the rest of the request is not read.
    private func respond(_ answer: Answer, route: String?, closes: Bool, _ context: ChannelHandlerContext) {
        mode = .working
        forgetBody()
        if let route { door.metrics.answered(route: route, status: answer.status) }
        let keeps = !closes && !isLast && (request?.isKeepAlive ?? false)
        let version = request.map { $0.version.major == 1 ? $0.version : .http1_1 } ?? .http1_1
        var head = HTTPResponseHead(
            version: version,
            status: HTTPResponseStatus(statusCode: answer.status, reasonPhrase: Answer.title(answer.status)))
        head.headers.reserveCapacity(4 + answer.headers.count)
        head.headers.add(name: "content-type", value: answer.contentType)
        head.headers.add(name: "content-length", value: String(answer.body.count))
        head.headers.add(name: "date", value: HTTPDate.now())
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        if !keeps { head.headers.add(name: "connection", value: "close") }
        else if version == .http1_0 { head.headers.add(name: "connection", value: "keep-alive") }
        clock.answer(at: now())
        answerHold = answer.hold
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request?.method != .HEAD, !answer.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { result in
            let (handler, context) = bound.value
            guard case .success = result else { return context.close(promise: nil) }
            handler.answered(keeps: keeps, isRead: !closes, context)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        if case .working = mode { arm(context) }
    }

    private func answered(keeps: Bool, isRead: Bool, _ context: ChannelHandlerContext) {
        guard case .working = mode else { return }
        request = nil
        endRequest()
        if keeps, !isLast {
            mode = .head
            clock.answered(at: now(), isReading: !held.isEmpty)
            return drain(context)
        }
        if isRead, held.isEmpty || inputClosed { return context.close(promise: nil) }
        // Closed with something unread, the system would tell the client to throw the answer away (RST).
        mode = .lingering
        held = CircularBuffer(initialCapacity: 0)
        clock.linger(at: now())
        arm(context)
        context.close(mode: .output, promise: nil)
        if inputClosed { return context.close(promise: nil) }
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    private func forgetBody() {
        door.metrics.release(bytes: reserved)
        reserved = 0
        body = ByteBuffer()
    }

    private func endRequest() {
        answerHold = nil
        guard isInFlight else { return }
        isInFlight = false
        door.metrics.requestsInFlight.subtract(1, ordering: .relaxed)
    }
}
#endif
