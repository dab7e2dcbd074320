/// The page docs/order-analysis.md, from the answers of queries.
struct OrderAnalysis {
    struct Answer {
        let question: OrderQuestion
        let query: QueryFile
        let output: QueryOutput
    }

    /// The row of `summary()`.
    let summary: QueryOutput
    let answers: [Answer]

    /// What was ordered, when and by whom.
    static func summary() throws -> QueryFile {
        try QueryFile(
            name: "summary", path: "summary",
            text: """
                -- title:  What there is
                -- params:
                -- answer: orders, cancelled, customers, products, first_day, last_day, without_time
                select count(*) as orders, count(*) filter (where o.status = 'cancelled') as cancelled,
                    count(distinct o.customer_id) as customers,
                    (select count(distinct i.product_id) from analytics.order_items i) as products,
                    (min(o.order_date) at time zone 'UTC')::date as first_day, (max(o.order_date) at time zone 'UTC')::date as last_day,
                    count(w.order_id) as without_time
                from analytics.orders o
                left join analytics.order_without_time w on w.order_id = o.order_id
                """)
    }

    var text: String {
        let facts = AnswerRow(summary, 0)
        var lines = [
            "# What order history tells", "",
            "Made by `scripts/order-analysis` of the sample in [examples/orders](../examples/orders/README.md), which is loaded as any order system",
            "is; a test fails when this page is stale. Change the queries or the sample, not this page. The questions are files of",
            "[sql/queries](../sql/queries/README.md); how to ask them of other data: [queries.md](queries.md).", "",
            "In the sample are \(facts["orders"]) orders (\(facts["cancelled"]) of them cancelled) by \(facts["customers"]) customers, with "
                + "\(facts["products"]) products, from \(facts["first_day"]) to \(facts["last_day"]);",
            "of \(facts["without_time"]) only the day is known. Every question is asked as of the day of the latest order. An empty cell is NULL.", "",
            "| question | what the sample says |", "|---|---|",
        ]
        for answer in answers {
            let tells = answer.question.tells(AnswerRows(answer.output)) ?? ""
            lines.append("| [\(answer.query.title)](#\(Self.anchor(answer.query.title))) | \(Self.cell(tells)) |")
        }
        for answer in answers { lines += ["", "## \(answer.query.title)", ""] + section(answer) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ answer: Answer) -> [String] {
        let output = answer.output
        var lines = answer.query.words + ["", "    " + answer.question.command, ""]
        lines.append("| " + output.columns.joined(separator: " | ") + " |")
        lines.append("|" + output.types.map { Self.isNumber($0) ? "--:|" : "---|" }.joined())
        for row in output.rows {
            lines.append("| " + row.map { $0.map { Self.cell(QueryOutput.printable($0)) } ?? "" }.joined(separator: " | ") + " |")
        }
        if let tells = answer.question.tells(AnswerRows(output)) { lines += ["", tells] }
        return lines
    }

    /// OIDs of int8, int2, int4, float4, float8 and numeric.
    private static func isNumber(_ type: UInt32) -> Bool { [20, 21, 23, 700, 701, 1700].contains(type) }

    /// Text in a cell of a Markdown table.
    static func cell(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "|", "\\", "*", "_", "`", "[", "]": result += "\\\(character)"
            case "<": result += "&lt;"
            case "&": result += "&amp;"
            default: result.append(character)
            }
        }
        return result
    }

    /// What a heading is known by in links, as GitHub does it.
    static func anchor(_ title: String) -> String {
        title.lowercased().filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }.replacing(" ", with: "-")
    }
}
