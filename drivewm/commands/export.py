"""`drivewm export`: a trained model's imagination as one file, checked against the model."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="folder that `drivewm train` wrote")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="e.g. model.pt2")
    parser.add_argument(
        "--format", choices=("torch", "onnx"), default="torch",
        help="torch.export (default) or ONNX (needs onnx, onnxscript and onnxruntime)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from drivewm.models import checkpoint
    from drivewm.models.export import TOLERANCE, example, export

    model = checkpoint.load(args.run)
    check = export(model, args.output, args.format)
    shapes = [list(t.shape) for t in example(model)]
    print(f"{args.output}: inputs features {shapes[0]}, past actions {shapes[1]}, "
          f"actions {shapes[2]}")  # fmt: skip
    for name, gap in check.differences.items():
        print(f"  {name:<12} largest difference from the model {gap:.2e}")
    if check.passed:
        print(f"equal within {TOLERANCE:g}")
        return 0
    print(f"NOT equal within {TOLERANCE:g}: do not use this file")
    return 1
