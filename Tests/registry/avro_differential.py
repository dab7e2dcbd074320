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
import copy
import io
import json
import random
import subprocess
import sys

import avro.compatibility
import avro.schema
import fastavro
from fastavro.schema import to_parsing_canonical_form

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
PROMOTED = {("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"), ("long", "double"), ("float", "double"),
            ("string", "bytes"), ("bytes", "string")}


# Schemas, with names in full; `definitions` has those of one schema.

class Maker:
    def __init__(self, chance):
        self.chance = chance
        self.definitions = {}
        # A name without a namespace is not to be had inside of another's, but with words that noisy() has.
        self.spaces = chance.choice([[""], ["a.", "a.b.", "c."]])

    def name(self):
        return self.chance.choice(self.spaces) + f"N{len(self.definitions)}"

    def default(self, schema):
        """A default that fits, or None in a list when there is none to be had."""
        if isinstance(schema, list):
            return self.default(schema[0]) if schema else None
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind in ("array", "map"):
            return [[] if kind == "array" else {}]
        if kind in self.definitions:
            schema = self.definitions[kind]
            kind = schema["type"]
        simple = {"null": None, "boolean": True, "int": self.chance.randrange(-9, 9), "long": 2**40, "float": 1.5, "double": -2.25,
                  "bytes": "\u00ff\u0001", "string": "é\"x"}
        if kind in simple:
            return [simple[kind]]
        if kind == "enum":
            return [schema["symbols"][0]] if schema["symbols"] else None
        if kind == "fixed":
            return ["\u0007" * schema["size"]]
        return None

    def type(self, depth):
        roll = self.chance.random()
        if roll < 0.15 and self.definitions:
            return self.chance.choice(sorted(self.definitions))
        if depth == 0 or roll < 0.45:
            plain = self.chance.choice(PRIMITIVES)
            if plain in ("bytes", "long") and self.chance.random() < 0.3:
                return {"type": plain, "logicalType": "decimal", "precision": 9, "scale": 2} if plain == "bytes" else {
                    "type": plain, "logicalType": "timestamp-millis"}
            return plain
        if roll < 0.52:
            return {"type": "array", "items": self.type(depth - 1)}
        if roll < 0.59:
            return {"type": "map", "values": self.type(depth - 1)}
        if roll < 0.72:
            branches, labels = [], set()
            for _ in range(self.chance.randrange(1, 5)):
                branch = self.type(depth - 1)
                if isinstance(branch, list):
                    continue
                if label(branch) not in labels:
                    labels.add(label(branch))
                    branches.append(branch)
            return branches or ["null"]
        return self.named(depth, self.chance.choice(["record", "record", "enum", "fixed"]))

    def named(self, depth, kind):
        made = {"type": kind, "name": self.name()}
        self.definitions[made["name"]] = made
        if kind == "fixed":
            made["size"] = self.chance.randrange(0, 5)
        elif kind == "enum":
            made["symbols"] = self.chance.sample(["A", "B", "C", "D"], self.chance.randrange(1, 5))
            if self.chance.random() < 0.3:
                made["default"] = made["symbols"][0]
        else:
            made["fields"] = []
            for number in range(self.chance.randrange(0, 4)):
                field = {"name": f"f{number}", "type": self.type(depth - 1)}
                if field["type"] == made["name"]:
                    field["type"] = ["null", made["name"]]
                if self.chance.random() < 0.4 and (default := self.default(field["type"])) is not None:
                    field["default"] = default[0]
                made["fields"].append(field)
        return made


def label(schema):
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return "union"
    return schema["name"] if "name" in schema else schema["type"]


def places(schema, found=None, parent=None, key=None):
    """Every type of a schema: (parent, key, type)."""
    found = [] if found is None else found
    found.append((parent, key, schema))
    if isinstance(schema, list):
        for index, branch in enumerate(schema):
            places(branch, found, schema, index)
    elif isinstance(schema, dict):
        for inner in ("items", "values"):
            if inner in schema:
                places(schema[inner], found, schema, inner)
        for field in schema.get("fields", []) if schema["type"] == "record" else []:
            places(field["type"], found, field, "type")
    return found


def definitions(schema):
    return {one["name"]: one for _, _, one in places(schema) if isinstance(one, dict) and "name" in one}


def ends(schema):
    """Whether data of it come to an end: no record holds itself without a way out."""
    named, done = definitions(schema), set()

    def finite(one):
        if isinstance(one, list):
            return any(finite(branch) for branch in one)
        if label(one) in PRIMITIVES or label(one) in ("array", "map"):
            return True
        return label(one) in done

    for _ in range(len(named) + 1):
        for name, one in named.items():
            if one["type"] != "record" or all(finite(field["type"]) for field in one["fields"]):
                done.add(name)
    return done == set(named)


