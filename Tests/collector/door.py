#!/usr/bin/env python3
"""What a client may do to the collector, case by case, over plain sockets.

    door.py PORT KEY CASE...    KEY is good and has a rate that is never reached; `list` prints the cases

The collector runs with EMPORIUM_COLLECT_REQUEST_TIMEOUT=2, EMPORIUM_COLLECT_IDLE_TIMEOUT=3,
EMPORIUM_COLLECT_MAX_CONNECTIONS=200, EMPORIUM_COLLECT_MAX_BODY=2097152.
"""
import gzip
import json
import re
import socket
import sys
import time
import traceback
import uuid

PORT, KEY = 0, ""
STAMP = "X-Message-Stamp-Holded\\Shared\\Infrastructure\\Messenger\\Stamp\\"
CORE = "X-Message-Stamp-Holded\\Core\\Messaging\\Messenger\\Stamp\\"
PACKAGE = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{7}00000$")


def event(**data):
    return {
        "data": {"id": str(uuid.uuid4()), "amount": 12.5, **data},
        "attributes": {
            "type": "invoice.created", "targetSubscription": "amplitude",
            STAMP + "NewContextStamp": {"accountId": str(uuid.uuid4()), "userId": str(uuid.uuid4())},
            CORE + "TimestampStamp": "2026-11-21T10:00:00.123Z", CORE + "MessageIdStamp": str(uuid.uuid4()),
        },
    }


def package(count=2):
    return json.dumps([event() for _ in range(count)]).encode()


