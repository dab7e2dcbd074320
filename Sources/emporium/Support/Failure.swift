import Foundation
import Framing
import Ingest
import Kafka
import Mongo
import ObjectStore
import Postgres
import Schemas
import Stack

/// Settings that cannot be used; exit code 78.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Turns errors into a message on stderr and an exit code.
enum Failure {
    /// Prints an error of ours; nil when it is none of ours and ArgumentParser should have it.
    static func report(_ error: any Error) -> Int32? {
        switch error {
        case let error as PostgresError:
            // The session's role is not there.
            let isNew = error.sqlState == "22023" && error.message.hasPrefix("role ")
            say("\(error)" + (isNew ? "\n  hint: a database that is not migrated has no roles: emporium migrate" : ""))
            return error.isOutage || error.sqlStateClass == "28" || error.sqlStateClass == "3D" ? 69 : 1
        case let error as KafkaError:
            say("\(error)")
            return error.isOutage ? 69 : 1
        case let error as SchemaError:
            say("\(error)")
            return error.kind == .outage ? 69 : 1
        case let error as StoreError:
            say("\(error)")
            return error.isOutage ? 69 : 1
        case let error as MongoError:
            say("\(error)")
            return error.isOutage ? 69 : error.kind == .configuration ? 78 : 1
        case let error as DocumentDelivery.Failure:
            say("\(error)")
            return error.isTurn ? 75 : 1
        case let error as StackError:
            say("\(error)")
            return 69
        case let error as ConfigurationError:
            say("\(error)")
            return 78
        case let error as FolderError:
            say("\(error)")
            return error.isOutage ? 69 : 78
        case let error as ForeignFailure:
            say("\(error)")
            return error.kind == .login ? 69 : error.kind == .missing ? 78 : 1
        case is RoleRefusal:
            say("\(error)")
            return 1
        case is LostMessages, is NoSuchTopic, is Drain.Failed:
            say("\(error)")
            return 1
        case is UnusableFile, is UnreadableFile, is SourceError:
            say("\(error)")
            return 1
        case is CancellationError:
            say("stopped")
            return 1
        default: return nil
        }
    }

    static func say(_ message: String) { FileHandle.standardError.write(Data("emporium: \(message)\n".utf8)) }
}
