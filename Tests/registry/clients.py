#!/usr/bin/env python3
"""What clients written by others do with a schema registry, case by case: Confluent's own for Python.

    clients.py URL [KEY] CASE...    KEY may change schemas, - for none; `list` prints the cases; no case: all

Each case has subjects of its own, so that they can be run again and against any registry. A line for each: `ok NAME`, or
`FAILED NAME: why`.
"""
import asyncio
import io
import json
import struct
import sys
import traceback
import uuid
import warnings

warnings.filterwarnings("ignore")  # what libraries say of one another

import fastavro
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient, ConfigCompatibilityLevel, Schema, SchemaReference, SchemaRegistryClient, ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

URL, KEY = "", None


def client(key="", kind=SchemaRegistryClient, **more):
    key = KEY if key == "" else key
    settings = {"url": URL, "max.retries": 0, **more}
    if key:
        settings["basic.auth.user.info"] = f"anybody:{key}"
    return kind(settings)


def topic():
    return f"t-{uuid.uuid4()}"


def value(name):
    return SerializationContext(name, MessageField.VALUE)


def record(*fields, name="Order", **more):
    return json.dumps({"type": "record", "name": name, "namespace": "shop", "fields": list(fields), **more})


def field(name, kind, **more):
    return {"name": name, "type": kind, **more}


def refused(status, code, run, *arguments, **named):
    try:
        run(*arguments, **named)
    except SchemaRegistryError as error:
        assert (error.http_status_code, error.error_code) == (status, code), error
        return error.error_message
    raise AssertionError(f"not refused: {run.__name__} {arguments}")


ID = field("id", "string")
AMOUNT = field("amount", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})
NOTE = field("note", ["null", "string"], default=None)


def case_versions_of_a_subject():
    registry, subject = client(), topic() + "-value"
    first = registry.register_schema(subject, Schema(record(ID), "AVRO"))
    assert registry.register_schema(subject, Schema(" " + record(ID), "AVRO")) == first
    second = registry.register_schema(subject, Schema(record(ID, NOTE), "AVRO"))
    assert second != first
    registry = client()  # without what the other one remembers
    assert registry.get_versions(subject) == [1, 2] and subject in registry.get_subjects()
    newest = registry.get_latest_version(subject)
    assert (newest.version, newest.schema_id, newest.subject) == (2, second, subject), newest
    assert json.loads(newest.schema.schema_str) == json.loads(record(ID, NOTE))
    assert registry.get_version(subject, 1).schema_id == first
    assert json.loads(registry.get_schema(first).schema_str) == json.loads(record(ID))
    assert registry.lookup_schema(subject, Schema(record(ID), "AVRO")).version == 1
    assert registry.get_subjects_by_schema_id(first).count(subject) == 1
    assert [v.version for v in registry.get_schema_versions(second) if v.subject == subject] == [2]
    assert {"AVRO", "JSON"} <= set(registry.get_schema_types())
    full = registry.register_schema_full_response(subject, Schema(record(ID), "AVRO"))
    assert full.schema_id == first, full
    refused(404, 40401, registry.get_versions, topic())
    refused(404, 40402, registry.get_version, subject, 3)
    refused(404, 40403, registry.lookup_schema, subject, Schema(record(ID, AMOUNT), "AVRO"))
    refused(404, 40403, registry.get_schema, 2147483647)


def case_one_schema_under_two_subjects():
    registry, one, two = client(), topic(), topic()
    ids = {registry.register_schema(subject, Schema(record(ID, name="Same"), "AVRO")) for subject in (one, two)}
    assert len(ids) == 1
    assert {one, two} <= set(client().get_subjects_by_schema_id(ids.pop()))


def case_names_of_subjects():
    registry = client()
    for subject in (f"{topic()}/with space+plus", f"{topic()}%41ü?#&", f"{topic()}.value"):
        registry.register_schema(subject, Schema(record(ID), "AVRO"))
        assert client().get_versions(subject) == [1], subject
        assert client().delete_subject(subject) == [1] and client().delete_subject(subject, permanent=True) == [1]


