create or replace function ops.role_sentences(p_role text) returns table (topic text, sentence text)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
    -- What a role may do, in sentences made from the catalog: ops.role_matrix() with the comments of what it names, the
    -- policies on its rows, and privacy.column_class. No rows for a role that is not one of ops.capability.
    with me as (
        select c.role::text as role, c.role::regrole::oid as role_id, c.description, c.granted_to, c.grantable
        from ops.capability c where c.role::text = p_role
    ), cell as (
        select m.* from ops.role_matrix() m join me on me.role = m.role
    ), relation as (
        select c.kind, c.object, c.verb, c.object::regclass::oid as id,
            bool_or(c."column" = '*') as whole,
            string_agg(c."column", ', ' order by a.attnum) as columns,
            regexp_replace(obj_description(c.object::regclass, 'pg_class'), '(;|\.$|\. | \().*', '') as description
        from cell c
        left join pg_attribute a on a.attrelid = c.object::regclass and a.attname = c."column"
        where c.kind in ('table', 'view', 'materialized view')
        group by c.kind, c.object, c.verb
    ), personal as (
        -- A column of a table, or of the masked view that stands for it.
        select r.object || '.' || k.column_name as name, k.class, k.purpose,
            case when r.object like 'analytics.%' then k.mask else 'clear' end as mask, r.object, k.column_name
        from relation r
        join pg_class t on t.oid = r.id
        join pg_namespace n on n.oid = t.relnamespace
        join privacy.column_class k on k.table_name = t.relname and k.class <> 'not_personal'
            and (k.schema_name = n.nspname or (n.nspname = 'analytics' and t.relowner = (select oid from pg_roles where rolname = 'masker') and k.mask <> 'omit'))
        -- By number: staging and a typed table may share a name, and a column's name that only one of them has would raise.
        join pg_attribute a on a.attrelid = r.id and a.attname = k.column_name
        where r.verb in ('SELECT', 'OWNER') and (r.whole or has_column_privilege(p_role, r.id, a.attnum, 'SELECT'))
    ), said (place, topic, detail, sentence) as (
        select 10, 'what it is', '', me.role || ': ' || me.description from me
        union all
        select 20, 'who has it', '', case
            when not me.grantable then 'It is not granted to people.'
            when me.granted_to = '{}' then 'Nobody has been granted it.'
            else 'It has been granted to ' || array_to_string(me.granted_to, ', ') || '.' end
        from me
        union all
        select 30, 'other roles', c.object, format('It is a member of %s: %s.', c.object, shobj_description(c.object::regrole, 'pg_authid'))
        from cell c where c.kind = 'role'
        union all
        select 40, 'reads', r.object, format('It reads %s%s%s', r.object,
            case when r.whole then ', all of it' else ', the columns ' || r.columns end,
            coalesce(': ' || r.description, '') || '.')
        from relation r where r.verb = 'SELECT'
        union all
        select 41, 'reads', 'policy ' || r.object, format('Of %s it sees some rows only: %s.', r.object,
            coalesce(string_agg(obj_description(p.oid, 'pg_policy'), ' or '), 'none'))
        from relation r
        join pg_class c on c.oid = r.id and c.relrowsecurity
        cross join me
        left join pg_policy p on p.polrelid = r.id and (me.role_id = any (p.polroles) or p.polroles = '{0}') and p.polcmd in ('r', '*')
        where r.verb = 'SELECT'
        group by r.object
        union all
        select 45, 'owns', r.object, format('It owns %s%s.', r.object, coalesce(': ' || r.description, ''))
        from relation r where r.verb = 'OWNER'
        union all
        select 50, 'writes', r.object || r.verb, format('It may %s %s%s.',
            case r.verb when 'INSERT' then 'add rows to' when 'UPDATE' then 'change' when 'DELETE' then 'delete rows of'
                when 'TRUNCATE' then 'empty' else r.verb || ' on' end,
            r.object, case when not r.whole then ', the columns ' || r.columns else '' end)
        from relation r where r.verb not in ('SELECT', 'OWNER')
        union all
        select 55, 'writes', c.object, format('It may use %s of sequence %s.', c.verb, c.object) from cell c where c.kind = 'sequence'
        union all
        select 60, 'calls', c.object, format('It calls %s%s%s', replace(c.object, ',', ', '),
            case when p.prosecdef then ', which acts with its owner''s rights' else '' end,
            coalesce(': ' || nullif(coalesce(obj_description(p.oid, 'pg_proc'),
                rtrim(split_part(substring(p.prosrc from '^\s*--\s*([^\n]+)'), '. ', 1), ' .')), ''), '') || '.')
        from cell c join pg_proc p on p.oid = c.object::regprocedure where c.kind = 'function'
        union all
        select 70, 'personal data', '', case
            when exists (select from personal where mask = 'clear') then 'Personal data that it reads in clear: ' || (
                select string_agg(name || case when class = 'sensitive' then ' (sensitive)' else '' end, ', ' order by name)
                from personal where mask = 'clear') || '.'
            else 'It reads no column of personal data in clear.' end
        from me
        union all
        select 71, 'personal data', '', 'Personal data that it reads masked: ' || string_agg(format('%s (%s)', name, mask), ', ' order by name) || '.'
        from personal where mask <> 'clear' having count(*) > 0
        union all
        select 72, 'personal data', '', case when pg_has_role(me.role, 'reads_personal', 'member')
            then 'A membership_id shows in clear.' else 'A membership_id shows as the member_key, a random key that is the same everywhere.' end
        from me where exists (
            select from relation r join pg_attribute a on a.attrelid = r.id and a.attname = 'membership_id'
            join pg_class c on c.oid = r.id and c.relkind = 'v'
            where r.verb = 'SELECT')
        union all
        select 80, 'may not', '', 'It writes no table.' from me
        where not exists (select from relation r where r.verb not in ('SELECT', 'OWNER'))
        union all
        select 81, 'may not', '', 'It calls no function of ours.' from me
        where not exists (select from cell c where c.kind = 'function')
        union all
        select 82, 'may not', '', 'It makes no temporary tables, and nothing else in this database.' from me
        where not exists (select from cell c where c.verb in ('TEMP', 'CREATE'))
        union all
        select 83, 'may not', '', 'It has no way into the schemas ' || string_agg(n.nspname, ', ' order by n.nspname) || '.'
        from me join pg_namespace n on n.nspowner = (select oid from pg_roles where rolname = 'emporium_owner')
        where not has_schema_privilege(me.role, n.oid, 'USAGE')
        having count(*) > 0
    )
    select s.topic, s.sentence from said s order by s.place, s.detail collate "C";
end;
comment on function ops.role_sentences is 'what a role of ops.capability may do, in sentences, from the catalog';
