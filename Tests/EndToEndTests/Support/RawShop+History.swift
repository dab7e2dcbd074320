import Foundation

/// Answers about what customers order one time after another.
extension RawShop {
    /// What a customer ordered on one day.
    struct Purchase {
        var day: Int64
        var orders: [Int64] = []
    }

    /// By as_of, or the day of the latest order.
    func today(_ asOf: Int64?) -> Int64? { asOf ?? latestDay }

    /// The lowest account of a member, or the customer.
    var buyers: [Int64: Int64] {
        var lowest: [String: Int64] = [:]
        for (customer, member) in members { lowest[member] = min(lowest[member] ?? .max, customer) }
        return members.mapValues { lowest[$0]! }
    }

    /// Purchases of each customer, in their order.
    func purchases(_ asOf: Int64?) -> [Int64: [Purchase]] {
        guard let today = today(asOf) else { return [:] }
        let buyers = buyers
        var days: [Int64: [Int64: [Int64]]] = [:]
        for (id, order) in counted where Self.dayNumber(order.at) <= today {
            days[buyers[order.customer] ?? order.customer, default: [:]][Self.dayNumber(order.at), default: []].append(id)
        }
        return days.mapValues { $0.map { Purchase(day: $0.key, orders: $0.value) }.sorted { $0.day < $1.day } }
    }

    func value(_ purchases: some Sequence<Purchase>) -> (value: Decimal, orders: Int, unconverted: Int) {
        var sum = (value: Decimal(0), orders: 0, unconverted: 0)
        for id in purchases.flatMap(\.orders) {
            sum.orders += 1
            if let rate = rate(orders[id]!) { sum.value += orders[id]!.total * rate } else { sum.unconverted += 1 }
        }
        return sum
    }

    func products(_ purchase: Purchase, _ lines: [Int64: [Line]]) -> Set<Int64> {
        Set(purchase.orders.flatMap { lines[$0] ?? [] }.map(\.product))
    }

    /// Days between purchases.
    static func gaps(_ list: [Purchase]) -> [Decimal] { zip(list, list.dropFirst()).map { Decimal($1.day - $0.day) } }

