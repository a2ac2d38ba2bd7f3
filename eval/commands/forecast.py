"""`drivewm forecast`: a model's forecasts beside the baselines on the same windows."""

from __future__ import annotations

import argparse

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="folder that `drivewm train` wrote")
    parser.add_argument("fleet", help="fleet folder")
    parser.add_argument("-o", "--output", required=True, help="folder for forecast.json")
    parser.add_argument("--split", help="only scenes of this split")
    parser.add_argument("--scenes", help="only these scenes, comma separated")
    parser.add_argument(
        "--stride", type=positive_int, default=1, help="frames between windows (0.5 s)"
    )
    parser.add_argument("--mask", choices=("none", "camera"), default="none", help="table shown")
    parser.add_argument("--threads", type=positive_int, default=2)


def run(args: argparse.Namespace) -> int:
    from drivewm.eval.forecast.run import forecast
    from drivewm.eval.forecast.tables import as_text
    from drivewm.logs.fleet import Fleet

    fleet = Fleet.open(args.fleet)
    ids = args.scenes.split(",") if args.scenes else None
    scenes = [info.id for info in fleet.select(args.split, ids)]
    content = forecast(args.run, fleet, scenes, args.output, args.stride, args.threads)
    print(as_text(content["rows"], args.mask))
    print(f"{content['windows']} windows, sha256 {content['windows_sha'][:16]}, ego mode gt, "
          f"mask {args.mask}")  # fmt: skip
    for line in comparison_lines(content["comparisons"], args.mask):
        print(line)
    print(f"reward and continue: {content['outcomes']}")
    return 0


def comparison_lines(comparisons: list[dict], mask: str) -> list[str]:
    """Model minus baseline with its interval, one line a metric and horizon."""
    return [
        f"model - {c['against']}: {c['metric']} at {c['horizon_s']:g} s "
        f"{c['difference']:+.4f} [{c['low']:+.4f}, {c['high']:+.4f}]"
        for c in comparisons
        if c["mask"] == mask and None not in (c["difference"], c["low"], c["high"])
    ]
