import Glibc
import Synchronization

/// What happened so far, for Prometheus (text format 0.0.4). Labels have few values, all from this program.
public final class Metrics: Sendable {
    private struct State {
        var requests: [RequestLabels: Int] = [:]
        var events: [EventLabels: Int] = [:]
        var refused: [String: Int] = [:]
        var sentBytes = 0
        var unpackedBytes = 0
        var latency = Histogram()
        var cut: [String: Int] = [:]
        var producers = 0
    }

    private struct RequestLabels: Hashable {
        var route: String
        var status: Int
    }

    private struct EventLabels: Hashable {
        var verdict: String
        var code: String
    }

    private let state = Mutex(State())
    private let started: Int
    public let connections = Atomic(0)
    public let requestsInFlight = Atomic(0)
    public let bytesInFlight = Atomic(0)
    public let eventsInFlight = Atomic(0)
    public let registryBytesInFlight = Atomic(0)

    public init() { started = time(nil) }

    public func answered(route: String, status: Int, after time: Duration? = nil) {
        state.withLock { state in
            state.requests[RequestLabels(route: route, status: status), default: 0] += 1
            if let time { state.latency.add(time / .seconds(1)) }
        }
    }

    func refused(_ code: String) { state.withLock { $0.refused[code, default: 0] += 1 } }

    /// - Parameter rejected: events by code.
    func took(accepted: Int, rejected: [String: Int]) {
        state.withLock { state in
            state.events[EventLabels(verdict: "accepted", code: ""), default: 0] += accepted
            for (code, count) in rejected { state.events[EventLabels(verdict: "rejected", code: code), default: 0] += count }
        }
    }

    func read(sent: Int, unpacked: Int) {
        state.withLock { state in
            state.sentBytes += sent
            state.unpackedBytes += unpacked
        }
    }

    /// A connection that was ended from this side before its client wanted it.
    public func cut(_ reason: StaticString) { state.withLock { $0.cut["\(reason)", default: 0] += 1 } }

    func madeProducer() { state.withLock { $0.producers += 1 } }

    /// - Parameters:
    ///   - schema: the id of the schema that events are checked against.
    ///   - keys: how many API keys are known.
    func text(schema: UInt32?, keys: Int?) -> String {
        let state = state.withLock { $0 }
        var page = Page()
        page.family("requests_total", "counter", "Requests answered, by route and status.")
        for (labels, count) in state.requests.sorted(by: { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }) {
            page.line("requests_total", #"route="\#(labels.route)",status="\#(labels.status)""#, count)
        }
        page.family("events_total", "counter", "Events of packages that were answered with 200, by verdict and code.")
        for (labels, count) in state.events.sorted(by: { ($0.key.verdict, $0.key.code) < ($1.key.verdict, $1.key.code) }) {
            page.line("events_total", #"verdict="\#(labels.verdict)",code="\#(labels.code)""#, count)
        }
        page.family("packages_refused_total", "counter", "Packages refused as a whole, by code.")
        for (code, count) in state.refused.sorted(by: { $0.key < $1.key }) {
            page.line("packages_refused_total", #"code="\#(code)""#, count)
        }
        page.family("body_bytes_total", "counter", "Bytes of bodies, as they were sent and unpacked.")
        page.line("body_bytes_total", #"form="sent""#, state.sentBytes)
        page.line("body_bytes_total", #"form="unpacked""#, state.unpackedBytes)
        page.family("connections_cut_total", "counter", "Connections ended by the collector, by reason.")
        for (reason, count) in state.cut.sorted(by: { $0.key < $1.key }) {
            page.line("connections_cut_total", #"reason="\#(reason)""#, count)
        }
        page.family("producers_total", "counter", "Kafka clients made; more than one after fatal errors.")
        page.line("producers_total", "", state.producers)
        page.family("collect_seconds", "histogram", "From the last byte of a package to its answer.")
        page.histogram("collect_seconds", state.latency)
        page.gauge("connections", "Connections open.", connections.load(ordering: .relaxed))
        page.gauge("requests_in_flight", "Requests that are read or worked on.", requestsInFlight.load(ordering: .relaxed))
        page.gauge("in_flight_bytes", "Bytes of bodies in memory.", bytesInFlight.load(ordering: .relaxed))
        page.gauge("registry_in_flight_bytes", "Bytes of the registry's bodies and answers in memory.", registryBytesInFlight.load(ordering: .relaxed))
        page.gauge("in_flight_events", "Events that wait for their acknowledgement.", eventsInFlight.load(ordering: .relaxed))
        page.gauge("api_keys", "API keys known; 0 before the first reading.", keys ?? 0)
        page.gauge("schema_id", "Registry id of the schema events are checked against; 0 for none.", Int(schema ?? 0))
        page.gauge("resident_memory_bytes", "Memory of the process.", residentBytes())
        page.gauge("start_time_seconds", "When the process began, Unix time.", started)
        return page.text
    }

    private struct Page {
        var text = ""

        mutating func family(_ name: String, _ type: String, _ help: String) {
            text += "# HELP emporium_collector_\(name) \(help)\n# TYPE emporium_collector_\(name) \(type)\n"
        }

        mutating func line(_ name: String, _ labels: String, _ value: Int) {
            text += "emporium_collector_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
        }

        mutating func gauge(_ name: String, _ help: String, _ value: Int) {
            family(name, "gauge", help)
            line(name, "", value)
        }

        mutating func histogram(_ name: String, _ histogram: Histogram) {
            var sum = 0
            for (bound, count) in zip(Histogram.bounds, histogram.counts) {
                sum += count
                line("\(name)_bucket", #"le="\#(bound)""#, sum)
            }
            line("\(name)_bucket", #"le="+Inf""#, histogram.count)
            text += "emporium_collector_\(name)_sum \(histogram.sum)\n"
            line("\(name)_count", "", histogram.count)
        }
    }
}

struct Histogram {
    /// Seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private(set) var counts = [Int](repeating: 0, count: bounds.count)
    private(set) var count = 0
    private(set) var sum = 0.0

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        if let index = Self.bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
    }
}

/// Of this process; 0 where the system does not tell.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
}
