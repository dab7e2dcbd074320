/// Where objects are kept: a folder (`file://`) or a bucket (`s3://`). Every operation may be tried again: a store that is away
/// throws a `StoreError` that is an outage.
///
/// Keys are below the store's URL: segments of visible characters with `/` between, no segment empty, `.` or `..`; at most
/// 1,024 bytes of UTF-8. Anything else is refused before anything is asked.
public protocol ObjectStore: Sendable {
    /// What it is called in messages: `s3://bucket/prefix`. Names no credentials.
    var name: String { get }
    /// Puts an object whole: whoever reads sees the old one or the new one, and once this returns the new one is durable.
    /// - Throws: `StoreError`.
    func put(_ key: String, _ body: ObjectBody) async throws(StoreError) -> StoredObject
    /// - Returns: nil when there is no such object.
    /// - Throws: `StoreError`.
    func head(_ key: String) async throws(StoreError) -> StoredObject?
    /// - Parameters:
    ///   - version: nil for the newest.
    ///   - limit: bytes; a longer object is an error, no outage.
    /// - Throws: `StoreError`; of kind `missing` when there is no such object, `corrupt` when its checksum is not that of its bytes.
    func get(_ key: String, version: String?, limit: Int) async throws(StoreError) -> [UInt8]
    /// A page of the objects whose keys begin with a prefix, in the order of their keys' bytes.
    /// - Parameter after: the last key of the page before.
    /// - Throws: `StoreError`.
    func list(_ prefix: String, after: String?) async throws(StoreError) -> ObjectPage
    /// Every version of the objects whose keys begin with a prefix, delete markers included; where a store keeps none, the objects.
    /// - Throws: `StoreError`.
    func versions(_ prefix: String) async throws(StoreError) -> [ObjectVersion]
    /// Deletes an object, or one version of it for good. What is not there is deleted already.
    /// - Throws: `StoreError`.
    func delete(_ key: String, version: String?) async throws(StoreError)
}

/// What is put.
public struct ObjectBody: Sendable {
    public enum Content: Sendable {
        case bytes([UInt8])
        /// A file that nobody changes meanwhile; read in parts.
        case file(path: String)
    }
    public var content: Content
    /// `application/x-ndjson`
    public var type: String
    /// `gzip`; nil for none.
    public var encoding: String?
    /// SHA-256 of the bytes, which the store keeps beside them.
    public var sha256: [UInt8]

    public init(_ content: Content, type: String, encoding: String? = nil, sha256: [UInt8]) {
        self.content = content
        self.type = type
        self.encoding = encoding
        self.sha256 = sha256
    }
}

/// What a store knows of an object.
public struct StoredObject: Sendable, Equatable {
    public var key: String
    public var bytes: Int64
    /// As it was given with `put`; nil where the store has none, and in lists.
    public var sha256: [UInt8]?
    /// nil where the store keeps no versions.
    public var version: String?

    public init(key: String, bytes: Int64, sha256: [UInt8]? = nil, version: String? = nil) {
        self.key = key
        self.bytes = bytes
        self.sha256 = sha256
        self.version = version
    }
}

public struct ObjectPage: Sendable, Equatable {
    public var objects: [StoredObject]
    /// Whether there are more after the last one.
    public var hasMore: Bool

    public init(objects: [StoredObject], hasMore: Bool) {
        self.objects = objects
        self.hasMore = hasMore
    }
}

public struct ObjectVersion: Sendable, Equatable {
    public var key: String
    public var bytes: Int64
    public var version: String?
    public var isLatest: Bool
    public var isDeleteMarker: Bool

    public init(key: String, bytes: Int64, version: String?, isLatest: Bool, isDeleteMarker: Bool) {
        self.key = key
        self.bytes = bytes
        self.version = version
        self.isLatest = isLatest
        self.isDeleteMarker = isDeleteMarker
    }
}

public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The store is away, slow, full, or lets nobody in (5xx, 401, 403, 429, no space): wait and ask again.
        case outage
        /// There is no such object.
        case missing
        /// The bytes are not what the checksum says.
        case corrupt
        /// The store says no to what was asked, and will again; or the key or the settings are wrong.
        case refused
    }
    public let kind: Kind
    /// What, where, and what to do. Names no credentials.
    public let description: String
    public var isOutage: Bool { kind == .outage }

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
