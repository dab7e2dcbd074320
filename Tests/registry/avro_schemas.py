"""Random Avro schemas, their next versions, the same in other words, and texts that are none; for avro_differential.py."""
import copy
import json

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
