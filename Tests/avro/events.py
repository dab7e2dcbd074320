#!/usr/bin/env python3
"""events.py SCHEMA COUNT: made-up events as fastavro writes them, and as JSON without what is null, a line each, parted by tabs."""
import decimal
import io
import json
import random
import sys

import fastavro

decimal.getcontext().prec = 60
schema = fastavro.parse_schema(json.load(open(sys.argv[1], encoding="utf-8")))
dice = random.Random(7)


def text():
    return "".join(dice.choice('aé日😀"\\\n\x01 /') for _ in range(dice.randrange(20)))


def maybe():
    return text() if dice.randrange(2) else None


def event():
    track = {"id": dice.choice([0, 1, 127, 128, 255, 256, 2**63, 2**64 - 1, dice.randrange(2**64)]), "trackedDevice": maybe()}
    return {
        "data": {"id": text(), "amount": dice.choice([0.0, -0.0, 12.0, 0.1, 1e300, 5e-324, dice.uniform(-1e6, 1e6), float(2**53)])},
        "attributes": {
            "timestampStamp": text(), "messageIdStamp": text(), "type": text(), "targetSubscription": text(),
            "newContextStamp": {"accountId": text(), "userId": text(), "requestPlatform": maybe()},
            "amplitudeTrackStamp": track if dice.randrange(2) else None}}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    return value


def avro(value):
    track = value["attributes"]["amplitudeTrackStamp"]
    if track is None:
        return value
    return {**value, "attributes": {**value["attributes"], "amplitudeTrackStamp": {**track, "id": decimal.Decimal(track["id"])}}}


for _ in range(int(sys.argv[2])):
    made, value = io.BytesIO(), event()
    fastavro.schemaless_writer(made, schema, avro(value))
    print(made.getvalue().hex(), json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False), sep="\t")
