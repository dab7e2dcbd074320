import Foundation
import Testing

/// The shop's base tables as rows, and each answer of sql/queries computed from them by dictionaries and `Decimal`: nothing
/// here goes by SQL, so what the queries say is checked by another way. An answer's cells are texts as PostgreSQL prints them.
struct RawShop {
    typealias Answer = [[String?]]
    static let day: Int64 = 86_400_000_000

    struct Order {
        var customer: Int64
        /// Microseconds since 1970-01-01 UTC.
        var at: Int64
        var total: Decimal
        var status: String
        var currency: String
    }
    struct Line {
        var order: Int64
        var product: Int64
        var quantity: Int64
        var total: Decimal
        var discount: Decimal
    }
    struct Product {
        var name: String
        var category: String
        var cost: Decimal?
        var supplier: Int64
        var stock: Int64
    }
    struct Review {
        var product: Int64
        var rating: Int
        var at: Int64
    }

    var orders: [Int64: Order] = [:]
    var lines: [Line] = []
    var products: [Int64: Product] = [:]
    var suppliers: [Int64: (name: String, leadTime: Int64)] = [:]
    var retired: Set<Int64> = []
    /// Orders of which only the day is known.
    var untimed: Set<Int64> = []
    var countries: [Int64: String?] = [:]
    /// The masked key of the member, by account.
    var members: [Int64: String] = [:]
    var history: [Int64: [String: Int64]] = [:]
    var reviews: [Review] = []
    /// Ascending by day.
    var rates: [String: [(from: Int64, rate: Decimal)]] = [:]

    init(_ bench: Bench) async throws {
        func at(_ column: String) -> String { "(extract(epoch from \(column)) * 1000000)::bigint" }
        for row in try await bench.sql(
            "select order_id, customer_id, \(at("order_date")), total_amount, status, currency from shop.orders")
        {
            orders[integer(row[0])] = Order(
                customer: integer(row[1]), at: integer(row[2]), total: decimal(row[3]), status: row[4]!, currency: row[5]!)
        }
        lines = try await bench.sql("select order_id, product_id, quantity, total_price, discount_amount from shop.order_items").map {
            Line(
                order: integer($0[0]), product: integer($0[1]), quantity: integer($0[2]), total: decimal($0[3]), discount: decimal($0[4]))
        }
        for row in try await bench.sql(
            "select product_id, name, category, cost, supplier_id, stock_quantity from shop.products")
        {
            products[integer(row[0])] = Product(
                name: row[1]!, category: row[2]!, cost: row[3].map { decimal($0) }, supplier: integer(row[4]),
                stock: integer(row[5]))
        }
        for row in try await bench.sql("select supplier_id, company_name, lead_time from shop.suppliers") {
            suppliers[integer(row[0])] = (row[1]!, integer(row[2]))
        }
        retired = Set(try await bench.sql("select product_id from shop.product_retirement").map { integer($0[0]) })
        untimed = Set(try await bench.sql("select order_id from shop.order_without_time").map { integer($0[0]) })
        for row in try await bench.sql("select customer_id, country from shop.customers") {
            countries[integer(row[0])] = .some(row[1])
        }
        for row in try await bench.sql(
            "select c.customer_id, m.member_key from shop.customer_member c join membership.member m using (membership_id)")
        {
            members[integer(row[0])] = row[1]!
        }
        for row in try await bench.sql("select order_id, status, \(at("changed_at")) from shop.order_status_history") {
            history[integer(row[0]), default: [:]][row[1]!] = integer(row[2])
        }
        reviews = try await bench.sql("select product_id, rating, \(at("review_date")) from shop.product_reviews").map {
            Review(product: integer($0[0]), rating: Int(integer($0[1])), at: integer($0[2]))
        }
        for row in try await bench.sql(
            "select currency, valid_from - date '1970-01-01', rate from shop.currency_rate order by valid_from")
        {
            rates[row[0]!, default: []].append((integer(row[1]), decimal(row[2])))
        }
    }

    // MARK: Small things

    static func dayNumber(_ microseconds: Int64) -> Int64 {
        microseconds >= 0 ? microseconds / day : -((-microseconds + day - 1) / day)
    }

