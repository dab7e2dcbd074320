#if !Collector
@main
struct EmporiumCollector {
    static func main() {
        print("built without its HTTP server: swift build --traits Collector --product emporium-collector (make collector)")
    }
}
#else
import Hummingbird

@main
struct EmporiumCollector {
    static func main() async throws {
        let router = Router()
        router.get("/live") { _, _ in "ok" }
        try await Application(router: router).runService()
    }
}
#endif
