"""The JSON Schema of family files, for editors: the body's schema with expressions allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivewm.scenarios.schema import Body, Head

COMMITTED = Path(__file__).parent / "library" / "family.schema.json"
_EXPRESSION = {
    "type": "string",
    "pattern": r"\$[A-Za-z_]",
    "description": "An expression of parameters, such as $gap_m + 2 * $speed_mps",
}


def family_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a family file."""
    head, body = Head.model_json_schema(), Body.model_json_schema(by_alias=True)
    defs = {name: _loosened(part) for name, part in body.pop("$defs").items()}
    defs |= head.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "drivewm scenario family",
        "description": "docs/scenarios.md says how to write one.",
        "type": "object",
        "additionalProperties": False,
        "required": [*head["required"], *body["required"]],
        "properties": {
            **head["properties"],
            **{name: _loosened(part) for name, part in body["properties"].items()},
        },
        "$defs": dict(sorted(defs.items())),
    }


def text() -> str:
    """The schema as it is committed beside the library."""
    return json.dumps(family_schema(), indent=1, ensure_ascii=False) + "\n"


def _loosened(part: Any) -> Any:
    """The same schema with an expression allowed in the place of a number, word or truth value;
    not of a constant, by which editors tell the kinds apart."""
    if isinstance(part, list):
        return [_loosened(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    if part.get("type") in ("number", "integer", "boolean") or _is_word(part):
        told = {key: part[key] for key in ("title", "default", "description") if key in part}
        plain = {key: value for key, value in part.items() if key not in told}
        return {**told, "anyOf": [plain, _EXPRESSION]} if "const" not in part else dict(part)
    return {
        key: value if key in ("discriminator", "default", "required") else _inside(key, value)
        for key, value in part.items()
    }


def _inside(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _loosened(part) for name, part in value.items()}
    return _loosened(value) if isinstance(value, dict | list) else value


def _is_word(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "string" and "enum" in part
