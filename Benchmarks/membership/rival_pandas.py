"""The job of `emporium run membership` (default policy) in pandas: a folder of CSV files in, two CSV files out.

    rival_pandas.py IN OUT [--io arrow|pandas]

Every failing rule is kept as a reason; nothing is durable and nothing is remembered between runs. Prints
`rows=N seconds=S stored=A rejected=B duplicate=C`; S counts from the first line of this file, imports included.

--io arrow (the default) reads by read_csv(engine="pyarrow") and writes by pyarrow's CSV writer: the fastest way known to us.
--io pandas reads by pandas' own C parser and writes by DataFrame.to_csv.
"""

import time

STARTED = time.perf_counter()

import argparse
import csv
import hashlib
import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

COLUMNS = ["name", "email", "date_of_birth", "mobile_no"]
SPACE = " \t\n\r\x0b\x0c\u00a0"
BORN_BEFORE = 20040101  # over 18 on 2022-01-01: born strictly before as-of minus 18 years
EARLIEST = 10000101
EMAIL = r"[^\]\[@ \x01-\x1f\x7f\u00a0\u2000-\u200b\u3000,;:<>()\\\".]+"
EMAIL = rf"^{EMAIL}(\.{EMAIL})*@{EMAIL}(\.{EMAIL})+$"

# Reasons by rule; a verdict is one digit of each, in this order.
REASONS = [
    ["", "the name is missing"],
    ["", "the e-mail is missing", "the e-mail is malformed", "the e-mail is not at an accepted provider"],
    ["", "the date of birth is missing", "the date of birth is in none of the accepted formats",
     "the date of birth is not in the calendar", "the date of birth is too long ago",
     "the applicant is not over 18 on the policy's day"],
    ["", "the mobile number is missing", "the mobile number does not have 8 digits"],
]
COLUMN_COUNT = "the record has not as many fields as the header"
DUPLICATE = "the same person (e-mail and birthday) is a member already"

TITLES = frozenset("mr mrs ms miss mx dr prof professor sir madam rev reverend hon".split())
SUFFIXES = frozenset("jr sr ii iii iv v md dds dvm phd esq cpa mba jd".split())
PARTICLES = frozenset(
    "van von der den ter ten zu zur de del della di da das dos do du la le las los bin binti ibn al el st st. af av".split())
BLANKS = re.compile("[ \t\n\r\x0b\x0c\x1f\u00a0\u2000-\u200b\u202f\u3000]+")


def is_title(word):
    return word.rstrip(".").lower() in TITLES


def is_suffix(word):
    return word.lower().replace(".", "").replace(",", "") in SUFFIXES


def bare_words(name):
    """The words without titles before and suffixes after; a suffix is never the whole of it."""
    words = [word for word in name.split(" ") if word]
    start, end = 0, len(words)
    while start < end and is_title(words[start]):
        start += 1
    while end > start + 1 and is_suffix(words[end - 1]):
        end -= 1
    return words[start:end]


def split_name(name):
    """(first, last) as membership.split_name() gives them; for the few names that are not two plain words."""
    name = BLANKS.sub(" ", unicodedata.normalize("NFC", name)).strip(" ")
    if "," in name:
        parts = [part.strip(" ") for part in name.split(",")]
        parts = [
            part for place, part in enumerate(parts)
            if part and (place == 0 or not all(map(is_suffix, part.split(" "))))]
        if len(parts) > 1 and (last := bare_words(parts[0])):
            return " ".join(bare_words(" ".join(parts[1:]))), " ".join(last)
        name = " ".join(parts[1:] or parts)
    words = bare_words(name)
    begin = len(words) - 1
    for place in range(1, len(words) - 1):
        if words[place].lower() in PARTICLES:
            begin = place
            break
    return " ".join(words[:max(begin, 0)]), " ".join(words[max(begin, 0):])


def read(path, io):
    """A file's rows with source_file, line and ragged; None in fields that a ragged row lacks."""
    try:
        engine = {"engine": "pyarrow"} if io == "arrow" else {}
        frame = pd.read_csv(path, dtype="string[pyarrow]", keep_default_na=False, **engine)[COLUMNS]
        if has_quotes(path) or (frame["mobile_no"] == "").any():
            return read_carefully(path)
    except (pa.ArrowInvalid, pd.errors.ParserError):
        return read_carefully(path)
    return frame.assign(source_file=path.name, line=np.arange(2, len(frame) + 2), ragged=False)


def has_quotes(path):
    with path.open("rb") as file:
        return any(b'"' in block for block in iter(lambda: file.read(1 << 20), b""))


