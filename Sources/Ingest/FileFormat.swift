/// What a file holds, by its name: `.csv`, `.ndjson`, `.jsonl`, `.json`, each also with `.gz` behind it. Whether it is
/// compressed is seen by content.
public enum FileFormat: String, Sendable, CaseIterable {
    case csv
    case json

    public init?(fileName: String) {
        var name = fileName.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        if name.hasSuffix(".csv") {
            self = .csv
        } else if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") || name.hasSuffix(".json") {
            self = .json
        } else {
            return nil
        }
    }

    /// Names that are never looked at: hidden files, and those that programs use while they write.
    public static func isLeftAlone(_ fileName: String) -> Bool {
        let name = fileName.lowercased()
        return name.hasPrefix(".") || name.hasSuffix("~")
            || [".part", ".tmp", ".partial", ".crdownload", ".reason", ".swp"].contains { name.hasSuffix($0) }
    }
}
