"""Frames per second of the renderer, and its share of a plain-C ray-box bound.

    python benchmarks/render/run.py [--json FILE] [--repeats N]

One frame is six cameras of a built world. The bound: the renderer's own ray-box tests, as many and
in the same order, in a tight C loop (``ray_box.c``, gcc -O3 -march=native), one thread, CPU time.
"see share" is the bound over the renderer's visibility pass, "frame share" the bound over the whole
frame, shading included. Compile time is apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from drivewm.worlds.actors import Actors
from drivewm.worlds.build import build
from drivewm.worlds.render import lidar, occupancy, visibility
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.camera import Renderer
from drivewm.worlds.render.rig import CAMERAS, map_from_ego
from drivewm.worlds.render.shapes import Wardrobe
from drivewm.worlds.world import World, WorldSpec

SIZES = ((224, 128), (448, 256), (1600, 900))
SOURCE = Path(__file__).with_name("ray_box.c")


def street() -> tuple[World, np.ndarray, Actors, np.ndarray]:
    """A four-way junction by day, its traffic five seconds in, the ego at its start."""
    spec = WorldSpec(seed=3, layout="four_way", layout_seed=3, location="boston-seaport",
                     origin_m=(1000.0, 800.0))  # fmt: skip
    world = build(spec)
    traffic = world.make_traffic()
    for _ in range(50):
        traffic.step(world.ego_start, world.vehicle)
    actors = Actors(ids=traffic.ids, categories=traffic.categories, occ_class=traffic.occ_class,
                    size_m=traffic.size_m, state=traffic.state, valid=traffic.valid)  # fmt: skip
    return world, world.ego_start[:3], actors, traffic.light_status


def best_s(run: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Shortest of several runs, after one that warms up."""
    run()
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        times.append(clock() - start)
    return min(times)


def views(renderer: Renderer, ego: np.ndarray, actors: Actors, lights: np.ndarray):
    """Parts, and pose and lens of every camera, as the renderer passes them on."""
    stage = renderer.stage
    parts = np.concatenate([stage.solids, stage.posts.lit(lights), Wardrobe().dress(actors)])
    parts = parts[np.hypot(parts[:, P.X] - ego[0], parts[:, P.Y] - ego[1]) < 260.0]
    out = []
    for camera in CAMERAS.values():
        k = camera.scaled_intrinsics(renderer.width, renderer.height)
        lens = tuple(float(v) for v in (k[0, 0], k[1, 1], k[0, 2], k[1, 2]))
        out.append((map_from_ego(ego) @ camera.ego_from_camera, lens))
    return np.ascontiguousarray(parts), out


def bound_s(binary: Path, renderer: Renderer, parts: np.ndarray, cameras, repeats: int):
    """Seconds of the C loop for one frame, and its number of ray-box tests."""
    seconds, tests = 0.0, 0
    for pose, lens in cameras:
        rows = []
        for part in parts:
            box = np.empty(5)
            visibility._bounds(part, pose, lens, renderer.width, renderer.height, box)
            if not np.isfinite(box[4]):
                continue
            turn = np.array([[part[P.COS], part[P.SIN], 0], [-part[P.SIN], part[P.COS], 0],
                             [0, 0, 1]])  # fmt: skip
            origin = turn @ (pose[:3, 3] - part[: P.Z + 1])
            matrix = (turn @ pose[:3, :3]).ravel()
            rows.append([*matrix, *origin, *part[P.HX : P.HZ + 1], *box])
        rows.sort(key=lambda row: row[-1])
        head = struct.pack("<4i", renderer.width, renderer.height, len(rows), repeats)
        data = head + np.array([*lens, *pose[2], *np.ravel(rows)], "<f8").tobytes()
        done = subprocess.run([binary], input=data, capture_output=True, check=True)
        answer = done.stdout.split()
        tests, seconds = tests + int(answer[0]), seconds + float(answer[1])
    return seconds, tests


def measure(repeats: int, binary: Path | None) -> dict:
    world, ego, actors, lights = street()
    start = time.perf_counter()
    Renderer(world, 64, 36).render(ego, actors, lights)
    compile_s = time.perf_counter() - start
    rows = []
    for width, height in SIZES:
        for threads in (1, 2):
            renderer = Renderer(world, width, height, threads=threads)
            draw = partial(renderer.render, ego, actors, lights)
            frame_s = best_s(draw, repeats, time.perf_counter)
            row = {"size": f"{width}x{height}", "threads": threads, "frame_ms": 1e3 * frame_s,
                   "frames_per_s": 1 / frame_s}  # fmt: skip
            if threads == 1:
                row |= _shares(renderer, ego, actors, lights, repeats, binary)
            rows.append(row)
    other = {
        "lidar_sweep_ms": 1e3 * best_s(lambda: lidar.sweep(world, ego, actors), repeats,
                                       time.thread_time),
        "occupancy_label_ms": 1e3 * best_s(lambda: occupancy.label(world, ego, actors), repeats,
                                           time.thread_time),
    }  # fmt: skip
    return {"first_picture_with_compilation_s": compile_s, "actors": int(actors.valid.sum()),
            "cameras": rows, **other}  # fmt: skip


def _shares(renderer, ego, actors, lights, repeats: int, binary: Path | None) -> dict:
    parts, cameras = views(renderer, ego, actors, lights)
    shape = (renderer.height, renderer.width)
    depth, index = np.empty(shape, np.float32), np.empty(shape, np.int32)

    def see() -> None:
        for pose, lens in cameras:
            visibility.see(parts, pose, lens, depth, index)

    cpu_s = best_s(lambda: renderer.render(ego, actors, lights), repeats, time.thread_time)
    see_s = best_s(see, repeats, time.thread_time)
    row = {"cpu_ms": 1e3 * cpu_s, "visibility_ms": 1e3 * see_s, "parts": len(parts)}
    if binary is not None:
        c_s, tests = bound_s(binary, renderer, parts, cameras, repeats)
        row |= {"bound_ms": 1e3 * c_s, "ray_box_tests": tests, "visibility_share": c_s / see_s,
                "frame_share": c_s / cpu_s}  # fmt: skip
    return row


def table(result: dict) -> str:
    lines = [f"{'size':>10} {'threads':>7} {'ms':>8} {'fps':>7} {'cpu ms':>8} {'see ms':>8} "
             f"{'C bound ms':>10} {'tests':>10} {'see share':>9} {'frame share':>11}"]  # fmt: skip
    for r in result["cameras"]:
        line = f"{r['size']:>10} {r['threads']:>7} {r['frame_ms']:8.1f} {r['frames_per_s']:7.2f}"
        if "cpu_ms" in r:
            line += f" {r['cpu_ms']:8.1f} {r['visibility_ms']:8.1f}"
        if "bound_ms" in r:
            line += (f" {r['bound_ms']:10.2f} {r['ray_box_tests']:10d}"
                     f" {r['visibility_share']:9.0%} {r['frame_share']:11.0%}")  # fmt: skip
        lines.append(line)
    lines.append(f"lidar sweep {result['lidar_sweep_ms']:.1f} ms, occupancy label with masks "
                 f"{result['occupancy_label_ms']:.1f} ms (CPU time, one thread); first picture "
                 f"{result['first_picture_with_compilation_s']:.1f} s")  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        binary = None
        if shutil.which("gcc"):
            binary = Path(folder) / "ray_box"
            command = ["gcc", "-O3", "-march=native", "-o", str(binary), str(SOURCE), "-lm"]
            subprocess.run(command, check=True)
        else:
            print("no gcc: the C bound is left out", file=sys.stderr)
        result = measure(arguments.repeats, binary)
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
