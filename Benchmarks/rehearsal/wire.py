"""PostgreSQL's protocol, version 3, as much as the rehearsal needs: a login over a Unix socket that asks for no password, simple
queries, and prepared statements that an event loop can send and read without waiting."""

import contextlib
import socket
import struct
import urllib.parse


class Refused(Exception):
    """An error of the server: its SQLSTATE and message."""

    def __init__(self, body):
        fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
        self.code = fields.get(b"C", "")
        super().__init__(f"{self.code}: {fields.get(b'M', '')}")


class Connection:
    def __init__(self, url, name, role=None):
        parts = urllib.parse.urlsplit(url)
        words = dict(urllib.parse.parse_qsl(parts.query))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{words['host']}/.s.PGSQL.{words.get('port', 5432)}")
        start = {"user": parts.username, "database": parts.path.lstrip("/"), "application_name": name, "client_encoding": "UTF8"}
        if role:
            start["options"] = f"-c role={role}"
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in start.items()) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
        self.buffer = b""
        for kind, content in self._until_ready():
            if kind == b"R" and struct.unpack("!i", content[:4])[0] != 0:
                raise SystemExit("the server wants a password: the rehearsal logs in over its own stack's socket")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.sendall(b"X\0\0\0\4")
        self.socket.close()

    def query(self, text):
        """All rows of all statements, values as text or None."""
        self.socket.sendall(message(b"Q", text.encode() + b"\0"))
        rows = []
        for kind, body in self._until_ready():
            if kind == b"D":
                rows.append(_values(body))
        return rows

    def prepare(self, name, text):
        self.socket.sendall(message(b"P", f"{name}\0{text}\0".encode() + b"\0\0") + SYNC)
        self._until_ready()

    def copy(self, text, lines):
        """COPY … FROM STDIN."""
        self.socket.sendall(message(b"Q", text.encode() + b"\0"))
        data = "".join(f"{line}\n" for line in lines).encode()
        # The server answers only when all is there, so nothing needs to be read meanwhile.
        self.socket.sendall(b"".join(message(b"d", data[i:i + 65536]) for i in range(0, len(data), 65536)) + message(b"c", b""))
        self._until_ready()

    def _until_ready(self):
        """Waits. Messages up to ReadyForQuery; an error among them is raised after that."""
        found, failure = [], None
        while True:
            for kind, body in self.received():
                if kind == b"E":
                    failure = Refused(body)
                if kind == b"Z":
                    if failure:
                        raise failure
                    return found
                found.append((kind, body))
            self.read()

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def received(self):
        """Whole messages that have come, taken out of the buffer."""
        start, found = 0, []
        while len(self.buffer) - start >= 5:
            length = struct.unpack_from("!i", self.buffer, start + 1)[0]
            if len(self.buffer) - start <= length:
                break
            found.append((self.buffer[start:start + 1], self.buffer[start + 5:start + 1 + length]))
            start += 1 + length
        self.buffer = self.buffer[start:]
        return found


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


SYNC = message(b"S", b"")


def call(statement, *values):
    """Bind and Execute of a prepared statement, values and results as text."""
    parts = [f"\0{statement}\0".encode(), struct.pack("!hh", 0, len(values))]
    for value in values:
        data = str(value).encode()
        parts += [struct.pack("!i", len(data)), data]
    parts.append(struct.pack("!h", 0))
    return message(b"B", b"".join(parts)) + message(b"E", b"\0" + struct.pack("!i", 0))


def _values(body):
    count = struct.unpack_from("!h", body)[0]
    place, row = 2, []
    for _ in range(count):
        length = struct.unpack_from("!i", body, place)[0]
        place += 4
        if length < 0:
            row.append(None)
        else:
            row.append(body[place:place + length].decode())
            place += length
    return row
