import Foundation

/// A query of the page, how it is asked, and by which rule its answer becomes a sentence.
struct OrderQuestion {
    let name: String
    /// `limit=5`
    var params: [String] = []
    /// nil where the answer says nothing that a rule could.
    let tells: @Sendable (AnswerRows) -> String?

    var command: String { (["emporium query \(name)"] + params.map { "-p \($0)" }).joined(separator: " ") }

    /// In the page's order.
    static let all: [OrderQuestion] = [
        OrderQuestion(name: "orders_by_weekday") { rows in
            guard let first = rows.leaders, first[0]["orders"] != "0" else { return rows.first.map { $0["note"].asSentence } }
            let last = rows.filter { $0["rank"] == rows[rows.count - 1]["rank"] }
            return "\(first.list("weekday")) \(first.count > 1 ? "have" : "has") most orders: \(first[0]["orders"])\(first.each), "
                + "\(first[0].percent("share")) of all; \(last.list("weekday")) \(last.count > 1 ? "have" : "has") fewest: \(last[0]["orders"])\(last.each)."
        },
        OrderQuestion(name: "orders_by_hour") { rows in
            guard let first = rows.leaders else { return rows.first.map { $0["note"].asSentence } }
            return "Most orders come in the hour from \(first.list("hour")) o'clock: \(first[0]["orders"])\(first.each), "
                + "\(first[0].percent("share")) of those with a time."
        },
        OrderQuestion(name: "first_products") { rows in
            guard let first = rows.leaders else { return rows.first.map { $0["note"].asSentence } }
            return "\(first.list("name")) \(first.count > 1 ? "are" : "is") bought first most often: by \(first[0]["customers"]) customers"
                + "\(first.each), \(first[0].percent("share")) of all."
        },
        OrderQuestion(name: "purchase_intervals") { rows in
            guard rows.count == 4, rows[1]["customers"] != "0" else { return rows.first.map { $0["note"].asSentence } }
            return "Of \(rows[0]["gaps"]) gaps, \(rows[0]["zero_gaps"]) are of 0 days. Without these a customer buys again after \(rows[1]["median_days"]) days "
                + "(median over gaps; mean \(rows[1]["mean_days"])); customer by customer it is \(rows[3]["median_days"]) (mean \(rows[3]["mean_days"]))."
        },
        OrderQuestion(name: "repeat_curve") { rows in
            let known = rows.filter { $0["share"] != "" }
            guard let first = known.first, let last = known.last else { return rows.first.map { $0["note"].asSentence } }
            return "Of the customers who were watched for \(first["days"]) days, \(first.percent("share")) bought again within them; "
                + "of those watched for \(last["days"]) days, \(last.percent("share"))."
        },
        OrderQuestion(name: "cohorts") { rows in
            guard let all = rows.last, all["month_1"] != "" else { return rows.last.map { $0["note"].asSentence } }
            var words = "\(all.percent("month_1")) of the customers buy again in the month after that of their first purchase"
            if all["month_6"] != "" { words += ", \(all.percent("month_6")) in the sixth after it" }
            if all["value_12"] != "" { words += "; by the end of the twelfth they have spent \(all["value_12"]) each" }
            return words + "."
        },
        OrderQuestion(name: "rfm_segments") { rows in
            guard let top = rows.dropLast().max(by: { $0.number("value") < $1.number("value") }), top["value_share"] != "" else {
                return rows.last.map { $0["note"].asSentence }
            }
            let risk = rows.first { $0["segment"] == "at risk" }
            return "The segment \(top["segment"]) is \(top.percent("share")) of the customers and \(top.percent("value_share")) of the value"
                + (risk.map { "; at risk are \($0["customers"]) customers, with \($0.percent("value_share")) of it" } ?? "") + "."
        },
        OrderQuestion(name: "lifetime_value") { rows in
            guard let first = rows.first, first["who"] == "tenth 1", let new = rows.last else { return rows.first.map { $0["note"].asSentence } }
            return "The tenth of customers who spent most made \(first.percent("value_share")) of the value."
                + (new["mean_value"] == "" ? "" : " A new customer spends \(new["mean_value"]) in the \(new["who"]) (median \(new["median_value"])).")
        },
        OrderQuestion(name: "product_affinities", params: ["limit=10"]) { rows in
            guard let first = rows.first, first["rank"] != "" else { return rows.first.map { $0["note"].asSentence } }
            let certain = rows.first { $0["note"] == "" }
            let pair = certain ?? first
            let next = pair["product"] == pair["next_product"] ? "comes the same again" : "comes \(pair["next_name"])"
            return "After \(pair["name"]) \(next) \(pair["lift"]) times as often as by chance (\(pair["times"]) times)"
                + (certain == nil ? ", which may be chance, as with each pair here." : ".")
        },
        OrderQuestion(name: "churn_candidates") { rows in
            guard let first = rows.first, first["rank"] != "" else { return rows.first.map { $0["note"].asSentence } }
            return "Of those who stay away, customer \(first["customer_id"]) has spent most, \(first["value"]): \(first["days_since"]) days since the last purchase, "
                + "\(first["times_usual"]) times the usual \(first["usual_days"])."
        },
        OrderQuestion(name: "black_friday") { rows in
            let known = rows.filter { $0["times_orders"] != "" }
            guard !known.isEmpty else { return rows.first.map { $0["note"].asSentence } }
            return known.map { "In \($0["year"]) it had \($0["orders"]) orders, \($0["times_orders"]) times a normal Friday's, and \($0["times_revenue"]) times the revenue." }
                .joined(separator: " ")
        },
    ]
}

/// A row of an answer; a cell is its text, empty for NULL.
struct AnswerRow {
    private let cells: [String: String]

    init(_ output: QueryOutput, _ index: Int) {
        cells = Dictionary(uniqueKeysWithValues: zip(output.columns, output.rows[index].map { $0 ?? "" }))
    }

    subscript(column: String) -> String { cells[column] ?? "" }

    func number(_ column: String) -> Decimal { Decimal(string: self[column], locale: Locale(identifier: "en_US_POSIX")) ?? 0 }

    /// A share as percent, with a decimal: 0.1234 is 12.3 %.
    func percent(_ column: String) -> String {
        var (value, result) = (number(column) * 100, Decimal())
        NSDecimalRound(&result, &value, 1, .plain)
        return "\(result) %"
    }
}

typealias AnswerRows = [AnswerRow]

extension AnswerRows {
    init(_ output: QueryOutput) { self = output.rows.indices.map { AnswerRow(output, $0) } }

    /// Those who share the first rank; nil where nobody has a rank.
    var leaders: AnswerRows? {
        let leaders = filter { $0["rank"] == "1" }
        return leaders.isEmpty ? nil : leaders
    }

    /// Behind a number that several have.
    var each: String { count > 1 ? " each" : "" }

    /// `Friday`, `Friday and Sunday`, `Friday, Saturday and Sunday`
    func list(_ column: String) -> String {
        let words = map { $0[column] }
        return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
    }
}

extension String {
    /// `There is no order.` of `there is no order`
    fileprivate var asSentence: String { isEmpty ? "" : prefix(1).uppercased() + dropFirst() + "." }
}
