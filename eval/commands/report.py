"""`drivewm report RESULTS -o report.html`: one page that loads nothing from anywhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.errors import InputError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", help="results folder written by `drivewm score`")
    parser.add_argument("-o", "--output", required=True, help="HTML file to write")
    parser.add_argument("--forecast", help="forecast folder written by `drivewm forecast`")
    parser.add_argument("--title", help="title of the page")


def run(args: argparse.Namespace) -> int:
    output = Path(args.output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            "is not an HTML file name", file=output, field="--output", fix="name it .html"
        )
    from drivewm import storage
    from drivewm.eval.report import forecast, page, results

    read = results.read(args.results)
    forecasts = forecast.read(args.forecast) if args.forecast else None
    html = page.render(read, forecasts, title=args.title)
    storage.write_text(output, html)
    print(f"{output} ({len(html.encode()) / 1e6:.1f} MB)")
    return 0
