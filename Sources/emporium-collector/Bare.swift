#if Collector
import Foundation
import Hummingbird
import Logging

extension EmporiumCollector {
    /// What the collector's speed is compared with: Hummingbird as it is, reading a body and answering a few bytes.
    /// `EMPORIUM_COLLECT_BENCH=bare`, then `POST /bare`.
    static func bare(_ environment: [String: String], _ logger: Logger) async throws {
        let router = Router()
        router.post("/bare") { request, _ in
            let body = try await request.body.collect(upTo: 16 << 20)
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: "{\"bytes\":\(body.readableBytes)}")))
        }
        let port = Int(environment["EMPORIUM_COLLECT_PORT"] ?? "") ?? 8000
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                logger.notice("bare", metadata: ["address": "127.0.0.1:\(channel.localAddress?.port ?? port)"])
            }, logger: logger)
        try await application.runService()
    }
}
#endif
