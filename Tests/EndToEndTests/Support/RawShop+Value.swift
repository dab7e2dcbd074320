import Foundation

/// Answers about what customers are worth, what they buy next, and Black Friday.
extension RawShop {
    private struct Buyer {
        var id: Int64, first: Int64, last: Int64, purchases: [Purchase], value: Decimal, cents: Decimal, orders: Int, unconverted: Int
    }

    private func worth(_ asOf: Int64?) -> [Buyer] {
        purchases(asOf).map { id, list in
            let sum = value(list)
            return Buyer(
                id: id, first: list[0].day, last: list[list.count - 1].day, purchases: list, value: sum.value, cents: rounded(sum.value, 2),
                orders: sum.orders, unconverted: sum.unconverted)
        }
    }

    func rfmSegments(asOf: Int64? = nil) -> Answer {
        let today = today(asOf)!
        let buyers = worth(asOf)
        let n = buyers.count
        let scored = buyers.map { b in
            (
                buyer: b, r: 1 + 5 * buyers.count { $0.last < b.last } / n, f: 1 + 5 * buyers.count { $0.purchases.count < b.purchases.count } / n,
                m: 1 + 5 * buyers.count { $0.cents < b.cents } / n
            )
        }
        let rules: [(String, String, (Int, Int, Int, Int) -> Bool)] = [
            ("champions", "recency 4 to 5, frequency 4 to 5, value 4 to 5", { r, f, m, _ in min(r, f, m) >= 4 }),
            ("loyal", "recency 3 to 5, frequency 3 to 5", { r, f, _, _ in min(r, f) >= 3 }),
            ("new", "recency 4 to 5, one purchase", { r, _, _, purchases in r >= 4 && purchases == 1 }),
            ("promising", "recency 3 to 5", { r, _, _, _ in r >= 3 }),
            ("at risk", "recency 1 to 2, frequency or value 4 to 5", { _, f, m, _ in max(f, m) >= 4 }),
            ("hibernating", "recency 1 to 2", { _, _, _, _ in true }),
        ]
        let placed = Dictionary(grouping: scored) { s in rules.firstIndex { $0.2(s.r, s.f, s.m, s.buyer.purchases.count) }! }
        let total = buyers.reduce(Decimal(0)) { $0 + $1.value }
        func row(_ name: String, _ rule: String?, _ list: [Buyer], _ note: String?) -> [String?] {
            let value = list.reduce(Decimal(0)) { $0 + $1.value }
            return [
                name, rule, String(list.count), share(list.count, n), Self.median(list.map { Decimal(today - $0.last) }).map { fixed($0, 1) },
                Self.mean(list.map { Decimal($0.purchases.count) }).map { fixed($0, 2) }, fixed(value, 2),
                list.isEmpty || total == 0 ? nil : fixed(value / total, 4), note,
            ]
        }
        let empty = [("recency", Set(scored.map(\.r))), ("frequency", Set(scored.map(\.f))), ("value", Set(scored.map(\.m)))].flatMap { name, scores in
            (1...5).filter { !scores.contains($0) }.map { "nobody has \(name) \($0)" }
        }
        let unconverted = buyers.reduce(0) { $0 + $1.unconverted }
        return rules.indices.map { row(rules[$0].0, rules[$0].1, (placed[$0] ?? []).map(\.buyer), nil) } + [
            row(
                "all", nil, buyers,
                Self.note(
                    n < 5 ? "fewer than 5 customers" : empty.isEmpty ? nil : empty.joined(separator: ", "),
                    unconverted > 0 ? "orders without a rate: \(unconverted)" : nil))
        ]
    }

    func lifetimeValue(days: Int64, asOf: Int64? = nil) -> Answer {
        let today = today(asOf)!
        let buyers = worth(asOf)
        let total = buyers.reduce(Decimal(0)) { $0 + $1.value }
        let tenths = Dictionary(grouping: buyers) { b in 1 + 10 * buyers.count { $0.cents > b.cents } / buyers.count }
        func row(_ who: String, _ list: [(value: Decimal, orders: Int, unconverted: Int)], _ shares: [String?], _ note: String?) -> [String?] {
            let values = list.map(\.value)
            let sum = values.reduce(0, +)
            let unconverted = list.reduce(0) { $0 + $1.unconverted }
            return [who, String(list.count), String(list.reduce(0) { $0 + $1.orders }), fixed(sum, 2)] + shares
                + [Self.mean(values), Self.median(values), values.min(), values.max()].map { $0.map { fixed($0, 2) } }
                + [Self.note(note, unconverted > 0 ? "orders without a rate: \(unconverted)" : nil)]
        }
        var cumulated = Decimal(0)
        var answer: Answer = tenths.sorted { $0.key < $1.key }.map { tenth, list in
            let sum = list.reduce(Decimal(0)) { $0 + $1.value }
            cumulated += sum
            return row(
                "tenth \(tenth)", list.map { ($0.value, $0.orders, $0.unconverted) }, [fixed(sum / total, 4), fixed(cumulated / total, 4)], nil)
        }
        answer.append(
            row("all", buyers.map { ($0.value, $0.orders, $0.unconverted) }, ["1.0000", nil], buyers.count < 10 ? "fewer than 10 customers" : nil))
        let watched = buyers.filter { today - $0.first + 1 >= days }.map { b in value(b.purchases.filter { $0.day - b.first < days }) }
        answer.append(
            row("first \(days) days", watched, [nil, nil], Self.watched(watched.count)))
        return answer
    }