    static func date(_ dayNumber: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(dayNumber) * 86_400)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        return String(format: "%04d-%02d-%02d", parts.year!, parts.month!, parts.day!)
    }

    static func month(_ microseconds: Int64) -> String { date(dayNumber(microseconds)).prefix(8) + "01" }

    func rate(_ order: Order) -> Decimal? {
        rates[order.currency]?.last { $0.from <= Self.dayNumber(order.at) }?.rate
    }

    var counted: [Int64: Order] { orders.filter { $0.value.status != "cancelled" } }
    var latestDay: Int64? { orders.values.map(\.at).max().map(Self.dayNumber) }

    /// Competition ranking: as many as are better, plus one.
    static func rank(_ value: Int64, _ all: [Int64]) -> Int { all.count { $0 > value } + 1 }

    // MARK: The answers

    func topMembers(limit: Int) -> Answer {
        var sums: [String: (orders: Int, spending: Decimal, unconverted: Int)] = [:]
        for order in counted.values {
            guard let member = members[order.customer] else { continue }
            var sum = sums[member] ?? (0, 0, 0)
            sum.orders += 1
            if let rate = rate(order) { sum.spending += order.total * rate } else { sum.unconverted += 1 }
            sums[member] = sum
        }
        let cents = sums.mapValues { integer("\(rounded($0.spending, 2) * 100)") }
        return sums.keys.map { (Self.rank(cents[$0]!, Array(cents.values)), $0) }.filter { $0.0 <= limit }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .map { rank, key in
                [String(rank), key, String(sums[key]!.orders), fixed(sums[key]!.spending, 2), String(sums[key]!.unconverted)]
            }
    }

    func topItems(limit: Int) -> Answer {
        var orders: [Int64: Int64] = [:]
        var pieces: [Int64: Int64] = [:]
        let counted = counted
        for line in lines {
            guard let order = counted[line.order], members[order.customer] != nil else { continue }
            orders[line.product, default: 0] += 1
            pieces[line.product, default: 0] += line.quantity
        }
        return orders.keys.map { (Self.rank(orders[$0]!, Array(orders.values)), $0) }.filter { $0.0 <= limit }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .map { [String($0), String($1), products[$1]!.name, String(orders[$1]!), String(pieces[$1]!)] }
    }

    func revenueByMonth(first: String? = nil, last: String? = nil) -> Answer {
        struct Sum {
            var lines = 0, pieces: Int64 = 0, revenue: Decimal = 0, returned: Decimal = 0, costed: Decimal = 0
            var cost: Decimal = 0, unconverted = 0
        }
        struct Key: Hashable {
            let month: String
            let category: String
        }
        var sums: [Key: Sum] = [:]
        let counted = counted
        for line in lines {
            guard let order = counted[line.order], let product = products[line.product] else { continue }
            let day = Self.date(Self.dayNumber(order.at))
            if let first, day < first { continue }
            if let last, day > last { continue }
            var sum = sums[Key(month: Self.month(order.at), category: product.category)] ?? Sum()
            sum.lines += 1
            sum.pieces += line.quantity
            if let rate = rate(order) {
                let value = line.total * rate
                sum.revenue += value
                if order.status == "returned" { sum.returned += value }
                if let cost = product.cost {
                    sum.costed += value
                    sum.cost += cost * Decimal(line.quantity)
                }
            } else {
                sum.unconverted += 1
            }
            sums[Key(month: Self.month(order.at), category: product.category)] = sum
        }
        return sums.sorted { "\($0.key.month) \($0.key.category)" < "\($1.key.month) \($1.key.category)" }
            .map { key, sum in
                [
                    key.month, key.category, String(sum.lines), String(sum.pieces), fixed(sum.revenue, 2),
                    fixed(sum.returned, 2), fixed(sum.cost, 2), fixed(sum.costed - sum.cost, 2),
                    sum.costed == 0 ? nil : fixed((sum.costed - sum.cost) / sum.costed, 4),
                    fixed(sum.revenue - sum.costed, 2), String(sum.unconverted),
                ]
            }
    }

    func basketPairs(limit: Int, minOrders: Int64) -> Answer {
        struct Pair: Hashable {
            let a, b: Int64
        }
        let counted = counted
        var baskets: [Int64: [Int64]] = [:]
        for line in lines where counted[line.order] != nil { baskets[line.order, default: []].append(line.product) }
        var pairs: [Pair: Int64] = [:]
        var alone: [Int64: Int64] = [:]
        for items in baskets.values {
            for a in items {
                alone[a, default: 0] += 1
                for b in items where a < b { pairs[Pair(a: a, b: b), default: 0] += 1 }
            }
        }
        pairs = pairs.filter { $0.value >= minOrders }
        let all = Decimal(baskets.count)
        let values = Array(pairs.values)
        return pairs.map { (Self.rank($0.value, values), $0.key, $0.value) }.filter { $0.0 <= limit }
            .sorted { ($0.0, $0.1.a, $0.1.b) < ($1.0, $1.1.a, $1.1.b) }
            .map { rank, pair, orders in
                let (n, a, b) = (Decimal(orders), Decimal(alone[pair.a]!), Decimal(alone[pair.b]!))
                return [
                    String(rank), String(pair.a), products[pair.a]!.name, String(pair.b), products[pair.b]!.name,
                    String(orders), fixed(n / all, 6), fixed(n / a, 4), fixed(n / b, 4), fixed(n * all / (a * b), 3),
                ]
            }
    }

    func stockRunsOut(asOf: Int64? = nil, days: Int64) -> Answer {
        guard let today = asOf ?? latestDay else { return [] }
        var sold: [Int64: Int64] = [:]
        for line in lines {
            guard let order = orders[line.order], !["cancelled", "returned"].contains(order.status) else { continue }
            let day = Self.dayNumber(order.at)
            if day > today - days && day <= today { sold[line.product, default: 0] += line.quantity }
        }
        var list: [(order: Decimal, product: Int64, cells: [String?])] = []
        for (id, pieces) in sold where !retired.contains(id) {
            let product = products[id]!
            let supplier = suppliers[product.supplier]!
            guard product.stock * days <= supplier.leadTime * pieces else { continue }
            let left = Decimal(product.stock * days) / Decimal(pieces)
            let wanted = (supplier.leadTime * pieces + days - 1) / days
            list.append(
                (
                    rounded(left, 1) - Decimal(supplier.leadTime), id,
                    [
                        String(id), product.name, supplier.name, String(product.stock), fixed(Decimal(pieces) / Decimal(days), 3),
                        fixed(left, 1), String(supplier.leadTime), Self.date(today + product.stock * days / pieces),
                        String(wanted - product.stock),
                    ]
                ))
        }
        return list.sorted { ($0.order, $0.product) < ($1.order, $1.product) }.map(\.cells)
    }

    func repeatPurchaseRate(asOf: Int64? = nil, days: Int64) -> Answer {
        let until = ((asOf ?? latestDay ?? 0) + 1) * Self.day
        var buyers: [String: [(Int64, Int64)]] = [:]
        for (id, order) in counted where order.at < until {
            buyers[members[order.customer] ?? "customer \(order.customer)", default: []].append((order.at, id))
        }
        var months: [String: [(gap: Int64?, watched: Bool)]] = [:]
        for purchases in buyers.values {
            let sorted = purchases.sorted(by: <).map(\.0)
            let gap = sorted.count > 1 ? sorted[1] - sorted[0] : nil
            months[Self.month(sorted[0]), default: []].append((gap, sorted[0] < until - days * Self.day))
        }
        func row(_ month: String?, _ list: [(gap: Int64?, watched: Bool)]) -> [String?] {
            let gaps = list.compactMap(\.gap).sorted()
            let watched = list.filter(\.watched)
            let back = watched.count { ($0.gap ?? .max) <= days * Self.day }
            let median = gaps.isEmpty
                ? nil : (Decimal(gaps[(gaps.count - 1) / 2]) + Decimal(gaps[gaps.count / 2])) / 2 / Decimal(Self.day)
            return [
                month, String(list.count), String(gaps.count), share(gaps.count, list.count), String(watched.count),
                String(back), share(back, watched.count), median.map { fixed($0, 1) },
            ]
        }
        return months.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } + [row(nil, months.values.flatMap { $0 })]
    }

    func reviewSummary(limit: Int) -> Answer {
        let byProduct = Dictionary(grouping: reviews, by: \.product)
        let byCategory = Dictionary(grouping: reviews) { products[$0.product]!.category }
        func average(_ list: [Review]) -> Decimal { Decimal(list.reduce(0) { $0 + $1.rating }) / Decimal(list.count) }
        let counts = byProduct.values.map { Int64($0.count) }
        return byProduct.map { (Self.rank(Int64($0.value.count), counts), $0.key, $0.value) }.filter { $0.0 <= limit }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .map { rank, id, list in
                let product = products[id]!
                let stars = (1...5).reversed().map { star in String(list.count { $0.rating == star }) }
                return [String(rank), String(id), product.name, product.category, String(list.count), fixed(average(list), 2)]
                    + stars + [
                        Self.date(Self.dayNumber(list.map(\.at).max()!)), fixed(average(byCategory[product.category]!), 2),
                    ]
            }
    }

    func lateLogistics(shipDays: Int64, deliveryDays: Int64, asOf: Int64? = nil) -> Answer {
        let latest = history.values.flatMap(\.values).max()
        guard let today = asOf ?? latest.map(Self.dayNumber) else { return [] }
        let until = (today + 1) * Self.day
        struct Sum {
            var orders = 0, late: [Decimal] = [], shippedLate = 0, notShipped = 0, deliveredLate = 0, notDelivered = 0
            var unjudged = 0
        }
        var sums: [String?: Sum] = [:]
        for (id, order) in counted {
            let steps = (history[id] ?? [:]).filter { $0.value < until && $0.key != "pending" && $0.key != "cancelled" }
            guard !steps.isEmpty else { continue }
            var sum = sums[countries[order.customer]!] ?? Sum()
            defer { sums[countries[order.customer]!] = sum }
            guard let paid = steps["paid"] else { sum.unjudged += 1; continue }
            let delivered = ["delivered", "returned"].compactMap { steps[$0] }.min()
            let shipped = ["shipped", "delivered", "returned"].compactMap { steps[$0] }.min()
            let ship = (shipped ?? until) - paid - shipDays * Self.day
            let delivery = (delivered ?? until) - paid - deliveryDays * Self.day
            sum.orders += 1
            if max(ship, delivery) > 0 { sum.late.append(Decimal(max(ship, delivery)) / Decimal(Self.day)) }
            if ship > 0 { if shipped == nil { sum.notShipped += 1 } else { sum.shippedLate += 1 } }
            if delivery > 0 { if delivered == nil { sum.notDelivered += 1 } else { sum.deliveredLate += 1 } }
        }
        return sums.sorted { ($1.value.late.count, $0.key ?? "~") < ($0.value.late.count, $1.key ?? "~") }.map { country, sum in
            [
                country, String(sum.orders), String(sum.late.count), share(sum.late.count, sum.orders),
                String(sum.shippedLate), String(sum.notShipped), String(sum.deliveredLate), String(sum.notDelivered),
                sum.late.isEmpty ? nil : fixed(sum.late.reduce(0, +) / Decimal(sum.late.count), 1),
                sum.late.max().map { fixed($0, 1) }, String(sum.unjudged),
            ]
        }
    }
}

