"""The verb table: fast help, late imports, exit codes."""

from __future__ import annotations

import errno
import importlib
import json
import subprocess
import sys
import types

import pytest

from drivewm import __version__, cli, progress
from drivewm.errors import InputError
from tests.source_tree import modules

HEAVY = ("torch", "numba", "lightning", "pytorch_lightning", "nuscenes")


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch):
    """Registers the verb ``probe``, whose run is the given function."""

    def register(run) -> None:
        module = types.SimpleNamespace(
            configure=lambda parser: parser.add_argument("--count", type=int, default=0), run=run
        )
        monkeypatch.setitem(sys.modules, "probe_command", module)
        monkeypatch.setitem(cli.VERBS, "probe", ("probe_command", "a probe"))

    return register


def raising(error: BaseException):
    def run(args):
        raise error

    return run


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, json; from drivewm.cli import main; code = main(['--help']);"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    exit_code, loaded = json.loads(result.stdout.splitlines()[-1])
    top = {name.split(".")[0] for name in loaded}
    assert exit_code == 0
    assert top.isdisjoint({*HEAVY, "numpy", "pandas", "pyarrow", "shapely", "pydantic", "hydra"})
    assert {name for name in loaded if name.startswith("drivewm")} == {
        "drivewm",
        "drivewm.cli",
        "drivewm.errors",
    }


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"]])
def test_help_lists_every_verb(argv, capsys) -> None:
    assert cli.main(argv) == 0
    shown = capsys.readouterr().out
    assert all(f"  {verb} " in shown for verb in cli.VERBS)


def test_version(capsys) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_unknown_verb_names_the_known_ones(capsys) -> None:
    assert cli.main(["scroe"]) == 2
    message = capsys.readouterr().err
    assert "'scroe'" in message and "score" in message and message.count("\n") == 1


@pytest.mark.parametrize("verb_name", list(cli.VERBS))
def test_verb_help_exits_cleanly_and_imports_nothing_heavy(verb_name: str) -> None:
    module_name, _ = cli.VERBS[verb_name]
    assert module_name in {module.name for module in modules()}
    code = (
        "import sys; from drivewm.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, verb_name, "--help"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert f"drivewm {verb_name}" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


def test_verb_modules_follow_the_protocol() -> None:
    for module_name, _ in cli.VERBS.values():
        module = importlib.import_module(module_name)
        assert callable(module.configure) and callable(module.run)


def test_options_reach_the_verb_and_its_exit_code_comes_back(verb) -> None:
    verb(lambda args: args.count)
    assert cli.main(["probe", "--count", "1"]) == 1
    assert cli.main(["probe"]) == 0


def test_input_error_is_one_line_and_exit_code_2(verb, capsys) -> None:
    verb(raising(InputError("is not\na number", file="a.json", field="x", fix="mend it")))
    assert cli.main(["probe"]) == 2
    message = capsys.readouterr().err
    assert message == "drivewm probe: a.json: [x] is not a number; mend it\n"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--count", "many"], "'many'"),
        (["--cuont", "1"], "--cuont"),
        (["extra"], "extra"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(verb, capsys, argv, says) -> None:
    verb(lambda args: 0)
    assert cli.main(["probe", *argv]) == 2
    message = capsys.readouterr().err
    assert says in message and message.count("\n") == 1 and "drivewm probe --help" in message


def test_the_message_stands_below_a_bar_that_was_running(verb, capsys) -> None:
    def run(args):
        for _ in progress.track(range(3), "work", total=3):
            raise InputError("broken", file="a.json")

    verb(run)
    assert cli.main(["probe"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "drivewm probe: a.json: broken"


@pytest.mark.parametrize("name", ["synth", "ingest", "forecast", "score"])
def test_a_count_below_one_is_refused(name, capsys) -> None:
    needed = {"synth": ["d"], "ingest": ["nuscenes", "d", "f"], "forecast": ["r", "f", "-o", "x"],
              "score": ["idm", "--fleet", "f"]}  # fmt: skip
    option = "--stride" if name == "forecast" else "--workers"
    for value in ("0", "-1", "two"):
        assert cli.main([name, *needed[name], option, value]) == 2
        assert f"'{value}' is not a whole number above 0" in capsys.readouterr().err


def test_interrupt_is_exit_code_130(verb, capsys) -> None:
    verb(raising(KeyboardInterrupt()))
    assert cli.main(["probe"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EISDIR, errno.ENOTDIR]
)
def test_an_unwritable_output_is_one_line_and_exit_code_2(verb, capsys, number) -> None:
    verb(raising(OSError(number, "the disk says no", "out.parquet")))
    assert cli.main(["probe"]) == 2
    message = capsys.readouterr().err
    assert "out.parquet" in message and message.count("\n") == 1


def test_other_failures_keep_their_traceback(verb) -> None:
    verb(raising(OSError(errno.EIO, "input/output error")))
    with pytest.raises(OSError, match="input/output"):
        cli.main(["probe"])
    verb(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["probe"])