def case_compatibility():
    registry, subject = client(), topic()
    assert registry.test_compatibility(subject, Schema('"int"', "AVRO")) is True, "no version to be compatible with"
    registry.register_schema(subject, Schema(record(ID), "AVRO"))
    good, bad = Schema(record(ID, NOTE), "AVRO"), Schema(record(ID, AMOUNT), "AVRO")
    assert registry.test_compatibility(subject, good) is True
    assert registry.test_compatibility(subject, bad) is False
    assert registry.test_compatibility_all_versions(subject, bad) is False
    assert registry.test_compatibility_all_versions(subject, good) is True
    message = refused(409, 409, registry.register_schema, subject, bad)
    assert "amount" in message, message
    refused(404, 40408, registry.get_compatibility, subject)
    registry.set_compatibility(subject, "FORWARD")
    assert registry.get_compatibility(subject) == "FORWARD"
    assert registry.test_compatibility(subject, bad) is True
    registry.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL_TRANSITIVE))
    assert registry.get_config(subject).compatibility_level == "FULL_TRANSITIVE"
    assert registry.test_compatibility(subject, bad) is False
    registry.set_compatibility(subject, "none")
    assert registry.register_schema(subject, Schema('"long"', "AVRO")) > 0
    registry.delete_config(subject)
    refused(404, 40408, registry.get_compatibility, subject)
    refused(422, 42203, registry.set_compatibility, subject, "SIDEWAYS")
    assert registry.get_compatibility() in ("BACKWARD", "NONE", "FORWARD", "FULL")


def case_deleting():
    registry, subject = client(), topic()
    for schema in (record(ID), record(ID, NOTE)):
        registry.register_schema(subject, Schema(schema, "AVRO"))
    refused(404, 40407, registry.delete_version, subject, 1, permanent=True)
    assert registry.delete_version(subject, 1) == 1
    refused(404, 40406, registry.delete_version, subject, 1)
    assert client().get_versions(subject) == [2] and client().get_versions(subject, deleted=True) == [1, 2]
    refused(404, 40402, client().get_version, subject, 1)
    assert client().get_version(subject, 1, deleted=True).version == 1
    refused(404, 40405, registry.delete_subject, subject, permanent=True)
    assert registry.delete_version(subject, 1, permanent=True) == 1
    assert registry.delete_subject(subject) == [2]
    refused(404, 40404, registry.delete_subject, subject)
    assert subject not in client().get_subjects() and subject in client().get_subjects(deleted=True)
    assert registry.delete_subject(subject, permanent=True) == [2]
    refused(404, 40401, registry.delete_subject, subject)


def case_modes():
    registry, subject = client(), topic()
    registry.register_schema(subject, Schema(record(ID), "AVRO"))
    refused(404, 40409, registry.get_mode, subject)
    assert registry.update_mode(subject, "READONLY") == "READONLY" and registry.get_mode(subject) == "READONLY"
    refused(422, 42205, registry.register_schema, subject, Schema(record(ID, NOTE), "AVRO"))
    refused(422, 42205, registry.delete_subject, subject)
    refused(422, 42204, registry.update_mode, subject, "SIDEWAYS")
    refused(422, 42205, registry.update_mode, subject, "IMPORT")
    assert registry.update_mode(subject, "IMPORT", force=True) == "IMPORT"
    registry.delete_mode(subject)
    assert registry.register_schema(subject, Schema(record(ID, NOTE), "AVRO")) > 0
    assert registry.get_global_mode() == "READWRITE"
    assert registry.get_contexts() == ["."]


def case_what_is_no_schema():
    registry, subject = client(), topic()
    for text in ("{", '"strin"', '{"type": "record", "name": "r"}', '{"type": "enum", "name": "e", "symbols": ["a", "a"]}', ""):
        refused(422, 42201, registry.register_schema, subject, Schema(text, "AVRO"))
    refused(422, 42201, registry.register_schema, subject, Schema('syntax = "proto3";', "PROTOBUF"))
    refused(422, 42202, registry.get_version, subject, "0")
    # As a kafka-clients' MD5 of nothing: a control character.
    refused(422, 42208, registry.register_schema, "a\nb", Schema(record(ID), "AVRO"))


