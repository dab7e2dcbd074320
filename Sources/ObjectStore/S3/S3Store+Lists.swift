import HTTPClient

extension S3Store {
    /// Of an answer: a thousand keys of 1,024 bytes, each byte as three.
    private static let mostListBytes = 8 << 20
    /// Of objects in all.
    private static let mostVersions = 1_000_000

    public func list(_ prefix: String, after: String?) async throws(StoreError) -> ObjectPage {
        try ObjectKey.check(prefix: prefix)
        if let after { try ObjectKey.check(prefix: after) }
        let begins = place.prefix.isEmpty ? prefix : "\(place.prefix)/\(prefix)"
        do throws(S3Failure) {
            let page = try await askList(
                [("list-type", "2"), ("prefix", begins)] + (after.map { [("start-after", place.full($0))] } ?? []), "ListBucketResult")
            var objects: [StoredObject] = []
            var last = after
            for node in page.all("Contents") {
                let key = try self.key(of: node, page, begins)
                if let last, !last.precedes(key) { throw Self.wrong("keys that are not in their order") }
                objects.append(StoredObject(key: key, bytes: try Self.size(of: node)))
                last = key
            }
            let hasMore = page["IsTruncated"] == "true"
            if hasMore && objects.isEmpty { throw Self.wrong("an empty page that is not the last") }
            return ObjectPage(objects: objects, hasMore: hasMore)
        } catch { throw notAnObject(error).error("GET \(name)?list-type=2") }
    }

    public func versions(_ prefix: String) async throws(StoreError) -> [ObjectVersion] {
        try ObjectKey.check(prefix: prefix)
        let begins = place.prefix.isEmpty ? prefix : "\(place.prefix)/\(prefix)"
        var all: [ObjectVersion] = []
        var marker: (key: String, version: String)?
        do throws(S3Failure) {
            while true {
                var query = [("versions", ""), ("prefix", begins)]
                if let marker { query += [("key-marker", marker.key), ("version-id-marker", marker.version)] }
                let page = try await askList(query, "ListVersionsResult", or: "ListBucketResult")
                guard page.name == "ListVersionsResult" else { break }
                for node in page.children where node.name == "Version" || node.name == "DeleteMarker" {
                    let isMarker = node.name == "DeleteMarker"
                    all.append(
                        ObjectVersion(
                            key: try key(of: node, page, begins), bytes: isMarker ? 0 : try Self.size(of: node), version: node["VersionId"],
                            isLatest: node["IsLatest"] == "true", isDeleteMarker: isMarker))
                }
                guard page["IsTruncated"] == "true" else { return all }
                let next = (key: Self.plain(page["NextKeyMarker"] ?? "", page), version: page["NextVersionIdMarker"] ?? "")
                guard !next.key.isEmpty, marker.map({ $0.key == next.key ? $0.version != next.version : $0.key.precedes(next.key) }) ?? true
                else { throw Self.wrong("pages that do not go on") }
                guard all.count <= Self.mostVersions else { throw S3Failure(kind: .refused, "more than \(Self.mostVersions) versions") }
                marker = next
            }
        } catch {
            if error.status != 501 && error.code != "NotImplemented" { throw notAnObject(error).error("GET \(name)?versions") }
        }
        return try await objectsAsVersions(prefix)
    }

    private func askList(_ query: SigV4.Pairs, _ root: String, or other: String? = nil) async throws(S3Failure) -> XMLNode {
        let answer = try await ask(
            "GET", nil, query: query + [("encoding-type", "url"), ("max-keys", "1000")], limit: Self.mostListBytes)
        let node: XMLNode
        do throws(XMLNode.Fault) { node = try XMLNode.read(answer.body) } catch { throw Self.wrong(error.description) }
        guard node.name == root || node.name == other else { throw Self.wrong("no \(root)") }
        return node
    }

    /// A key below the store's prefix.
    private func key(of node: XMLNode, _ page: XMLNode, _ begins: String) throws(S3Failure) -> String {
        let full = Self.plain(node["Key"] ?? "", page)
        guard !full.isEmpty, full.utf8.count <= ObjectKey.mostBytes, full.begins(begins) else {
            throw Self.wrong("a key that was not asked for")
        }
        return place.prefix.isEmpty ? full : String(decoding: full.utf8.dropFirst(place.prefix.utf8.count + 1), as: UTF8.self)
    }

    private static func size(of node: XMLNode) throws(S3Failure) -> Int64 {
        guard let size = node["Size"].flatMap({ Int64($0) }), size >= 0 else { throw wrong("an object without a size") }
        return size
    }

    /// As it is where the server did not encode it. Amazon writes a blank as `+`.
    private static func plain(_ text: String, _ page: XMLNode) -> String {
        guard page["EncodingType"] == "url" else { return text }
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What answers so is no S3 server, or not now.
    private static func wrong(_ what: String) -> S3Failure { S3Failure(kind: .outage, "no list of S3's: \(what)") }
}

extension ObjectStore {
    /// For a store that keeps no versions.
    func objectsAsVersions(_ prefix: String) async throws(StoreError) -> [ObjectVersion] {
        var all: [ObjectVersion] = []
        var page: ObjectPage
        repeat {
            page = try await list(prefix, after: all.last?.key)
            all += page.objects.map {
                ObjectVersion(key: $0.key, bytes: $0.bytes, version: nil, isLatest: true, isDeleteMarker: false)
            }
        } while page.hasMore
        return all
    }
}
