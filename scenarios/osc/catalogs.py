"""Catalogs: folders of files whose named entries a scenario refers to."""

from __future__ import annotations

from pathlib import Path

from drivewm.errors import InputError
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.parameters import Scope, assign_all, declare_all, unknown_name
from drivewm.scenarios.xml_files import Node, read_xml

ENTRIES = (
    "Vehicle", "Controller", "Pedestrian", "MiscObject", "Environment", "Maneuver", "Trajectory",
    "Route",
)  # fmt: skip
LOCATIONS = tuple(f"{name}Catalog" for name in ENTRIES)
MAX_FILES = 1000


class Catalogs:
    """The catalogs that a scenario declares, read when first referred to."""

    def __init__(self, root: Element, folder: Path) -> None:
        """
        Args:
            root: ``<OpenSCENARIO>``, which holds ``<CatalogLocations>``.
            folder: of the scenario file; directories are relative to it.
        """
        self._places: list[tuple[Element, Path]] = []
        self._globals = root.scope
        self._entries: dict[tuple[str, str], Node] | None = None
        self._names: tuple[str, ...] = ()
        self.files: tuple[Path, ...] = ()
        self.used: list[Node] = []  # entries that were referred to
        block = root.first("CatalogLocations")
        for place in block.all(*LOCATIONS) if block else ():
            directory = place.one("Directory")
            self._places.append((directory, folder / directory.text("path").replace("\\", "/")))

    def missing(self) -> tuple[tuple[Element, Path], ...]:
        """Declared folders that are not there."""
        return tuple((node, path) for node, path in self._places if not path.exists())

    def entry(self, reference: Element, *kinds: str) -> Element:
        """The element that a ``<CatalogReference>`` names, with its parameters assigned.

        Raises:
            InputError: missing folder, unknown catalog or entry, entry of another kind,
                an assignment to a parameter that the entry does not declare.
        """
        catalog, name = reference.text("catalogName"), reference.text("entryName")
        if self._entries is None:
            self._entries = self._read()
        node = self._entries.get((catalog, name))
        if node is None:
            raise self._unknown(reference, catalog, name)
        if kinds and node.tag not in kinds:
            raise reference.error(
                f"names '{name}', a {node.tag}, where {' or '.join(kinds)} belongs"
            )
        if node not in self.used:
            self.used.append(node)
        scope = Scope(self._globals)
        declare_all(node, scope)
        block = next(reference.node.all("ParameterAssignments"), None)
        assign_all(block, scope, reference.scope, f"'{name}' of catalog '{catalog}'")
        return Element(node, scope)

    def _unknown(self, reference: Element, catalog: str, name: str) -> InputError:
        gone = [str(path) for _, path in self.missing()]
        if gone:
            return reference.error(f"names '{name}' of catalog '{catalog}', which is not found",
                                   fix=f"missing catalog folder: {', '.join(gone)}")  # fmt: skip
        if catalog not in self._names:
            return unknown_name(reference.node, catalog, self._names)
        known = tuple(entry for owner, entry in self._entries or {} if owner == catalog)
        return unknown_name(reference.node, name, known)

    def _read(self) -> dict[tuple[str, str], Node]:
        found: dict[tuple[str, str], Node] = {}
        files, names = [], []
        for directory, path in {p: (d, p) for d, p in self._places}.values():
            inside = [path] if path.is_file() else sorted(path.glob("*.xosc"))
            if len(inside) > MAX_FILES:
                raise directory.error(f"holds more than {MAX_FILES} files", field="path")
            for file in inside:
                files.append(file)
                for catalog in read_xml(file, "OpenSCENARIO").all("Catalog"):
                    owner = catalog.need("name")
                    names.append(owner)
                    for entry in catalog.all(*ENTRIES):
                        found.setdefault((owner, entry.need("name")), entry)
        self.files, self._names = tuple(files), tuple(dict.fromkeys(names))
        return found
