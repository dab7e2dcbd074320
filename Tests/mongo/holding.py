"""A proxy before a document store that holds one message back, as a network may.

    holding.py PORT FILE

Prints its port and hands everything on to 127.0.0.1:PORT. The first message with the command `update` makes FILE.held and waits until
FILE is there; all that its connection sends after it waits behind it. Ends when its standard input does.
"""
import os
import socket
import struct
import sys
import threading
import time

store, gate = int(sys.argv[1]), sys.argv[2]
first = threading.Lock()


def read(source, count):
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def ask(client, server):
    """From client to server, message by message: four bytes of length, then the rest."""
    try:
        while True:
            head = read(client, 4)
            message = head + read(client, struct.unpack("<i", head)[0] - 4)
            if b"\x02update\x00" in message and first.acquire(blocking=False):
                open(gate + ".held", "w").close()
                while not os.path.exists(gate):
                    time.sleep(0.01)
            server.sendall(message)
    except (EOFError, OSError):
        server.close()


def answer(server, client):
    try:
        while data := server.recv(65536):
            client.sendall(data)
    except OSError:
        pass
    client.close()


def serve(listener):
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", store))
        for way, ends in ((ask, (client, server)), (answer, (server, client))):
            threading.Thread(target=way, args=ends, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
