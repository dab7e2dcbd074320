"""Stands before an S3 server (path style, plain http), and fails when told to.

    proxy.py URL        such as http://127.0.0.1:9000

Prints its port, serves on 127.0.0.1, ends when its standard input does. The Host header goes through unchanged: requests are
signed for the proxy's own address, and the server believes it.

    POST   /_fault {"mode": "…"} or a list of those    takes the place of what stood before; the first that fits a request counts
    DELETE /_fault                                     all well again
    GET    /_log    [{"method", "path", "query", "status", "fault", "bytes", "headers"}, …] in the order of their coming; status is null
                    where nothing was answered, headers are without Authorization
    POST   /_log    the same, and forgotten at once

A fault has a mode and may have `count` (requests it lasts for; without: until it is taken away), `skip` (requests that fit and
are let through before), `methods` (a list), `match` (what path and query must contain). Modes:

    down          the connection is closed, nothing is forwarded
    500 503 403   that answer, as S3 words it: InternalError, SlowDown, AccessDenied
    full          507 XMinioStorageFull, as MinIO says it
    slow          forwarded after `seconds` (2)
    hang          never answered, nor forwarded, until the fault goes or the client does
    cut           half of the answer's body, then the connection is closed; of a request with a body half is read, none forwarded
    lose_answer   forwarded and done; the connection is closed in the answer's place
    corrupt       forwarded; one bit of the answer's body is another
    answer        `status`, `headers`, `body` in the server's place, not forwarded
"""
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

upstream = urllib.parse.urlsplit(sys.argv[1])
lock = threading.Lock()
faults = []
log = []
generation = 0  # of the faults: a hanging request looks whether it is still that which made it hang

ERRORS = {
    "500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "503": (503, "SlowDown", "Please reduce your request rate."),
    "403": (403, "AccessDenied", "Access Denied."),
    "full": (507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."),
}
MODES = {"down", "slow", "hang", "cut", "lose_answer", "corrupt", "answer", *ERRORS}


def fault_for(method, path):
    with lock:
        for fault in faults:
            if method not in fault.get("methods", [method]) or fault.get("match", "") not in path:
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                return None, generation
            if "count" in fault:
                if fault["count"] <= 0:
                    continue
                fault["count"] -= 1
            return fault, generation
    return None, generation


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.upstream = None

    def finish(self):
        if self.upstream:
            self.upstream.close()
        try:
            super().finish()
        except OSError:
            pass

    # MARK: What the tests ask

    def control(self, body):
        global generation
        answer = b"{}"
        if self.path == "/_log" and self.command == "GET":
            with lock:
                answer = json.dumps(log).encode()
        elif self.path == "/_log" and self.command == "POST":
            with lock:
                answer = json.dumps(log).encode()
                log.clear()
        elif self.path == "/_fault" and self.command in ("POST", "DELETE"):
            new = json.loads(body) if self.command == "POST" else []
            new = new if isinstance(new, list) else [new]
            if any(f.get("mode") not in MODES for f in new):
                return self.answer(400, [], b'{"message": "no such mode"}')
            with lock:
                generation += 1
                faults[:] = new
        else:
            return self.answer(404, [], answer)
        self.answer(200, [("Content-Type", "application/json")], answer)

    # MARK: Serving

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.path.startswith("/_"):
            return self.control(self.rfile.read(length))
        fault, of = fault_for(self.command, self.path)
        mode = fault["mode"] if fault else None
        path, _, query = self.path.partition("?")
        headers = {n.lower(): v for n, v in self.headers.items() if n.lower() != "authorization"}
        self.entry = {"method": self.command, "path": path, "query": query, "status": None, "fault": mode, "bytes": length,
                      "headers": headers}
        with lock:
            log.append(self.entry)
        if mode == "down":
            return self.cut_off()
        if mode == "cut" and length:
            self.rfile.read(length // 2)
            return self.cut_off()
        body = self.rfile.read(length)
        if mode in ERRORS:
            status, code, message = ERRORS[mode]
            return self.answer(status, [("Content-Type", "application/xml")], (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
                "<RequestId>proxy</RequestId></Error>").encode())
        if mode == "answer":
            return self.answer(fault.get("status", 200), list(fault.get("headers", {}).items()), fault.get("body", "").encode())
        if mode == "hang":
            return self.hang(of)
        if mode == "slow":
            time.sleep(fault.get("seconds", 2))
        status, headers, answer = self.forward(body)
        if mode == "lose_answer":
            return self.cut_off()
        if mode == "corrupt" and answer:
            answer = answer[:-1] + bytes([answer[-1] ^ 1])
        self.answer(status, headers, answer, half=mode == "cut")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def forward(self, body):
        if not self.upstream:
            self.upstream = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=120)
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body if body else None)
        response = self.upstream.getresponse()
        answer = response.read()
        headers = [(n, v) for n, v in response.getheaders() if n.lower() not in ("connection", "transfer-encoding", "keep-alive")]
        if response.will_close:
            self.upstream.close()
            self.upstream = None
        return response.status, headers, answer

    def answer(self, status, headers, body, half=False):
        if hasattr(self, "entry"):
            self.entry["status"] = status
        names = {n.lower() for n, _ in headers}
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        if status != 204 and (self.command != "HEAD" or "content-length" not in names):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.cut_off()

    def cut_off(self):
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.shutdown(2)
        except OSError:
            pass

    def hang(self, of):
        self.connection.setblocking(False)
        while True:
            with lock:
                if generation != of:
                    break
            try:
                if self.connection.recv(1) == b"":
                    break  # the client has gone
            except BlockingIOError:
                pass
            except OSError:
                break
            time.sleep(0.02)
        self.cut_off()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a client that went, or the server behind that is not there


def end_with_input():
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=end_with_input, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
