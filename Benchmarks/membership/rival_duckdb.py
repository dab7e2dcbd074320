"""The job of `emporium run membership` (default policy) in DuckDB: a folder of CSV files in, two CSV files out.

    rival_duckdb.py IN OUT

Every failing rule is kept as a reason; the database is in memory, nothing is durable and nothing is remembered between
runs. Prints `rows=N seconds=S stored=A rejected=B duplicate=C`; S counts from the first line of this file, imports
included.
"""

import time

STARTED = time.perf_counter()

import argparse
from pathlib import Path

import duckdb

SPACE = " \t\n\r\x0b\x0c\u00a0"
WORD = r'[^\]\[@ \x01-\x1f\x7f\x{a0}\x{2000}-\x{200b}\x{3000},;:<>()\\".]+'
EMAIL = rf"{WORD}(\.{WORD})*@{WORD}(\.{WORD})+"
BLANK = r"[ \t\n\r\x0b\x0c\x1f\x{a0}\x{2000}-\x{200b}\x{202f}\x{3000}]"
PLAIN_WORD = r"[\x21-\x2b\x2d\x2f-\x7e]+"
TITLES = "mr mrs ms miss mx dr prof professor sir madam rev reverend hon".split()
SUFFIXES = "jr sr ii iii iv v md dds dvm phd esq cpa mba jd".split()
PARTICLES = "van von der den ter ten zu zur de del della di da das dos do du la le las los bin binti ibn al el st st. af av".split()
TITLE = "((" + "|".join(TITLES) + r")\.*)"
SUFFIX = "(" + "|".join("[.]*".join(["", *word, ""]) for word in SUFFIXES) + ")"
SOME_TITLES = f"({TITLE}({BLANK}+{TITLE})*)"
SOME_SUFFIXES = f"({SUFFIX}({BLANK}+{SUFFIX})*)"
NAMELESS = f"({BLANK}|,)*{SOME_TITLES}?{BLANK}*(,{BLANK}*({SOME_TITLES}|{SOME_SUFFIXES})?{BLANK}*)*"


def text(value):
    return "'" + value.replace("'", "''") + "'"


def texts(values):
    return "(" + ", ".join(map(text, values)) + ")"


MACROS = rf"""
create macro is_title(w) as lower(rtrim(w, '.')) in {texts(TITLES)};
create macro is_suffix(w) as translate(lower(w), '.,', '') in {texts(SUFFIXES)};
create macro trimmed(v) as trim(coalesce(v, ''), {text(SPACE)});

-- The steps of membership.split_name(), for the few names that are not two plain words; each wants a column.
create macro parts_of(n) as list_filter(
    list_transform(string_split(trim(regexp_replace(nfc_normalize(n), '{BLANK}+', ' ', 'g')), ','), lambda p: trim(p)),
    lambda p, i: p <> '' and (i = 1 or len(list_filter(string_split(p, ' '), lambda w: not is_suffix(w))) > 0));
create macro words_of(n) as list_filter(string_split(n, ' '), lambda w: w <> '');
create macro without_titles(w) as
    w[coalesce(list_position(list_transform(w, lambda x: is_title(x)), false), len(w) + 1):];
create macro without_suffixes(w) as
    w[:greatest(1, len(w) + 1 - coalesce(list_position(list_transform(list_reverse(w), lambda x: is_suffix(x)), false), len(w)))];
create macro parted(w) as coalesce(
    list_filter(range(2, len(w)), lambda i: lower(w[i]) in {texts(PARTICLES)})[1],
    len(w));
create macro split_words(w) as case when len(w) = 0 then ['', '']
    else [array_to_string(w[:parted(w) - 1], ' '), array_to_string(w[parted(w):], ' ')] end;
"""

# Rows keep the order of files and lines, so a row's number in the table says where it came from.
READ = """
create or replace table raw as
from read_csv($files, columns = $columns, header = true, auto_detect = false, filename = true,
    delim = ',', quote = '"', escape = '"', strict_mode = $strict, store_rejects = true)
"""

