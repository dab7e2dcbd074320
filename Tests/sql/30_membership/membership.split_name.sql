-- First and last names of names as people write them.
begin;
\ir ../support.psql
select * from no_plan();

select is(membership.is_title(w), want, 'is_title ' || pg_temp.shown(w))
from (values ('Mr', true), ('Mr.', true), ('MRS.', true), ('ms', true), ('Miss', true), ('Dr.', true), ('prof.', true), ('Mx', true), ('Sir', true),
    ('Smith', false), ('Mister', false), ('M', false), ('', false), ('Drew', false), ('Missy', false), ('Mr,', false)) as t (w, want);
select is(membership.is_suffix(w), want, 'is_suffix ' || pg_temp.shown(w))
from (values ('Jr', true), ('Jr.', true), ('SR.', true), ('II', true), ('III', true), ('IV', true), ('V', true), ('MD', true), ('M.D.', true),
    ('DDS', true), ('DVM', true), ('PhD', true), ('Ph.D.', true), ('Esq.', true), ('Jr,', true),
    ('Smith', false), ('I', false), ('VI', false), ('', false), ('Junior', false), ('Ivy', false)) as t (w, want);
select is(membership.is_particle(w), want, 'is_particle ' || pg_temp.shown(w))
from (values ('van', true), ('Van', true), ('von', true), ('der', true), ('de', true), ('la', true), ('bin', true), ('al', true), ('St.', true),
    ('Smith', false), ('', false), ('vander', false), ('Vance', false)) as t (w, want);

create temp table name_case (given text, first_name text, last_name text);
insert into name_case values
    ('John Smith', 'John', 'Smith'), ('Mary Ann Smith', 'Mary Ann', 'Smith'), ('  John   Smith ', 'John', 'Smith'),
    (E'John\tSmith', 'John', 'Smith'), (E'John\u00a0Smith', 'John', 'Smith'), (E'\u00a0John Smith\u00a0', 'John', 'Smith'),
    (E'John\u3000Smith', 'John', 'Smith'), (E'John\nSmith', 'John', 'Smith'),
    -- titles
    ('Mr. John Smith', 'John', 'Smith'), ('Mr John Smith', 'John', 'Smith'), ('MRS. Jane Doe', 'Jane', 'Doe'), ('Ms. Jane Doe', 'Jane', 'Doe'),
    ('Miss Jane Doe', 'Jane', 'Doe'), ('Dr. Jane Doe', 'Jane', 'Doe'), ('Mr. Dr. John Smith', 'John', 'Smith'), ('Dr. Smith', '', 'Smith'),
    ('mr smith', '', 'smith'),
    -- suffixes
    ('John Smith Jr.', 'John', 'Smith'), ('John Smith Jr', 'John', 'Smith'), ('John Smith, Jr.', 'John', 'Smith'), ('John Smith,Jr.', 'John', 'Smith'),
    ('John Smith Sr.', 'John', 'Smith'), ('John Smith II', 'John', 'Smith'), ('John Smith III', 'John', 'Smith'), ('John Smith IV', 'John', 'Smith'),
    ('John Smith V', 'John', 'Smith'), ('John Smith MD', 'John', 'Smith'), ('John Smith DDS', 'John', 'Smith'), ('John Smith DVM', 'John', 'Smith'),
    ('John Smith PhD', 'John', 'Smith'), ('John Smith Esq.', 'John', 'Smith'), ('John Smith Jr. MD', 'John', 'Smith'),
    ('John Smith, MD, PhD', 'John', 'Smith'), ('Dr. John Smith, Jr., MD', 'John', 'Smith'), ('Mr. John Smith III', 'John', 'Smith'),
    ('John Jr.', '', 'John'), ('Smith MD', '', 'Smith'), ('Dr. Smith MD', '', 'Smith'), ('John Smith,', 'John', 'Smith'),
    -- last name first
    ('Smith, John', 'John', 'Smith'), ('Smith,John', 'John', 'Smith'), ('Smith, Mary Ann', 'Mary Ann', 'Smith'), ('Smith, Mr. John', 'John', 'Smith'),
    ('Smith, John, Jr.', 'John', 'Smith'), ('Smith, John Jr.', 'John', 'Smith'), ('van Beethoven, Ludwig', 'Ludwig', 'van Beethoven'),
    ('de la Cruz, Maria', 'Maria', 'de la Cruz'), ('Garcia Marquez, Gabriel', 'Gabriel', 'Garcia Marquez'), ('Smith Jr., John', 'John', 'Smith'),
    ('Smith, Jr., John', 'John', 'Smith'), ('Do, Kim', 'Kim', 'Do'), ('V, Kim', 'Kim', 'V'), ('Dr. Smith Jr., John MD', 'John', 'Smith'), ('Dr. Smith, John', 'John', 'Smith'),
    -- compound, hyphenated, apostrophes
    ('Ludwig van Beethoven', 'Ludwig', 'van Beethoven'), ('Maria de la Cruz', 'Maria', 'de la Cruz'), ('Vincent Van Gogh', 'Vincent', 'Van Gogh'),
    ('Otto von Bismarck Jr.', 'Otto', 'von Bismarck'), ('Dr. Otto von der Leyen', 'Otto', 'von der Leyen'), ('Van Morrison', 'Van', 'Morrison'),
    ('Osama bin Said', 'Osama', 'bin Said'), ('Anne Smith-Jones', 'Anne', 'Smith-Jones'), ('Jean-Luc Picard', 'Jean-Luc', 'Picard'),
    ('Sean O''Brien', 'Sean', 'O''Brien'), ('Sean O’Brien', 'Sean', 'O’Brien'), ('Jeanne d''Arc', 'Jeanne', 'd''Arc'), ('Mary O''Neil-Smith', 'Mary', 'O''Neil-Smith'),
    -- scripts
    ('李小龍', '', '李小龍'), ('王 小明', '王', '小明'), ('Иван Петров', 'Иван', 'Петров'), ('Анна Мария Петрова', 'Анна Мария', 'Петрова'),
    ('محمد علي', 'محمد', 'علي'), ('José Álvarez', 'José', 'Álvarez'), (E'Jose\u0301 A\u0301lvarez', 'José', 'Álvarez'),
    (E'A\u030angstro\u0308m', '', 'Ångström'), ('Σωκράτης', '', 'Σωκράτης'), ('🙂 Smith', '🙂', 'Smith'),
    -- one word
    ('Madonna', '', 'Madonna'), ('X', '', 'X'), ('MD', '', 'MD'), ('Jr.', '', 'Jr.'), ('van', '', 'van'), ('O''Brien', '', 'O''Brien'),
    -- nothing left
    (null, '', ''), ('', '', ''), ('   ', '', ''), (E'\u00a0', '', ''), ('Mr.', '', ''), ('Mr. Dr.', '', ''), ('Dr', '', ''), (',', '', ''), (' , ', '', ''), (',,,', '', '');
