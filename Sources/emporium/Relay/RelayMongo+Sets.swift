import Mongo

/// Who is due, by SQL, in the order of their ids.
struct DueSet: Sendable {
    struct Document: Sendable {
        /// Extended JSON, as the database gave it.
        let json: String
        let digest: String
    }

    let asOf: String
    /// What stands in documents that this database wrote.
    let owner: String
    var keys: [Int64] = []
    var documents: [Int64: Document] = [:]

    init(asOf: String, owner: String) { (self.asOf, self.owner) = (asOf, owner) }

    /// The key and run of a document that this database wrote; nil for any other.
    func ours(_ fields: [String: BSON.Value]) -> (key: Int64, run: Int64)? {
        guard let mark = fields["emporium"], mark["owner"]?.string == owner, let run = mark["run"]?.int, let key = fields["_id"]?.int
        else { return nil }
        return (key, run)
    }
}

/// A set as one run writes it.
struct Wanted: Sendable {
    let due: DueSet
    let run: Int64

    /// The document with the mark of this run.
    func document(_ key: Int64) throws(MongoError) -> BSON {
        guard let document = due.documents[key] else { throw MongoError(.other, "no document \(key)") }
        let mark = #""emporium": {"owner": "\#(due.owner)", "run": {"$numberLong": "\#(run)"}, "digest": "\#(document.digest)"}"#
        return try BSON(json: "\(document.json.dropLast()), \(mark)}")
    }

    /// Finds the document that this run may replace or remove: an earlier run's, or its own.
    func own(_ key: Int64) throws(MongoError) -> BSON {
        try BSON(
            json: #"{"_id": {"$numberLong": "\#(key)"}, "emporium.owner": "\#(due.owner)", "emporium.run": {"$lte": {"$numberLong": "\#(run)"}}}"#)
    }
}

/// What a collection holds.
struct Holdings: Sendable {
    /// The run that wrote each.
    var ours: [Int64: Int64]
    /// `_id`s of documents of others.
    var foreign: [BSON]
    var highest: Int64
}

/// How what was read back differs.
struct Comparison: Sendable {
    /// Missing, or of other content.
    var wrong: [Int64] = []
    /// Ours, and not of the set.
    var surplus: [Int64] = []
    var foreign: [BSON] = []
    /// The highest run that is later than this one.
    var newer: Int64?
}
