"""Avro schemas in SQL against fastavro, Apache's Python and a judge of this file's own, over seeded random pairs.

    avro_differential.py URL [--seed N] [--pairs N]

URL is a database's that has the registry's functions, for psql, as a superuser. Prints what was compared; exits 1 when
something differs:
  - a schema as generated is one for SQL and for both libraries; a broken one is none for SQL
  - the Parsing Canonical Form is fastavro's
  - white space, attribute order, long forms, doc, order, short names leave identity as it is; defaults, aliases and
    logical types change it
  - SQL's judgement of a pair is the judge's; where it is yes, fastavro reads all data; where it is no, Apache says so, too, or
    data were found that cannot be read
"""
import argparse
import io
import json
import random
import subprocess
import sys

import avro.compatibility
import avro.schema
import fastavro
from fastavro.schema import to_parsing_canonical_form

from avro_schemas import PRIMITIVES, PROMOTED, Maker, broken, changed, defined_first, definitions, ends, label, meant_otherwise, noisy


# The judge: resolution as the specification has it, a union's branch as Apache's reader picks it.

def readable(reader, writer, readers, writers, seen):
    if isinstance(writer, list):
        return all([readable(reader, branch, readers, writers, seen) for branch in writer])
    theirs = writers.get(label(writer), writer)
    kind = theirs if isinstance(theirs, str) else theirs["type"]

    def kind_of(one):
        one = readers.get(label(one), one)
        return one if isinstance(one, str) else "union" if isinstance(one, list) else one["type"]

    def is_named(one):
        one = readers[label(one)]
        return one["name"].split(".")[-1] == theirs["name"].split(".")[-1] or theirs["name"] in one.get("aliases", [])

    if isinstance(reader, list):
        alike = [one for one in reader if kind_of(one) == kind]
        if "name" in theirs and not isinstance(theirs, str):
            alike = [one for one in alike if label(one) == theirs["name"]] + [one for one in alike if is_named(one)]
        alike += [one for one in reader if (kind, kind_of(one)) in PROMOTED]
        return bool(alike) and readable(alike[0], writer, readers, writers, seen)
    mine = readers.get(label(reader), reader)
    if kind_of(reader) != kind:
        return (kind, kind_of(reader)) in PROMOTED
    if kind in PRIMITIVES:
        return True
    if kind in ("array", "map"):
        key = "items" if kind == "array" else "values"
        return readable(mine[key], theirs[key], readers, writers, seen)
    if not is_named(reader):
        return False
    if kind == "fixed":
        return mine["size"] == theirs["size"]
    if kind == "enum":
        return "default" in mine or set(theirs["symbols"]) <= set(mine["symbols"])
    if (mine["name"], theirs["name"]) in seen:
        return True
    seen.add((mine["name"], theirs["name"]))
    written = {field["name"]: field["type"] for field in theirs["fields"]}
    own = {field["name"] for field in mine["fields"]}
    for field in mine["fields"]:
        source = field["name"] if field["name"] in written else next(
            (alias for alias in field.get("aliases", []) if alias in written and alias not in own), None)
        if source is None:
            if "default" not in field:
                return False
        elif not readable(field["type"], written[source], readers, writers, seen):
            return False
    return True


def datum(chance, schema, named, depth=0):
    if isinstance(schema, list):
        ending = [one for one in schema if label(one) == "null"]
        branch = ending[0] if ending and depth > 6 else chance.choice(schema)
        return (label(branch), datum(chance, branch, named, depth + 1))
    schema = named.get(label(schema), schema)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "array":
        return [datum(chance, schema["items"], named, depth + 1) for _ in range(0 if depth > 5 else chance.randrange(3))]
    if kind == "map":
        return {f"k{n}": datum(chance, schema["values"], named, depth + 1) for n in range(0 if depth > 5 else chance.randrange(3))}
    if kind == "record":
        return {field["name"]: datum(chance, field["type"], named, depth + 1) for field in schema["fields"]}
    if kind == "enum":
        return chance.choice(schema["symbols"])
    if kind == "fixed":
        return bytes(schema["size"])
    return {"null": None, "boolean": True, "int": 3, "long": 4, "float": 0.5, "double": 0.25, "bytes": b"ab", "string": "cd"}[kind]


def plain(schema):
    """Without logical types, which are fastavro's to turn into other values."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if key not in ("logicalType", "precision", "scale")}
    for key in ("items", "values"):
        if key in made:
            made[key] = plain(made[key])
    if "fields" in made:
        made["fields"] = [dict(field, type=plain(field["type"])) for field in made["fields"]]
    return made


def unread(chance, reader, writer, count=25):
    """The first thing that fastavro says of data that it cannot read; None when it reads all."""
    reader, writer = plain(reader), plain(writer)
    named = definitions(writer)
    writes, reads = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    for _ in range(count):
        try:
            value = datum(chance, writer, named)
        except RecursionError:
            continue
        data = io.BytesIO()
        fastavro.schemaless_writer(data, writes, value)
        data.seek(0)
        try:
            fastavro.schemaless_reader(data, writes, reads)
        except Exception as error:  # whatever it is: it cannot be read
            return f"{type(error).__name__}: {error} ({value!r})"
    return None


def answers(url, calls):
    """What SQL says of each call: ["parse", text] the tree's forms or the error's text; ["pair", reader, writer] the sentences."""
    script = """
