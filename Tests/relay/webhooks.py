"""A receiver of webhooks as Standard Webhooks has it; and one that fails when told to.

    webhooks.py [--secret SECRET]

Prints its port, serves on 127.0.0.1, ends when its standard input does.

    POST /_fault {"path": "/a", "answers": [{"status": 429, "headers": {"Retry-After": "3"}}, {"delay": 3}, {"cut": true}, {"bytes": 2000000}, …]}
                 the next answers to POSTs there, one each; "for ever" beside "answers" repeats the last of them
    GET  /_log   every POST: path, headers, body, whether it was signed with the secret, what it was answered with, seconds
    POST /…      204 when it was signed with the secret, or none is given; 401 otherwise
"""
import argparse
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("--secret")
options = arguments.parse_args()

lock = threading.Lock()
faults = {}  # path -> answers
log = []


def key():
    secret = options.secret
    return base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()


def is_signed(headers, body):
    if options.secret is None:
        return False
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key(), content, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split(" "))


def fault(path):
    with lock:
        queue = faults.get(path)
        if not queue or not queue["answers"]:
            return {}
        return queue["answers"][0] if queue.get("for ever") and len(queue["answers"]) == 1 else queue["answers"].pop(0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(log).encode(), {"Content-Type": "application/json"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_fault":
            told = json.loads(body)
            with lock:
                faults[told["path"]] = told
            return self.answer(204)
        headers = {name.lower(): value for name, value in self.headers.items()}
        signed = is_signed(headers, body)
        entry = {
            "path": self.path, "headers": headers, "body": body.decode("utf-8", "replace"), "signed": signed, "answer": None,
            "seconds": time.monotonic(),
        }
        what = fault(self.path)
        with lock:
            log.append(entry)
        if "delay" in what:
            time.sleep(what["delay"])
        if what.get("cut"):
            self.close_connection = True
            return
        status = what.get("status") or (204 if signed or options.secret is None else 401)
        entry["answer"] = status
        try:
            self.answer(status, b"" if status == 204 else b"what a webhook answers" + b" " * what.get("bytes", 0), what.get("headers", {}))
        except OSError:
            pass  # who asked has gone

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.buffer.read()
