"""Looks into a collection, and changes it, by pymongo: another client than the one under test.

    documents.py PORT COLLECTION read             documents as a JSON array, by _id; days as yyyy-mm-dd
    documents.py PORT COLLECTION insert JSON      adds a document (Extended JSON)
    documents.py PORT COLLECTION set JSON         sets fields of all documents
    documents.py PORT COLLECTION meddle           sets a field of all documents again and again, until its standard input ends

Of the database `emporium`, or of --database. Goes on under the Python of .venv-tools where this one has no pymongo.
"""
import argparse
import datetime
import importlib.util
import json
import os
import sys
import threading

if importlib.util.find_spec("pymongo") is None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    python = os.path.join(root, ".venv-tools", "bin", "python")
    if os.environ.get("EMPORIUM_NX_PYTHON") or not os.access(python, os.X_OK):
        sys.exit("no pymongo here, nor in .venv-tools: run scripts/test-tools")
    os.environ["EMPORIUM_NX_PYTHON"] = python
    os.execv(python, [python] + sys.argv)

import pymongo  # noqa: E402
from bson import json_util  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("collection")
arguments.add_argument("command", choices=["read", "insert", "set", "meddle"])
arguments.add_argument("json", nargs="?")
arguments.add_argument("--database", default="emporium")
options = arguments.parse_args()

client = pymongo.MongoClient("127.0.0.1", options.port, serverSelectionTimeoutMS=20000)
collection = client[options.database][options.collection]


def plain(value):
    if isinstance(value, datetime.datetime):
        assert value.time() == datetime.time(), value
        return value.date().isoformat()
    return str(value)


if options.command == "read":
    print(json.dumps(sorted(collection.find(), key=lambda document: str(document["_id"])), default=plain))
elif options.command == "insert":
    collection.insert_one(json_util.loads(options.json))
elif options.command == "set":
    collection.update_many({}, {"$set": json_util.loads(options.json)})
else:
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), ended.set()), daemon=True).start()
    print(0, flush=True)
    number = 0
    while not ended.is_set():
        number += 1
        collection.update_many({}, {"$set": {"meddled": number}})
