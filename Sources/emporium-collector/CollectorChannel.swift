#if Collector
import Collector
import Glibc
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// How Hummingbird's server sets a connection up: HTTP/1 with small limits on heads, and our own handler.
struct CollectorChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    let door: Door

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let metrics = door.metrics
        let count = metrics.connections.add(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { _ in metrics.connections.subtract(1, ordering: .relaxed) }
        return channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            guard count <= door.settings.maxConnections else {
                metrics.cut("too_many_connections")
                metrics.answered(route: "none", status: 503)
                try pipeline.addHandler(Refuser())
                return Value(channel: channel)
            }
            let handler = ConnectionHandler(door, ConnectionClock.Limits(door.settings))
            try pipeline.addHandler(ByteWatch(handler))
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16 << 10
            limits.maxHeaderListSize = 32 << 10
            limits.maxHeaderFieldCount = 100
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            try pipeline.addHandler(handler)
            return Value(channel: channel)
        }
    }

    /// The handler does all; the server only wants to know when it is over.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}

/// Turns a connection away that is one too many.
private final class Refuser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let answer = Answer.tooManyConnections
        var text = "HTTP/1.1 \(answer.status) \(Answer.title(answer.status))\r\ncontent-type: \(answer.contentType)\r\n"
        text += "content-length: \(answer.body.count)\r\nconnection: close\r\n"
        for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
        var buffer = context.channel.allocator.buffer(string: text + "\r\n")
        buffer.writeBytes(answer.body)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in bound.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}

/// The header Date, made once a second.
enum HTTPDate {
    private static let last = Mutex<(second: Int, text: String)>((0, ""))

    static func now() -> String {
        let second = time(nil)
        return last.withLock { last in
            if last.second != second { last = (second, text(second)) }
            return last.text
        }
    }

    private static func text(_ second: Int) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
#endif
