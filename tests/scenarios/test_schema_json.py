from __future__ import annotations

import json

from drivewm.scenarios import schema_json
from drivewm.scenarios.catalogue import family_files
from drivewm.scenarios.schema import Body, Head


def test_the_committed_schema_is_current() -> None:
    fix = "run: drivewm scenarios schema -o scenarios/library/family.schema.json"
    assert schema_json.COMMITTED.read_text(encoding="utf-8") == schema_json.text(), fix


def test_every_field_is_there_and_nothing_else_is_allowed() -> None:
    schema = schema_json.family_schema()
    body = {info.alias or name for name, info in Body.model_fields.items()}
    assert set(schema["properties"]) == set(Head.model_fields) | body
    assert schema["additionalProperties"] is False
    assert all(part.get("additionalProperties", False) is False
               for part in schema["$defs"].values() if part.get("type") == "object")  # fmt: skip
    assert "conflict" in schema["required"] and "pass" in schema["properties"]


def test_every_reference_leads_somewhere() -> None:
    schema = schema_json.family_schema()
    text = json.dumps(schema)
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names and names <= set(schema["$defs"])


def test_numbers_may_be_expressions_and_kinds_may_not() -> None:
    defs = schema_json.family_schema()["$defs"]
    speed = defs["Ego"]["properties"]["speed_mps"]["anyOf"]
    assert {one["type"] for one in speed} == {"number", "string"}
    assert defs["Highway"]["properties"]["kind"] == {
        "const": "highway", "default": "highway", "title": "Kind", "type": "string",
    }  # fmt: skip
    assert {"$ref": "#/$defs/Range"} in _variants(defs, "parameters")


def _variants(defs: dict, name: str) -> list:
    inner = schema_json.family_schema()["properties"][name]["patternProperties"]
    (one,) = inner.values()
    return one.get("oneOf", one.get("anyOf"))


def test_every_file_of_the_library_tells_editors_its_schema() -> None:
    for path in family_files().values():
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../family.schema.json", path
        assert (path.parent / "../family.schema.json").resolve() == schema_json.COMMITTED.resolve()