def case_avro_serializers():
    """Written by one version, read by both; five bytes before the value, and fastavro reads the rest."""
    name = topic()
    writer = AvroSerializer(client(), record(ID, AMOUNT), lambda order, context: order)
    from decimal import Decimal
    order = {"id": "1", "amount": Decimal("12.50")}
    old = writer(order, value(name))
    newer = AvroSerializer(client(), record(ID, AMOUNT, NOTE), lambda order, context: order)
    new = newer({**order, "note": "x"}, value(name))
    registry = client()
    assert registry.get_versions(name + "-value") == [1, 2]
    for data, version in ((old, 1), (new, 2)):
        magic, number = struct.unpack(">bI", data[:5])
        assert magic == 0 and number == registry.get_version(name + "-value", version).schema_id
        text = client().get_schema(number).schema_str
        found = fastavro.schemaless_reader(io.BytesIO(data[5:]), fastavro.parse_schema(json.loads(text)), None)
        assert found["amount"] == Decimal("12.50"), found
    written = AvroDeserializer(client())
    assert written(old, value(name)) == order and written(new, value(name)) == {**order, "note": "x"}
    both = AvroDeserializer(client(), record(ID, AMOUNT, NOTE))
    assert both(old, value(name)) == {**order, "note": None} and both(new, value(name))["note"] == "x"
    before = AvroDeserializer(client(), record(ID, AMOUNT))
    assert before(new, value(name)) == order


def case_avro_without_registering():
    name = topic()
    registry = client()
    strict = {"auto.register.schemas": False}
    writer = AvroSerializer(registry, record(ID), None, strict)
    refused(404, 40401, writer, {"id": "1"}, value(name))
    registry.register_schema(name + "-value", Schema(record(ID), "AVRO"))
    assert AvroSerializer(client(key=None), record(ID), None, strict)({"id": "1"}, value(name))[5:] == b"\x021"
    registry.register_schema(name + "-value", Schema(record(ID, NOTE), "AVRO"))
    newest = AvroSerializer(client(key=None), None, None, {**strict, "use.latest.version": True})
    assert newest({"id": "1", "note": None}, value(name))[5:] == b"\x021\x00"
    normal = AvroSerializer(client(key=None), record(ID, doc="differs in no byte"), None, {**strict, "normalize.schemas": True})
    assert normal({"id": "1"}, value(name))[5:] == b"\x021"


def case_avro_primitives_and_keys():
    name = topic()
    key = SerializationContext(name, MessageField.KEY)
    for text, data in (('"long"', 7), ('{"type": "array", "items": "string"}', ["a", "b"])):
        context = key if text == '"long"' else value(name)
        data_bytes = AvroSerializer(client(), text)(data, context)
        assert AvroDeserializer(client(key=None))(data_bytes, context) == data
    assert client().get_versions(name + "-key") == [1] and client().get_versions(name + "-value") == [1]


def case_avro_references():
    registry, money, name = client(), topic(), topic()
    registry.register_schema(money, Schema(record(field("cents", "long"), name="Money"), "AVRO"))
    reference = SchemaReference("shop.Money", money, 1)
    order = Schema(record(ID, field("total", "shop.Money"), field("paid", ["null", "shop.Money"], default=None)), "AVRO", [reference])
    data = AvroSerializer(registry, order)({"id": "1", "total": {"cents": 5}, "paid": None}, value(name))
    read = AvroDeserializer(client(key=None))(data, value(name))
    assert read == {"id": "1", "total": {"cents": 5}, "paid": None}, read
    newest = client().get_latest_version(name + "-value")
    assert newest.schema.references == [reference], newest
    assert client().get_referenced_by(money, 1) == [newest.schema_id]
    refused(422, 42206, registry.delete_version, money, 1)
    refused(422, 42206, registry.delete_subject, money)
    lost = Schema(order.schema_str, "AVRO", [SchemaReference("shop.Money", money, 9)])
    refused(422, 42201, registry.register_schema, topic(), lost)
    refused(422, 42201, registry.register_schema, topic(), Schema(order.schema_str, "AVRO"))
    # A version more that its reader cannot read.
    worse = Schema(record(ID, field("total", "string")), "AVRO")
    message = refused(409, 409, registry.register_schema, name + "-value", worse)
    assert "total" in message, message
    assert registry.delete_subject(name + "-value") == [1] and registry.delete_subject(money) == [1]


