#if Collector
import Collector
import NIOCore

/// What a request's body is read for.
enum Incoming {
    case events(Door.CollectTicket)
    case registry(Door.RegistryTicket, RegistryHold)

    /// nil for a chunked body.
    var length: Int? {
        switch self {
        case .events(let ticket): ticket.length
        case .registry(let ticket, _): ticket.length
        }
    }
}

/// Stands before the decoder: a head that comes a byte at a time is no head to those behind it.
final class ByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let handler: ConnectionHandler
    init(_ handler: ConnectionHandler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        handler.bytesCame()
        context.fireChannelRead(data)
    }
}

/// A body as the door takes it.
struct Body: BodyBytes {
    let buffer: ByteBuffer
    var count: Int { buffer.readableBytes }

    func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        // ByteBuffer's own form throws any error.
        try buffer.withUnsafeReadableBytes { bytes -> Result<T, E> in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }.get()
    }
}

func now() -> Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }
#endif
