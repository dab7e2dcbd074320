import ArgumentParser

/// `500ms`, `60s`, `2m`, `1h`; a bare number is seconds.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
    let value: Duration
    init(_ value: Duration) { self.value = value }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 86_400_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": value = .milliseconds(number)
        case "", "s": value = .seconds(number)
        case "m": value = .seconds(number * 60)
        case "h": value = .seconds(number * 3600)
        default: return nil
        }
    }

    var description: String {
        let milliseconds = value.components.seconds * 1000 + value.components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
    var defaultValueDescription: String { description }
}