def changed(chance, schema):
    """Another version of a schema: a few changes, small ones."""
    schema = copy.deepcopy(schema)
    for _ in range(chance.randrange(1, 4)):
        here = places(schema)
        parent, key, one = chance.choice(here)
        named = [one for _, _, one in here if isinstance(one, dict) and "name" in one]
        records = [one for one in named if one["type"] == "record"]
        enums = [one for one in named if one["type"] == "enum"]
        kind = chance.randrange(10)
        if kind == 0 and parent is not None and label(one) in PRIMITIVES and isinstance(one, str):
            wider = [b for a, b in sorted(PROMOTED) if a == one] or PRIMITIVES
            parent[key] = chance.choice(wider if chance.random() < 0.7 else PRIMITIVES)
        elif kind == 1 and records:
            record = chance.choice(records)
            field = {"name": f"n{len(record['fields'])}", "type": chance.choice(["int", ["null", "string"]])}
            if chance.random() < 0.6:
                field["default"] = 7 if field["type"] == "int" else None
            record["fields"].insert(chance.randrange(len(record["fields"]) + 1), field)
        elif kind == 2 and records:
            record = chance.choice(records)
            if record["fields"] and not isinstance((gone := chance.choice(record["fields"]))["type"], dict):
                record["fields"].remove(gone)
        elif kind == 3 and records:
            record = chance.choice(records)
            if record["fields"]:
                field = chance.choice(record["fields"])
                new = f"r{chance.randrange(1000)}"
                if chance.random() < 0.7:
                    field["aliases"] = [field["name"], "unused"]
                field["name"] = new
        elif kind == 4 and enums:
            enum = chance.choice(enums)
            if chance.random() < 0.5:
                enum["symbols"] = enum["symbols"] + [f"S{chance.randrange(1000)}"]
            elif len(enum["symbols"]) > 1:
                gone = enum["symbols"].pop()
                if enum.get("default") == gone:
                    del enum["default"]
        elif kind == 5 and parent is not None and not isinstance(parent, list) and isinstance(one, str) and one != "null":
            parent[key] = ["null", one] if chance.random() < 0.5 else [one, "null"]
        elif kind == 6 and isinstance(one, list) and parent is not None:
            if len(one) > 1 and chance.random() < 0.5 and not isinstance(one[-1], dict):
                one.pop()
            elif not {"boolean", "union"} & {label(branch) for branch in one}:
                one.append("boolean")
        elif kind == 7 and [one for one in named if one["type"] == "fixed"]:
            chance.choice([one for one in named if one["type"] == "fixed"])["size"] = chance.randrange(0, 5)
        elif kind == 8 and named:
            # Another name: with an alias; with the same simple name in another namespace; without either.
            one = chance.choice(named)
            old, way = one["name"], chance.random()
            simple = old.split(".")[-1]
            new = f"z.{simple}" if way < 0.4 else f"z.Q{chance.randrange(1000)}"
            if "." in old:
                rename(schema, old, new)
                if way > 0.6:
                    one["aliases"] = [old]
        elif kind == 9 and records:
            chance.shuffle(chance.choice(records)["fields"])
    for _, _, one in places(schema):
        for field in one.get("fields", []) if isinstance(one, dict) and one["type"] == "record" else []:
            if "default" in field and fits(field["default"], field["type"], definitions(schema)) is False:
                del field["default"]
    return schema


def rename(schema, old, new):
    for parent, key, one in places(schema):
        if one == old and parent is not None:
            parent[key] = new
        elif isinstance(one, dict) and one.get("name") == old:
            one["name"] = new


def fits(value, schema, named):
    if isinstance(schema, list):
        return bool(schema) and fits(value, schema[0], named) is not False
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in ("int", "long"):
        limit = 2**31 if kind == "int" else 2**63
        return isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
    tests = {"null": value is None, "boolean": isinstance(value, bool), "string": isinstance(value, str),
             "float": isinstance(value, (int, float)) and not isinstance(value, bool),
             "bytes": isinstance(value, str) and all(ord(one) < 256 for one in value),
             "array": isinstance(value, list), "map": isinstance(value, dict), "record": False}
    tests["double"] = tests["float"]
    if kind == "enum":
        return value in schema["symbols"]
    if kind == "fixed":
        return tests["bytes"] and len(value) == schema["size"]
    return tests.get(kind, False)


def defined_first(schema):
    """Whether each name is defined where it is used first, and once."""
    seen = set()
    for _, _, one in places(schema):
        if isinstance(one, str) and one not in PRIMITIVES and one not in seen:
            return False
        if isinstance(one, dict) and "name" in one:
            if one["name"] in seen:
                return False
            seen.add(one["name"])
        if isinstance(one, list) and (len({label(b) for b in one}) != len(one) or any(isinstance(b, list) for b in one)):
            return False
    return True


