"""Who takes part: vehicles, pedestrians, objects, and named selections of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivewm.scenarios.osc.catalogs import Catalogs
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.parameters import declare_all, unknown_name
from drivewm.scene import OccClass, ScoreType

# OpenSCENARIO's categories -> (our category, score type, occupancy class)
_S, _O = ScoreType, OccClass
VEHICLES: Mapping[str, tuple[str, ScoreType, OccClass]] = {
    "car": ("car", _S.VEHICLE, _O.CAR), "van": ("van", _S.VEHICLE, _O.CAR),
    "truck": ("truck", _S.VEHICLE, _O.TRUCK), "trailer": ("trailer", _S.VEHICLE, _O.TRAILER),
    "semitrailer": ("trailer", _S.VEHICLE, _O.TRAILER), "bus": ("bus", _S.VEHICLE, _O.BUS),
    "motorbike": ("motorcycle", _S.VEHICLE, _O.MOTORCYCLE),
    "bicycle": ("bicycle", _S.BICYCLE, _O.BICYCLE), "train": ("train", _S.VEHICLE, _O.BUS),
    "tram": ("tram", _S.VEHICLE, _O.BUS), "micromobility": ("bicycle", _S.BICYCLE, _O.BICYCLE),
    "standupScooter": ("bicycle", _S.BICYCLE, _O.BICYCLE),
    "wheelchair": ("pedestrian", _S.PEDESTRIAN, _O.PEDESTRIAN),
    "workMachine": ("construction", _S.VEHICLE, _O.CONSTRUCTION_VEHICLE),
    "other": ("car", _S.VEHICLE, _O.CAR),
}  # fmt: skip
PEDESTRIANS: Mapping[str, tuple[str, ScoreType, OccClass]] = {
    "pedestrian": ("pedestrian", _S.PEDESTRIAN, _O.PEDESTRIAN),
    "wheelchair": ("pedestrian", _S.PEDESTRIAN, _O.PEDESTRIAN),
    "animal": ("animal", _S.GENERIC, _O.OTHERS),
}
OBJECTS: Mapping[str, tuple[str, ScoreType, OccClass]] = {
    name: ("object", _S.GENERIC, occ)
    for occ, names in {
        _O.OTHERS: ("none", "obstacle", "patch", "crosswalk", "wind", "roadMark", "parkingSpace"),
        _O.MANMADE: ("pole", "building", "streetLamp", "streetlamp", "gantry", "soundBarrier",
                     "railing", "trafficIsland"),
        _O.VEGETATION: ("tree", "vegetation"),
    }.items()
    for name in names
} | {"barrier": ("barrier", _S.BARRIER, _O.BARRIER)}  # fmt: skip
FLAT = ("patch", "crosswalk", "roadMark", "parkingSpace", "wind")  # nothing to collide with
KINDS = ("Vehicle", "Pedestrian", "MiscObject")
# Sizes for files that leave the bounding box out (1.3 allows model3d alone)
USUAL_SIZE_M = {"Vehicle": (4.5, 1.8, 1.5), "Pedestrian": (0.5, 0.6, 1.8), "MiscObject": (1, 1, 1)}


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A road user or object. The reference point is OpenSCENARIO's: rear axle of a vehicle,
    middle of the ground of everything else."""

    name: str
    element: str  # Vehicle, Pedestrian, MiscObject
    kind: str  # our word: car, van, truck, bus, motorcycle, bicycle, pedestrian, ...
    category: str  # the file's word
    score_type: ScoreType
    occ_class: OccClass
    size_m: tuple[float, float, float]  # length, width, height
    center_m: tuple[float, float]  # box centre seen from the reference point: ahead, left
    wheelbase_m: float | None
    max_speed_mps: float | None
    max_accel_mps2: float | None
    max_decel_mps2: float | None
    properties: Mapping[str, str]
    where: str


@dataclass(frozen=True)
class Entities:
    """All of a scenario, in the file's order."""

    all: Mapping[str, Entity]
    selections: Mapping[str, tuple[str, ...]]

    def names(self, element: Element, field: str = "entityRef") -> tuple[str, ...]:
        """The entities that a reference means (a selection means its members).

        Raises:
            InputError: there is none of that name.
        """
        name = element.text(field)
        if name in self.all:
            return (name,)
        if name in self.selections:
            return self.selections[name]
        raise unknown_name(element.node, name, (*self.all, *self.selections))

    def name(self, element: Element, field: str = "entityRef") -> str:
        """The one entity that a reference means.

        Raises:
            InputError: there is none of that name, or it is a selection.
        """
        name = element.text(field)
        if name not in self.all:
            raise unknown_name(element.node, name, tuple(self.all))
        return name


def read_entities(root: Element, catalogs: Catalogs, notes: list) -> Entities:
    """``<Entities>`` of a scenario.

    Raises:
        InputError: two of one name, an unknown category, a selection of unknown members.
    """
    block = root.one("Entities")
    found: dict[str, Entity] = {}
    for item in block.all("ScenarioObject"):
        name = item.text("name")
        if name in found:
            raise item.error(f"declares '{name}' a second time", field="name")
        found[name] = _entity(name, item, catalogs, notes)
    selections = {item.text("name"): _members(item, found) for item in block.all("EntitySelection")}
    return Entities(found, selections)


