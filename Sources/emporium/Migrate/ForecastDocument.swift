import Migrations

/// `{"pending": […], "problems": […], "warnings": […], "forecast": […]}`
struct ForecastDocument: Encodable {
    let plan: MigrationPlan
    /// nil: not asked for.
    let forecasts: [StatementForecast]?

    private enum CodingKeys: String, CodingKey { case forecast }

    func encode(to encoder: any Encoder) throws {
        try plan.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(forecasts, forKey: .forecast)
    }

    /// Under its file's line; nothing for a statement that touches only what the pending files make.
    static func lines(_ forecast: StatementForecast) -> [String] {
        let summary = forecast.summary
        if summary.isEmpty { return [] }
        return ["  \(forecast.line): \(forecast.statement)"] + summary.map { "      \($0)" }
    }
}
