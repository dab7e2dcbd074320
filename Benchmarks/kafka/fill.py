"""Fills the topic with valid customers of exactly 500 bytes: fill.py BROKERS TOPIC PARTITIONS MESSAGES_EACH

Says how many were acknowledged. Each is a sign-up of a customer of its own; the city is padded.
"""

import sys
import time

from confluent_kafka import Producer

SIZE = 500
HEAD = (
    '{"customer_id":%d,"first_name":"Ann","last_name":"Ashby-%d","age":%d,"email":"Ann.Ashby.%d@Example.com","country":"Germany",'
    '"postal_code":"%d","phone_number":"+49 151 %d","registration_date":"2024-05-11T10:11:12.123456Z",'
    '"last_login_date":"2025-03-12T10:11:12Z","event_time":"2026-01-12T10:11:12.123Z","city":"Frankfurt')


def main():
    brokers, topic, partitions, each = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    refused = []
    producer = Producer({
        "bootstrap.servers": brokers, "linger.ms": 50, "batch.size": 1 << 20, "batch.num.messages": 1000,
        "queue.buffering.max.messages": 200_000, "delivery.report.only.error": True,
        "on_delivery": lambda error, message: refused.append(error)})
    number = 0
    began = time.perf_counter()
    for partition in range(partitions):
        for _ in range(each):
            number += 1
            head = HEAD % (number, number, 18 + number % 60, number, 10_000 + number % 80_000, 10_000_000 + number)
            value = head + "-" * (SIZE - len(head) - 2) + '"}'
            while True:
                try:
                    producer.produce(topic, value, str(number), partition)
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush(120)
    if refused:
        sys.exit(f"{len(refused)} of {number} messages were not taken: {refused[0]}")
    print(f"{number} messages in {time.perf_counter() - began:.1f} s")


main()