def noisy(chance, schema, space=""):
    """The same schema in other words."""
    if isinstance(schema, list):
        return [noisy(chance, branch, space) for branch in schema]
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return {"type": schema} if chance.random() < 0.3 else schema
        own, _, simple = schema.rpartition(".")
        return simple if own == space and chance.random() < 0.7 else schema
    made = dict(schema)
    inner = space
    if "name" in made:
        inner, _, simple = made["name"].rpartition(".")
        if inner == space and chance.random() < 0.5:
            made["name"] = simple
        elif chance.random() < 0.5 or inner == "":
            made["name"], made["namespace"] = simple, inner
        if chance.random() < 0.5:
            made["doc"] = "said {\"of\": it}"
    for key in ("items", "values"):
        if key in made:
            made[key] = noisy(chance, made[key], space)
    if made["type"] == "record":
        fields = []
        for field in made["fields"]:
            field = dict(field, type=noisy(chance, field["type"], inner))
            if chance.random() < 0.3:
                field.update(doc="x", order="ignore")
            fields.append(shuffled(chance, field))
        made["fields"] = fields
    return shuffled(chance, made)


def shuffled(chance, members):
    keys = list(members)
    chance.shuffle(keys)
    return {key: members[key] for key in keys}


def meant_otherwise(chance, schema):
    """A schema whose bytes are the same and mean something else to a reader; None when there is nothing to change."""
    schema = copy.deepcopy(schema)
    ways = []
    for parent, key, one in places(schema):
        if one == "long" and parent is not None:
            ways.append(lambda parent=parent, key=key: parent.__setitem__(key, {"type": "long", "logicalType": "time-micros"}))
        if isinstance(one, dict) and "name" in one:
            ways.append(lambda one=one: one.__setitem__("aliases", one.get("aliases", []) + ["another.Name"]))
        for field in one["fields"] if isinstance(one, dict) and one["type"] == "record" else []:
            ways.append(lambda field=field: field.__setitem__("aliases", field.get("aliases", []) + ["another"]))
            if "default" in field:
                ways.append(lambda field=field: field.__delitem__("default"))
    if not ways:
        return None
    chance.choice(ways)()
    return schema


def broken(chance, schema):
    """Text that is no schema."""
    schema = copy.deepcopy(schema)
    here = places(schema)
    ways = [lambda: json.dumps(schema)[:-1], lambda: json.dumps(["int", schema, "int"]), lambda: json.dumps([["int"], "string"]),
            lambda: json.dumps({"type": "array"}), lambda: json.dumps({"type": "map", "items": "int"}), lambda: "17", lambda: "",
            lambda: '{"type": "fixed", "name": "x", "size": -1}', lambda: '{"type": "enum", "name": "x"}',
            lambda: '{"type": "array", "items": "int", "items": "long"}']
    for parent, key, one in here:
        if parent is not None:
            ways.append(lambda parent=parent, key=key: (parent.__setitem__(key, "not.Defined"), json.dumps(schema))[1])
            ways.append(lambda parent=parent, key=key: (parent.__setitem__(key, 3), json.dumps(schema))[1])
        if isinstance(one, dict) and "name" in one:
            ways.append(lambda one=one: (one.__setitem__("name", "1x"), json.dumps(schema))[1])
            ways.append(lambda one=one: (one.__delitem__("name"), json.dumps(schema))[1])
            if one["type"] == "record":
                extra = [{"name": "t", "type": "int"}, {"name": "t", "type": "int"}]
                bad = [{"name": "t", "type": "int", "default": "x"}]
                ways.append(lambda one=one: (one["fields"].extend(extra), json.dumps(schema))[1])
                ways.append(lambda one=one: (one["fields"].extend(bad), json.dumps(schema))[1])
                ways.append(lambda one=one: (one["fields"].append({"name": "t"}), json.dumps(schema))[1])
            if one["type"] == "enum":
                ways.append(lambda one=one: (one["symbols"].append(one["symbols"][0]), json.dumps(schema))[1])
                ways.append(lambda one=one: (one.__setitem__("default", "none"), json.dumps(schema))[1])
    return chance.choice(ways)()


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
                'again', registry.avro_canonical(registry.avro_parsed(t.tree::text)), 'self', registry.avro_canonical(registry.avro_parsed(registry.avro_canonical(t.tree))))
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
        case = {"one": one, "other": other, "noisy": noisy(chance, one), "meant": meant_otherwise(chance, one), "broken": broken(chance, one)}
        cases.append(case)
        texts = [json.dumps(one), json.dumps(other), json.dumps(case["noisy"], indent=chance.choice([None, 1])),
                 json.dumps(case["meant"] or one), case["broken"]]
        calls += [["parse", text] for text in texts] + [["pair", texts[0], texts[1]], ["pair", texts[1], texts[0]], ["pair", texts[0], texts[2]]]
    said = answers(options.url, calls)
    faults, counts = [], dict.fromkeys(("compatible", "incompatible", "unread", "apache differs", "fastavro takes broken ones"), 0)
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
