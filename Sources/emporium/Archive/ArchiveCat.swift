import ArgumentParser
import Foundation
import Framing
import ObjectStore

struct ArchiveCat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Write an object's lines to stdout, unpacked.",
        discussion: "Needs the store only, not the database. The bytes are checked against the digest that the store keeps.")

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The object's key, as emporium archive list has it.", valueName: "key"))
    var key: String

    func run() async throws {
        let logger = common.logger("archive")
        let store = try Archive.store()
        guard let object = try await Archive.ask(logger, { () throws(StoreError) in try await store.head(key) }) else {
            throw StoreError(.missing, "\(store.name) has no object \(key)\n  hint: emporium archive list has those that are delivered")
        }
        let bytes = try await Archive.ask(logger) { () throws(StoreError) in
            try await store.get(key, version: object.version, limit: Int(object.bytes))
        }
        if key.hasSuffix(".gz") {
            var source = GzipSource(MemorySource(bytes), limits: GzipLimits(maxRatio: 2000))
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                if count == 0 { return }
                try FileHandle.standardOutput.write(contentsOf: buffer[..<count])
            }
        }
        try FileHandle.standardOutput.write(contentsOf: bytes)
    }
}
