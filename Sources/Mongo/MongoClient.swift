import CMongo
import Executors

/// One connection, or one to each member of a replica set, with a document store.
///
/// Calls run one after another on a queue of their own, since libmongoc blocks. None waits for ever: choosing a server takes 5 s at
/// most, connecting 5 s, an answer 30 s, unless the URI says otherwise. Writes are acknowledged by a majority, and reads are of the
/// primary, unless it says otherwise of writes. After an outage the next call connects anew.
public actor MongoClient {
    private nonisolated let executor = QueueExecutor(label: "mongo")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public nonisolated let address: MongoAddress
    public nonisolated let database: String
    /// Hosts and database, for messages.
    public nonisolated let place: String
    private let application: String
    private var handle: Handle?

    /// Connects to nothing yet.
    /// - Parameter database: where the URI names none.
    public init(_ address: MongoAddress, database: String, application: String = "emporium") {
        self.address = address
        self.database = address.database ?? database
        self.application = application
        place = "\(address.hosts)/\(self.database)"
    }

    public func close() { handle = nil }

    /// - Throws: `MongoError`.
    public func ping() throws(MongoError) {
        try answered { (client) throws(MongoError) -> bson_error_t? in
            let command = try BSON(json: #"{"ping": 1}"#)
            var error = bson_error_t()
            let done = command.withRaw { command in
                withRawDocument { reply in
                    mongoc_client_command_simple(client, database, command, nil, reply, &error)
                }
            }
            return done ? nil : error
        }
    }

    public enum Write: Sendable {
        /// Puts a document in the place of the one that is found, or adds it. What is found must be by `_id`, and the document have
        /// that `_id` in it: there are servers that else add another one. Where a document has that `_id` and is not found, by what
        /// else is asked of it, nothing changes: a conflict.
        case replace(BSON, with: BSON)
        /// Removes one document, if there is one.
        case remove(BSON)
    }

    public struct Written: Sendable, Equatable {
        public var added = 0
        public var replaced = 0
        public var removed = 0
        /// Which writes, by index, met a document of the same key that they were not to touch.
        public var conflicts: [Int] = []

        public init(added: Int = 0, replaced: Int = 0, removed: Int = 0, conflicts: [Int] = []) {
            (self.added, self.replaced, self.removed, self.conflicts) = (added, replaced, removed, conflicts)
        }
    }

    /// Does all of them in any order, as many at a time as the server takes. What was done stays done when it fails.
    /// - Throws: `MongoError`; also of a document that is larger than the server takes (16 MiB).
    public func write(_ writes: [Write], to collection: String) throws(MongoError) -> Written {
        guard !writes.isEmpty else { return Written() }
        var written = Written()
        try answered { (client) throws(MongoError) -> bson_error_t? in
            let collection = mongoc_client_get_collection(client, database, collection)
            defer { mongoc_collection_destroy(collection) }
            let unordered = try BSON(json: #"{"ordered": false}"#)
            let upsert = try BSON(json: #"{"upsert": true}"#)
            guard let bulk = unordered.withRaw({ mongoc_collection_create_bulk_operation_with_opts(collection, $0) }) else {
                throw MongoError(.other, "no bulk operation", place: place)
            }
            defer { mongoc_bulk_operation_destroy(bulk) }
            var error = bson_error_t()
            for write in writes {
                let added =
                    switch write {
                    case .replace(let filter, let document):
                        filter.withRaw { filter in
                            document.withRaw { document in
                                upsert.withRaw { mongoc_bulk_operation_replace_one_with_opts(bulk, filter, document, $0, &error) }
                            }
                        }
                    case .remove(let filter):
                        filter.withRaw { mongoc_bulk_operation_remove_one_with_opts(bulk, $0, nil, &error) }
                    }
                guard added else { return error }
            }
            let (done, reply) = withRawDocument { reply in
                (mongoc_bulk_operation_execute(bulk, reply, &error) != 0, BSON(copying: reply))
            }
            let fields = try reply.fields()
            written.added = Int(fields["nUpserted"]?.int ?? 0)
            written.replaced = Int(fields["nMatched"]?.int ?? 0)
            written.removed = Int(fields["nRemoved"]?.int ?? 0)
            if done { return nil }
            // Only conflicts: all the rest is done.
            guard case .array(let errors)? = fields["writeErrors"], !errors.isEmpty,
                errors.allSatisfy({ $0["code"]?.int == Int64(MONGOC_ERROR_DUPLICATE_KEY.rawValue) }),
                fields["writeConcernErrors"].map({ $0 == .array([]) }) ?? true,
                error.code == MONGOC_ERROR_DUPLICATE_KEY.rawValue
            else { return error }
            written.conflicts = errors.compactMap { $0["index"]?.int.map(Int.init) }
            return nil
        }
        return written
    }

    /// Reads what is found, one document after another.
    /// - Parameter fields: a projection, `{"_id": 1}`; nil for whole documents.
    /// - Throws: `MongoError`, also by `body`.
    public func find(
        _ filter: BSON, in collection: String, fields: BSON? = nil, _ body: @Sendable (BSON) throws(MongoError) -> Void
    ) throws(MongoError) {
        try answered { (client) throws(MongoError) -> bson_error_t? in
            let collection = mongoc_client_get_collection(client, database, collection)
            defer { mongoc_collection_destroy(collection) }
            let primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY)
            defer { mongoc_read_prefs_destroy(primary) }
            let options = try BSON(json: fields.map { #"{"projection": \#($0.json)}"# } ?? "{}")
            let cursor = filter.withRaw { filter in
                options.withRaw { mongoc_collection_find_with_opts(collection, filter, $0, primary) }
            }
            defer { mongoc_cursor_destroy(cursor) }
            var document: OpaquePointer?
            while mongoc_cursor_next(cursor, &document) {
                if let document { try body(BSON(copying: document)) }
            }
            var error = bson_error_t()
            return mongoc_cursor_error(cursor, &error) ? error : nil
        }
    }

    /// Makes of libmongoc's error one of ours; drops the connection after an outage, so that the next call does not sit out libmongoc's
    /// own pause.
    private func answered(_ body: (OpaquePointer) throws(MongoError) -> bson_error_t?) throws(MongoError) {
        if handle == nil { handle = try Handle(address, application: application) }
        guard let raw = handle?.raw else { throw MongoError(.other, "no connection", place: place) }
        guard let error = try body(raw) else { return }
        let kind = MongoError.kind(domain: error.domain, code: error.code)
        if kind == .outage { handle = nil }
        throw MongoError(kind, code: error.code, error.text, place: place)
    }
}

/// The one owner of a mongoc_client_t: `deinit` closes its connections.
struct Handle: ~Copyable {
    let raw: OpaquePointer

    init(_ address: MongoAddress, application: String) throws(MongoError) {
        var error = bson_error_t()
        guard let uri = mongoc_uri_new_with_error(address.uri, &error) else { throw MongoError(.configuration, "no URI of MongoDB") }
        defer { mongoc_uri_destroy(uri) }
        for (option, milliseconds) in [("serverselectiontimeoutms", 5000), ("connecttimeoutms", 5000), ("sockettimeoutms", 30_000)]
        where !mongoc_uri_has_option(uri, option) {
            mongoc_uri_set_option_as_int32(uri, option, Int32(milliseconds))
        }
        if mongoc_uri_get_appname(uri) == nil { mongoc_uri_set_appname(uri, application) }
        // Asks DNS where the URI is mongodb+srv.
        guard let client = mongoc_client_new_from_uri_with_error(uri, &error) else {
            throw MongoError(MongoError.kind(domain: error.domain, code: error.code), code: error.code, error.text, place: address.hosts)
        }
        mongoc_client_set_error_api(client, 2)
        if mongoc_write_concern_is_default(mongoc_uri_get_write_concern(uri)) {
            let majority = mongoc_write_concern_new()
            mongoc_write_concern_set_wmajority(majority, 20_000)
            mongoc_client_set_write_concern(client, majority)
            mongoc_write_concern_destroy(majority)
        }
        raw = client
    }

    deinit { mongoc_client_destroy(raw) }
}
