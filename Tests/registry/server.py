"""A schema registry as Confluent's API has it, as far as this project asks it; and one that fails when told to.

    server.py [--user name:password] [--old] [--level LEVEL]

Prints its port, serves on 127.0.0.1, ends when its standard input does.

    POST /_fault {"answers": [{"status": 500}, {"delay": 3}, {"body": "<html>"}, …]}  the next answers, one a request
    GET  /_log      method and path of every request
    PUT  /config/S  {"compatibility": "NONE"}  a level of its own for a subject

--old: as servers before 6.1, which give no reasons, and no version of what was registered.
A new field without a default, and another type of a field, are incompatible; other rules are not known here. References are kept
and given back; of what they name only that it is there is looked at.
"""
import argparse
import base64
import json
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("--user")
arguments.add_argument("--old", action="store_true")
arguments.add_argument("--level", default="BACKWARD")
options = arguments.parse_args()

lock = threading.Lock()
schemas = []  # id - 1 -> (text, references)
subjects = {}  # name -> list of ids
levels = {}
faults = []
log = []
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class Refused(Exception):
    def __init__(self, status, code, message):
        self.status, self.code, self.message = status, code, message


def parsed(text):
    try:
        schema = json.loads(text)
    except ValueError:
        raise Refused(422, 42201, "Input schema is an invalid Avro schema")
    if not (schema in PRIMITIVES if isinstance(schema, str) else isinstance(schema, (dict, list))):
        raise Refused(422, 42201, "Input schema is an invalid Avro schema")
    return schema


def plain(schema):
    """A schema without what the one rule below does not look at."""
    if isinstance(schema, dict):
        return {k: plain(v) for k, v in schema.items() if k not in ("doc", "fields")}
    return [plain(s) for s in schema] if isinstance(schema, list) else schema


def objections(new, old, path=""):
    if isinstance(new, dict) and isinstance(old, dict) and new.get("type") == old.get("type") == "record":
        before = {field["name"]: field for field in old["fields"]}
        for index, field in enumerate(new["fields"]):
            place = f"{path}/fields/{index}"
            if field["name"] in before:
                yield from objections(field["type"], before[field["name"]]["type"], place + "/type")
            elif "default" not in field:
                yield (
                    "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field '%s' at path '%s' in the new "
                    "schema has no default value and is missing in the old schema'}" % (field["name"], place))
    elif plain(new) != plain(old):
        yield "{errorType:'TYPE_MISMATCH', description:'The type (path '%s') of a field in the new schema does not match'}" % path


def level(subject):
    return levels.get(subject, options.level)


def judged(subject, schema):
    ids = subjects.get(subject, [])
    return list(objections(schema, json.loads(schemas[ids[-1] - 1][0]))) if ids and level(subject) != "NONE" else []


def found(subject, number):
    if subject not in subjects:
        raise Refused(404, 40401, f"Subject '{subject}' not found.")
    ids = subjects[subject]
    version = len(ids) if number == "latest" else int(number) if number.isdigit() else 0
    if not 1 <= version <= len(ids):
        raise Refused(404, 40402, f"Version {number} not found.")
    return {"subject": subject, "version": version, "id": ids[version - 1]} | shown(ids[version - 1])


def shown(schema_id):
    text, references = schemas[schema_id - 1]
    return {"schema": text} | ({"references": references} if references else {})


def same(schema_id, schema, references):
    return json.loads(schemas[schema_id - 1][0]) == schema and schemas[schema_id - 1][1] == references


def referenced(body):
    references = body.get("references") or []
    for reference in references:
        try:
            found(reference["subject"], str(reference["version"]))
        except Refused:
            raise Refused(422, 42201, "Invalid schema: no schema reference found for subject %r" % reference["subject"])
    return references


def answer(method, parts, body):
    match method, parts:
        case "GET", ["schemas", "ids", number]:
            if not number.isdigit() or not 1 <= int(number) <= len(schemas):
                raise Refused(404, 40403, f"Schema {number} not found")
            return shown(int(number))
        case "GET", ["subjects", subject, "versions"]:
            found(subject, "latest")
            return list(range(1, len(subjects[subject]) + 1))
        case "GET", ["subjects", subject, "versions", number]:
            return found(subject, number)
        case "POST", ["subjects", subject]:
            schema = parsed(body["schema"])
            found(subject, "latest")
            for version, schema_id in enumerate(subjects[subject], 1):
                if same(schema_id, schema, body.get("references") or []):
                    return found(subject, str(version))
            raise Refused(404, 40403, "Schema not found")
        case "POST", ["subjects", subject, "versions"]:
            schema = parsed(body["schema"])
            ids = subjects.get(subject, [])
            references = referenced(body)
            known = next((i for i in range(1, len(schemas) + 1) if same(i, schema, references)), None)
            if known not in ids:
                reasons = judged(subject, schema)
                if reasons:
                    raise Refused(409, 409, "Schema being registered is incompatible with an earlier schema: " + "; ".join(reasons))
                if known is None:
                    schemas.append((body["schema"], references))
                    known = len(schemas)
                subjects.setdefault(subject, []).append(known)
            return {"id": known} if options.old else {"id": known, "version": subjects[subject].index(known) + 1}
        case "POST", ["compatibility", "subjects", subject, "versions", "latest"]:
            schema = parsed(body["schema"])
            found(subject, "latest")
            reasons = judged(subject, schema)
            return {"is_compatible": not reasons} | ({} if options.old else {"messages": reasons})
        case "DELETE", ["subjects", subject]:
            found(subject, "latest")
            return list(range(1, len(subjects.pop(subject)) + 1))
        case "GET", ["config"]:
            return {"compatibilityLevel": options.level}
        case "GET", ["config", subject]:
            if subject not in levels:
                raise Refused(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")
            return {"compatibilityLevel": levels[subject]}
        case "PUT", ["config", subject]:
            levels[subject] = body["compatibility"]
            return body
    raise Refused(404, 404, "HTTP 404 Not Found")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, text, headers=()):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        if path == "/_fault":
            with lock:
                faults[:] = json.loads(body)["answers"]
            return self.reply(200, "{}")
        if path == "/_log":
            with lock:
                return self.reply(200, json.dumps(log))
        with lock:
            log.append(f"{self.command} {self.path}")
            fault = faults.pop(0) if faults else {}
        time.sleep(fault.get("delay", 0))
        if "status" in fault or "body" in fault:
            return self.reply(fault.get("status", 200), fault.get("body", ""), fault.get("headers", {}).items())
        expected = options.user and "Basic " + base64.b64encode(options.user.encode()).decode()
        if expected and self.headers.get("Authorization") != expected:
            return self.reply(401, '{"error_code": 401, "message": "Unauthorized"}')
        try:
            with lock:
                parts = [urllib.parse.unquote(part) for part in path.strip("/").split("/")]
                result = answer(self.command, parts, json.loads(body) if body else {})
            self.reply(200, json.dumps(result))
        except Refused as why:
            self.reply(why.status, json.dumps({"error_code": why.code, "message": why.message}))

    do_GET = do_POST = do_PUT = do_DELETE = handle_request


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
