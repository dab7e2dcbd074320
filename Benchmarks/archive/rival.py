"""What one would write in Python: rival.py URL FOLDER|s3 none|gzip

A file, or an object put by boto3, for each batch of events and each of its rejects; JSON lines made by the same view, a digest, fsync
and rename. It seals nothing, books nothing, and asks for nothing that is there already.
"""

import gzip
import hashlib
import os
import sys

import psycopg

EVENTS = "copy (select event::text from events.enriched where batch_id = {batch} order by position) to stdout (format binary)"
LETTERS = """copy (
    select jsonb_build_object('feed', b.feed, 'codes', r.codes, 'reasons', r.reasons, 'batch', r.batch_id, 'position', r.position,
        'run', r.run_id, 'receivedAt', b.received_at, 'payloadBase64', encode(r.payload, 'base64'))::text
    from staging.reject r join ops.batch b using (batch_id) where r.batch_id = {batch} and r.disposition = 'rejected' order by r.position
) to stdout (format binary)"""


def lines(connection, statement):
    content = bytearray()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["text"])
        for (line,) in copy.rows():
            content += line.encode()
            content += b"\n"
    return bytes(content)


def main():
    url, place, compression = sys.argv[1:]
    client = None
    if place == "s3":
        import boto3
        from botocore.config import Config

        client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], config=Config(s3={"addressing_style": "path"}))
    with psycopg.connect(url) as connection:
        batches = [batch for (batch,) in connection.execute("select batch_id from ops.batch order by 1")]
        for kind, statement in (("events", EVENTS), ("dead-letter", LETTERS)):
            for batch in batches:
                content = lines(connection, statement.format(batch=batch))
                if not content:
                    continue
                if compression == "gzip":
                    content = gzip.compress(content, 6, mtime=0)
                digest = hashlib.sha256(content).hexdigest()
                name = f"{kind}-{batch:012d}.jsonl" + (".gz" if compression == "gzip" else "")
                if client:
                    client.put_object(Bucket="emporium", Key=f"rival/{name}", Body=content, Metadata={"sha256": digest})
                    continue
                part = os.path.join(place, "." + name)
                with open(part, "wb") as out:
                    out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
                os.rename(part, os.path.join(place, name))
                folder = os.open(place, os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)


main()
