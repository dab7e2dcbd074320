import FoundationEssentials
import Postgres

/// What one file makes, beside what `ops.migration_object` says it has made.
struct FileObjects: Sendable {
    struct Identity: Hashable, Sendable {
        let kind: MadeObject.Kind
        /// As `ops.migration_object.identity` has it.
        let text: String

        /// `shop.price` of `shop.price(integer)`: what the overloads of a function share.
        var name: String {
            guard kind == .function else { return text }
            var quoted = false
            let end = text.firstIndex { character in
                if character == "\"" { quoted.toggle() }
                return character == "(" && !quoted
            }
            return String(text[..<(end ?? text.endIndex)])
        }
    }

    struct Made: Sendable {
        let object: MadeObject
        let identity: Identity
        /// It stood in the database before the file ran.
        let wasThere: Bool
    }

    let path: String
    /// By the index of the statement in the file.
    let made: [Int: Made]
    let recorded: Set<Identity>

    /// Recorded for this file, and made by it no longer.
    var gone: [Identity] {
        let made = Set(made.values.map(\.identity))
        return recorded.filter { !made.contains($0) }.sorted { $0.text < $1.text }
    }

    /// What a statement takes the place of: the function's overloads that the file made and makes no longer, where the
    /// statement makes one that is new.
    func replaced(byStatement index: Int) -> [Identity] {
        guard let made = made[index], !made.wasThere, made.identity.kind == .function else { return [] }
        return gone.filter { $0.kind == .function && $0.name == made.identity.name }
    }
}

/// The table `ops.migration_object`.
enum ObjectLedger {
    /// Reads one file's objects. Argument types that are not there yet give an identity that fits nothing.
    static func read(
        _ file: MigrationFile, _ connection: Connection
    ) async throws -> FileObjects {
        let statements = made(by: file)
        let found = try await identities(of: statements.map(\.object), connection)
        let result = try await connection.query(
            "select kind, identity from ops.migration_object where path = $1", [.text(file.path)])
        return FileObjects(
            path: file.path,
            made: Dictionary(uniqueKeysWithValues: zip(statements.map(\.index), found)),
            recorded: Set(result.rows.compactMap(identity)))
    }

    /// Notes what a file has made. To be called by the connecting user, who owns the table.
    static func record(_ objects: FileObjects, _ connection: Connection) async throws {
        let made = Set(objects.made.values.map(\.identity))
        guard !made.isSubset(of: objects.recorded) else { return }
        try await write(made.map { ($0, objects.path) }, connection)
    }

    /// Forgets what is there no longer.
    static func forget(_ identities: [FileObjects.Identity], _ connection: Connection) async throws {
        guard !identities.isEmpty else { return }
        try await connection.query(
            """
            delete from ops.migration_object o
            using unnest($1::text[], $2::text[]) i(kind, identity)
            where o.kind = i.kind and o.identity = i.identity
            """, parameters(identities))
    }

    /// For a ledger of a release that did not note objects yet. What unchanged files have made is known; what a changed
    /// file had made before is not, so an overload of a function that it makes now, and that no other file makes, is
    /// taken for its earlier one: where it belongs to the owner of such things and to no extension.
    /// - Parameters:
    ///   - pending: paths of the files that are about to run.
    ///   - owner: nil for the connecting user.
    static func adopt(
        _ project: MigrationProject, ledger: [LedgerRow], pending: Set<String>, owner: String?, _ connection: Connection
    ) async throws {
        let applied = Set(ledger.filter { $0.kind == .repeatable }.map(\.path))
        guard !applied.isEmpty else { return }
        let empty = try await connection.query("select not exists (select from ops.migration_object) as empty")
        guard empty.first?.bool("empty") == true else { return }
        let statements = project.files.filter { [.repeatable, .versioned].contains($0.kind) }
            .flatMap { file in made(by: file).map { (file: file, object: $0.object) } }
        let found = zip(try await identities(of: statements.map(\.object), connection), statements.map(\.file))
            .map { (made: $0, file: $1) }
        var rows = found.filter {
            $0.file.kind == .repeatable && applied.contains($0.file.path) && $0.made.wasThere
                && !pending.contains($0.file.path)
        }.map { (identity: $0.made.identity, path: $0.file.path) }

        let makers = Dictionary(grouping: found.filter { $0.made.identity.kind == .function }) { $0.made.identity.name }
        let single = makers.compactMapValues { made -> String? in
            let paths = Set(made.map(\.file.path))
            guard let path = paths.first, paths.count == 1, applied.contains(path), pending.contains(path) else {
                return nil
            }
            return path
        }
        let others = try await overloads(of: Array(single.keys), owner: owner, connection)
        rows += others.compactMap { identity in single[identity.name].map { (identity, $0) } }
        try await write(rows, connection)
    }

