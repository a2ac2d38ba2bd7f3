"""Calls a verb's module the way the command line does."""

from __future__ import annotations

import argparse
from types import ModuleType


def run_report(module: ModuleType, *arguments: object) -> int:
    parser = argparse.ArgumentParser()
    module.configure(parser)
    return module.run(parser.parse_args([str(argument) for argument in arguments]))