def _entity(name: str, item: Element, catalogs: Catalogs, notes: list) -> Entity:
    for controller in item.all("ObjectController"):
        _controller(name, controller, catalogs, notes)
    body = item.first(*KINDS, "CatalogReference", "ExternalObjectReference")
    if body is None:
        raise item.error(f"'{name}' is neither vehicle, pedestrian nor object")
    if body.tag == "ExternalObjectReference":
        raise body.error("is not supported: the object is described outside of the file")
    if body.tag == "CatalogReference":
        body = catalogs.entry(body, *KINDS)
    else:
        body = body.inner()
        declare_all(body.node, body.scope)
    return _body(name, body, item.where, notes)


def _controller(name: str, controller: Element, catalogs: Catalogs, notes: list) -> None:
    """The file's controllers are its maker's own: the planner drives the ego, speeds are kept by
    everybody else. Named as a note."""
    kind = controller.first("Controller", "CatalogReference")
    title = ""
    if kind is not None:
        if kind.tag == "CatalogReference":
            kind = catalogs.entry(kind, "Controller")
        title = kind.text("name", "")
    controller.skip()
    notes.append((controller.where, f"controller '{title}' of '{name}' is not run: a planner "
                  "drives the ego, others keep to the script"))  # fmt: skip


def _body(name: str, body: Element, where: str, notes: list) -> Entity:
    field, table = {
        "Vehicle": ("vehicleCategory", VEHICLES),
        "Pedestrian": ("pedestrianCategory", PEDESTRIANS),
        "MiscObject": ("miscObjectCategory", OBJECTS),
    }[body.tag]
    category = body.choice(field, tuple(table))
    kind, score_type, occ_class = table[category]
    for word in ("mass", "model", "model3d", "role", "name"):  # nothing here depends on them
        body.text(word, "")
    size_m, center_m = _box(name, body, notes)
    axles, performance = body.first("Axles"), body.first("Performance")
    wheelbase_m = _wheelbase(axles) if axles else None
    limits: list[float | None] = [None, None, None]
    if performance:
        limits = [performance.maybe(word)
                  for word in ("maxSpeed", "maxAcceleration", "maxDeceleration")]  # fmt: skip
        performance.skip()
    properties = {}
    for block in body.all("Properties"):
        for item in block.all("Property"):
            properties[item.text("name")] = item.text("value")
        block.skip()
    for trailer in body.all("Trailer", "TrailerHitch", "TrailerCoupler"):
        if trailer.tag == "Trailer":
            notes.append((trailer.where, f"trailer of '{name}' is left out: entities move alone"))
        trailer.skip()
    return Entity(
        name=name, element=body.tag, kind=kind, category=category, score_type=score_type,
        occ_class=occ_class, size_m=size_m, center_m=center_m, wheelbase_m=wheelbase_m,
        max_speed_mps=limits[0], max_accel_mps2=limits[1], max_decel_mps2=limits[2],
        properties=properties, where=where,
    )  # fmt: skip


def _box(name: str, body: Element, notes: list):
    box = body.first("BoundingBox")
    if box is None:
        notes.append((body.where, f"'{name}' has no bounding box: a usual size is taken"))
        usual = USUAL_SIZE_M[body.tag]
        return usual, (usual[0] * 0.3 if body.tag == "Vehicle" else 0.0, 0.0)
    center, size = box.one("Center"), box.one("Dimensions")
    center.number("z")
    lengths = (size.number("length"), size.number("width"), size.number("height"))
    if min(lengths[:2]) <= 0:
        raise size.error(f"makes '{name}' {lengths[0]:g} m long and {lengths[1]:g} m wide")
    return lengths, (center.number("x"), center.number("y"))


def _wheelbase(axles: Element) -> float | None:
    front, rear = axles.first("FrontAxle"), axles.first("RearAxle")
    length = (front.number("positionX") if front else 0.0) - (
        rear.number("positionX") if rear else 0.0
    )
    axles.skip()
    return length if length > 0 else None


def _members(item: Element, known: Mapping[str, Entity]) -> tuple[str, ...]:
    block, found = item.one("Members"), []
    for member in block.all():
        if member.tag == "EntityRef":
            name = member.text("entityRef")
            if name not in known:
                raise unknown_name(member.node, name, tuple(known))
            found.append(name)
        elif member.tag in ("ByType", "ByObjectType"):
            kind = member.text("objectType" if member.has("objectType") else "type").lower()
            wanted = {"vehicle": "Vehicle", "pedestrian": "Pedestrian",
                      "miscellaneous": "MiscObject", "miscobject": "MiscObject"}  # fmt: skip
            if kind not in wanted:
                raise member.error(f"selects the unknown type '{kind}'")
            found += [name for name, one in known.items() if one.element == wanted[kind]]
        else:
            raise member.error("is not supported in a selection")
    return tuple(dict.fromkeys(found))
