"""Fills the topic with valid events: fill.py BROKERS TOPIC PARTITIONS MESSAGES_EACH SCHEMA_ID

Confluent's frame around Avro of topics/events.raw.avsc, with the key and the headers that the collector gives. Ids are
made of counters, so that each event is one of its own.
"""

import datetime
import struct
import sys
import time

from confluent_kafka import Producer


def text(value):
    data = value.encode()
    number, out = len(data) << 1, b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number]) + data


def main():
    brokers, topic, partitions, each, schema = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    refused = []
    producer = Producer({
        "bootstrap.servers": brokers, "linger.ms": 50, "batch.size": 1 << 20, "batch.num.messages": 1000,
        "queue.buffering.max.messages": 200_000, "delivery.report.only.error": True,
        "on_delivery": lambda error, message: refused.append(error)})
    now = time.time()
    when = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    frame = b"\0" + struct.pack(">I", schema)
    middle = text(when)
    tail = text("invoice.created") + text("billing.projections") + text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    number = 0
    for partition in range(partitions):
        for _ in range(each):
            number += 1
            package, ordinal = (number - 1) // 10, (number - 1) % 10 + 1
            key = f"{int(now * 1000):012x}7000"
            key = f"{key[:8]}-{key[8:12]}-{key[12:16]}-8{package >> 28:03x}-{package & 0xFFFFFFF:07x}{ordinal:05x}"
            ident = f"018f2f6a-1234-7000-8000-{number:012x}"
            value = (
                frame + text(ident) + struct.pack("<d", number % 100_000 / 100) + middle + text(ident) + tail
                + text(f"6ba7b811-9dad-11d1-80b4-{number % 1000:012x}") + b"\x02" + text("web")
                + b"\x02" + b"\x12" + b"\0" + struct.pack(">Q", 2**63 + number) + b"\x02" + text("device"))
            headers = [("package", key[:31] + "00000"), ("packageSize", "10"), ("ordinal", str(ordinal)), ("receivedAt", when)]
            while True:
                try:
                    producer.produce(topic, value, key, partition, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
            if number % 1000 == 0:
                producer.poll(0)
    producer.flush(60)
    if refused:
        sys.exit(f"{len(refused)} messages were refused: {refused[0]}")
    print(f"{number} events of {len(value)} bytes")


main()
