"""An S3 server for tests: nanio, which checks signatures, with a bucket `emporium`.

    nanio.py [--data FOLDER] [--bucket NAME …] [--key test] [--secret secretsecret]

Prints its port, serves on 127.0.0.1, ends when its standard input does. Without --data its objects are in a folder of their
own that goes with it. Runs under any Python: where that has no nanio, it goes on under the one of .venv-tools, which has.
"""
import argparse
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import threading

sys.path.pop(0)  # this file's own folder: its name is that of the package
if importlib.util.find_spec("nanio") is None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    python = os.path.join(root, ".venv-tools", "bin", "python")
    if os.environ.get("EMPORIUM_NANIO_PYTHON") or not os.access(python, os.X_OK):
        sys.exit("no nanio here, nor in .venv-tools: run scripts/test-tools")
    os.environ["EMPORIUM_NANIO_PYTHON"] = python  # not for ever, should that one lack it, too
    os.execv(python, [python] + sys.argv)

import uvicorn  # noqa: E402
from nanio.app import build_app  # noqa: E402
from nanio.auth.credentials import StaticCredentialResolver  # noqa: E402
from nanio.config import Settings  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--data")
arguments.add_argument("--bucket", action="append")
arguments.add_argument("--key", default="test")
arguments.add_argument("--secret", default="secretsecret")
options = arguments.parse_args()

from pathlib import Path  # noqa: E402

own = None if options.data else tempfile.mkdtemp(prefix="emporium-nanio-")
data = Path(own or options.data).resolve()
for bucket in options.bucket or ["emporium"]:
    (data / bucket).mkdir(parents=True, exist_ok=True)

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
listener.listen(256)
port = listener.getsockname()[1]

credentials = StaticCredentialResolver({options.key: options.secret})
app = build_app(Settings(data_dir=data, host="127.0.0.1", port=port, credentials=credentials, access_log=False))
server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1))


def end_with_input():
    while sys.stdin.buffer.read(1024):
        pass
    server.should_exit = True


threading.Thread(target=end_with_input, daemon=True).start()
print(port, flush=True)
try:
    server.run(sockets=[listener])
finally:
    if own:
        shutil.rmtree(own, ignore_errors=True)
