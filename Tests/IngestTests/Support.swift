import Foundation
import Glibc
import Testing

/// A folder of the test's own, gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/emporium-ingest-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

func put(_ text: String, _ path: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }

func names(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

/// A child of ours with pipes to talk over; ended by the body's end.
func withChild(_ arguments: [String], _ body: (_ output: FileHandle, _ input: FileHandle) throws -> Void) throws {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: arguments[0])
    child.arguments = Array(arguments.dropFirst())
    let output = Pipe()
    let input = Pipe()
    child.standardOutput = output
    child.standardInput = input
    try child.run()
    defer {
        try? input.fileHandleForWriting.close()
        child.waitUntilExit()
    }
    try body(output.fileHandleForReading, input.fileHandleForWriting)
}