def read_carefully(path):
    """Files with ragged rows, which neither parser lets through, and with quotes, which may hold line breaks."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        places = [header.index(column) for column in COLUMNS]
        rows, line = [], reader.line_num
        for fields in reader:
            if fields:
                ragged = len(fields) != len(header)
                fields += [None] * (len(header) - len(fields))
                rows.append([fields[place] for place in places] + [path.name, line + 1, ragged])
            line = reader.line_num
    frame = pd.DataFrame(rows, columns=COLUMNS + ["source_file", "line", "ragged"])
    return frame.astype({column: "string[pyarrow]" for column in COLUMNS})


def judge_dates(dates):
    """Verdict and YYYYMMDD (0 where there is none) of each date; each different text is looked at once."""
    codes, texts = pd.factorize(dates)
    texts = pd.Series(texts, dtype="string[pyarrow]")
    number = np.zeros(len(texts), "int64")
    for shape, year, month, day in (
        (r"^\d{4}-\d{2}-\d{2}$", 0, 5, 8), (r"^\d{4}/\d{2}/\d{2}$", 0, 5, 8),
        (r"^\d{2}/\d{2}/\d{4}$", 6, 0, 3), (r"^\d{2}-\d{2}-\d{4}$", 6, 3, 0),
    ):
        fits = texts.str.match(shape).to_numpy(bool)
        part = texts[fits].str
        number[fits] = (
            part.slice(year, year + 4) + part.slice(month, month + 2) + part.slice(day, day + 2)).astype("int64")
    fits = number > 0
    years, months, days = number // 10000, number // 100 % 100, number % 100
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    length = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.where(months <= 12, months, 0)]
    possible = (days >= 1) & (days <= length + (leap & (months == 2)))
    verdict = np.select(
        [(texts == "").to_numpy(bool), ~fits, ~possible, number < EARLIEST, number >= BORN_BEFORE], [1, 2, 3, 4, 5], 0)
    return verdict[codes], number[codes]


def write(frame, path, io):
    if io == "arrow":
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pa.csv.write_csv(table, path, pa.csv.WriteOptions(quoting_style="needed"))
    else:
        frame.to_csv(path, index=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--io", choices=["arrow", "pandas"], default="arrow")
    options = parser.parse_args()

    rows = pd.concat([read(path, options.io) for path in sorted(options.source.glob("*.csv"))], ignore_index=True)
    name, email, birthday = (rows[column].fillna("").str.strip(SPACE) for column in COLUMNS[:3])
    mobile = rows["mobile_no"].fillna("").str.replace(f"[{SPACE}]", "", regex=True)

    nameless = (name == "").to_numpy(bool)
    # A name that begins with a plain word that is no title has a last name for certain.
    titled = name.str.match(rf"(?i)^({'|'.join(TITLES)})\.*( |$)")
    doubtful = (titled | ~name.str.match(r"^[A-Za-z][A-Za-z'.-]*( |$)")).to_numpy(bool)
    nameless[doubtful] = [split_name(text)[1] == "" for text in name[doubtful]]

    well_formed = email.str.match(EMAIL) & (email.str.len() <= 254)
    accepted = email.str.lower().str.endswith((".com", ".net"))
    email_verdict = np.select(
        [(email == "").to_numpy(bool), ~well_formed.to_numpy(bool), ~accepted.to_numpy(bool)], [1, 2, 3], 0)
    date_verdict, digits = judge_dates(birthday)
    mobile_verdict = np.select(
        [(mobile == "").to_numpy(bool), ~mobile.str.match(r"^\d{8}$").to_numpy(bool)], [1, 2], 0)

    # All verdicts of a row as one number, and the sentences of each number that occurs.
    verdict = ((nameless * 4 + email_verdict) * 6 + date_verdict) * 3 + mobile_verdict
    verdict[rows["ragged"]] = 999
    numbers, which = np.unique(verdict, return_inverse=True)
    sentences = [
        COLUMN_COUNT if number == 999 else "; ".join(filter(None, (
            REASONS[0][number // 72], REASONS[1][number // 18 % 4], REASONS[2][number // 3 % 6], REASONS[3][number % 3])))
        for number in numbers
    ]
    reasons = pd.Series(pd.Categorical.from_codes(which, sentences), index=rows.index)

    kept = pd.DataFrame({"name": name, "email": email, "date_of_birth": digits, "mobile_no": mobile})[verdict == 0]
    # Two plain words are split as they stand, all others one by one.
    words = kept["name"].str.extract(r"^([\x21-\x2b\x2d\x2f-\x7e]+) ([\x21-\x2b\x2d\x2f-\x7e]+)$")
    plain = words[0].notna() & ~words[0].str.lower().isin(TITLES) & ~words[1].str.lower().isin(SUFFIXES)
    odd = ~plain.to_numpy(bool)
    first, last = words[0].to_numpy(object), words[1].to_numpy(object)
    first[odd], last[odd] = zip(*map(split_name, kept["name"][odd])) if odd.any() else ((), ())
    kept["first_name"], kept["last_name"] = first, last

    kept["key"] = kept["email"].str.lower()
    again = kept.duplicated(["key", "date_of_birth"])
    members = kept[~again].copy()
    births, which = np.unique(members["date_of_birth"], return_inverse=True)
    hashes = np.array([hashlib.sha256(b"%08d" % birth).hexdigest()[:5] for birth in births], object)
    plain_id = members["last_name"] + "_" + hashes[which]
    ordinal = members.groupby(plain_id, sort=False).cumcount() + 1
    members["membership_id"] = plain_id.where(ordinal == 1, plain_id + "-" + ordinal.astype(str))
    members["date_of_birth"] = members["date_of_birth"].astype(str).str.zfill(8)
    members["above_18"] = "true"

    duplicates = kept[again]
    bad = verdict != 0
    bad[duplicates.index] = True
    rejects = rows.loc[bad, COLUMNS].assign(
        reasons=reasons[bad].astype("string[pyarrow]"), source_file=rows["source_file"][bad], line=rows["line"][bad])
    if len(duplicates):
        known = members.assign(born=members["date_of_birth"].astype("int64")).set_index(["key", "born"])["membership_id"]
        ids = known.loc[list(zip(duplicates["key"], duplicates["date_of_birth"]))].to_numpy()
        rejects.loc[duplicates.index, "reasons"] = DUPLICATE + ": " + ids

    for folder in ("successful", "unsuccessful"):
        (options.target / folder).mkdir(parents=True, exist_ok=True)
    write(members[["membership_id", "first_name", "last_name", "email", "date_of_birth", "mobile_no", "above_18"]],
          options.target / "successful" / "members.csv", options.io)
    write(rejects, options.target / "unsuccessful" / "applications.csv", options.io)
    print(f"rows={len(rows)} seconds={time.perf_counter() - STARTED:.3f} stored={len(members)} "
          f"rejected={len(rows) - len(kept)} duplicate={len(duplicates)}")


main()
