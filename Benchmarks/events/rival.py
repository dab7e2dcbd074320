"""What a competent team would write in Python for the job of /collect: FastAPI, pydantic, fastavro and confluent-kafka.

Takes a JSON array of events in the normal form, with stamps under their class names, too; checks each by pydantic; writes it
as Avro with Confluent's header to events.raw, or as it came to events.dead.letter; answers when the brokers have
acknowledged all. Run by

    KAFKA_BOOTSTRAP_SERVERS=… uvicorn rival:app --loop uvloop --http httptools --workers 1 --no-access-log

Without API keys, limits, idempotency keys and metrics, which the collector has.
"""

import asyncio
import io
import os
import secrets
import struct
import threading
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import orjson
from confluent_kafka import KafkaException, Producer
from fastapi import FastAPI, Request, Response
from fastavro import parse_schema, schemaless_writer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

SCHEMA = parse_schema(orjson.loads((Path(__file__).resolve().parents[2] / "topics" / "events.raw.avsc").read_bytes()))
HEADER = struct.pack(">bI", 0, int(os.environ.get("SCHEMA_ID", "1")))
PREFIX = "X-Message-Stamp-"
STAMPS = {
    "NewContextStamp": "newContextStamp", "TimestampStamp": "timestampStamp", "MessageIdStamp": "messageIdStamp",
    "AmplitudeTrackStamp": "amplitudeTrackStamp",
}


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Data(Model):
    id: str
    amount: float


class NewContextStamp(Model):
    accountId: str
    userId: str
    requestPlatform: str | None = None


class AmplitudeTrackStamp(Model):
    id: int = Field(ge=0, lt=1 << 64)
    trackedDevice: str | None = None


class Attributes(Model):
    timestampStamp: str
    messageIdStamp: str
    type: str
    targetSubscription: str
    newContextStamp: NewContextStamp
    amplitudeTrackStamp: AmplitudeTrackStamp | None = None


class Event(Model):
    data: Data
    attributes: Attributes


EVENT = TypeAdapter(Event)


def normal(event):
    """Stamps by their class names, and out of their wrappings."""
    if not isinstance(event, dict) or not isinstance(attributes := event.get("attributes", event.get("headers")), dict):
        return event
    named = {}
    for name, value in attributes.items():
        if name.startswith(PREFIX):
            name = STAMPS.get(name.rsplit("\\", 1)[-1], name)
            if isinstance(value, str) and value.startswith("["):
                (value,) = orjson.loads(value)
            if name == "timestampStamp" and isinstance(value, dict):
                value = value.get("dispatchedAt")
            elif name == "messageIdStamp" and isinstance(value, dict):
                value = value.get("id")
        named[name] = value
    rest = {name: value for name, value in event.items() if name not in ("attributes", "headers")}
    return rest | {"attributes": named}


def encoded(event: Event) -> bytes:
    record = event.model_dump()
    if track := record["attributes"]["amplitudeTrackStamp"]:
        track["id"] = Decimal(track["id"])
    out = io.BytesIO()
    out.write(HEADER)
    schemaless_writer(out, SCHEMA, record)
    return out.getvalue()


def package_id() -> int:
    """A UUIDv7 with 20 bits of zeros at its end, for the ordinal."""
    milliseconds = time.time_ns() // 1_000_000
    return milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(42) << 20


class Reports:
    """Delivery reports of one package: the future is done with the last of them, or with the first error."""

    __slots__ = ("error", "future", "left", "loop")

    def __init__(self, loop, count):
        self.loop, self.left, self.error = loop, count, None
        self.future = loop.create_future()

    def take(self, error, _message):  # on the poll thread
        self.error = self.error or error
        self.left -= 1
        if self.left == 0:
            self.loop.call_soon_threadsafe(self.finish)

    def finish(self):
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(KafkaException(self.error))


producer: Producer
running = True


def poll():
    while running:
        producer.poll(0.1)


@asynccontextmanager
async def lifespan(_app):
    global producer, running
    producer = Producer({
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "enable.idempotence": True, "acks": "all",
        "linger.ms": float(os.environ.get("LINGER_MS", "1")), "delivery.timeout.ms": 30_000,
    })
    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    yield
    producer.flush(10)
    running = False
    thread.join()


app = FastAPI(lifespan=lifespan, openapi_url=None)


def problem(status, code, detail):
    body = orjson.dumps({"type": "about:blank", "status": status, "code": code, "detail": detail})
    return Response(body, status, media_type="application/problem+json")


@app.post("/collect")
async def collect(request: Request):
    try:
        events = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        return problem(400, "malformed_json", str(error))
    if not isinstance(events, list) or not events:
        return problem(400, "not_an_array", "a JSON array of events is needed")

    package = package_id()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    common = [("package", str(UUID(int=package))), ("packageSize", str(len(events))), ("receivedAt", now)]
    reports = Reports(asyncio.get_running_loop(), len(events))
    verdicts, accepted = [], 0
    for ordinal, raw in enumerate(events, 1):
        key = str(UUID(int=package | ordinal))
        headers = [*common, ("ordinal", str(ordinal))]
        try:
            value = encoded(EVENT.validate_python(normal(raw)))
        except (ValidationError, ValueError, TypeError) as error:
            if isinstance(error, ValidationError):
                first = error.errors(include_url=False, include_input=False)[0]
                code, text = first["type"], f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            else:
                code, text = "malformed_stamp", str(error)
            verdicts.append({"correlationId": key, "verdict": "rejected", "code": code, "error": text})
            headers += [("error", text), ("code", code), ("correlationId", key), ("origin", "collect")]
            message = ("events.dead.letter", orjson.dumps(raw), headers)
        else:
            accepted += 1
            verdicts.append({"correlationId": key, "verdict": "accepted"})
            message = ("events.raw", value, headers)
        topic, value, headers = message
        while True:
            try:
                producer.produce(topic, value, key, headers=headers, on_delivery=reports.take)
                break
            except BufferError:
                await asyncio.sleep(0.01)
    try:
        await asyncio.wait_for(reports.future, 35)
    except (KafkaException, TimeoutError) as error:
        return problem(503, "broker_away", str(error))
    answer = {
        "packageId": str(UUID(int=package)), "accepted": accepted, "rejected": len(events) - accepted, "events": verdicts,
    }
    return Response(orjson.dumps(answer), media_type="application/json")