set client_min_messages = warning;
create function pg_temp.answer(p_call jsonb) returns jsonb language plpgsql as $$
begin
    if p_call ->> 0 = 'parse' then
        return (select jsonb_build_object('pcf', registry.avro_pcf(t.tree), 'canonical', registry.avro_canonical(t.tree),
                'again', registry.avro_canonical(registry.avro_parsed(t.tree::text)),
                'self', registry.avro_canonical(registry.avro_parsed(registry.avro_canonical(t.tree))))
            from (select registry.avro_parsed(p_call ->> 1) as tree) t);
    end if;
    return (select coalesce(jsonb_agg(s), '[]')
        from registry.avro_incompatibilities(registry.avro_parsed(p_call ->> 1), registry.avro_parsed(p_call ->> 2)) s);
exception when sqlstate 'EM301' then
    return jsonb_build_object('error', sqlerrm);
end $$;
create temporary table call (n integer, call jsonb);
copy call from stdin;
"""
    for number, call in enumerate(calls):
        script += f"{number}\t" + json.dumps(call).replace("\\", "\\\\") + "\n"
    script += "\\.\nselect pg_temp.answer(call) from call order by n;\n"
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_schema_to(parse, text):
    try:
        parse(text)
        return True
    except Exception:  # each library has its own
        return False


def main():
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("--seed", type=int, default=6)
    options.add_argument("--pairs", type=int, default=400)
    options = options.parse_args()
    chance = random.Random(options.seed)
    cases, calls = [], []
    while len(cases) < options.pairs:
        one = Maker(chance).type(4) if chance.random() < 0.3 else Maker(chance).named(4, "record")
        # Mostly a version of the same; else another schema whose types happen to have the same names.
        other = changed(chance, one) if chance.random() < 0.7 else Maker(chance).type(3)
        if not (ends(one) and ends(other) and defined_first(one) and defined_first(other)):
            continue
        case = {"one": one, "other": other, "noisy": noisy(chance, one), "meant": meant_otherwise(chance, one),
                "broken": broken(chance, one)}
        cases.append(case)
        texts = [json.dumps(one), json.dumps(other), json.dumps(case["noisy"], indent=chance.choice([None, 1])),
                 json.dumps(case["meant"] or one), case["broken"]]
        calls += [["parse", text] for text in texts]
        calls += [["pair", texts[0], texts[1]], ["pair", texts[1], texts[0]], ["pair", texts[0], texts[2]]]
    said = answers(options.url, calls)
    faults = []
    counts = dict.fromkeys(("compatible", "incompatible", "unread", "apache differs", "fastavro takes broken ones"), 0)
    for number, case in enumerate(cases):
        one, other, again, meant, refused, forth, back, same = said[8 * number:8 * number + 8]

        def fault(what, *more):
            faults.append("\n  ".join([f"{what}", *(json.dumps(part) for part in more)]))

        for schema, answer in ((case["one"], one), (case["other"], other), (case["noisy"], again)):
            if "error" in answer:
                fault("SQL refuses a schema", schema, answer)
            elif answer["pcf"] != to_parsing_canonical_form(schema):
                fault("the canonical form differs", schema, answer["pcf"], to_parsing_canonical_form(schema))
            elif not answer["canonical"] == answer["again"] == answer["self"]:
                fault("a tree or a form is not its own", schema, answer)
            if not is_schema_to(fastavro.parse_schema, schema) or not is_schema_to(avro.schema.parse, json.dumps(schema)):
                fault("a library refuses what was generated", schema)
        if "error" in one or "error" in other or "error" in again:
            continue
        if one["canonical"] != again["canonical"] or same != []:
            fault("one schema in other words is another", case["one"], case["noisy"], one, again, same)
        if case["meant"] and (meant.get("canonical") == one["canonical"] or meant.get("pcf") != one["pcf"]):
            fault("what reads otherwise is one schema", case["one"], case["meant"], one, meant)
        if "error" not in refused:
            fault("SQL takes what is no schema", case["broken"])
        counts["fastavro takes broken ones"] += is_schema_to(lambda text: fastavro.parse_schema(json.loads(text)), case["broken"])
        for reader, writer, sentences in ((case["one"], case["other"], forth), (case["other"], case["one"], back)):
            judged = readable(reader, writer, definitions(reader), definitions(writer), set())
            if judged != (sentences == []):
                fault("SQL and the judge differ", reader, writer, sentences)
                continue
            counts["compatible" if judged else "incompatible"] += 1
            problem = unread(chance, reader, writer)
            apache = avro.compatibility.ReaderWriterCompatibilityChecker().get_compatibility(
                avro.schema.parse(json.dumps(reader)), avro.schema.parse(json.dumps(writer)))
            agreed = (apache.compatibility == avro.compatibility.SchemaCompatibilityType.compatible) == judged
            counts["apache differs"] += not agreed
            counts["unread"] += problem is not None
            if judged and problem:
                fault("data cannot be read: " + problem, reader, writer)
            if not judged and not problem and not agreed:
                fault("refused, and both libraries read it", reader, writer, sentences)
    print(f"{len(cases)} pairs of seed {options.seed}: {counts}; {len(faults)} faults")
    for text in faults[:20]:
        print(text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
