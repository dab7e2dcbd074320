import Foundation
import Testing

/// What a storm is judged by.
protocol ExactProof: Sendable {
    /// That are nowhere.
    var lost: [String] { get }
    /// That are there more often than they should be.
    var doubled: [String] { get }
    /// Neither lost nor doubled, and not right.
    var wrong: [String] { get }
}

extension ExactProof {
    var isExact: Bool { lost.isEmpty && doubled.isEmpty && wrong.isEmpty }
    var faults: String {
        func list(_ what: String, _ all: [String]) -> String {
            all.isEmpty ? "" : "\(what) \(all.count): \(all.prefix(5).joined(separator: ", ")); "
        }
        return list("lost", lost) + list("doubled", doubled) + list("wrong", wrong)
    }
}

/// What became of every message that a reader finds in the topic: stored once, rejected, or a duplicate of a stored one.
///
/// Told twice: by place (partition and offset), which goes by ops.kafka_batch, and by content, which needs none of the
/// platform's books.
struct StormProof: ExactProof {
    var messages = 0
    var stored = 0
    var rejected = 0
    var duplicates = 0
    /// Messages, and contents, that are nowhere.
    var lost: [String] = []
    /// That are there more often than they were sent.
    var doubled: [String] = []
    /// Neither lost nor doubled, and not right.
    var wrong: [String] = []

    init(_ topic: StormTopic, _ bench: Bench) async throws {
        let sent = try await topic.read(StormTopic.name, partitions: topic.partitions)
        let good = topic.good
        messages = sent.count
        var places: [StormTopic.Place: Int] = [:]
        var events: [StormTopic.Event: Int] = [:]
        var refused: [[UInt8]: Int] = [:]

        for row in try await bench.sql(
            """
            select k.partition, e.position, e.customer_id, (extract(epoch from e.event_time) * 1000)::bigint
            from shop.customer_event e left join ops.kafka_batch k using (batch_id)
            """)
        {
            let place = Self.place(row)
            let event = StormTopic.Event(customer: Self.number(row[2]), instant: Self.number(row[3]) - StormTopic.epoch)
            places[place, default: 0] += 1
            events[event, default: 0] += 1
            stored += 1
            if sent[place]?.value.flatMap({ good[$0] }) != event { wrong.append("stored \(place) is not what was sent") }
        }
        for row in try await bench.sql(
            """
            select k.partition, r.position, r.disposition, encode(r.payload, 'hex')
            from staging.reject r left join ops.kafka_batch k using (batch_id)
            """)
        {
            let place = Self.place(row)
            let payload = Self.bytes(row[3] ?? "")
            let isDuplicate = row[2] == "duplicate"
            places[place, default: 0] += 1
            refused[payload, default: 0] += 1
            if isDuplicate { duplicates += 1 } else { rejected += 1 }
            if sent[place].map({ $0.value ?? [] }) != payload { wrong.append("refused \(place) is not what was sent") }
            if isDuplicate != (good[payload] != nil) { wrong.append("\(place) is \(row[2] ?? "nothing")") }
        }

        for place in sent.keys where places[place] == nil { lost.append("\(place)") }
        for (place, count) in places {
            if sent[place] == nil { wrong.append("\(place) was never sent") } else if count > 1 { doubled.append("\(place)") }
        }
        var copies: [[UInt8]: Int] = [:]
        var newest: [Int: Int] = [:]
        for message in sent.values { copies[message.value ?? [], default: 0] += 1 }
        for (content, count) in copies {
            var found = refused[content] ?? 0
            var name = "a bad one"
            if let event = good[content] {
                newest[event.customer] = max(newest[event.customer] ?? 0, event.instant)
                found += events[event] ?? 0
                name = "customer \(event.customer) at \(event.instant)"
            }
            if found < count { lost.append(name) } else if found > count { doubled.append(name) }
        }
        try await checkCustomers(newest, bench)
    }

    /// Of each customer the newest event stands.
    private mutating func checkCustomers(_ newest: [Int: Int], _ bench: Bench) async throws {
        let rows = try await bench.sql("select customer_id, city from shop.customers")
        if rows.count != newest.count { wrong.append("\(rows.count) customers instead of \(newest.count)") }
        for row in rows where newest[Self.number(row[0])].map({ "C\($0)" }) != row[1] {
            wrong.append("customer \(row[0] ?? "none") is of \(row[1] ?? "nowhere")")
        }
    }

    private static func place(_ row: [String?]) -> StormTopic.Place {
        StormTopic.Place(partition: Int32(number(row[0])), offset: Int64(number(row[1])))
    }

    private static func number(_ text: String?) -> Int { text.flatMap { Int($0) } ?? -1 }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
