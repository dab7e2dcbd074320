import ArgumentParser
import Foundation

struct DocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs", abstract: "Write the pages of docs that a database says; without a name, docs/erd.md.",
        subcommands: [DocsERD.self, DocsOrders.self], defaultSubcommand: DocsERD.self)
}

/// A page that is made: written when it is another one than the file, or only compared with it.
struct MadePage {
    /// The file's path.
    let out: String
    /// Makes the file again; for the hint.
    let remedy: String

    /// - Parameter check: write nothing.
    /// - Throws: `ExitCode(2)` when the file is to be checked and is another one; `ConfigurationError` when it cannot be written.
    func settle(_ text: String, check: Bool) throws {
        let page = Data(text.utf8)
        let file = URL(fileURLWithPath: out)
        let known = try? Data(contentsOf: file)
        if known == page { return Failure.say("\(out) is up to date") }
        if check {
            Failure.say(
                known.map { "\(out) is stale, from line \(Self.firstDifference($0, page)) on" } ?? "\(out) cannot be read")
            FileHandle.standardError.write(Data("  hint: \(remedy)\n".utf8))
            throw ExitCode(2)
        }
        do {
            try page.write(to: file, options: .atomic)
        } catch {
            throw ConfigurationError("\(out) cannot be written: \(error.localizedDescription)")
        }
        print(out)
    }

    /// The number of the first line that differs, from 1.
    static func firstDifference(_ one: Data, _ other: Data) -> Int {
        let same = zip(one, other).prefix { $0 == $1 }.count
        return one.prefix(same).count { $0 == UInt8(ascii: "\n") } + 1
    }
}