JUDGE = rf"""
-- Each different date is looked at once.
create table birthday as
with dated as (
    select date_of_birth, birth, case
        when length(birth) <> 10 then ''
        when birth[5] = birth[8] and birth[5] in ('-', '/') then birth[:4] || birth[6:7] || birth[9:]
        when birth[3] = '/' and birth[6] = '/' then birth[7:] || birth[:2] || birth[4:5]
        when birth[3] = '-' and birth[6] = '-' then birth[7:] || birth[4:5] || birth[:2]
        else '' end as digits
    from (select distinct coalesce(date_of_birth, '') as date_of_birth, trimmed(date_of_birth) as birth from raw)
)
select date_of_birth, digits, case
    when birth = '' then 1
    when not regexp_full_match(digits, '[0-9]{{8}}') then 2
    when try_cast(digits[:4] || '-' || digits[5:6] || '-' || digits[7:] as date) is null then 3
    when digits < '10000101' then 4
    when digits >= '20040101' then 5
    else 0 end as verdict
from dated;

create table judged as
with cleaned as (
    select r.rowid as n, trimmed(name) as name, trimmed(email) as email, d.digits, d.verdict as date_verdict,
        translate(coalesce(mobile_no, ''), {text(SPACE)}, '') as mobile_no
    from raw r join birthday d on d.date_of_birth = coalesce(r.date_of_birth, '')
), verdicts as (
    select n, name, email, digits, mobile_no, date_verdict,
        case
            when name = '' then 1
            -- A name that begins with a plain word that is no title has a last name for certain.
            when (not regexp_matches(name, '^[A-Za-z][A-Za-z''.-]*( |$)') or regexp_matches(name, '^{TITLE}( |$)', 'i'))
                and regexp_full_match(name, '{NAMELESS}', 'i') then 1
            else 0 end as name_verdict,
        case
            when email = '' then 1
            when not regexp_full_match(email, {text(EMAIL)}) or strlen(email) > 254 then 2
            when not (suffix(lower(email), '.com') or suffix(lower(email), '.net')) then 3
            else 0 end as email_verdict,
        case
            when mobile_no = '' then 1
            when not regexp_full_match(mobile_no, '[0-9]{{8}}') then 2
            else 0 end as mobile_verdict
    from cleaned
)
select n, name, email, digits, mobile_no,
    ((name_verdict * 4 + email_verdict) * 6 + date_verdict) * 3 + mobile_verdict as verdict
from verdicts;

-- The sentences of each verdict that occurs.
create table reason as
select verdict, concat_ws('; ',
    case verdict // 72 when 1 then 'the name is missing' end,
    case verdict // 18 % 4 when 1 then 'the e-mail is missing' when 2 then 'the e-mail is malformed'
        when 3 then 'the e-mail is not at an accepted provider' end,
    case verdict // 3 % 6 when 1 then 'the date of birth is missing'
        when 2 then 'the date of birth is in none of the accepted formats'
        when 3 then 'the date of birth is not in the calendar' when 4 then 'the date of birth is too long ago'
        when 5 then 'the applicant is not over 18 on the policy''s day' end,
    case verdict % 3 when 1 then 'the mobile number is missing'
        when 2 then 'the mobile number does not have 8 digits' end) as reasons
from (select distinct verdict from judged where verdict > 0);

create table file as
select filename, parse_filename(filename) as source_file, min(rowid) as first_row from raw group by all;

create table kept as
select n, name, email, lower(email) as key, digits, mobile_no,
    regexp_full_match(name, '{PLAIN_WORD} {PLAIN_WORD}')
        and not is_title(split_part(name, ' ', 1)) and not is_suffix(split_part(name, ' ', 2)) as plain,
    row_number() over (partition by lower(email), digits order by n) as turn
from judged where verdict = 0;

create table odd as
with parted as materialized (select n, parts_of(name) as parts from kept where not plain),
    worded as materialized (
        select n, len(parts) > 1 as turned, words_of(coalesce(parts[1], '')) as front,
            words_of(array_to_string(case when len(parts) > 1 then parts[2:] else parts end, ' ')) as rest
        from parted),
    untitled as materialized (
        select n, turned, without_titles(front) as front, without_titles(rest) as rest from worded),
    bare as materialized (
        select n, turned, without_suffixes(front) as front, without_suffixes(rest) as rest from untitled)
select n, case when turned and len(front) > 0 then [array_to_string(rest, ' '), array_to_string(front, ' ')]
    else split_words(rest) end as parts
from bare;

create table named as
select kept.*, case when plain then split_part(name, ' ', 1) else parts[1] end as first_name,
    case when plain then split_part(name, ' ', 2) else parts[2] end as last_name
from kept left join odd using (n);

create table member as
select n, key, digits, plain_id || case when ordinal = 1 then '' else '-' || ordinal end as membership_id,
    first_name, last_name, email, mobile_no
from (
    select *, row_number() over (partition by plain_id order by n) as ordinal
    from (select *, last_name || '_' || sha256(digits)[:5] as plain_id from named where turn = 1)
);

create table duplicate as
select k.n, 'the same person (e-mail and birthday) is a member already: ' || m.membership_id as reasons
from kept k join member m using (key, digits) where k.turn > 1;
"""