    /// - Parameter names: qualified and quoted.
    private static func overloads(
        of names: [String], owner: String?, _ connection: Connection
    ) async throws -> [FileObjects.Identity] {
        guard !names.isEmpty else { return [] }
        // A rehearsal's transaction is open already: what is set for the question is taken back with the savepoint.
        let isInside = await connection.inTransaction
        try await connection.execute((isInside ? "savepoint emporium_overloads;" : "begin;") + "set local search_path = ''")
        let result: QueryResult
        do {
            result = try await connection.query(
                """
                select 'function' as kind, p.oid::regprocedure::text as identity
                from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where format('%I.%I', n.nspname, p.proname) = any($1::text[])
                  and pg_get_userbyid(p.proowner) = coalesce($2, current_user)
                  and not exists (
                    select from pg_depend d
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
                """, [.array(names), .optional(owner)])
        } catch {
            if !isInside { _ = try? await connection.execute("rollback") }
            throw error
        }
        try await connection.execute(
            isInside ? "rollback to savepoint emporium_overloads; release savepoint emporium_overloads" : "rollback")
        return result.rows.compactMap(identity)
    }

    /// The file that makes a thing of that name now.
    /// - Returns: nil where there is none; `isSame`: it makes it with these arguments.
    static func maker(
        of identity: FileObjects.Identity, among project: MigrationProject, _ connection: Connection
    ) async throws -> (path: String, isSame: Bool)? {
        let statements = project.files.filter { $0.kind == .repeatable }
            .flatMap { file in made(by: file).map { (path: file.path, object: $0.object) } }
            .filter { $0.object.kind == identity.kind }
        let found = zip(try await identities(of: statements.map(\.object), connection), statements.map(\.path))
            .filter { $0.0.identity.name == identity.name }
        return (found.first { $0.0.identity == identity } ?? found.first).map { ($0.1, $0.0.identity == identity) }
    }

    static func made(by file: MigrationFile) -> [(index: Int, object: MadeObject)] {
        file.script.statements.enumerated().compactMap { index, statement in
            statement.made.map { (index, $0) }
        }
    }

    static func write(
        _ rows: [(identity: FileObjects.Identity, path: String)], _ connection: Connection
    ) async throws {
        guard !rows.isEmpty else { return }
        try await connection.query(
            """
            insert into ops.migration_object as o (kind, identity, path)
            select distinct on (kind, identity) * from unnest($1::text[], $2::text[], $3::text[]) i(kind, identity, path)
            order by kind, identity, path desc
            on conflict (kind, identity) do update set path = excluded.path where o.path <> excluded.path
            """, parameters(rows.map(\.identity)) + [.array(rows.map(\.path))])
    }

    private static func parameters(_ identities: [FileObjects.Identity]) -> [Parameter] {
        [.array(identities.map(\.kind.rawValue)), .array(identities.map(\.text))]
    }

    private static func identity(_ row: QueryResult.Row) -> FileObjects.Identity? {
        MadeObject.Kind(rawValue: row.text("kind")).map { .init(kind: $0, text: row.text("identity")) }
    }

    private struct Asked: Encodable {
        let kind: String
        let schema: String?
        let name: String
        let types: [String]
    }

    /// In the order given. Types are named as `regprocedure` names them under an empty search_path.
    static func identities(
        of objects: [MadeObject], _ connection: Connection
    ) async throws -> [FileObjects.Made] {
        guard !objects.isEmpty else { return [] }
        let asked = objects.map {
            Asked(kind: $0.kind.rawValue, schema: $0.schema, name: $0.name, types: $0.argumentTypes)
        }
        let json = String(decoding: try JSONEncoder().encode(asked), as: UTF8.self)
        let result = try await connection.query(
            """
            select m.kind,
              format('%I.%I', m.schema, m.name) || case m.kind when 'function' then '(' || t.names || ')' else '' end as identity,
              case m.kind
                when 'view' then exists (
                  select from pg_class c
                  where c.relname = m.name and c.relnamespace = n.oid and c.relkind = 'v')
                else exists (
                  select from pg_proc p
                  where p.proname = m.name and p.pronamespace = n.oid and p.proargtypes::text = t.oids)
              end as there
            from (
              select e.place, e.v ->> 'kind' as kind, coalesce(e.v ->> 'schema', current_schema()::text, 'public') as schema,
                e.v ->> 'name' as name, e.v -> 'types' as types
              from jsonb_array_elements($1::jsonb) with ordinality e(v, place)
            ) m
            left join pg_namespace n on n.nspname = m.schema
            cross join lateral (
              select coalesce(string_agg(case
                  when y.oid is null then quote_ident(w.word)
                  when b.typnamespace = 'pg_catalog'::regnamespace then format_type(y.oid, null)
                  else format('%s.%I', b.typnamespace::regnamespace, b.typname) || case when b.oid = y.oid then '' else '[]' end
                end, ',' order by w.place), '') as names,
                coalesce(string_agg(coalesce(y.oid, 0)::text, ' ' order by w.place), '') as oids
              from jsonb_array_elements_text(m.types) with ordinality w(word, place)
              left join pg_type y on y.oid = to_regtype(w.word)
              left join pg_type b on b.oid = case when y.typcategory = 'A' and y.typelem <> 0 then y.typelem else y.oid end
            ) t
            order by m.place
            """, [.text(json)])
        return zip(objects, result.rows).map { object, row in
            .init(
                object: object, identity: .init(kind: object.kind, text: row.text("identity")),
                wasThere: row.bool("there") ?? false)
        }
    }
}
