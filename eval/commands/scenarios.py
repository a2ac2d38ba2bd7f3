"""``drivewm scenarios``: the library of scenarios; each sub-verb is a module of its own."""

from __future__ import annotations

import argparse
import importlib

# sub-verb -> (module with configure(parser) and run(args) -> exit code, help line)
VERBS: dict[str, tuple[str, str]] = {
    "list": ("drivewm.scenarios.commands.list", "the families of the library"),
    "show": ("drivewm.scenarios.commands.show", "one family in words and numbers"),
    "validate": ("drivewm.scenarios.commands.validate", "check family files"),
    "sample": ("drivewm.scenarios.commands.sample", "concrete scenarios of a family"),
    "render": ("drivewm.scenarios.commands.render", "a storyboard picture of a scenario"),
    "import": ("drivewm.scenarios.commands.import_", "read an OpenSCENARIO file, and drive it"),
    "export": ("drivewm.scenarios.commands.export", "write a scenario as OpenSCENARIO"),
    "mine": ("drivewm.scenarios.commands.mine", "critical moments of a fleet as a suite"),
    "schema": ("drivewm.scenarios.commands.schema", "the JSON Schema of family files"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of every sub-verb."""
    verbs = parser.add_subparsers(dest="sub_verb", required=True, metavar="VERB")
    for verb, (module_name, text) in VERBS.items():
        module = importlib.import_module(module_name)
        module.configure(verbs.add_parser(verb, help=text, description=text))


def run(args: argparse.Namespace) -> int:
    """Runs the sub-verb."""
    module = importlib.import_module(VERBS[args.sub_verb][0])
    return int(module.run(args))
