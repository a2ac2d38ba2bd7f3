"""An OpenSCENARIO XML file, read whole: parameters, catalogs, roads, entities, storyboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import OpenDrive, read_opendrive
from drivewm.scenarios.osc.catalogs import Catalogs
from drivewm.scenarios.osc.context import Context, Note
from drivewm.scenarios.osc.distributions import Distribution, read_distribution
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.entities import Entities, read_entities
from drivewm.scenarios.osc.parameters import (
    Scope,
    as_text,
    check_constraints,
    convert,
    declare_all,
    resolve,
)
from drivewm.scenarios.osc.places import Places
from drivewm.scenarios.osc.signals import read_controllers
from drivewm.scenarios.osc.storyboard import Read, find_starts, read_storyboard
from drivewm.scenarios.xml_files import Node, read_xml, unread
from drivewm.sim.script import model as m

NEWEST = (1, 3)
MAX_TRIES = 20_000  # combinations that are looked at for one that is allowed


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a scenario file says, resolved on its roads."""

    file: Path  # the scenario itself, also where a file of values was given
    version: tuple[int, int]
    description: str
    parameters: Mapping[str, str]
    variables: Mapping[str, str]
    entities: Entities
    places: Places
    network: OpenDrive | None
    controllers: tuple[m.SignalController, ...]
    signals: tuple[str, ...]
    user_values: tuple[str, ...]  # that conditions ask for
    read: Read
    notes: tuple[Note, ...]
    files: tuple[Path, ...]  # all that was read


def distribution_of(path: str | Path) -> Distribution | None:
    """The values that a file of parameter values tells; None for a scenario file.

    Raises:
        InputError: the file is neither.
    """
    file = Path(path)
    root = Element(read_xml(file, "OpenSCENARIO"), Scope())
    block = root.first("ParameterValueDistribution")
    return None if block is None else read_distribution(block, file)


def read_document(
    path: str | Path,
    values: Mapping[str, str] | None = None,
    combination: int | None = None,
) -> Document:
    """Reads a scenario file, or one of the combinations of a file of parameter values.

    Args:
        path: ``.xosc`` file.
        values: parameters to set instead of their declared values.
        combination: which combination of a file of parameter values; None: the first that the
            scenario's constraints allow.

    Raises:
        InputError: whatever is wrong, unknown or not supported, with file and line.
    """
    file, spread = Path(path), distribution_of(path)
    if spread is None:
        if combination:
            raise InputError("is no file of parameter values: it has one combination", file=file)
        root, version, description, parameters = _opened(file, values or {}, file)
        return _read(root, file, version, description, parameters, file, [])
    notes: list = []
    if combination is None:
        combination = first_allowed(spread, values or {})
        if combination:
            notes.append(Note(f"{file}:1", f"combination {combination} is read: the constraints of "
                              "parameters forbid those before it"))  # fmt: skip
    chosen = spread.at(combination) | dict(values or {})
    root, version, description, parameters = _opened(spread.scenario, chosen, file)
    return _read(root, spread.scenario, version, description, parameters, file, notes)


def first_allowed(spread: Distribution, values: Mapping[str, str]) -> int:
    """The first combination that the scenario's parameter constraints allow.

    Raises:
        InputError: none of the first ``MAX_TRIES`` is allowed; the first one's reason is told.
    """
    first_error = None
    node = read_xml(spread.scenario, "OpenSCENARIO")
    for number, chosen in enumerate(spread.combinations()):
        if number >= MAX_TRIES:
            break
        try:
            _parameters(Element(node, Scope()), chosen | dict(values), spread.file)
        except InputError as error:
            first_error = first_error or error
        else:
            return number
    assert first_error is not None
    raise first_error


def _opened(
    file: Path, values: Mapping[str, str], told: Path
) -> tuple[Element, tuple[int, int], str, dict[str, str]]:
    """The root of a scenario file with its parameters set, its version and description."""
    root = Element(read_xml(file, "OpenSCENARIO"), Scope())
    version, description = _header(root)
    _refuse_other_kinds(root)
    return root, version, description, _parameters(root, values, told)


def _header(root: Element) -> tuple[tuple[int, int], str]:
    header = root.one("FileHeader")
    version = (header.whole("revMajor"), header.whole("revMinor"))
    description = header.text("description", "")
    header.skip()
    if version[0] != 1:
        raise header.error(f"is of OpenSCENARIO {version[0]}.{version[1]}; 1.0 to 1.3 are read")
    return version, description


def _refuse_other_kinds(root: Element) -> None:
    if root.first("Catalog") is not None:
        raise root.error("is a catalog, not a scenario", fix="import a scenario that refers to it")
    if root.first("ParameterValueDistribution") is not None:
        raise root.error("holds parameter values where a scenario is needed")


