#!/usr/bin/env python3
"""For each line {"schema", "hex"} of a file: fastavro's fingerprint of the schema, the bytes it writes of the value that it
reads from ours, and that value as JSON (bytes as characters U+0000 to U+00FF), parted by tabs."""
import io
import json
import struct
import sys

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    data = bytes.fromhex(case["hex"])
    schema = fastavro.parse_schema(case["schema"])
    source = io.BytesIO(data)
    value = fastavro.schemaless_reader(source, schema, None)
    if source.read():
        sys.exit("bytes are left")
    made = io.BytesIO()
    fastavro.schemaless_writer(made, schema, value)
    (number,) = struct.unpack("<q", bytes.fromhex(fingerprint(to_parsing_canonical_form(case["schema"]), "CRC-64-AVRO")))
    print(number, made.getvalue().hex(), json.dumps(plain(value)), sep="\t")