JSON_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object", "required": ["id"],
    "properties": {"id": {"type": "string"}, "amount": {"type": "number"}},
}


def case_json_serializers():
    name, registry = topic(), client()
    writer = JSONSerializer(json.dumps(JSON_SCHEMA), registry, lambda order, context: order)
    data = writer({"id": "1", "amount": 12.5}, value(name))
    assert json.loads(data[5:]) == {"id": "1", "amount": 12.5}
    newest = client().get_latest_version(name + "-value")
    assert newest.schema.schema_type == "JSON" and struct.unpack(">bI", data[:5])[1] == newest.schema_id
    reader = JSONDeserializer(None, schema_registry_client=client(key=None))
    assert reader(data, value(name)) == {"id": "1", "amount": 12.5}
    # Keys in another order are the same schema; what is another schema is not compared, but by NONE.
    same = json.dumps(dict(reversed(JSON_SCHEMA.items())), indent=2)
    assert registry.register_schema(name + "-value", Schema(same, "JSON")) == newest.schema_id
    other = Schema(json.dumps({**JSON_SCHEMA, "required": []}), "JSON")
    assert "NONE" in refused(409, 409, registry.register_schema, name + "-value", other)
    registry.set_compatibility(name + "-value", "NONE")
    assert registry.register_schema(name + "-value", other) != newest.schema_id
    refused(422, 42201, registry.register_schema, topic(), Schema("{", "JSON"))


def case_json_references():
    registry, address, name = client(), topic(), topic()
    inner = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    registry.register_schema(address, Schema(json.dumps(inner), "JSON"))
    outer = {"type": "object", "properties": {"to": {"$ref": "address.json"}}, "required": ["to"]}
    schema = Schema(json.dumps(outer), "JSON", [SchemaReference("address.json", address, 1)])
    writer = JSONSerializer(schema, registry, lambda order, context: order)
    data = writer({"to": {"city": "Bern"}}, value(name))
    reader = JSONDeserializer(None, schema_registry_client=client(key=None))
    assert reader(data, value(name)) == {"to": {"city": "Bern"}}
    assert client().get_referenced_by(address, 1) == [client().get_latest_version(name + "-value").schema_id]


def case_asynchronous():
    async def run():
        registry, subject = client(kind=AsyncSchemaRegistryClient), topic()
        ids = await asyncio.gather(*(
            registry.register_schema(subject, Schema(record(ID, field(f"f{number}", "int", default=0)), "AVRO")) for number in range(8)))
        assert len(set(ids)) == 8, ids
        assert await client(kind=AsyncSchemaRegistryClient).get_versions(subject) == list(range(1, 9))

    asyncio.run(run())


def case_keys():
    """Only where schemas are changed by key: whoever has none reads."""
    subject = topic()
    if KEY is None:
        return
    schema = Schema(record(ID), "AVRO")
    for wrong in (None, "emp_wrong", KEY + "x"):
        refused(401, 401, client(key=wrong).register_schema, subject, schema)
        refused(401, 401, client(key=wrong).set_compatibility, subject, "NONE")
        refused(401, 401, client(key=wrong).delete_subject, subject)
    refused(404, 40401, client(key=None).get_versions, subject)
    client().register_schema(subject, schema)
    assert client(key=None).get_versions(subject) == [1]
    assert client(key=None).lookup_schema(subject, schema).version == 1
    assert client(key=None).test_compatibility(subject, schema) is True
    bearer = SchemaRegistryClient({
        "url": URL, "max.retries": 0, "bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": KEY,
        "bearer.auth.logical.cluster": "lsrc-1", "bearer.auth.identity.pool.id": "pool-1"})
    assert bearer.delete_subject(subject) == [1]


def main():
    global URL, KEY
    cases = {name[5:]: run for name, run in globals().items() if name.startswith("case_")}
    if sys.argv[1:] == ["list"]:
        print("\n".join(cases))
        return
    URL, KEY = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 and sys.argv[2] != "-" else None
    failed = False
    for name in sys.argv[3:] or cases:
        try:
            cases[name]()
            print("ok", name, flush=True)
        except Exception:
            failed = True
            print(f"FAILED {name}: {' | '.join(traceback.format_exc().splitlines()[-6:])}", flush=True)
    sys.exit(failed)


main()
