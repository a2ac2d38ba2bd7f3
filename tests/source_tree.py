"""The modules of the source tree by import name, and what each imports, read without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOUNTS = {"drivewm": "drivewm", "eval": "drivewm.eval", "scenarios": "drivewm.scenarios"}
MOUNTS |= {"conf": "drivewm.conf"}


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


def module_name(path: Path, root: Path = ROOT) -> str:
    """The import name of a source file below ``root``."""
    folder, *rest = path.relative_to(root).with_suffix("").parts
    parts = [MOUNTS[folder], *rest]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the package, sorted by name."""
    paths = [path for folder in MOUNTS for path in (ROOT / folder).rglob("*.py")]
    return tuple(sorted((Module(module_name(p), p) for p in paths), key=lambda m: m.name))


def imports_of(module: Module) -> list[str]:
    """Dotted names that the file imports anywhere in it, functions and ``TYPE_CHECKING`` too."""
    return imported_names(module.path.read_text(encoding="utf-8"), module.name, module.is_package)


def imported_names(source: str, name: str, is_package: bool) -> list[str]:
    """``from a import b`` gives ``a.b``, so that an import of a sub-package is seen."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, is_package)
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    parts = name.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def is_within(name: str, package: str) -> bool:
    """True when the dotted name is the package or lies in it."""
    return name == package or name.startswith(package + ".")