    static func median(_ values: [Decimal]) -> Decimal? {
        let sorted = values.sorted()
        return sorted.isEmpty ? nil : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    static func mean(_ values: [Decimal]) -> Decimal? { values.isEmpty ? nil : values.reduce(0, +) / Decimal(values.count) }

    static func note(_ parts: String?...) -> String? {
        let words = parts.compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    // MARK: The answers

    /// When an order was, by the clock of a zone that is so many hours ahead.
    private func local(_ id: Int64, _ offset: Int64) -> Int64 {
        orders[id]!.at + (untimed.contains(id) ? 0 : offset * 3_600_000_000)
    }

    /// - Parameter offset: hours that the zone's clocks are ahead of UTC's.
    func ordersByWeekday(first: Int64? = nil, last: Int64? = nil, offset: Int64 = 0) -> Answer {
        let days: [Int64] = counted.map { Self.dayNumber(local($0.key, offset)) }
        let first: Int64 = first ?? days.min()!
        let last: Int64 = last ?? days.max()!
        var orders = [Int64](repeating: 0, count: 7)
        var calendar = [Int64](repeating: 0, count: 7)
        for day in days where first...last ~= day { orders[Int((day + 3) % 7)] += 1 }
        for day in first...last { calendar[Int((day + 3) % 7)] += 1 }
        let all = Int(orders.reduce(0, +))
        let ranked: [(Int, Int)] = (0..<7).map { (Self.rank(orders[$0], orders), $0) }
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        var answer: Answer = []
        for (rank, day) in ranked.sorted(by: <) {
            var note: String?
            if calendar[day] < 4 { note = "such days in this time: \(calendar[day])" }
            if calendar[day] == 0 { note = "there is no such day in this time" }
            if all == 0 { note = "there is no order in this time" }
            let each: String? = calendar[day] == 0 ? nil : fixed(Decimal(orders[day]) / Decimal(calendar[day]), 2)
            answer.append([String(rank), names[day], String(orders[day]), share(Int(orders[day]), all), String(calendar[day]), each, note])
        }
        return answer
    }

    func ordersByHour(first: Int64 = .min / 2, last: Int64 = .max / 2, offset: Int64 = 0) -> Answer {
        var orders = [Int64](repeating: 0, count: 24)
        var without = 0
        for id in counted.keys {
            let at = local(id, offset)
            guard first...last ~= Self.dayNumber(at) else { continue }
            if untimed.contains(id) { without += 1 } else { orders[Int((at - Self.dayNumber(at) * Self.day) / 3_600_000_000)] += 1 }
        }
        let all = Int(orders.reduce(0, +))
        var answer: Answer = []
        if all > 0 {
            let ranked: [(Int, Int)] = (0..<24).map { (Self.rank(orders[$0], orders), $0) }
            for (rank, hour) in ranked.sorted(by: <) {
                answer.append([String(rank), String(hour), String(orders[hour]), share(Int(orders[hour]), all), nil])
            }
        }
        var note = "only the day of these is known"
        if all == 0 { note = without > 0 ? "no order in it has a time of day" : "there is no order in this time" }
        if without > 0 || all == 0 { answer.append([nil, nil, String(without), nil, note]) }
        return answer
    }

    func firstProducts(limit: Int, asOf: Int64? = nil) -> Answer {
        let lines = Dictionary(grouping: lines, by: \.order)
        let firsts = purchases(asOf).values.map { products($0[0], lines) }
        var customers: [Int64: Int64] = [:]
        var alone: [Int64: Int] = [:]
        for items in firsts {
            for item in items {
                customers[item, default: 0] += 1
                if items.count == 1 { alone[item, default: 0] += 1 }
            }
        }
        let numbers = Array(customers.values)
        let ranked: [(Int, Int64)] = customers.map { (Self.rank($0.value, numbers), $0.key) }
        return ranked.filter { $0.0 <= limit }.sorted(by: <).map { (rank: Int, item: Int64) -> [String?] in
            let product = products[item]!
            let buyers = customers[item]!
            return [
                String(rank), String(item), product.name, product.category, String(buyers), share(Int(buyers), firsts.count),
                String(alone[item] ?? 0), nil,
            ]
        }
    }

    func purchaseIntervals(asOf: Int64? = nil) -> Answer {
        let all = purchases(asOf).values
        // A day with three orders is two gaps of no day.
        let gaps: [[Decimal]] = all.map { list in
            let same = list.reduce(0) { $0 + $1.orders.count - 1 }
            return [Decimal](repeating: 0, count: same) + Self.gaps(list)
        }
        func row(_ over: String, _ same: String, _ gaps: [[Decimal]]) -> [String?] {
            let own = gaps.filter { !$0.isEmpty }
            let flat: [Decimal] = own.flatMap { $0 }
            let values: [Decimal] = over == "gaps" ? flat : own.map { Self.mean($0)! }
            var cells: [String?] = [over, same, String(own.count), String(flat.count), String(flat.count { $0 == 0 })]
            for number in [Self.mean(values), Self.median(values), values.min(), values.max()] { cells.append(number.map { fixed($0, 1) }) }
            var note = Self.note(
                own.count < all.count ? "customers without such a gap: \(all.count - own.count)" : nil,
                own.count < 30 ? "fewer than 30 customers" : nil)
            if own.isEmpty { note = "nobody has bought twice by then" }
            return cells + [note]
        }
        let aside: [[Decimal]] = gaps.map { $0.filter { $0 > 0 } }
        return [
            row("gaps", "counted as 0 days", gaps), row("gaps", "one purchase", aside),
            row("customers", "counted as 0 days", gaps), row("customers", "one purchase", aside),
        ]
    }

    func repeatCurve(every: Int64, until: Int64, asOf: Int64? = nil) -> Answer {
        let today = today(asOf)!
        let buyers: [(watched: Int64, gap: Int64?)] = purchases(asOf).values.map { list in
            (watched: today - list[0].day, gap: list.count > 1 ? list[1].day - list[0].day : nil)
        }
        var answer: Answer = []
        for days in stride(from: every, through: until, by: Int(every)) {
            let watched = buyers.filter { $0.watched >= days }
            let back = watched.count { ($0.gap ?? .max) <= days }
            var remaining = 1.0
            for moment in Set(buyers.compactMap(\.gap)).filter({ $0 <= days }).sorted() {
                let risk = buyers.count { ($0.gap ?? $0.watched) >= moment }
                remaining *= 1 - Double(buyers.count { $0.gap == moment }) / Double(risk)
            }
            let estimate: String? = watched.isEmpty ? nil : fixed(Decimal(1 - remaining), 4)
            answer.append([String(days), String(watched.count), String(back), share(back, watched.count), estimate, Self.watched(watched.count)])
        }
        return answer
    }

    /// The note on customers who were watched.
    static func watched(_ count: Int) -> String? {
        if count == 0 { return "no customer has been watched for so long" }
        return count < 30 ? "fewer than 30 customers have been watched for so long" : nil
    }

    /// Months since year 0.
    static func months(_ day: Int64) -> Int {
        let parts = date(day).split(separator: "-").map { Int($0)! }
        return parts[0] * 12 + parts[1] - 1
    }

    func cohorts(firstMonth: String? = nil, asOf: Int64? = nil) -> Answer {
        struct Cohort {
            var customers = 0, orders = 0, unconverted = 0, value: Decimal = 0
            var active = [Int](repeating: 0, count: 200), spent = [Decimal](repeating: 0, count: 200)
        }
        let open = Self.months(today(asOf)! + 1)
        var cohorts: [Int: Cohort] = [:]
        for list in purchases(asOf).values {
            let start = Self.months(list[0].day)
            var cohort = cohorts[start] ?? Cohort()
            let all = value(list)
            cohort.customers += 1
            (cohort.orders, cohort.unconverted, cohort.value) =
                (cohort.orders + all.orders, cohort.unconverted + all.unconverted, cohort.value + all.value)
            for (month, purchases) in Dictionary(grouping: list, by: { Self.months($0.day) - start }) {
                cohort.active[month] += 1
                cohort.spent[month] += value(purchases).value
            }
            cohorts[start] = cohort
        }
        if let firstMonth {
            let parts = firstMonth.split(separator: "-").map { Int($0)! }
            cohorts = cohorts.filter { $0.key >= parts[0] * 12 + parts[1] - 1 }
        }
        func row(_ list: [(start: Int, cohort: Cohort)], _ month: String?) -> [String?] {
            func old(_ number: Int) -> [Cohort] { list.filter { $0.start + number < open }.map(\.cohort) }
            let customers = list.reduce(0) { $0 + $1.cohort.customers }
            var cells: [String?] = [
                month, String(customers), String(list.reduce(0) { $0 + $1.cohort.orders }),
                fixed(list.reduce(0) { $0 + $1.cohort.value }, 2), String(list.reduce(0) { $0 + $1.cohort.unconverted }),
            ]
            for number in [0, 3, 6, 12] {
                let sum = old(number).reduce(Decimal(0)) { $0 + $1.spent[0...number].reduce(0, +) }
                let size = old(number).reduce(0) { $0 + $1.customers }
                cells.append(size == 0 ? nil : fixed(sum / Decimal(size), 2))
            }
            for number in 1...12 {
                cells.append(share(old(number).reduce(0) { $0 + $1.active[number] }, old(number).reduce(0) { $0 + $1.customers }))
            }
            var note: String? = customers < 20 ? "fewer than 20 customers" : nil
            if month != nil, list[0].start >= open { note = "the month is not over" }
            if list.isEmpty { note = "there is no order in this time" }
            return cells + [note]
        }
        let sorted = cohorts.sorted { $0.key < $1.key }.map { (start: $0.key, cohort: $0.value) }
        return sorted.map { row([$0], String(format: "%04d-%02d-01", $0.start / 12, $0.start % 12 + 1)) } + [row(sorted, nil)]
    }
}
