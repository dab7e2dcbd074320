import Framing
import Logging
import ObjectStore
import Postgres

/// What is booked of an object that the store has.
struct DeliveredObject: Sendable, Equatable {
    var lines: Int64
    var bytes: Int64
    var sha256: [UInt8]
    var contentBytes: Int64
    var contentSHA256: [UInt8]
    var version: String?
}

/// Puts objects of the archive into the object store. Made again, an object has the same bytes under the same key: one that is
/// there already, from a relay that died before it could book it, is not put again; and what is there is never overwritten by
/// something else.
struct ObjectCarrier: Carrier {
    let store: any ObjectStore
    let logger: Logger

    private struct Sealed {
        var key: String
        var compression: ObjectWriter.Compression
        var records: Int64
    }

    func deliver(_ claim: Claim, _ connection: Connection) async throws -> Receipt {
        let sealed = try await sealed(claim, connection)
        let content = try await content(claim, sealed, connection)
        do throws(StoreError) {
            let known = try await store.head(sealed.key)
            let version: String?
            if let known {
                try await check(known, content, sealed)
                logger.info("\(sealed.key): there already, and the same")
                version = known.version
            } else {
                version = try await store.put(sealed.key, body(content, sealed)).version
            }
            return .object(
                DeliveredObject(
                    lines: content.lines, bytes: Int64(content.body.count), sha256: content.sha256,
                    contentBytes: content.plainBytes, contentSHA256: content.plainSHA256, version: version))
        } catch {
            if case .corrupt = error.kind { throw DeliveryFailure(.hopeless(alert: "object.differs"), error.description) }
            throw DeliveryFailure(error.isOutage ? .outage : .refusal, error.description)
        }
    }

    func close() async {}

    private func sealed(_ claim: Claim, _ connection: Connection) async throws -> Sealed {
        let answer = try await connection.query(
            "select object_key, compression, records from ops.archive_object_claimed($1)", [.int(claim.object)])
        guard let row = answer.first, let compression = ObjectWriter.Compression(rawValue: row.text("compression")) else {
            throw DeliveryFailure(.refusal, "the database knows no such object, or another compression than this relay")
        }
        return Sealed(key: row.text("object_key"), compression: compression, records: row.int("records") ?? 0)
    }

    private func content(_ claim: Claim, _ sealed: Sealed, _ connection: Connection) async throws -> ObjectContent {
        do {
            let writer = try ObjectWriter(sealed.compression)
            try await connection.copyOut(
                "copy (select * from ops.archive_lines(\(claim.object ?? 0))) to stdout (format binary)"
            ) { try writer.take($0) }
            let content = try writer.finish()
            // Less is not what was sealed: a partition that was dropped meanwhile. Put like that it would never be missed.
            guard content.lines == sealed.records, content.lines > 0 else {
                throw DeliveryFailure(
                    content.lines == 0 ? .hopeless(alert: "outbox.parked") : .refusal,
                    "the database has \(content.lines) of the \(sealed.records) lines that \(sealed.key) was sealed with")
            }
            return content
        } catch is ObjectWriter.TooLarge {
            throw Self.brokenOff(.refusal, "\(sealed.key) has more than \(ObjectWriter.mostBytes) bytes: see setting archive.object.bytes")
        } catch let error as GzipWriter.Failed {
            throw Self.brokenOff(.outage, "\(error)")
        }
    }

    private static func brokenOff(_ kind: DeliveryFailure.Kind, _ words: String) -> DeliveryFailure {
        var failure = DeliveryFailure(kind, words)
        failure.breaksTransaction = true
        return failure
    }

    private func body(_ content: ObjectContent, _ sealed: Sealed) -> ObjectBody {
        ObjectBody(
            .bytes(content.body), type: "application/x-ndjson", encoding: sealed.compression == .gzip ? "gzip" : nil,
            sha256: content.sha256)
    }

    /// - Throws: `StoreError` `corrupt` when what is there is something else.
    private func check(_ known: StoredObject, _ content: ObjectContent, _ sealed: Sealed) async throws(StoreError) {
        var isSame = known.bytes == Int64(content.body.count)
        if isSame {
            if let digest = known.sha256 {
                isSame = digest == content.sha256
            } else {  // put by somebody who left no digest
                isSame = try await store.get(sealed.key, version: known.version, limit: content.body.count) == content.body
            }
        }
        guard isSame else {
            throw StoreError(
                .corrupt,
                """
                \(sealed.key) is in \(store.name) already and differs (\(known.bytes) bytes there, \(content.body.count) to be put); \
                it was not overwritten
                """)
        }
    }
}
