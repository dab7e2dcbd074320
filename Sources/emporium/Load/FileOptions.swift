import ArgumentParser
import Ingest

/// Where files come from and how they are read; shared by `load files` and `run`.
struct FileOptions: ParsableArguments {
    @Option(name: .customLong("in"), help: ArgumentHelp("Drop folder (data/input).", valueName: "dir"))
    var input: String?

    @Option(help: ArgumentHelp("Where loaded files go (processed beside the drop folder).", valueName: "dir"))
    var processed: String?

    @Option(help: ArgumentHelp("Where unreadable files go (failed beside the drop folder).", valueName: "dir"))
    var failed: String?

    @Option(help: ArgumentHelp("Byte between CSV fields; 'tab' for a tab.", valueName: "byte"))
    var delimiter = ","

    @Option(help: ArgumentHelp("Bytes of a record at the most.", valueName: "bytes"))
    var maxRecord = 1 << 20

    @Option(help: ArgumentHelp("Records in one transaction at the most.", valueName: "n"))
    var batchRows = 20_000

    @Option(help: ArgumentHelp("Sessions that promote side by side (2).", valueName: "n"))
    var workers: Int?

    func validate() throws {
        if delimiter != "tab", delimiter.utf8.count != 1 { throw ValidationError("--delimiter: one byte, or 'tab'") }
        if ["\"", "\n", "\r"].contains(delimiter) { throw ValidationError("--delimiter: not a quote, not a line end") }
        if !(64...(64 << 20)).contains(maxRecord) { throw ValidationError("--max-record: 64 to 67108864") }
        if !(1...1_000_000).contains(batchRows) { throw ValidationError("--batch-rows: 1 to 1000000") }
        if let workers, !(1...64).contains(workers) { throw ValidationError("--workers: 1 to 64") }
    }

    func folder() -> DropFolder {
        DropFolder(
            input: input ?? Settings.value("EMPORIUM_IN") ?? "data/input",
            processed: processed ?? Settings.value("EMPORIUM_PROCESSED"),
            failed: failed ?? Settings.value("EMPORIUM_FAILED"))
    }

    func loadOptions(feed: String, format: FileFormat? = nil) -> LoadOptions {
        var options = LoadOptions(feed: feed)
        options.delimiter = delimiter == "tab" ? UInt8(ascii: "\t") : delimiter.utf8.first!
        options.maxRecordBytes = maxRecord
        options.batchRows = batchRows
        options.format = format
        return options
    }

    func promoters() throws -> Int { try workers ?? Self.promoters() }

    /// EMPORIUM_WORKERS, else 2.
    static func promoters() throws -> Int {
        guard let text = Settings.value("EMPORIUM_WORKERS") else { return 2 }
        guard let number = Int(text), (1...64).contains(number) else {
            throw ConfigurationError("EMPORIUM_WORKERS: 1 to 64, not \(text)")
        }
        return number
    }
}

extension FileFormat: ExpressibleByArgument {}
