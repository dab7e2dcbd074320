/// The registry's part of the OpenAPI document: every method of every path, by one rule each for parameters and errors.
enum RegistryDocument {
    private struct Operation {
        var id: String
        var summary: String
        /// Names of what may stand in the query.
        var query: [String] = []
        /// The name of a schema; nil for no body.
        var body: String?
        /// A JSON Schema.
        var answer: String
    }

    /// The paths as members of a JSON object, without braces.
    /// - Parameter access: who may change something; whoever has a key is asked for it.
    static func paths(_ access: RegistryAccess) -> String {
        RegistryPath.allCases.map { path in
            let operations = (path.asking + path.changing).map { method in
                #""\#(method.lowercased())": \#(text(operation(path, method), path, path.changing.contains(method), access))"#
            }
            return #"    "\#(path.rawValue)": {\#(operations.joined(separator: ", "))}"#
        }.joined(separator: ",\n")
    }

    private static func text(_ operation: Operation, _ path: RegistryPath, _ isChange: Bool, _ access: RegistryAccess) -> String {
        var members = [#""operationId": "\#(operation.id)""#, #""summary": "\#(operation.summary)""#, #""tags": ["schemas"]"#]
        if isChange, access == .key { members.append(#""security": [{"apiKey": []}, {"bearer": []}, {"basic": []}]"#) }
        let places = path.rawValue.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        let parameters = places.map { reference("parameters", String($0)) } + operation.query.map { reference("parameters", $0) }
        if !parameters.isEmpty { members.append(#""parameters": [\#(parameters.joined(separator: ", "))]"#) }
        if let body = operation.body {
            let schema = #"{"schema": \#(of(body))}"#
            members.append(
                #""requestBody": {"required": true, "content": {"\#(Answer.registryType)": \#(schema), "application/json": \#(schema)}}"#)
        }
        var errors = [400, 404, 413, 422, 500, 503]
        if isChange { errors += access == .key ? [401, 403] : [403] }
        if isChange || operation.body != nil { errors += [408, 409, 415] }
        let responses = [#""200": {"description": "OK", "content": {"\#(Answer.registryType)": {"schema": \#(operation.answer)}}}"#]
            + errors.sorted().map { #""\#($0)": \#(reference("responses", "RegistryError"))"# }
        members.append(#""responses": {\#(responses.joined(separator: ", "))}"#)
        return "{\(members.joined(separator: ", "))}"
    }

    // MARK: What there is

    private static let names = #"{"type": "array", "items": {"type": "string"}}"#
    private static let numbers = #"{"type": "array", "items": {"type": "integer", "minimum": 1}}"#
    private static let object = #"{"type": "object"}"#
    /// A schema's own text.
    private static let any = "{}"
    private static func of(_ name: String) -> String { reference("schemas", name) }
    private static func reference(_ kind: String, _ name: String) -> String { ##"{"$ref": "#/components/\##(kind)/\##(name)"}"## }

    private static func operation(_ path: RegistryPath, _ method: String) -> Operation {
        switch (path, method) {
        case (.root, _): Operation(id: "registry", summary: "The registry answers", answer: object)
        case (.contexts, _): Operation(id: "contexts", summary: "The contexts: one", answer: names)
        case (.schemas, _):
            Operation(
                id: "schemas", summary: "Versions with their schemas", query: ["subjectPrefix", "deleted", "latestOnly", "offset", "limit"],
                answer: #"{"type": "array", "items": \#(of("SchemaVersion"))}"#)
        case (.types, _): Operation(id: "schemaTypes", summary: "The types of schemas there may be", answer: names)
        case (.schema, _):
            Operation(
                id: "schema", summary: "The schema that stands behind an id in messages", query: ["subjectName", "fetchMaxId"],
                answer: of("SchemaOfID"))
        case (.schemaText, _):
            Operation(id: "schemaText", summary: "Its text alone", query: ["subjectName"], answer: any)
        case (.schemaSubjects, _):
            Operation(id: "schemaSubjects", summary: "Subjects that have the schema", query: ["subjectName", "deleted", "offset", "limit"], answer: names)
        case (.schemaVersions, _):
            Operation(
                id: "schemaVersions", summary: "Versions that are the schema", query: ["subjectName", "deleted", "offset", "limit"],
                answer: #"{"type": "array", "items": {"type": "object", "required": ["subject", "version"]}}"#)
        case (.subjects, _):
            Operation(
                id: "subjects", summary: "What there are schemas of", query: ["subjectPrefix", "deleted", "deletedOnly", "offset", "limit"],
                answer: names)
        case (.subject, "POST"):
            Operation(
                id: "lookup", summary: "Which version of a subject a schema is", query: ["normalize", "deleted"], body: "NewSchema",
                answer: of("SchemaVersion"))
        case (.subject, _):
            Operation(id: "deleteSubject", summary: "Delete all versions of a subject", query: ["permanent"], answer: numbers)
        case (.versions, "POST"):
            Operation(
                id: "register", summary: "Make a schema the next version of a subject", query: ["normalize"], body: "NewSchema",
                answer: of("Registered"))
        case (.versions, _):
            Operation(id: "versions", summary: "The versions of a subject", query: ["deleted", "deletedOnly", "offset", "limit"], answer: numbers)
        case (.version, "DELETE"):
            Operation(
                id: "deleteVersion", summary: "Delete a version of a subject", query: ["permanent"],
                answer: #"{"type": "integer", "minimum": 1}"#)
        case (.version, _):
            Operation(id: "version", summary: "One version of a subject", query: ["deleted"], answer: of("SchemaVersion"))
        case (.versionText, _):
            Operation(id: "versionText", summary: "The text of a version's schema", query: ["deleted"], answer: any)
        case (.referencedBy, _):
            Operation(id: "referencedBy", summary: "Ids of schemas that refer to a version", answer: numbers)
        case (.config, "PUT"), (.subjectConfig, "PUT"):
            Operation(
                id: path == .config ? "putConfig" : "putSubjectConfig", summary: "Set what a new version must be to those before",
                body: "Config", answer: of("Config"))
        case (.config, "DELETE"), (.subjectConfig, "DELETE"):
            Operation(
                id: path == .config ? "deleteConfig" : "deleteSubjectConfig", summary: "Take the setting back; answers what it was",
                answer: object)
        case (.config, _):
            Operation(id: "config", summary: "What a new version must be to those before", answer: of("ConfigLevel"))
        case (.subjectConfig, _):
            Operation(
                id: "subjectConfig", summary: "What a new version of a subject must be to those before", query: ["defaultToGlobal"],
                answer: of("ConfigLevel"))
        case (.mode, "PUT"), (.subjectMode, "PUT"):
            Operation(
                id: path == .mode ? "putMode" : "putSubjectMode", summary: "Set whether schemas may be registered", query: ["force"],
                body: "Mode", answer: of("Mode"))
        case (.mode, "DELETE"), (.subjectMode, "DELETE"):
            Operation(
                id: path == .mode ? "deleteMode" : "deleteSubjectMode", summary: "Take the setting back; answers what it was",
                answer: of("Mode"))
        case (.mode, _): Operation(id: "mode", summary: "Whether schemas may be registered", answer: of("Mode"))
        case (.subjectMode, _):
            Operation(
                id: "subjectMode", summary: "Whether schemas of a subject may be registered", query: ["defaultToGlobal"],
                answer: of("Mode"))
        case (.compatibility, _), (.versionCompatibility, _):
            Operation(
                id: path == .compatibility ? "compatibility" : "versionCompatibility",
                summary: path == .compatibility
                    ? "Whether a schema may be the next version" : "Whether a schema is to a version what the subject demands",
                query: ["verbose", "normalize"], body: "NewSchema", answer: of("Verdict"))
        case (.metadataID, _): Operation(id: "metadataID", summary: "What the registry calls itself", answer: object)
        case (.metadataVersion, _): Operation(id: "metadataVersion", summary: "Its version", answer: object)
        }
    }

    // MARK: Components

    /// Members of `components/parameters`.
    static var parameters: String {
        func query(_ name: String, _ description: String, as given: String? = nil) -> String {
            #""\#(name)": {"name": "\#(given ?? name)", "in": "query", "required": false, "description": "\#(description)", "schema": {"type": "string"}}"#
        }
        return [
            #""subject": {"name": "subject", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}"#,
            #""id": {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1, "maximum": 2147483647}}"#,
            #"""
            "version": {"name": "version", "in": "path", "required": true,
              "schema": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2147483647}, {"type": "string", "enum": ["latest"]}]}}
            """#,
            query("subjectName", "As one of this subject.", as: "subject"),
            query("subjectPrefix", "Only subjects that begin so."),
            query("deleted", "true: those that were deleted, too."),
            query("deletedOnly", "true: only those that were deleted."),
            query("latestOnly", "true: the newest version of each subject."),
            query("offset", "A number: so many are left out first."),
            query("limit", "A number: so many at most; less than 0: all, of /schemas 1000."),
            query("fetchMaxId", "true: with the highest id there is."),
            query("normalize", "Texts that are one schema always count as one."),
            query("permanent", "true: what was deleted before is taken out for good."),
            query("defaultToGlobal", "true: where the subject has none of its own, what counts for all."),
            query("force", "true: IMPORT also where there are schemas."),
            query("verbose", "true: with the reasons."),
        ].map { "      \($0)" }.joined(separator: ",\n")
    }

    /// Members of `components/schemas`.
    static let schemas = ##"""
              "NewSchema": {
                "type": "object", "required": ["schema"],
                "examples": [{"schema": "{\"type\": \"record\", \"name\": \"order\", \"fields\": [{\"name\": \"id\", \"type\": \"string\"}]}"}],
                "properties": {
                  "schema": {"type": "string", "minLength": 1, "description": "The schema's JSON as a text."},
                  "schemaType": {"enum": ["AVRO", "JSON", null], "default": "AVRO"},
                  "references": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Reference"}},
                  "id": {"type": ["integer", "null"], "minimum": -2147483648, "maximum": 2147483647, "description": "In mode IMPORT the id it shall have; below 1: none."},
                  "version": {"type": ["integer", "null"], "minimum": -2147483648, "maximum": 2147483647, "description": "The number it shall have: the next, but in mode IMPORT; below 1: none."}
                }
              },
              "Reference": {
                "type": "object", "required": ["name", "subject", "version"],
                "properties": {
                  "name": {"type": "string", "minLength": 1, "description": "How the schema names it: an Avro type, or a $ref."},
                  "subject": {"type": "string", "minLength": 1, "maxLength": 255}, "version": {"type": "integer", "minimum": 1, "maximum": 2147483647}
                }
              },
              "Registered": {
                "type": "object", "required": ["id", "version"],
                "properties": {"id": {"type": "integer", "minimum": 1}, "version": {"type": "integer", "minimum": 1}}
              },
              "SchemaOfID": {
                "type": "object", "required": ["schema"],
                "properties": {
                  "schema": {"type": "string"}, "schemaType": {"type": "string"}, "maxId": {"type": "integer", "minimum": 1},
                  "references": {"type": "array", "items": {"$ref": "#/components/schemas/Reference"}}
                }
              },
              "SchemaVersion": {
                "type": "object", "required": ["subject", "version", "id", "schema"],
                "properties": {
                  "subject": {"type": "string"}, "version": {"type": "integer", "minimum": 1}, "id": {"type": "integer", "minimum": 1},
                  "schemaType": {"type": "string"}, "schema": {"type": "string"},
                  "references": {"type": "array", "items": {"$ref": "#/components/schemas/Reference"}}
                }
              },
              "Level": {"enum": ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"]},
              "Config": {
                "type": "object", "required": ["compatibility"], "properties": {"compatibility": {"$ref": "#/components/schemas/Level"}}
              },
              "ConfigLevel": {
                "type": "object", "required": ["compatibilityLevel"],
                "properties": {"compatibilityLevel": {"$ref": "#/components/schemas/Level"}}
              },
              "Mode": {
                "type": "object", "required": ["mode"],
                "properties": {"mode": {"enum": ["READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT"]}}
              },
              "Verdict": {
                "type": "object", "required": ["is_compatible"],
                "properties": {"is_compatible": {"type": "boolean"}, "messages": {"type": "array", "items": {"type": "string"}}}
              }
        """##
}