class Connection:
    def __init__(self, limit=20):
        self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=limit)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return len(data) > 0

    def answer(self, method="POST"):
        """Status, headers (lower case), body; None at the connection's end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                assert self.buffer == b"", self.buffer
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = 0 if method == "HEAD" or status == 100 else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self.more(), "the answer is cut off"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def ends(self):
        """Nothing but the end comes."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            return True
        assert self.buffer == b"", self.buffer
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def head(length=None, method="POST", path="/collect", key=None, type="application/json", host="a", more=()):
    lines = [f"{method} {path} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    key = KEY if key is None else key
    if key:
        lines.append(f"X-API-Key: {key}")
    if type:
        lines.append(f"Content-Type: {type}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode()


def post(body, **options):
    with Connection() as connection:
        connection.send(head(len(body), **options) + body)
        return connection.answer()


def get(path, method="GET"):
    with Connection() as connection:
        connection.send(head(method=method, path=path, key="", type=None))
        return connection.answer(method)


def refused(answer, status, code):
    assert answer is not None, "no answer"
    assert answer[0] == status, answer
    assert answer[1]["content-type"] == "application/problem+json", answer
    problem = json.loads(answer[2])
    assert problem["status"] == status and problem["code"] == code and problem["title"] and problem["detail"], problem
    assert problem["type"] == "about:blank"
    return problem


def accepted(answer, count, rejected=0):
    assert answer is not None and answer[0] == 200, answer
    body = json.loads(answer[2])
    assert PACKAGE.match(body["packageId"]), body
    assert body["accepted"] == count - rejected and body["rejected"] == rejected, body
    for number, one in enumerate(body["events"], 1):
        assert one["correlationId"] == body["packageId"][:31] + f"{number:05x}", one
    assert len(body["events"]) == count
    return body


def metric(name):
    text = get("/metrics")[2].decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.split("\n") if line.startswith(f"emporium_collector_{name}"))


# What is taken


def case_array():
    accepted(post(package(3)), 3)


def case_lines():
    body = b"\n".join(json.dumps(event()).encode() for _ in range(4)) + b"\n"
    accepted(post(body, type="application/x-ndjson"), 4)


def case_gzip():
    accepted(post(gzip.compress(package(50)), more=["Content-Encoding: gzip"]), 50)


def case_bearer():
    accepted(post(package(), key="", more=[f"Authorization: Bearer {KEY}"]), 2)


def case_charset():
    accepted(post(package(), type="application/json; charset=UTF-8"), 2)


def case_chunked():
    body = package(5)
    with Connection() as connection:
        connection.send(head(more=["Transfer-Encoding: chunked"]))
        for place in range(0, len(body), 700):
            piece = body[place:place + 700]
            connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.send(b"0\r\n\r\n")
        accepted(connection.answer(), 5)


def case_rejected_beside_accepted():
    bad = event(amount="12.5")
    answer = accepted(post(json.dumps([event(), bad, event()]).encode()), 3, rejected=1)
    verdicts = [one["verdict"] for one in answer["events"]]
    assert verdicts == ["accepted", "rejected", "accepted"], verdicts
    assert answer["events"][1]["code"] == "wrong_type" and answer["events"][1]["error"].startswith("data.amount"), answer


def case_keep_alive():
    with Connection() as connection:
        for _ in range(3):
            body = package(1)
            connection.send(head(len(body)) + body)
            answer = connection.answer()
            accepted(answer, 1)
            assert "connection" not in answer[1], answer[1]


def case_http_1_0():
    body = package(1)
    with Connection() as connection:
        connection.send(head(len(body)).replace(b"HTTP/1.1", b"HTTP/1.0") + body)
        accepted(connection.answer(), 1)
        assert connection.ends()


def case_idempotent():
    body, name = package(3), f"Idempotency-Key: {uuid.uuid4()}"
    first = accepted(post(body, more=[name]), 3)
    assert accepted(post(body, more=[name]), 3)["packageId"] == first["packageId"]
    packed = accepted(post(gzip.compress(body), more=[name, "Content-Encoding: gzip"]), 3)
    assert packed["packageId"] == first["packageId"], "the digest is of the unpacked body"
    refused(post(package(3), more=[name]), 422, "idempotency_conflict")


def case_malformed_is_not_remembered():
    name = f"Idempotency-Key: {uuid.uuid4()}"
    refused(post(b"[{]", more=[name]), 400, "malformed_json")
    accepted(post(package(1), more=[name]), 1)


# What is refused


def case_codes():
    one = json.dumps(event())
    for body, code in [
        (b"[{", "malformed_json"), (b"{}", "not_an_array"), (b"[]", "empty_package"), (b"", None),
        (b"\xef\xbb\xbf[1]", "byte_order_mark"), ("[1]".encode("utf-16"), None), (b'["\xff"]', "not_utf8"),
        (b'[{"a":1,"a":2}]', "duplicate_key"), (b'["\\u0000"]', "nul_escape"), (b'["\\ud800"]', "lone_surrogate"),
        (b"[1e999]", "number_out_of_range"), ((one + ",").encode(), None),
    ]:
        answer = post(body)
        assert answer[0] == 400, (body, answer)
        problem = refused(answer, 400, json.loads(answer[2])["code"])
        if code:
            assert problem["code"] == code, (body, problem)


def case_line_number():
    body = json.dumps(event()).encode() + b"\n{]\n"
    assert refused(post(body, type="application/x-ndjson"), 400, "malformed_json")["line"] == 2


def case_corrupt_gzip():
    packed = gzip.compress(package())
    for body in [packed[:-6], b"\x1f\x8b\x08" + b"x" * 40, package(), packed + b"garbage!"]:
        refused(post(body, more=["Content-Encoding: gzip"]), 400, "corrupt_gzip")


def case_gzip_bomb():
    before = metric("resident_memory_bytes")
    refused(post(gzip.compress(b" " * (1 << 20), 9), more=["Content-Encoding: gzip"]), 413, "gzip_ratio")
    for _ in range(5):
        answer = post(gzip.compress(b" " * (200 << 20), 9), more=["Content-Encoding: gzip"])
        assert answer[0] == 413, answer
    assert metric("resident_memory_bytes") - before < 24 << 20
    assert metric("in_flight_bytes") == 0


def case_too_large():
    problem = refused(post(b"[" + b"1," * (1 << 20) + b"1]"), 413, "body_too_large")
    assert "2097152" in problem["detail"]
    plain = json.dumps([str(uuid.uuid4()) for _ in range(60_000)]).encode()
    refused(post(gzip.compress(plain), more=["Content-Encoding: gzip"]), 413, "body_too_large")
    refused(post(b"[" + b",".join([b"1"] * 10_001) + b"]"), 413, "too_many_events")
    refused(post(json.dumps([event(id="x" * (257 << 10))]).encode()), 413, "event_too_large")
    refused(post(b"[" + b"[" * 40 + b"]" * 40 + b"]"), 413, "too_deep")


def case_length_is_enough_to_refuse():
    with Connection() as connection:
        connection.send(head(10 << 30))
        refused(connection.answer(), 413, "body_too_large")
        assert connection.ends()


def case_chunked_too_large():
    with Connection() as connection:
        connection.send(head(more=["Transfer-Encoding: chunked"]))
        piece = b"10000\r\n" + b"[" * 65536 + b"\r\n"
        try:
            for _ in range(64):
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        refused(connection.answer(), 413, "body_too_large")


def case_no_key():
    with Connection() as connection:
        # The body never comes, and is not waited for.
        connection.send(head(1000, key="-", more=[]).replace(b"X-API-Key: -\r\n", b""))
        missing = refused(connection.answer(), 401, "no_api_key")
        assert connection.ends()
    with Connection() as connection:
        connection.send(head(1000, key="emp_" + "x" * 43))
        answer = connection.answer()
        wrong = refused(answer, 401, "wrong_api_key")
        assert "www-authenticate" in answer[1]
        assert connection.ends()
    assert missing["detail"] == wrong["detail"], "one text for both"


def case_places_and_methods():
    refused(get("/nowhere"), 404, "not_found")
    refused(get("/collect/"), 404, "not_found")
    answer = get("/collect")
    refused(answer, 405, "method_not_allowed")
    assert answer[1]["allow"] == "post"
    for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"]:
        refused(get("/collect", method), 405, "method_not_allowed")
    refused(get("/live", "DELETE"), 405, "method_not_allowed")


def case_types():
    for type in ["text/plain", None, "application/json; charset=utf-16", "application/jsonx"]:
        refused(post(package(), type=type), 415, "wrong_content_type")
    for encoding in ["br", "deflate", "gzip, gzip"]:
        refused(post(package(), more=[f"Content-Encoding: {encoding}"]), 415, "wrong_content_encoding")


def case_bad_idempotency_keys():
    for name in ["x" * 256, "two words", ""]:
        refused(post(package(), more=[f"Idempotency-Key: {name}"]), 400, "bad_request")
    refused(post(package(), more=["Idempotency-Key: a", "Idempotency-Key: a"]), 400, "bad_request")


def case_reads():
    assert get("/live")[0] == 200
    answer = get("/ready")
    assert answer[0] == 200 and json.loads(answer[2])["status"] == "ready", answer
    answer = get("/live", "HEAD")
    assert answer[0] == 200 and answer[2] == b"" and int(answer[1]["content-length"]) > 0
    document = json.loads(get("/openapi.json")[2])
    assert "/collect" in document["paths"], document.keys()
    metrics = get("/metrics")
    assert metrics[1]["content-type"].startswith("text/plain; version=0.0.4"), metrics


def case_registry():
    kind = "application/vnd.schemaregistry.v1+json"

    def read(path, status=200):
        answer = get(path)
        assert answer[0] == status and answer[1]["content-type"] == kind, answer
        return json.loads(answer[2])

    subject = "/subjects/events.raw-value/versions"
    assert "events.raw-value" in read("/subjects")
    assert read(subject) == [1]
    newest = read(subject + "/latest")
    assert read(subject + "/1") == newest and newest["version"] == 1 and newest["subject"] == "events.raw-value"
    assert json.loads(read(f"/schemas/ids/{newest['id']}")["schema"]) == json.loads(newest["schema"])
    assert read("/schemas/ids/999999", 404)["error_code"] == 40403
    assert read("/schemas/ids/x", 404)["error_code"] == 404
    assert read("/subjects/no-such/versions", 404)["error_code"] == 40401
    assert read("/subjects/no-such/versions/1", 404)["error_code"] == 40401
    assert read(subject + "/99", 404)["error_code"] == 40402
    assert read(subject + "/0", 422)["error_code"] == 42202
    assert read("/subjects/a%2Fb%20c/versions", 404)["error_code"] == 40401
    assert read("/subjects?deleted=%", 400)["error_code"] == 400
    assert get(subject + "/1", "HEAD")[0] == 200


def registry(body, path, method="POST", key="", type="application/vnd.schemaregistry.v1+json", more=()):
    with Connection() as connection:
        connection.send(head(len(body), method, path, key, type, more=more) + body)
        answer = connection.answer(method)
        assert answer[1]["content-type"] == "application/vnd.schemaregistry.v1+json", answer
        return answer[0], json.loads(answer[2])


def case_registry_changes():
    """Nobody is asked for a key: this one listens on a loopback address only."""
    subject = f"/subjects/{uuid.uuid4()}"
    body = json.dumps({"schema": '"string"'}).encode()
    status, done = registry(body, subject + "/versions")
    assert status == 200 and done["id"] > 0, done
    assert registry(body, subject)[1]["version"] == 1
    with Connection() as connection:  # one after another, in pieces, and with what else a body can come as
        connection.send(head(method="POST", path=subject + "/versions", more=["Transfer-Encoding: chunked", "Expect: 100-continue"]))
        assert connection.answer()[0] == 100
        for byte in body:
            connection.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        connection.send(b"0\r\n\r\n")
        assert json.loads(connection.answer()[2])["id"] == done["id"]
        connection.send(head(method="DELETE", path=subject, type=None) + head(method="GET", path=subject + "/versions", type=None))
        assert json.loads(connection.answer()[2]) == [1]
        answer = connection.answer()
        assert answer[0] == 404 and json.loads(answer[2])["error_code"] == 40401, answer
    assert registry(b"{}", subject + "?permanent=true", "DELETE") == (200, [1])
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", None):
        for path in (subject, subject + "/versions"):
            status, error = registry(body, path, type=type)
            assert status == 415 and error["error_code"] == 415, error
    assert registry(body, subject + "/versions", more=["Origin: http://a"])[0] == 403
    for broken in (b"\xff", b"{\x00}", b"[]", b"", b"7"):
        assert registry(broken, subject + "/versions")[0] == 400, broken
    assert registry(b"", subject + "/versions", "PATCH")[0] == 405


def case_registry_bodies_have_a_limit():
    path = f"/subjects/{uuid.uuid4()}/versions"
    with Connection() as connection:
        connection.send(head((2 << 20) + 1, path=path))
        answer = connection.answer()
        assert answer[0] == 413 and json.loads(answer[2])["error_code"] == 413, answer
    with Connection() as connection:
        connection.send(head(path=path, more=["Transfer-Encoding: chunked"]))
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            for _ in range(40):
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.answer()
        assert answer[0] == 413, answer
    long = json.dumps({"schema": json.dumps({"type": "string", "doc": "x" * (1 << 20)})}).encode()
    assert registry(long, path)[0] == 422
    until(lambda: metric("registry_in_flight_bytes") == 0)


def case_registry_bodies_keep_no_events_out():
    """Who withholds bodies from the registry, without a key, fills what is the registry's."""
    connections = [Connection() for _ in range(60)]
    for connection in connections:
        connection.send(head(2 << 20, path="/subjects/a", key="") + b" " * (1 << 19))
    until(lambda: metric("registry_in_flight_bytes") > (7 << 20))
    assert metric("in_flight_bytes") == 0
    status, error = registry(b"{" + b" " * (1 << 20) + b"}", "/subjects/a")
    assert status == 503 and error["error_code"] == 50001, error
    answers = slow(connections, None)
    assert all(answer.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 503 ")) for answer in answers), answers
    until(lambda: metric("registry_in_flight_bytes") == 0)
    assert registry(b'{"schema": "x"}', "/subjects/a")[0] == 422


# Connections


def case_continue():
    body = package(2)
    with Connection() as connection:
        connection.send(head(len(body), more=["Expect: 100-continue"]))
        assert connection.answer()[0] == 100
        connection.send(body)
        accepted(connection.answer(), 2)
    with Connection() as connection:
        connection.send(head(len(body), key="wrong", more=["Expect: 100-continue"]))
        refused(connection.answer(), 401, "wrong_api_key")
        assert connection.ends()


def case_two_lengths():
    body = package(1)
    two = head(len(body), more=[f"Content-Length: {len(body)}"])
    both = head(len(body), more=["Transfer-Encoding: chunked"])
    both_other_way = head(more=["Transfer-Encoding: chunked", f"Content-Length: {len(body)}"])
    other = head(len(body), more=["Content-Length: 1"])
    negative = head(-1)
    odd = head("0x10")
    encoded = head(more=["Transfer-Encoding: gzip, chunked"])
    twice = head(more=["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"])
    for text in [two, both, both_other_way, other, negative, odd, encoded, twice]:
        with Connection() as connection:
            connection.send(text + body)
            refused(connection.answer(), 400, "bad_request")
            assert connection.ends(), text


def case_hosts():
    body = package(1)
    for text in [head(len(body), host=None), head(len(body), more=["Host: b"])]:
        with Connection() as connection:
            connection.send(text + body)
            refused(connection.answer(), 400, "bad_request")
            assert connection.ends()


def case_not_http():
    for text in [
        b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /live\r\n\r\n",
        b"GET /live HTTP/1.1\r\nHost : a\r\n\r\n", b"GET /live HTTP/9.9\r\nHost: a\r\n\r\n", b"GET /li\0ve HTTP/1.1\r\nHost: a\r\n\r\n",
    ]:
        with Connection() as connection:
            connection.send(text)
            answer = connection.answer()
            assert answer is None or answer[0] == 400, (text, answer)
            assert connection.ends()


def case_upgrade():
    with Connection() as connection:
        connection.send(head(method="GET", path="/live", key="", type=None, more=["Connection: Upgrade", "Upgrade: h2c"]))
        assert connection.answer()[0] == 200, "an upgrade is not taken, the request is"
    with Connection() as connection:
        connection.send(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = connection.answer()
        assert answer[0] in (400, 404, 405), answer


def case_many_headers():
    with Connection() as connection:
        try:
            connection.send(head(0, more=[f"X-{number}: y" for number in range(1001)]))
        except (BrokenPipeError, ConnectionResetError):
            pass
        refused(connection.answer(), 431, "headers_too_large")
        assert connection.ends()
    with Connection() as connection:
        try:
            connection.send(head(0, more=["X-Long: " + "y" * (1 << 20)]))
        except (BrokenPipeError, ConnectionResetError):
            pass
        refused(connection.answer(), 431, "headers_too_large")


def case_pipelining():
    body = package(2)
    one = head(len(body)) + body
    with Connection(limit=60) as connection:
        connection.send(one * 20)
        for _ in range(20):
            accepted(connection.answer(), 2)
    before = metric("resident_memory_bytes")
    with Connection(limit=120) as connection:
        import threading
        sender = threading.Thread(target=connection.send, args=(one * 1000,))
        sender.start()
        seen = set()
        for _ in range(1000):
            seen.add(accepted(connection.answer(), 2)["packageId"])
        sender.join()
        assert len(seen) == 1000
    grown = metric("resident_memory_bytes") - before
    assert grown < 16 << 20, grown


def case_pipelined_reads():
    one = head(method="GET", path="/live", key="", type=None) + head(method="GET", path="/nowhere", key="", type=None)
    with Connection(limit=60) as connection:
        connection.send(one * 500)
        for number in range(1000):
            assert connection.answer()[0] == (404 if number % 2 else 200)


def case_answers_not_taken():
    """Asks for much and reads nothing: the answers are not piled up."""
    before = metric("resident_memory_bytes")
    with Connection(limit=30) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one = head(method="GET", path="/openapi.json", key="", type=None)
        connection.socket.settimeout(1)
        try:
            for _ in range(200):
                connection.send(one * 100)
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
        assert metric("resident_memory_bytes") - before < 24 << 20
        until(lambda: metric("connections_cut_total{reason=\"answer_not_taken\"}") >= 1)


def until(condition, limit=20):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "that did not come to be"
        time.sleep(0.05)


def healthy(count=20):
    """Times of requests that are as they should be, in seconds, the slowest last."""
    times = []
    for _ in range(count):
        begun = time.monotonic()
        accepted(post(package(2)), 2)
        times.append(time.monotonic() - begun)
    return sorted(times)


def slow(connections, drip):
    """All of them are cut off, while others are served."""
    begun = time.monotonic()
    times = healthy()
    print(f"healthy beside {len(connections)}: p50 {times[len(times) // 2] * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms")
    left = list(connections)
    answers = []
    while left:
        assert time.monotonic() - begun < 20, f"{len(left)} are still there"
        for connection in list(left):
            if drip:
                try:
                    connection.send(drip)
                except (BrokenPipeError, ConnectionResetError):
                    pass
            connection.socket.settimeout(0.01)
            try:
                if not connection.more():
                    left.remove(connection)
                    answers.append(connection.buffer)
            except TimeoutError:
                pass
            except ConnectionResetError:
                left.remove(connection)
                answers.append(connection.buffer)
        time.sleep(0.2)
    accepted(post(package(1)), 1)
    return answers


def case_withheld_bodies():
    connections = [Connection() for _ in range(100)]
    for connection in connections:
        connection.send(head(2 << 20) + b"[")
    answers = slow(connections, None)
    assert all(answer.startswith(b"HTTP/1.1 408 ") and b'"too_slow"' in answer for answer in answers), answers[0]
    until(lambda: metric("in_flight_bytes") == 0)


def case_dripped_bodies():
    connections = [Connection() for _ in range(20)]
    for connection in connections:
        connection.send(head(1000))
    answers = slow(connections, b"[")
    assert sum(answer.startswith(b"HTTP/1.1 408 ") for answer in answers) > 10, answers


def case_dripped_heads():
    connections = [Connection() for _ in range(20)]
    for connection in connections:
        connection.send(b"POST /collect HTTP/1.1\r\nX-Slow: ")
    slow(connections, b"y")


def case_dripped_second_heads():
    """After a good request, too: the idle time-out does not see what is no request yet."""
    connections = [Connection() for _ in range(10)]
    for connection in connections:
        body = package(1)
        connection.send(head(len(body)) + body)
        accepted(connection.answer(), 1)
        connection.send(b"P")
    slow(connections, b"O")


def case_silent():
    slow([Connection() for _ in range(50)], None)


def case_idle():
    with Connection() as connection:
        body = package(1)
        connection.send(head(len(body)) + body)
        accepted(connection.answer(), 1)
        assert connection.ends(), "closed without a word"


def case_half_closed():
    body = package(2)
    with Connection() as connection:
        connection.send(head(len(body)) + body)
        connection.socket.shutdown(socket.SHUT_WR)
        accepted(connection.answer(), 2)
        assert connection.ends()
    with Connection() as connection:
        connection.send(head(len(body)) + body[:10])
        connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.answer()
        assert answer is None or answer[0] == 400, answer


def case_gone():
    """Clients that go away at each step leave nothing behind."""
    body = package(20)
    text = head(len(body)) + body
    for place in [0, 5, 60, len(text) - len(body), len(text) - 5, len(text)]:
        for _ in range(10):
            with Connection() as connection:
                connection.send(text[:place])
    until(lambda: metric("connections ") <= 1 and metric("in_flight_bytes") == 0 and metric("requests_in_flight") <= 1)


def case_connection_cap():
    """Those above the cap are turned away, those below it are served."""
    first = Connection()
    body = package(1)
    others = [Connection() for _ in range(199)]
    try:
        # Its event loops count them side by side: the next one may be before those in hand at another loop.
        def open_ones():
            first.send(head(method="GET", path="/metrics", key="", type=None))
            page = first.answer("GET")[2].decode()
            return int(re.search(r"^emporium_collector_connections (\d+)$", page, re.M)[1])

        until(lambda: open_ones() >= 200)
        refusals = []
        for _ in range(20):
            with Connection() as connection:
                try:
                    refusals.append(connection.answer())
                except ConnectionResetError:
                    refusals.append(None)
        assert any(answer is not None and answer[0] == 503 for answer in refusals), refusals
        for answer in refusals:
            if answer is not None:
                refused(answer, 503, "overloaded")
                assert "retry-after" in answer[1]
        first.send(head(len(body)) + body)
        accepted(first.answer(), 1)
    finally:
        for connection in [first, *others]:
            connection.close()
    until(lambda: reachable())
    accepted(post(body), 1)


def reachable():
    try:
        return get("/live")[0] == 200
    except (ConnectionResetError, AssertionError):
        return False


def main():
    global PORT, KEY
    cases = {name[5:]: run for name, run in globals().items() if name.startswith("case_")}
    if sys.argv[1:] == ["list"]:
        print("\n".join(cases))
        return
    PORT, KEY = int(sys.argv[1]), sys.argv[2]
    failed = False
    for name in sys.argv[3:] or cases:
        try:
            cases[name]()
            print(f"ok {name}", flush=True)
        except Exception:
            failed = True
            print(f"FAILED {name}: " + traceback.format_exc().replace("\n", " | ")[-1500:], flush=True)
    sys.exit(1 if failed else 0)


main()
