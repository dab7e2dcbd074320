"""A Kafka loader as a good Python programmer writes it: confluent-kafka, psycopg 3, binary COPY, offsets in PostgreSQL in the
same transaction.

    rival.py BROKERS TOPIC PARTITIONS URL PREFETCH_KIB

Reads to the end of every partition. It does what `emporium load kafka` does for exactness and nothing else: no lease, no
fence, no look at the bytes, no books. Says what it landed.
"""

import sys

import psycopg
from confluent_kafka import Consumer, KafkaError, TopicPartition

ROWS = 20_000
COPY = "copy staging.shop_customer (batch_id, position, slot, message_key, payload) from stdin (format binary)"


def landed(database, batch, numbers):
    ends = {}
    with database.transaction(), database.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            copy.set_types(["int8", "int8", "int2", "bytea", "bytea"])
            write = copy.write_row
            for message in batch:
                offset = message.offset()
                ends[message.partition()] = offset + 1
                write((numbers, offset, 0, message.key(), message.value()))
        cursor.executemany(
            "insert into bench.python_offset (partition, next_offset) values (%s, %s) "
            "on conflict (partition) do update set next_offset = excluded.next_offset", list(ends.items()))
    return len(batch)


def main():
    brokers, topic, partitions, url, prefetch = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
    database = psycopg.connect(url, autocommit=True)
    known = dict(database.execute("select partition, next_offset from bench.python_offset").fetchall())
    consumer = Consumer({
        "bootstrap.servers": brokers, "group.id": "bench", "enable.auto.commit": False, "auto.offset.reset": "error",
        "enable.partition.eof": True, "queued.max.messages.kbytes": int(prefetch), "queued.min.messages": 10_000_000})
    consumer.assign([TopicPartition(topic, partition, known.get(partition, 0)) for partition in range(partitions)])
    batch, done, number, open_partitions = [], 0, 0, set(range(partitions))
    while open_partitions:
        for message in consumer.consume(ROWS - len(batch), 0.2):
            error = message.error()
            if error is None:
                batch.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
            else:
                sys.exit(str(error))
        if batch and (len(batch) >= ROWS or not open_partitions):
            number += 1
            done += landed(database, batch, number)
            batch = []
    consumer.close()
    print(done)


main()
