import Foundation
import Generators

/// Events that go together, as a JSON array.
struct EventPackage: Sendable {
    /// From 1.
    let number: Int
    let body: [UInt8]
    let events: Int
    /// What each is, where it is made up.
    let kinds: [EventKind]
}

/// Where packages come from: a file's lines, each an event, or a generator. One user at a time.
struct EventPackages: ~Copyable {
    enum Source: Sendable {
        /// JSON Lines.
        case file(Data)
        /// So many events; nil: without end. `start`: time of the first one in milliseconds, the others follow at `perSecond`,
        /// nil for the time it is.
        case madeUp(EventGenerator.Settings, count: Int?, start: Int64?, perSecond: Double)
    }

    private var file: Data?
    private var at = 0
    private var generator: EventGenerator
    private var count: Int?
    private var start: Int64?
    private var perSecond = 1.0
    private var sizes: PackageSizes
    private(set) var events = 0
    private(set) var packages = 0
    private(set) var tally = EventTally()

    init(_ source: Source, seed: UInt64) {
        switch source {
        case .file(let data):
            generator = EventGenerator(EventGenerator.Settings())  // unused
            file = data
            at = data.startIndex
        case .madeUp(let settings, let count, let start, let perSecond):
            generator = EventGenerator(settings)
            (self.count, self.start, self.perSecond) = (count, start, perSecond)
        }
        sizes = PackageSizes(seed: seed)
    }

    /// 1 to 10 events, the last time what is left; nil at the end.
    mutating func next() -> EventPackage? {
        let wanted = sizes.next()
        var body: [UInt8] = [UInt8(ascii: "[")]
        body.reserveCapacity(wanted * 700)
        var kinds: [EventKind] = []
        var taken = 0
        while taken < wanted, append(to: &body, &kinds, isFirst: taken == 0) { taken += 1 }
        guard taken > 0 else { return nil }
        body.append(UInt8(ascii: "]"))
        packages += 1
        return EventPackage(number: packages, body: body, events: taken, kinds: kinds)
    }

    private mutating func append(to body: inout [UInt8], _ kinds: inout [EventKind], isFirst: Bool) -> Bool {
        if let file {
            guard let line = Self.line(of: file, &at) else { return false }
            if !isFirst { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: line)
        } else {
            if let count, events >= count { return false }
            let kind = generator.next(at: start.map { $0 + Int64(Double(events) * 1000 / perSecond) } ?? Self.now)
            if !isFirst { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: generator.bytes)
            kinds.append(kind)
            tally.count(kind)
        }
        events += 1
        return true
    }

    /// The next line that is not blank, without its end.
    private static func line(of data: Data, _ at: inout Int) -> Data? {
        while at < data.endIndex {
            let end = data[at...].firstIndex(of: 0x0A) ?? data.endIndex
            var line = data[at..<end]
            at = min(end + 1, data.endIndex)
            while let last = line.last, [0x0D, 0x20, 0x09].contains(last) { line.removeLast() }
            if !line.isEmpty { return line }
        }
        return nil
    }

    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
