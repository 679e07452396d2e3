"""manifest_schema.py SCHEMA: reads manifests, one a line of JSON, and writes for each whether the schema takes it: 1 or 0."""

import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1], encoding="utf-8"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for line in sys.stdin:
    print(1 if validator.is_valid(json.loads(line)) else 0)