    func productAffinities(limit: Int, minTimes: Int, asOf: Int64? = nil) -> Answer {
        struct Pair: Hashable { let a, b: Int64 }
        let lines = Dictionary(grouping: lines, by: \.order)
        var steps = 0
        var (earlier, later, pairs) = ([Int64: Int](), [Int64: Int](), [Pair: Int]())
        for list in purchases(asOf).values {
            for (one, next) in zip(list, list.dropFirst()) {
                steps += 1
                let (items, following) = (products(one, lines), products(next, lines))
                for a in items { earlier[a, default: 0] += 1 }
                for b in following { later[b, default: 0] += 1 }
                for a in items { for b in following { pairs[Pair(a: a, b: b), default: 0] += 1 } }
            }
        }
        pairs = pairs.filter { $0.value >= minTimes }
        let lifts = pairs.mapValues { Decimal($0) * Decimal(steps) }.reduce(into: [Pair: Int64]()) { sum, entry in
            let chance = Decimal(earlier[entry.key.a]!) * Decimal(later[entry.key.b]!)
            sum[entry.key] = integer("\(rounded(entry.value / chance, 3) * 1000)")
        }
        let all = Array(lifts.values)
        return pairs.keys.map { (Self.rank(lifts[$0]!, all), $0) }.filter { $0.0 <= limit }.sorted { ($0.0, $0.1.a, $0.1.b) < ($1.0, $1.1.a, $1.1.b) }
            .map { rank, pair in
                let times = Decimal(pairs[pair]!)
                let expected = Decimal(earlier[pair.a]!) * Decimal(later[pair.b]!) / Decimal(steps)
                // Exactly: the tail of the Poisson distribution. The query has a bound above it, so the two are compared where they are apart.
                let (mean, count) = (Double(truncating: expected as NSNumber), Double(pairs[pair]!))
                let tail = (0..<400).reduce(0.0) { $0 + exp(-mean + (count + Double($1)) * log(mean) - lgamma(count + Double($1) + 1)) }
                return [
                    String(rank), String(pair.a), products[pair.a]!.name, String(pair.b), products[pair.b]!.name, "\(times)", fixed(expected, 2),
                    fixed(times / Decimal(steps), 6), fixed(times / Decimal(earlier[pair.a]!), 4), fixed(Decimal(lifts[pair]!) / 1000, 3),
                    tail * Double(earlier.count * later.count) > 0.05 ? "may be chance" : nil,
                ]
            }
    }

    func churnCandidates(limit: Int, factor: Decimal, asOf: Int64? = nil) -> Answer {
        let today = today(asOf)!
        let buyers = worth(asOf)
        let away: [(buyer: Buyer, usual: Decimal)] = buyers.compactMap { buyer in
            guard let usual = Self.median(Self.gaps(buyer.purchases)), Decimal(today - buyer.last) > factor * usual else { return nil }
            return (buyer, usual)
        }
        let cents = away.map { integer("\($0.buyer.cents * 100)") }
        let once = buyers.count { $0.purchases.count == 1 }
        return zip(away, cents).map { (Self.rank($1, cents), $0) }.filter { $0.0 <= limit }.sorted { ($0.0, $0.1.buyer.id) < ($1.0, $1.1.buyer.id) }
            .map { rank, entry in
                let (buyer, usual) = entry
                return [
                    String(rank), String(buyer.id), String(buyer.purchases.count), Self.date(buyer.last), String(today - buyer.last), fixed(usual, 1),
                    fixed(Decimal(today - buyer.last) / usual, 2), fixed(buyer.value, 2), String(buyer.unconverted),
                    buyer.purchases.count == 2 ? "by one interval only" : nil,
                ]
            } + (once == 0 ? [] : [
                Array(repeating: nil, count: 9) + ["customers who bought on one day only and have no interval: \(once) of \(buyers.count)"]
            ])
    }

