"""Both drives of a scenario, packed for the page's player (see ``drivewm.eval.report``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from drivewm.errors import InputError
from drivewm.eval import archive
from drivewm.eval.gate.cases import Case
from drivewm.eval.gate.findings import Comparison
from drivewm.eval.gate.runs import Run
from drivewm.eval.report import roads, rollout, scenes
from drivewm.eval.report.packing import Stream
from drivewm.eval.report.results import SeriesTable
from drivewm.eval.results import read_rows, read_table
from drivewm.eval.schema import SERIES, Cell
from drivewm.progress import track
from drivewm.scene import Scene

SIDES = ("baseline", "candidate")


def films(comparison: Comparison, order: Sequence[Case]) -> dict[str, str]:
    """scenario -> text that the page unpacks, as many as fit, in this order."""
    runs = dict(zip(SIDES, (comparison.baseline, comparison.candidate)))
    series = {side: _series(run, order) for side, run in runs.items()}
    source = _source(comparison.candidate.manifest)
    packed: dict[str, str] = {}
    left = scenes.BUDGET_BYTES
    for case in track(order, "packing drives"):
        cells = {side: cell for side, run in runs.items() if (cell := cell_of(run, case))}
        scene = None if case.state == "pass" else _scene(source, comparison, case)
        text = _film(comparison, case, cells, series, scene)
        left -= len(text)
        if left < 0 and packed:
            break
        packed[case.scenario] = text
    return packed


def _source(manifest: dict[str, Any]) -> Any:
    """The fleet or suite of the candidate; None where it is no longer at its place."""
    path = str((manifest.get("fleet") or {}).get("path"))
    if not manifest.get("suite"):
        return roads.open_fleet(path)
    from drivewm.scenarios.source import SuiteSource

    try:
        return SuiteSource.open(path)
    except InputError:  # results outlive their suite; the archives hold a plain map
        return None


def _scene(source: Any, comparison: Comparison, case: Case) -> Scene | None:
    """The scene with its whole map, where it can still be had."""
    info = comparison.candidate.infos.get(case.scenario)
    return roads.scene_of(source, info.recording if info else case.scenario)


def cell_of(run: Run, case: Case) -> Cell | None:
    """The drive that is shown: at the case's seed, or the worst of another."""
    drives = run.of_scenario(case.scenario)
    if not drives:
        return None
    if case.seed in drives:
        return Cell(run.planner, case.scenario, case.seed)
    worst = min(drives.values(), key=lambda drive: (drive.score, drive.seed))
    return Cell(run.planner, case.scenario, worst.seed)


def _series(run: Run, order: Sequence[Case]) -> SeriesTable:
    """Of the drives on show only."""
    wanted = {cell for case in order if (cell := cell_of(run, case)) is not None}
    table = read_table(run.folder, "series")
    keys = zip(*[table.column(name).to_pylist() for name in Cell._fields])
    mask = pa.array([Cell(*key) in wanted for key in keys], pa.bool_())
    return SeriesTable(table.filter(mask))


def _film(
    comparison: Comparison, case: Case, cells: dict[str, Cell],
    series: dict[str, SeriesTable], scene: Scene | None,
) -> str:  # fmt: skip
    stream = Stream()
    runs = dict(zip(SIDES, (comparison.baseline, comparison.candidate)))
    archives = {}
    for side, cell in cells.items():
        arrays = rollout.read(archive.path_of(runs[side].folder / "rollouts", cell))
        if arrays is not None and len(arrays["ego"]):
            archives[side] = arrays
    packed: dict[str, Any] = {
        "series": {side: scenes.pack_series(series[side].get(cell), stream)
                   for side, cell in cells.items()},
        "worst": {side: _worst(runs[side], cell) for side, cell in cells.items()},
        "map": {}, "tracks": [], "runs": {}, "route": None,
    }  # fmt: skip
    if archives:
        scenes.add_drives(packed, archives, scene, stream)
    return stream.blob(packed)


def _worst(run: Run, cell: Cell) -> list[list[Any]]:
    """The worst moment of each charted metric."""
    columns = ("metric", "time_s", "value", "track_id", "category")
    rows = read_rows(run.folder, "worst", cell)
    return [[row[name] for name in columns] for row in rows if row["metric"] in SERIES]
