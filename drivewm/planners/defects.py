"""`defect`: any planner, made worse in one known way: ``defect?of=careful&kind=reaction_late``.

What the gate is tried on (benchmarks/gate_power), and what a scenario's ``discriminates`` names.
The defect works on what the planner is shown or on what it answers, so that every planner can be
wrapped, a wrapped one too (``of=defect%3Fkind%3Dblind``).
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Sequence
from typing import Any

from drivewm.errors import InputError
from drivewm.planners import defects_blind as blind
from drivewm.planners import defects_driven as driven
from drivewm.planners import defects_seen as seen_wrongly
from drivewm.planners.defects_base import Flaw
from drivewm.scene import Observation, Planner, Scene, Trajectory

KINDS: dict[str, type[Flaw]] = {
    "identity": Flaw,
    "blind": blind.Blind,
    "brake_capped": driven.BrakeCapped,
    "brakes_without_cause": driven.BrakesWithoutCause,
    "eager_left": blind.EagerLeft,
    "fails": driven.Fails,
    "fast_curves": driven.FastCurves,
    "flickers": blind.Flickers,
    "ids_swapped": seen_wrongly.IdsSwapped,
    "ignores_cones": blind.IgnoresCones,
    "ignores_cut_in": blind.IgnoresCutIn,
    "ignores_cyclists": blind.IgnoresCyclists,
    "ignores_occlusion": seen_wrongly.IgnoresOcclusion,
    "ignores_oncoming": blind.IgnoresOncoming,
    "ignores_pedestrians": blind.IgnoresPedestrians,
    "ignores_static": blind.IgnoresStatic,
    "ignores_vehicles": blind.IgnoresVehicles,
    "ignores_waiting": blind.IgnoresWaiting,
    "ignores_yield": blind.IgnoresYield,
    "labels_mirrored": seen_wrongly.LabelsMirrored,
    "lateral_offset": driven.LateralOffset,
    "mirrored": seen_wrongly.Mirrored,
    "narrow_view": blind.NarrowView,
    "never_goes_on": driven.NeverGoesOn,
    "noisy_places": seen_wrongly.NoisyPlaces,
    "old_plan": driven.OldPlan,
    "one_side_blind": blind.OneSideBlind,
    "oscillates": driven.Oscillates,
    "pose_noise": driven.PoseNoise,
    "range_halved": blind.ShortRange,
    "reaction_late": seen_wrongly.ReactionLate,
    "rear_blind": blind.RearBlind,
    "rough_ride": driven.RoughRide,
    "runs_red": seen_wrongly.RunsRed,
    "runs_yellow": seen_wrongly.RunsYellow,
    "short_headway": seen_wrongly.ShortHeadway,
    "sluggish": driven.Sluggish,
    "small_boxes": seen_wrongly.SmallBoxes,
    "speedometer_low": seen_wrongly.SpeedometerLow,
    "speeds": seen_wrongly.Speeds,
    "speeds_lost": seen_wrongly.SpeedsLost,
    "stale": seen_wrongly.Stale,
    "straight_on": driven.StraightOn,
    "turns_late": driven.TurnsLate,
}


class Defect:
    """The wrapper.

    Args:
        of: the planner; its own options follow ``%3F``: ``careful%3Fspeed_mps%3D8``.
        kind: one of ``KINDS``; ``identity`` changes nothing.
        options: of the kind, such as ``seconds``; ``seed`` decides what is random.

    Raises:
        InputError: unknown kind or option, or a value that is no finite number.
    """

    def __init__(self, of: str = "careful", kind: str = "identity", **options: Any) -> None:
        from drivewm.planners.registry import create

        self.flaw = _flaw(kind, options)
        self.inner: Planner = create(of)
        name = getattr(self.inner, "name", None) or of.partition("?")[0]
        self.name = f"{name}_{kind}"
        self.replan_interval_s = getattr(self.inner, "replan_interval_s", 0.1)
        self.modes = tuple(
            getattr(self.inner, "modes", None) or (getattr(self.inner, "mode", "privileged"),)
        )
        for attribute in ("fingerprint", "image_size"):
            if hasattr(self.inner, attribute):
                setattr(self, attribute, getattr(self.inner, attribute))

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Resets the planner and forgets the last drive."""
        self.flaw.reset(scenes)
        self.inner.reset(scenes)

    def plan(self, observation: Observation) -> Trajectory:
        """The planner's answer to what it is shown, as the defect leaves it."""
        plan = self.inner.plan(self.flaw.see(observation))
        return self.flaw.act(observation, plan)


def _flaw(kind: str, options: dict[str, Any]) -> Flaw:
    if kind not in KINDS:
        near = difflib.get_close_matches(str(kind), KINDS, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(KINDS)}"
        raise InputError(f"no defect '{kind}'", field="defect?kind", fix=fix)
    cls = KINDS[kind]
    known = {f.name for f in dataclasses.fields(cls) if f.init}
    for name, value in options.items():
        if name not in known:
            fix = f"options of {kind}: {', '.join(sorted(known))}"
            raise InputError("unknown option", field=f"defect?{name}", fix=fix)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise InputError(f"{value!r} is not a number", field=f"defect?{name}",
                             fix="mend the option")  # fmt: skip
    return cls(**options)
