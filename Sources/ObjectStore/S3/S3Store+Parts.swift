import Digests

extension S3Store {
    /// A large object: begun, sent in parts, completed; or taken back.
    func putParts(_ key: String, _ body: ObjectBody, _ source: BodySource) async throws(StoreError) -> StoredObject {
        let what = "PUT \(name)/\(key)"
        let mebibyte: Int64 = 1 << 20
        let least = (source.bytes / Int64(Self.mostParts) + mebibyte) / mebibyte * mebibyte
        let size = max(Self.partBytes, Int(least))
        let upload: String
        do throws(S3Failure) {
            let answer = try await ask(
                "POST", key, query: [("uploads", "")], headers: described(body) + [("x-amz-checksum-algorithm", "SHA256")])
            guard let node = try? XMLNode.read(answer.body), let id = node["UploadId"], !id.isEmpty, id.utf8.count <= 1024 else {
                throw S3Failure(kind: .outage, "an answer without UploadId")
            }
            upload = id
        } catch { throw notAnObject(error).error(what) }
        do throws(S3Failure) {
            let parts = try await sendParts(key, body, source, upload, size)
            return try await complete(key, body, source.bytes, upload, parts)
        } catch {
            let isTakenBack = await abort(key, upload)
            var failure = notAnObject(error)
            if !isTakenBack { failure.text += ". Its unfinished upload stands: a lifecycle rule of the bucket should end such after a day" }
            throw failure.error(what)
        }
    }

    private func sendParts(
        _ key: String, _ body: ObjectBody, _ source: BodySource, _ upload: String, _ size: Int
    ) async throws(S3Failure) -> String {
        var hash = SHA256()
        var (list, number, sent) = ("", 0, Int64(0))
        while sent < source.bytes {
            number += 1
            let bytes: [UInt8]
            do throws(StoreError) { bytes = try source.read(size) } catch { throw S3Failure(kind: error.kind, error.description) }
            bytes.withUnsafeBytes { hash.update($0) }
            let digest = SHA256.of(bytes)
            let answer = try await ask(
                "PUT", key, query: [("partNumber", String(number)), ("uploadId", upload)],
                headers: [("x-amz-checksum-sha256", base64(digest))], body: (bytes, hexadecimal(digest)))
            guard let tag = answer.header("etag"), tag.utf8.count <= 200, !tag.utf8.contains(where: { "<&>".utf8.contains($0) }) else {
                throw S3Failure(kind: .outage, "part \(number): an answer without ETag")
            }
            list += "<Part><PartNumber>\(number)</PartNumber><ETag>\(tag)</ETag><ChecksumSHA256>\(base64(digest))</ChecksumSHA256></Part>"
            sent += Int64(bytes.count)
        }
        guard hash.finish() == body.sha256 else {
            throw S3Failure(kind: .corrupt, "the bytes are not those of the SHA-256 given")
        }
        return list
    }

    private func complete(
        _ key: String, _ body: ObjectBody, _ size: Int64, _ upload: String, _ parts: String
    ) async throws(S3Failure) -> StoredObject {
        let order = Array(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts)</CompleteMultipartUpload>".utf8)
        do throws(S3Failure) {
            let answer = try await ask(
                "POST", key, query: [("uploadId", upload)], headers: [("Content-Type", "application/xml")],
                body: (order, sha256Hex(order)))
            return StoredObject(key: key, bytes: size, sha256: body.sha256, version: answer.header("x-amz-version-id"))
        } catch {
            // Done already, where only the answer was lost: the upload is no more, and the object is there.
            let isThere: StoredObject?
            do throws(StoreError) { isThere = try await head(key) } catch { isThere = nil }
            if let isThere, isThere.sha256 == body.sha256, isThere.bytes == size { return isThere }
            throw error
        }
    }

    /// - Returns: whether nothing is left of it.
    private func abort(_ key: String, _ upload: String) async -> Bool {
        // Of a task of its own: the caller's may have been cancelled, and the parts would stay and cost.
        await Task.detached {
            do throws(S3Failure) { _ = try await ask("DELETE", key, query: [("uploadId", upload)]) } catch { return error.kind == .missing }
            return true
        }.value
    }
}
