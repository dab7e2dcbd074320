import HTTPClient

/// The store of a URL: `file:///folder`, `s3://bucket` or `s3://bucket/prefix`.
///
/// Of the environment `s3://` reads what Amazon's own tools do: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_REGION` or `AWS_DEFAULT_REGION` (us-east-1), `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`. With an endpoint buckets are
/// named in the path, as MinIO has it; without one in the host, at Amazon's. An endpoint that names no scheme is asked by https,
/// except on this machine. Profiles, roles and metadata services are not asked.
/// - Throws: `StoreError`, refused: which setting is wrong, without its value where that may be secret. Nothing is connected to.
public func objectStore(
    url: String, environment: [String: String], client: HTTPClient? = nil, patience: S3Store.Patience = S3Store.Patience()
) throws(StoreError) -> any ObjectStore {
    func value(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
    if url.hasPrefix("file://") {
        let path = String(url.dropFirst(7))
        let segments = path.split(separator: "/")
        guard path.hasPrefix("/"), !segments.isEmpty, !segments.contains(".."), !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw StoreError(.refused, "not a URL such as file:///var/lib/emporium/archive: an absolute path, without \"..\"") }
        return FileStore(folder: path)
    }
    guard url.hasPrefix("s3://") else {
        throw StoreError(.refused, "the object store is file:///folder or s3://bucket/prefix")
    }
    let region = value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
    let place = try S3Place(url: url, region: region, endpoint: value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    guard let keyID = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else {
        throw StoreError(.refused, "\(place.name): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    }
    let token = value("AWS_SESSION_TOKEN")
    // They stand in a header.
    guard [keyID, secret, token ?? ""].allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
        throw StoreError(.refused, "\(place.name): the AWS_ keys have a blank or a control character in them")
    }
    let credentials = S3Credentials(keyID: keyID, secret: secret, token: token)
    return S3Store(place, credentials, client: client ?? HTTPClient(), patience: patience)
}
