"""A private MariaDB server in a folder of its own, on a free port of 127.0.0.1 and a Unix socket.

Prints `PORT SOCKET` when it answers, then obeys lines of its standard input, each answered by a line:
    start, stop (in order), kill (-9), freeze and thaw (SIGSTOP and SIGCONT)
It ends with its standard input, and the server and the folder with it. As root it runs the server as user postgres.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

root = os.geteuid() == 0
folder = tempfile.mkdtemp(prefix="emporium-mariadb-", dir="/tmp")
data, sock = folder + "/data", folder + "/socket"
user = ["--user=postgres"] if root else []
if root:
    entry = pwd.getpwnam("postgres")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    os.chmod(folder, 0o755)
server = None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(port):
    global server
    server = subprocess.Popen(
        ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={sock}", f"--port={port}", "--bind-address=127.0.0.1",
         f"--pid-file={folder}/pid", "--skip-log-bin", "--innodb-buffer-pool-size=64M", *user],
        stdin=subprocess.DEVNULL, stdout=open(folder + "/log", "ab"), stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while subprocess.run(["mariadb", "--no-defaults", f"--socket={sock}", "--user=root", "--execute=select 1"], capture_output=True).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(open(folder + "/log", errors="replace").read()[-2000:])
        time.sleep(0.02)


def end(how):
    if server and server.poll() is None:
        server.send_signal(signal.SIGCONT)
        server.send_signal(how)
        server.wait()


try:
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", *user],
        stdin=subprocess.DEVNULL, capture_output=True, check=True)
    port = free_port()
    start(port)
    print(port, sock, flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "start":
            start(port)
        elif word == "stop":
            end(signal.SIGTERM)
        elif word == "kill":
            end(signal.SIGKILL)
        elif word in ("freeze", "thaw"):
            server.send_signal(signal.SIGSTOP if word == "freeze" else signal.SIGCONT)
        else:
            print("unknown", flush=True)
            continue
        print("done", flush=True)
finally:
    end(signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
