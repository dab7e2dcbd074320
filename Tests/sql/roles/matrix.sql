-- Every role x object x column x verb: the catalog against sql/roles/matrix.csv, and each cell tried under `set role`.
-- What is not in the file must fail with 42501; what is in it must not. Rights that no statement can try from here are
-- held against the catalog alone: CONNECT (the end-to-end tests log in), REFERENCES (needs a table of one's own), USAGE of
-- types, and SELECT and UPDATE of sequences.
begin;
\ir ../support.psql
select * from no_plan();
\ir matrix.psql

-- The catalog.
select ok((select count(*) > 300 from expected), 'the file holds cells');
select is_empty($$select * from ops.role_matrix() except select * from expected$$, 'no role may do more than the file says');
select is_empty($$select * from expected except select * from ops.role_matrix()$$, 'nor less');
select is((select count(*) from expected), (select count(*) from (select distinct * from expected) d), 'the file says nothing twice');
select ok(not exists (select from (
        select row_number() over () as place, row_number() over (
            order by role collate "C", kind collate "C", object collate "C", "column" collate "C", verb collate "C") as sorted
        from expected) s where place <> sorted), 'the file is sorted');
select is_empty($$select * from expected where role in ('public', 'reads_personal', 'emporium_owner')$$, 'PUBLIC and reads_personal have nothing');

-- Relations, column by column.
create temp table cell as
    select s.role, r.name as object, r.relkind, a.attname::text as "column", v.verb, case v.verb
            when 'SELECT' then format('select %I from %s where false', a.attname, r.name)
            when 'UPDATE' then format('update %s set %I = default where false', r.name, a.attname)
            else format('insert into %s (%I) values (default)', r.name, a.attname) end as statement,
        exists (select from expected e where e.role = s.role and e.object = r.name and e.verb = v.verb and e."column" in ('*', a.attname)) as allowed
    from subject s
    join relation r on r.relkind <> 'S' and r.relowner <> s.role::regrole
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    cross join unnest('{SELECT,INSERT,UPDATE}'::text[]) v (verb);
-- A row that lacks all but one column would fail for other reasons than rights: where it is allowed, none is inserted.
update cell set statement = format('insert into %s (%I) select %I from %s where false', object, "column", "column", object)
where allowed and verb = 'INSERT' and exists (select from expected e where e.role = cell.role and e.object = cell.object and e.verb = 'SELECT' and e."column" in ('*', cell."column"));
update cell set statement = format('insert into %s (%I) select null::%s where false', object, "column",
    (select format_type(atttypid, atttypmod) from pg_attribute where attrelid = object::regclass and attname = cell."column"))
where allowed and verb = 'INSERT' and statement like '%values (default)';
insert into cell
select s.role, r.name, r.relkind, '*', v.verb, format(v.statement, r.name),
    exists (select from expected e where e.role = s.role and e.object = r.name and e.verb = v.verb)
from subject s
join relation r on r.relkind <> 'S' and r.relowner <> s.role::regrole
cross join (values ('DELETE', 'delete from %s where false'), ('TRUNCATE', 'truncate %s'),
    ('TRIGGER', 'create trigger x before insert on %s for each statement execute function pg_catalog.suppress_redundant_updates_trigger()')) v (verb, statement)
where r.relkind <> 'v' or v.verb = 'DELETE';
-- Whole rows need every column.
insert into cell
select s.role, r.name, r.relkind, 'whole row', 'SELECT', format('select t from %s t where false', r.name),
    not exists (select from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and not exists (
        select from expected e where e.role = s.role and e.object = r.name and e.verb = 'SELECT' and e."column" in ('*', a.attname)))
from subject s join relation r on r.relkind <> 'S' and r.relowner <> s.role::regrole;

-- Sequences, functions, schemas, the database.
insert into cell
select s.role, r.name, 'S', '', 'USAGE', format('select pg_catalog.nextval(%L)', r.name), exists (select from expected e where e.role = s.role and e.object = r.name and e.verb in ('USAGE', 'UPDATE'))
from subject s join relation r on r.relkind = 'S' and r.relowner <> s.role::regrole;
-- Arguments come out of a sub-select that is not pulled up: a call on constants could be folded away, rights and all.
insert into cell
select s.role, f.name, 'f', '', 'EXECUTE', format('select %s(%s) from (select 1%s offset 0) a', f.oid::regproc,
        (select string_agg('a.a' || place, ', ' order by place) from unnest(f.proargtypes::oid[]) with ordinality t (type, place)),
        (select string_agg(format(', null::%s as a%s', type::regtype, place), '' order by place) from unnest(f.proargtypes::oid[]) with ordinality t (type, place))),
    exists (select from expected e where e.role = s.role and e.object = f.name and e.verb = 'EXECUTE')
from subject s cross join function f;
insert into cell
select s.role, n.name, 'n', '', v.verb, format(v.statement, n.name), exists (select from expected e where e.role = s.role and e.kind = 'schema' and e.object = n.name and e.verb = v.verb)
from subject s cross join our_schema n cross join (values ('CREATE', 'create table %I.tried ()'), ('USAGE', 'select to_regclass(''%I.no_such_table'')')) v (verb, statement)
where v.verb = 'CREATE';
insert into cell
select s.role, 'this database', 'd', '', v.verb, v.statement, exists (select from expected e where e.role = s.role and e.kind = 'database' and e.verb = v.verb)
from subject s cross join (values ('CREATE', 'create schema tried'), ('TEMP', 'create temporary table tried ()')) v (verb, statement);

select ok((select count(*) > 10000 from cell) and (select count(*) > 200 from cell where allowed), 'there are cells to try');
create temp table outcome as select c.*, pg_temp.attempt(role, statement) as state from cell c;
-- A view that is no simple view, and a column that is generated, refuse to be written before rights are looked at: the
-- latter by 428C9 where it is inserted, or updated through a view.
select is_empty(format($q$
        select object, "column", verb, state, statement from outcome
        where role = %L and not allowed and state <> '42501'
            and not (relkind = 'v' and verb in ('INSERT', 'UPDATE', 'DELETE') and state in ('55000', '0A000'))
            and not ((verb = 'INSERT' or (relkind = 'v' and verb = 'UPDATE')) and state = '428C9')
        limit 20 $q$, role), role || ': all else is refused')
from subject;
select is_empty(format($q$
        select object, "column", verb, state, statement from outcome
        where role = %L and allowed and state <> '00000' and (relkind <> 'f' or state = '42501') limit 20 $q$, role),
    role || ': what it may do works')
from subject;
select * from finish();
rollback;
