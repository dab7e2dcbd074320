"""A document store for tests that speaks MongoDB's wire protocol: nx-27017, in memory.

    nx27017.py [--data FOLDER] [--port PORT] [--refuse COMMAND=CODE …]

Prints its port, serves on 127.0.0.1, ends when its standard input does. With --data its databases are files there, and stay.
--refuse has it answer a command by an error: --refuse update=13 is a user who may not write, --refuse saslStart=18 a wrong password.
Runs under any Python: where that has no nx-27017, it goes on under the one of .venv-tools, which has.
"""
import argparse
import importlib.util
import logging
import os
import socket
import sys
import threading

if importlib.util.find_spec("nx_27017") is None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    python = os.path.join(root, ".venv-tools", "bin", "python")
    if os.environ.get("EMPORIUM_NX_PYTHON") or not os.access(python, os.X_OK):
        sys.exit("no nx-27017 here, nor in .venv-tools: run scripts/test-tools")
    os.environ["EMPORIUM_NX_PYTHON"] = python  # not for ever, should that one lack it, too
    os.execv(python, [python] + sys.argv)

from nx_27017.handler import NeoSQLiteHandler  # noqa: E402
from nx_27017.server import handle_client_threaded  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--data", default="memory")
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--refuse", action="append", default=[])
options = arguments.parse_args()
refused = {name: int(code) for name, code in (one.split("=") for one in options.refuse)}
logging.disable(logging.CRITICAL)


class Handler(NeoSQLiteHandler):
    def refusal(self, message):
        for kind, section in message["sections"]:
            if kind == "body" and isinstance(section, dict):
                for name, code in refused.items():
                    if name in section:
                        text = "Authentication failed." if code == 18 else f"not authorized to execute command {name}"
                        return message.get("request_id", 0), {"ok": 0, "code": code, "errmsg": text}
        return None

    def handle_command(self, message):
        return self.refusal(message) or super().handle_command(message)

    def handle_insert(self, message):
        return self.refusal(message) or super().handle_insert(message)


if options.data != "memory":
    os.makedirs(options.data, exist_ok=True)
handler = Handler(":memory:", data_dir=options.data)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", options.port))
listener.listen(64)


def serve():
    while True:
        client, _ = listener.accept()
        threading.Thread(target=handle_client_threaded, args=(client, handler), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
print(listener.getsockname()[1], flush=True)
while sys.stdin.buffer.read(1024):
    pass
os._exit(0)
