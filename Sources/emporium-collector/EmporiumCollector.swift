#if !Collector
import Foundation

@main
struct EmporiumCollector {
    static func main() {
        let text = "emporium-collector: built without its HTTP server\n  hint: make collector\n"
        FileHandle.standardError.write(Data(text.utf8))
        exit(78)
    }
}
#else
import Collector
import Foundation
import HummingbirdCore
import Ingest
import Kafka
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// `POST /collect`, health, metrics and schemas over HTTP. `emporium collect` starts it; everything comes by environment.
@main
struct EmporiumCollector {
    static func main() async {
        LoggingSystem.bootstrap { StandardErrorLog(label: $0) }
        let logger = Logger(label: "collect")
        do {
            try await run(ProcessInfo.processInfo.environment, logger)
            exit(0)
        } catch let error as CollectSettings.Invalid {
            fail("\(error)", 78)
        } catch let error as KafkaConfiguration.Invalid {
            fail("\(error)", 78)
        } catch let error as Wiring.Invalid {
            fail("\(error)", 78)
        } catch {
            fail("\(error)", 69)
        }
    }

    private static func fail(_ message: String, _ code: Int32) -> Never {
        FileHandle.standardError.write(Data("emporium-collector: \(message)\n".utf8))
        exit(code)
    }

    private static func run(_ environment: [String: String], _ logger: Logger) async throws {
        if environment["EMPORIUM_COLLECT_BENCH"] == "bare" { return try await bare(environment, logger) }
        let wiring = try Wiring(environment, logger: logger)
        let settings = wiring.settings
        // Once before the first request, so that it is not the one to wait; what is away comes later.
        async let keys = wiring.keys.refresh()
        async let schema: Void = wiring.schema.refresh()
        _ = await (keys, schema)
        let upkeep = Task { await wiring.keepFresh() }
        let server = Server(
            childChannelSetup: CollectorChannel(door: wiring.door),
            configuration: ServerConfiguration(address: .hostname(settings.host, port: settings.port), backlog: 1024),
            onServerRunning: { channel in
                logger.notice(
                    "collecting events",
                    metadata: [
                        "address": "\(settings.host):\(channel.localAddress?.port ?? settings.port)",
                        "schema": "\(wiring.schema.id.map { "\($0)" } ?? "none")", "keys": "\(wiring.keys.count ?? 0)",
                        "max_body": "\(settings.package.bodyBytes)", "max_events": "\(settings.package.events)",
                        "max_connections": "\(settings.maxConnections)", "max_in_flight": "\(settings.maxBytesInFlight)",
                    ])
            }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet(logger))
        var group = ServiceGroupConfiguration(services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = settings.grace
        group.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            upkeep.cancel()
            guard let error = error as? IOError, error.errnoCode == EADDRINUSE else { throw error }
            fail("port \(settings.port) of \(settings.host) is taken\n  hint: another one by --port, or EMPORIUM_COLLECT_PORT", 69)
        }
        logger.notice("stopped listening; what was in hand is answered")
        upkeep.cancel()
        await wiring.close()
    }

    /// Libraries tell of their own steps on a level that is ours for news.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
#endif
