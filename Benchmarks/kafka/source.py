"""Reads the topic and does nothing with it, by librdkafka's own callback: what the source gives at the most.

    source.py BROKERS TOPIC PARTITIONS MESSAGES PREFETCH_KIB

Debian's librdkafka, the one that the loader has, by ctypes; the callback is a C function (labs), so that Python does not
take part for each message.
"""

import ctypes
import os
import sys

kafka = ctypes.CDLL("librdkafka.so.1")
libc = ctypes.CDLL(None)
for name in ("conf_new", "new", "queue_new", "topic_new"):
    getattr(kafka, f"rd_kafka_{name}").restype = ctypes.c_void_p
kafka.rd_kafka_consume_callback_queue.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
CONSUMER = 1
PATIENCE = 10_000  # milliseconds


def main():
    brokers, topic, partitions, messages, prefetch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    settings = {"bootstrap.servers": brokers, "queued.max.messages.kbytes": prefetch, "queued.min.messages": "10000000", "check.crcs": "true"}
    conf = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    for name, value in settings.items():
        if kafka.rd_kafka_conf_set(conf, name.encode(), value.encode(), None, ctypes.c_size_t(0)) != 0:
            sys.exit(f"librdkafka refuses {name}={value}")
    client = ctypes.c_void_p(kafka.rd_kafka_new(CONSUMER, conf, None, ctypes.c_size_t(0)))
    queue = ctypes.c_void_p(kafka.rd_kafka_queue_new(client))
    handle = ctypes.c_void_p(kafka.rd_kafka_topic_new(client, topic.encode(), None))
    for partition in range(partitions):
        if kafka.rd_kafka_consume_start_queue(handle, ctypes.c_int32(partition), ctypes.c_int64(0), queue) != 0:
            sys.exit(f"partition {partition} cannot be read")
    callback = ctypes.cast(libc.labs, ctypes.c_void_p)
    read = 0
    while read < messages:
        got = kafka.rd_kafka_consume_callback_queue(queue, PATIENCE, callback, None)
        if got <= 0:
            sys.exit(f"{read} of {messages} messages came")
        read += got
    print(read, flush=True)
    os._exit(0)  # and with the process all that it holds


main()