/// What became of applications and members; from its own tables.
struct RawMembership {
    var answer: RawShop.Answer = []

    init(_ bench: Bench, _ shop: RawShop) async throws {
        let members = try await bench.sql("select member_key, above_18, policy_version from membership.member")
        let batches = try await bench.sql(
            "select batch_id, received, stored, rejected, duplicate from ops.batch where feed = 'membership.application'")
        let known = Set(batches.map { $0[0] })
        let rejects = try await bench.sql("select batch_id, array_to_string(codes, ',') from staging.reject").filter { known.contains($0[0]) }
        let accounts = Dictionary(grouping: shop.members.values) { $0 }.mapValues(\.count)
        func add(_ topic: String, _ item: String, _ number: Int, of whole: Int) {
            answer.append([topic, item, String(number), share(number, whole)])
        }
        add("members", "all", members.count, of: members.count)
        add("members", "adults", members.count { $0[1] == "t" }, of: members.count)
        let policies = Dictionary(grouping: members) { $0[2]! }.mapValues(\.count)
        for (version, count) in policies.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            add("members", "policy \(version)", count, of: members.count)
        }
        let numbers = members.map { accounts[$0[0]!] ?? 0 }
        add("members", "without account", numbers.count { $0 == 0 }, of: members.count)
        add("members", "with one account", numbers.count { $0 == 1 }, of: members.count)
        add("members", "with several accounts", numbers.count { $0 > 1 }, of: members.count)
        add("accounts", "of members", shop.members.count, of: shop.countries.count)
        let sums = (1...4).map { column in batches.reduce(0) { $0 + Int(integer($1[column])) } }
        for (item, number) in zip(["received", "stored", "rejected", "duplicate"], sums) {
            add("applications", item, number, of: sums[0])
        }
        add("applications", "pending", sums[0] - sums[1] - sums[2] - sums[3], of: sums[0])
        var codes: [String: Int] = [:]
        for reject in rejects { for code in reject[1]!.split(separator: ",") { codes[String(code), default: 0] += 1 } }
        for (code, count) in codes.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            add("reasons", code, count, of: rejects.count)
        }
    }
}

func integer(_ text: String?) -> Int64 { text.flatMap { Int64($0) } ?? .min }
func decimal(_ text: String?) -> Decimal { text.flatMap { Decimal(string: $0, locale: Locale(identifier: "en_US_POSIX")) } ?? .nan }

/// Half away from zero, as numeric does it.
func rounded(_ value: Decimal, _ scale: Int) -> Decimal {
    var (value, result) = (value, Decimal())
    NSDecimalRound(&result, &value, scale, .plain)
    return result
}

/// With exactly so many decimals.
func fixed(_ value: Decimal, _ scale: Int) -> String {
    let value = rounded(value, scale)
    let parts = "\(value.magnitude)".split(separator: ".")
    let decimals = (parts.count > 1 ? String(parts[1]) : "").padding(toLength: scale, withPad: "0", startingAt: 0)
    return (value < 0 ? "-" : "") + parts[0] + (scale > 0 ? "." + decimals : "")
}

func share(_ number: Int, _ whole: Int) -> String? { whole == 0 ? nil : fixed(Decimal(number) / Decimal(whole), 4) }
