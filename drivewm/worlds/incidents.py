"""What went wrong in a simulated drive: contacts and road departures of the ego."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.geometry.boxes import corners
from drivewm.measures.collision import LaneFlag, find_contacts
from drivewm.measures.drivable import DrivableArea, departures
from drivewm.measures.history import History
from drivewm.scene import Tracks
from drivewm.worlds.world import World

if TYPE_CHECKING:
    from drivewm.worlds.simulate import WorldLog


@dataclass(frozen=True, kw_only=True)
class Incidents:
    """Seconds since the start of the scene; None = never."""

    collision_time_s: float | None  # first contact with anything but a cone
    departure_time_s: float | None  # first step with a corner off the drivable area

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def incidents(world: World, log: WorldLog) -> Incidents:
    """The first contact and the first departure of the ego."""
    history = History(
        times_us=log.times_us,
        ego=log.ego,
        vehicle=world.vehicle,
        tracks=Tracks(
            ids=log.ids,
            categories=log.categories,
            score_type=log.score_type,
            occ_class=log.occ_class,
            size_m=log.size_m,
            state=log.state,
            valid=log.valid,
        ),
    )
    flags = np.full(len(log.times_us), LaneFlag.UNKNOWN, np.int8)
    contacts = find_contacts(history, flags)
    cones = np.array([log.categories[n] == "movable_object.trafficcone" for n in contacts.track])
    touched = contacts.step[~cones.astype(bool)]
    area = DrivableArea.of_map(world.road_map, log.ego[:, :2])
    off = np.zeros(0, np.int64)
    if area is not None:
        boxes = corners(
            history.centres, np.array(world.vehicle.length_m), np.array(world.vehicle.width_m)
        )
        off = np.flatnonzero(departures(boxes, history.centres, area))
    time_s = history.times_s
    return Incidents(
        collision_time_s=float(time_s[touched.min()]) if len(touched) else None,
        departure_time_s=float(time_s[off[0]]) if len(off) else None,
    )