def _parameters(root: Element, chosen: Mapping[str, str], told: Path) -> dict[str, str]:
    """Declared parameters, set and checked."""
    declared = declare_all(root.node, root.scope)
    names = tuple(node.need("name") for node in declared)
    for name, text in chosen.items():
        if name not in names:
            near = ", ".join(names) or "none"
            problem = f"sets the parameter '{name}', which {root.node.file} does not declare"
            raise InputError(problem, file=told, field=name, fix=f"declared: {near}")
        node = declared[names.index(name)]
        kind = root.scope.kind(name) or "string"
        root.scope.set(name, convert(resolve(text, root.scope, node, name), kind, node, name))
    for node in declared:
        check_constraints(node, root.scope, node.need("name"))
    return {n: as_text(v) for n, v in root.scope.all_values(root.node).items()}


def _variables(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in root.all("VariableDeclarations"):
        for item in block.all("VariableDeclaration"):
            name = item.text("name")
            if name in found:
                raise item.error(f"declares '{name}' a second time", field=name)
            value = resolve(item.node.need("value"), root.scope, item.node, "value")
            found[name] = as_text(convert(value, item.text("variableType"), item.node, name))
    return found


def _read(
    root: Element, file: Path, version: tuple[int, int], description: str,
    parameters: dict[str, str], told: Path, notes: list,
) -> Document:  # fmt: skip
    if version > NEWEST:
        notes.append(Note(f"{file}:{root.node.line}", "is newer than 1.3; what 1.3 knows is read"))
    catalogs = Catalogs(root, file.parent)
    notes += [Note(d.where, f"catalog folder {p} is missing") for d, p in catalogs.missing()]
    network, controllers = _roads(root, file.parent, notes)
    entities = read_entities(root, catalogs, notes)
    places = Places(network, entities, catalogs, notes)
    context = Context(
        entities=entities, catalogs=catalogs, places=places, parameters=parameters,
        variables=_variables(root), controllers=tuple(c.name for c in controllers), notes=notes,
    )  # fmt: skip
    for block in root.all("MonitorDeclarations"):
        notes.append(Note(block.where, "monitors are not kept: results have measures of their own"))
        block.skip()
    storyboard = root.one("Storyboard")
    find_starts(storyboard, context)
    read = read_storyboard(storyboard, context)
    for name in entities.all:
        if places.has_start(name):
            places.start(name, storyboard)
    roots = [root.node, *catalogs.used]
    _name_unread(roots, notes)
    files = list(dict.fromkeys([told, file]))
    files += [*catalogs.files, *([network.file] if network else [])]
    plain = tuple(dict.fromkeys(Note(str(where), text) for where, text in notes))
    return Document(
        file=file, version=version, description=description, parameters=parameters,
        variables=context.variables, entities=entities, places=places, network=network,
        controllers=controllers, signals=tuple(context.signals),
        user_values=tuple(context.user_values), read=read, notes=plain, files=tuple(files),
    )  # fmt: skip


def _roads(
    root: Element, folder: Path, notes: list
) -> tuple[OpenDrive | None, tuple[m.SignalController, ...]]:
    block = root.one("RoadNetwork")
    logic = block.first("LogicFile")
    for item in block.all("SceneGraphFile", "UsedArea"):
        item.skip()
    controllers = read_controllers(block.first("TrafficSignals"))
    if logic is None:
        notes.append(Note(block.where, "no road network: an open plane without lanes"))
        return None, controllers
    name = logic.text("filepath").replace("\\", "/")
    if not name:
        notes.append(Note(logic.where, "no road network: an open plane without lanes"))
        return None, controllers
    path = folder / name
    if not path.is_file():
        raise logic.error(f"names {path}, which is not there", field="filepath")
    if path.suffix.lower() != ".xodr":
        raise logic.error(f"names {path.name}; only OpenDRIVE (.xodr) is read", field="filepath")
    network = read_opendrive(path)
    notes += [Note(f"{path}:{note.line}", note.text) for note in network.notes]
    return network, controllers


SERIOUS = ("Storyboard", "Entities", "RoadNetwork", "Catalog")


def _name_unread(roots: list[Node], notes: list) -> None:
    """Nothing is skipped in silence: unknown elements of what happens are errors, others notes."""
    for root in roots:
        for item in unread(root):
            where, parts = f"{root.file}:{item.line}", item.path.split("/")
            if item.attribute is not None:
                notes.append(
                    Note(where, f"attribute '{item.attribute}' of <{parts[-1]}> is not used")
                )
            elif parts[-1] == "Properties":
                notes.append(Note(where, "properties are their maker's own and not used"))
            elif root.tag != "OpenSCENARIO" or any(part in SERIOUS for part in parts):
                raise InputError(f"<{parts[-1]}> is not supported in <{parts[-2]}>", file=where)
            else:
                notes.append(Note(where, f"<{parts[-1]}> is not used"))
