"""Reads paths of DICOM files from standard input, one a line, and says in one line of JSON for each what pydicom finds in it.

{"elements": [[path, vr, length, bytes, values, numbers, failure], ...]} or {"refused": "type of exception"}. Bytes are little endian, as hexadecimal
up to 64 of them and as SHA-256 beyond, null where pydicom has kept only the value; length -1 is an encapsulated value; a sequence's items are
counted instead. Values are the texts, numbers what pydicom makes of them (floats by their 64 bits); failure is the type of what pydicom raises when it is asked for the value.
"""
import hashlib
import json
import signal
import struct
import sys
import warnings

import pydicom
from pydicom.filereader import dcmread

TEXT = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
INTEGER = {"US", "SS", "UL", "SL", "SV", "UV"}
UNIT = {"US": 2, "SS": 2, "OW": 2, "AT": 2, "US or SS": 2, "OB or OW": 2, "US or OW": 2, "US or SS or OW": 2, "UL": 4, "SL": 4, "FL": 4,
        "OF": 4, "OL": 4, "FD": 8, "OD": 8, "SV": 8, "UV": 8, "OV": 8}
SECONDS = 30


def little_endian(value, vr):
    unit = UNIT.get(vr, 1)
    whole = len(value) // unit * unit
    return b"".join(value[i:i + unit][::-1] for i in range(0, whole, unit)) + value[whole:] if unit > 1 else value


def shown(value):
    return value.hex() if len(value) <= 64 else "sha256:" + hashlib.sha256(value).hexdigest()


def bits(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


def as_list(value):
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, pydicom.multival.MultiValue)) else [value]


def texts(element):
    if element.VR == "PN":
        return [str(v) for v in as_list(element.value)]
    return [str(getattr(v, "original_string", v)) if v is not None else "" for v in as_list(element.value)]


def numbers(element):
    values = [v for v in as_list(element.value)]
    if element.VR in INTEGER or element.VR == "IS":
        return [str(int(v)) if v not in (None, "") else "" for v in values]
    if element.VR in ("FL", "FD", "DS"):
        return [bits(float(v)) if v not in (None, "") else "" for v in values]
    if element.VR == "AT":
        return ["%08X" % int(v) for v in values]
    return None


def list_dataset(dataset, prefix, found):
    for tag in sorted(dataset.keys()):
        path = prefix + "%08X" % tag
        raw = dataset.get_item(tag)
        value = getattr(raw, "value", None)
        is_bytes = isinstance(raw, pydicom.dataelem.RawDataElement)
        try:
            element = dataset[tag]
        except RecursionError:
            raise
        except Exception as e:
            found.append([path, raw.VR or "", raw.length if is_bytes else 0, shown(value or b"") if is_bytes else None,
                          None, None, type(e).__name__])
            continue
        if element.VR == "SQ":
            found.append([path, "SQ", len(element.value), None, None, None, None])
            for i, item in enumerate(element.value):
                list_dataset(item, "%s[%d]" % (path, i), found)
            continue
        is_undefined = is_bytes and raw.length == 0xFFFFFFFF or getattr(element, "is_undefined_length", False)
        row = [path, element.VR, -1 if is_undefined else raw.length if is_bytes else 0, None, None, None, None]
        if is_bytes:
            value = value or b""
            row[3] = shown(value if raw.is_little_endian else little_endian(value, raw.VR or element.VR))
        try:
            if element.VR in TEXT:
                row[4] = texts(element)
            row[5] = numbers(element)
        except RecursionError:
            raise
        except Exception as e:
            row[4], row[5], row[6] = None, None, type(e).__name__
        found.append(row)


def listing(path):
    found = []
    dataset = dcmread(path, force=True)
    list_dataset(dataset.file_meta, "", found)
    list_dataset(dataset, "", found)
    return {"elements": found}


def late(*_):
    raise TimeoutError()


def main():
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, late)
    for line in sys.stdin:
        signal.alarm(SECONDS)
        try:
            result = listing(line.rstrip("\n"))
        except Exception as e:
            result = {"refused": type(e).__name__}
        signal.alarm(0)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


main()