    func blackFriday(asOf: Int64? = nil) -> Answer {
        let today = today(asOf)!
        let counted = counted
        let buyers = buyers
        let firstDay = counted.values.map { Self.dayNumber($0.at) }.min()!
        let byDay = Dictionary(grouping: counted.keys) { Self.dayNumber(counted[$0]!.at) }
        let lines = Dictionary(grouping: lines, by: \.order)
        let firsts = Dictionary(grouping: counted.keys) { buyers[counted[$0]!.customer] ?? counted[$0]!.customer }
            .mapValues { $0.map { Self.dayNumber(counted[$0]!.at) }.min()! }
        struct Sum { var orders: Decimal = 0, revenue: Decimal = 0, items: Decimal = 0, new: Decimal = 0, off: Decimal = 0, price: Decimal = 0, unconverted = 0 }
        func sum(_ days: [Int64]) -> Sum {
            var sum = Sum()
            for id in days.flatMap({ byDay[$0] ?? [] }) {
                let rate = rate(counted[id]!)
                sum.orders += 1
                if let rate { sum.revenue += counted[id]!.total * rate } else { sum.unconverted += 1 }
                for line in lines[id] ?? [] {
                    sum.items += Decimal(line.quantity)
                    if let rate {
                        sum.off += line.discount * rate
                        sum.price += (line.total + line.discount) * rate
                    }
                }
            }
            sum.new = Decimal(firsts.values.count { days.contains($0) })
            return sum
        }
        func over(_ value: Decimal, _ count: Int) -> Decimal? { count == 0 ? nil : value / Decimal(count) }
        func times(_ value: Decimal, _ normal: Decimal?) -> String? { normal.flatMap { $0 == 0 ? nil : fixed(value / $0, 2) } }
        return (Self.months(firstDay) / 12...Self.months(today) / 12).map { year in
            let thursdays = (0..<30).map { Self.november(year) + $0 }.filter { ($0 + 3) % 7 == 3 }
            let friday = thursdays[3] + 1
            let weeks = (1...8).map { friday - 7 * Int64($0) }
            let fridays = weeks.filter { $0 >= firstDay && $0 <= today }
            let around = weeks.map { week in (-1...3).map { week + $0 } }
            let (five, fives) = (sum((-1...3).map { friday + $0 }.filter { $0 <= today }), sum(around.flatMap { $0 }.filter { $0 >= firstDay && $0 <= today }))
            let monday = weeks.count { $0 + 3 >= firstDay && $0 + 3 <= today }
            let reached = friday <= today && friday >= firstDay
            let (black, normal) = (sum(reached ? [friday] : []), sum(fridays))
            let normals = [normal.orders, normal.revenue, normal.items, normal.new].map { over($0, fridays.count) }
            let normalFives = over(fives.orders, monday)
            func cell(_ text: String?) -> String? { reached ? text : nil }
            return [
                String(year), Self.date(friday), cell("\(black.orders)"), normals[0].map { fixed($0, 2) }, cell(times(black.orders, normals[0])),
                cell(fixed(black.revenue, 2)), normals[1].map { fixed($0, 2) }, cell(times(black.revenue, normals[1])),
                cell("\(black.items)"), normals[2].map { fixed($0, 2) }, cell("\(black.new)"), normals[3].map { fixed($0, 2) },
                reached && black.price > 0 ? fixed(black.off / black.price, 4) : nil, normal.price > 0 ? fixed(normal.off / normal.price, 4) : nil,
                cell("\(five.orders)"), normalFives.map { fixed($0, 2) }, cell(times(five.orders, normalFives)),
                Self.note(
                    friday > today ? "it is after \(Self.date(today))"
                        : friday < firstDay ? "it is before the first order"
                        : black.orders == 0 ? "there is no order on that day" : friday + 3 > today ? "the five days are not over" : nil,
                    reached && fridays.count < 8 ? "Fridays before it since the first order: \(fridays.count)" : nil,
                    black.unconverted + normal.unconverted > 0 ? "orders without a rate: \(black.unconverted + normal.unconverted)" : nil),
            ]
        }
    }

    /// The day of 1 November.
    private static func november(_ year: Int) -> Int64 {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        return Int64(calendar.date(from: DateComponents(year: year, month: 11, day: 1))!.timeIntervalSince1970 / 86_400)
    }
}