SUCCESSFUL = """
copy (
    select membership_id, first_name, last_name, email, digits as date_of_birth, mobile_no, 'true' as above_18
    from member order by n
) to '{target}/successful/members.csv' (header)
"""

UNSUCCESSFUL = """
copy (
    select name, email, date_of_birth, mobile_no, reasons, source_file, n - first_row + 2 as line
    from (
        select n, reasons from judged join reason using (verdict)
        union all
        from duplicate
    ) join raw on raw.rowid = n join file using (filename)
    order by n
) to '{target}/unsuccessful/applications.csv' (header)
"""

# Records that have not as many fields as the header: DuckDB sets them aside with their text.
RAGGED = """
copy (
    select csv_line as record, 'the record has not as many fields as the header' as reasons,
        parse_filename(file_path) as source_file, line
    from (select distinct scan_id, file_id, line, csv_line from reject_errors) e
    join reject_scans s using (scan_id, file_id)
    order by file_path, line
) to '{target}/unsuccessful/ragged.csv' (header)
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    for folder in ("successful", "unsuccessful"):
        (options.target / folder).mkdir(parents=True, exist_ok=True)

    db = duckdb.connect()
    db.execute("set enable_progress_bar = false")
    db.execute(MACROS)
    files = sorted(options.source.glob("*.csv"))
    header = files[0].open(encoding="utf-8-sig").readline().strip().split(",")
    source = {"files": list(map(str, files)), "columns": {name: "varchar" for name in header}}
    try:
        db.execute(READ, source | {"strict": True})
    except duckdb.InvalidInputException:  # mixed line ends, for example
        db.execute(READ, source | {"strict": False})
    db.execute(JUDGE)
    target = str(options.target).replace("'", "''")
    db.execute(SUCCESSFUL.format(target=target))
    db.execute(UNSUCCESSFUL.format(target=target))
    ragged, = db.execute("select count(distinct (scan_id, file_id, line)) from reject_errors").fetchone()
    if ragged:
        db.execute(RAGGED.format(target=target))
    rows, rejected = db.execute("select count(*), count(*) filter (where verdict > 0) from judged").fetchone()
    stored, duplicate = db.execute("select (select count(*) from member), (select count(*) from duplicate)").fetchone()
    print(f"rows={rows + ragged} seconds={time.perf_counter() - STARTED:.3f} stored={stored} "
          f"rejected={rejected + ragged} duplicate={duplicate}")


main()
