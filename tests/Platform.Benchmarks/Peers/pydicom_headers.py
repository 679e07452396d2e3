"""Reads DICOM headers with pydicom and times itself.

Argument: a file of lines "set<TAB>path". Each line of the input, "set rounds touch", is answered by a line of JSON: for each file of
the set the seconds of processor time that one reading took, null where pydicom refuses the file. The first line says the version.
"""
import io
import json
import sys
import time

import pydicom


def read(content, touch):
    dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
    if touch:
        for element in dataset.iterall():
            element.value


def measure(content, rounds, touch):
    try:
        read(content, touch)
    except Exception:
        return None
    started = time.process_time()
    for _ in range(rounds):
        read(content, touch)
    return (time.process_time() - started) / rounds


files = {}
for line in open(sys.argv[1], encoding="utf-8"):
    name, path = line.rstrip("\n").split("\t")
    with open(path, "rb") as file:
        files.setdefault(name, []).append(file.read())
print(f"pydicom {pydicom.__version__}, Python {sys.version.split()[0]}", flush=True)
for line in sys.stdin:
    name, rounds, touch = line.rstrip("\n").split("\t")
    print(json.dumps([measure(content, int(rounds), touch == "touch") for content in files[name]]), flush=True)
