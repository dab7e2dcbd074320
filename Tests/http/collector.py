"""A stand-in for the collector, to test what posts to it: prints its port, answers until stdin ends.

POST /MODE/collect takes packages with the key emp_test. MODE: ok; busy (503, 429, then 200); lost (takes the package, and
breaks the connection instead of answering, the first time); away (503 for ever); teapot (418 for ever); mute (200, no verdicts).
GET /seen: the packages taken, each once for its Idempotency-Key; GET /calls: how often it was asked.
"""
import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
seen = []
answers = {}
tries = {}
state = {"calls": 0, "inside": 0, "most": 0}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, content in headers:
            self.send_header(name, content)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status, code, headers=()):
        self.answer(status, {"type": "about:blank", "title": "No", "status": status, "code": code, "detail": f"it is {code}"}, headers)

    def do_GET(self):
        with lock:
            self.answer(200, seen if self.path == "/seen" else state)

    def do_POST(self):
        with lock:
            state["calls"] += 1
            state["inside"] += 1
            state["most"] = max(state["most"], state["inside"])
        try:
            self.collect()
        finally:
            with lock:
                state["inside"] -= 1

    def collect(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, mode, last = self.path.split("/")
        if last != "collect":
            return self.problem(404, "not_found")
        if self.headers["X-API-Key"] != "emp_test":
            return self.problem(401, "wrong_api_key")
        if self.headers["Content-Type"] != "application/json":
            return self.problem(415, "wrong_content_type")
        key = self.headers["Idempotency-Key"]
        with lock:
            tries[key] = tries.get(key, 0) + 1
            number = tries[key]
        if mode == "away":
            return self.problem(503, "broker_away", [("Retry-After", "0")])
        if mode == "teapot":
            return self.problem(418, "teapot")
        if mode == "mute":
            return self.answer(200, {})
        if mode == "busy" and number == 1:
            return self.problem(503, "broker_away", [("Retry-After", "0")])
        if mode == "busy" and number == 2:
            return self.problem(429, "too_many_requests", [("Retry-After", "1")])
        try:
            events = json.loads(body)
        except ValueError:
            return self.problem(400, "malformed_json")
        with lock:
            if key is None or key not in answers:
                seen.append({"key": key, "events": events})
                head = str(uuid.uuid4())[:31]
                verdicts = []
                for ordinal, event in enumerate(events, 1):
                    verdict = {"correlationId": f"{head}{ordinal:05x}", "verdict": "accepted"}
                    if not isinstance(event, dict):
                        verdict |= {"verdict": "rejected", "code": "not_an_object", "error": "an object was expected"}
                    verdicts.append(verdict)
                accepted = sum(v["verdict"] == "accepted" for v in verdicts)
                answers[key] = {
                    "packageId": f"{head}00000", "accepted": accepted, "rejected": len(events) - accepted, "events": verdicts,
                }
            answer = answers[key]
        if mode == "lost" and number == 1:
            self.close_connection = True
            return
        self.answer(200, answer)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
