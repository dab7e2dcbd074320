import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Pages that no command writes: what can go stale in them without anybody noticing.
@Suite struct CloudDocs {
    private func xml(_ path: String) throws -> XMLDocument {
        try XMLDocument(contentsOf: URL(fileURLWithPath: "\(TestStack.root)/\(path)"))
    }

    private func elements(_ path: String, _ query: String) throws -> [XMLElement] {
        try xml(path).nodes(forXPath: query).map { try #require($0 as? XMLElement) }
    }

    private func value(_ cell: XMLElement, _ name: String) -> String { cell.attribute(forName: name)?.stringValue ?? "" }

    @Test func drawingAndPictureShowTheSame() throws {
        let drawn = try elements("docs/cloud/images.drawio", "//mxCell[@vertex or @edge]").map { value($0, "value") }
        let shown = try elements("docs/cloud/images.svg", "//*[local-name() = 'text']").map { text in
            (text.children ?? []).compactMap(\.stringValue).joined(separator: "\n")
        }
        #expect(drawn.count > 50 && !drawn.contains(""))
        #expect(drawn.sorted() == shown.sorted())
    }

    @Test func everyArrowOfTheDrawingJoinsTwoBoxesInItsLayer() throws {
        let cells = try elements("docs/cloud/images.drawio", "//mxCell")
        let layers = Set(cells.filter { value($0, "parent") == "0" }.map { value($0, "id") })
        #expect(layers.count == 3)
        let boxes = Set(cells.filter { value($0, "vertex") == "1" }.map { value($0, "id") })
        for edge in cells where value(edge, "edge") == "1" {
            #expect(boxes.isSuperset(of: [value(edge, "source"), value(edge, "target")]), "\(value(edge, "id"))")
            #expect(layers.contains(value(edge, "parent")))
        }
        #expect(Set(cells.map { value($0, "id") }).count == cells.count, "an id stands twice")
    }

    @Test func thePageExplainsEachNumberedBoxAndNamesNoOther() throws {
        let page = try DeployedFiles.read("docs/cloud/images.md")
        let boxes = try elements("docs/cloud/images.drawio", "//mxCell[@vertex]").compactMap { Int(value($0, "value").prefix { $0.isNumber }) }
        #expect(boxes.sorted() == Array(1...boxes.count))
        // (14), (1, 2 → 6, 7), (6 to 13), and the last column of the table of qualities.
        let groups = page.matches(of: /\((\d[\d, →to]*)\)/).map(\.1) + page.matches(of: /\| (\d+(?:, \d+)*) \|\n/).map(\.1)
        let named = groups.flatMap { $0.matches(of: /\d+/).compactMap { Int($0.0) } }
        #expect(Set(named).subtracting(boxes).isEmpty)
        #expect(Set(boxes).subtracting(named).isEmpty)
    }

    /// Of every page: what a relative link leads to is there, and so is the heading it names.
    @Test func everyRelativeLinkLeadsSomewhere() throws {
        let files = try #require(FileManager.default.enumerator(atPath: "\(TestStack.root)/docs")).compactMap { $0 as? String }
        let pages = ["README.md"] + files.filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
        #expect(pages.count > 20)
        for page in pages {
            let folder = URL(fileURLWithPath: "\(TestStack.root)/\(page)").deletingLastPathComponent()
            for link in try prose(page).matches(of: /\]\(([^)\s]+)\)/).map({ String($0.1) }) where !link.contains("://") {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let target = parts[0].isEmpty ? "\(TestStack.root)/\(page)" : folder.appendingPathComponent(parts[0]).standardized.path
                #expect(FileManager.default.fileExists(atPath: target), "\(page): \(link)")
                guard parts.count == 2, target.hasSuffix(".md") else { continue }
                let text = try String(contentsOfFile: target, encoding: .utf8)
                let headings = text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { slug($0.drop { $0 == "#" }) }
                #expect(headings.contains(parts[1]), "\(page): \(link)")
            }
        }
    }

    /// A page without its code blocks.
    private func prose(_ path: String) throws -> String {
        let blocks = try DeployedFiles.read(path).components(separatedBy: "\n```")
        return blocks.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: "\n")
    }

    /// The anchor that a Markdown page has for a heading.
    private func slug(_ heading: Substring) -> String {
        let kept = heading.trimmingCharacters(in: .whitespaces).lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
        return kept.replacingOccurrences(of: " ", with: "-")
    }
}
