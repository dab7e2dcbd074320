"""Writes the bytes of all files below one folder to files of another: write.py FROM TO

Each is written under a name of its own, has fsync, and is renamed; so is an object of a folder. Nothing else is done with it.
"""

import os
import sys
from pathlib import Path


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for number, file in enumerate(sorted(path for path in source.rglob("*.jsonl*") if path.is_file())):
        data = file.read_bytes()  # from the page cache: it was written a moment ago
        whole = target / str(number)
        part = target / f".{number}"
        with open(part, "wb", buffering=0) as out:
            out.write(data)
            os.fsync(out.fileno())
        os.rename(part, whole)
        folder = os.open(target, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


main()
