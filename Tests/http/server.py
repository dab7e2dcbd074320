"""A server for the tests of HTTPClient: prints its port, then answers until stdin ends."""
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    connections = 0
    aborted = 0
    lock = threading.Lock()

    def setup(self):
        super().setup()
        with Handler.lock:
            Handler.connections += 1

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.split("?")[0].strip("/").split("/")
        what, argument = parts[0], parts[1] if len(parts) > 1 else ""
        if what == "status":
            self.answer(b"so it is", int(argument))
        elif what == "echo":
            seen = {"method": self.command, "path": self.path, "headers": list(self.headers.items()), "body": body.decode()}
            self.answer(json.dumps(seen).encode(), headers=[("X-Twice", "one"), ("X-Twice", " two "), ("X-Empty", "")])
        elif what == "counts":
            self.answer(json.dumps({"connections": Handler.connections, "aborted": Handler.aborted}).encode())
        elif what == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif what == "bytes":
            self.answer(b"x" * int(argument))
        elif what == "endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"y" * 65536)
            except OSError:
                with Handler.lock:
                    Handler.aborted += 1
        elif what == "headers":
            self.answer(b"", headers=[("X-Number-%d" % n, "z" * 1000) for n in range(int(argument))])
        elif what == "slow":
            # Bytes trickle for longer than any test waits: only the total counts.
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                for _ in range(1200):
                    self.wfile.write(b".")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                with Handler.lock:
                    Handler.aborted += 1
        elif what == "redirect":
            self.answer(b"", 302, [("Location", "/echo")])
        elif what == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"not a hundred")
            self.close_connection = True
        elif what == "nothing":
            self.close_connection = True
        elif what == "once":
            # The connection goes without a word to it: the next request finds it closed.
            self.answer(b"last")
            self.close_connection = True
        elif what == "nonsense":
            self.wfile.write(b"SSH-2.0-nothing\r\n\r\n")
            self.close_connection = True
        else:
            self.answer(b"?", 404)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