select is(membership.split_name(given), array[first_name, last_name], 'split_name ' || pg_temp.shown(given)) from name_case;

select is(membership.split_name(repeat('x', 100000)), array['', repeat('x', 100000)], 'a name of one very long word');
select is(membership.split_name(repeat('x ', 5000) || 'Smith'), array[rtrim(repeat('x ', 5000)), 'Smith'], 'a name of very many words');
select is(membership.split_name('John Smith' || repeat(', Jr.', 1000)), '{John,Smith}'::text[], 'a name of very many suffixes');
select is(membership.split_name('Smith' || repeat(',', 5000) || 'John'), '{John,Smith}'::text[], 'a name of very many commas');

-- The fast path (two plain words) agrees with the slow one: a trailing no-break space rules the fast one out.
create temp table word (w text);
insert into word values ('John'), ('Smith'), ('van'), ('Van'), ('Mr'), ('mr'), ('Dr'), ('Jr'), ('MD'), ('V'), ('de'), ('O''Brien'), ('Smith-Jones'),
    ('X'), ('Do'), ('al'), ('St'), ('I'), ('1'), ('-'), ('''), drop'), ('"'), (''''), ('(Bob)'), ('&'), (E'\x1f'), (E'Smi\x1fth'), (E'\x01');
select is_empty(
    $$select a.w || ' ' || b.w, membership.split_name(a.w || ' ' || b.w), membership.split_name(a.w || ' ' || b.w || E'\u00a0')
      from word a, word b
      where membership.split_name(a.w || ' ' || b.w) is distinct from membership.split_name(a.w || ' ' || b.w || E'\u00a0')$$,
    'fast and slow path agree on every pair of words');
select is_empty(
    $$select given from name_case
      where membership.split_name(given) is distinct from membership.split_name(given || E'\u00a0')$$,
    'and on every name above');

-- The rule for names as they were sent says what is left after the split.
select is_empty(
    $$select given, membership.application_name_rule(staging.trimmed(given)), membership.name_rule((membership.split_name(given))[2])
      from (select given from name_case union all select a.w || ' ' || b.w from word a, word b
            union all values (E'Mr.\u00a0Dr.'), (E'Mr.\tDr.'), (E'\u3000'), (E'\u200b'), (E'Dr.\u3000'), (' Mr. '), ('Mr. ,'), ('Mr.,'), ('Mr.,Dr.'), (E'\u2003,')) n (given)
      where membership.application_name_rule(staging.trimmed(given)) is distinct from membership.name_rule((membership.split_name(given))[2])$$,
    'application_name_rule agrees with name_rule of the split name');
select * from finish();
rollback;
