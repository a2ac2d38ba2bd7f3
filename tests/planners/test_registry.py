import sys
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.eval.suites import source_digest
from drivewm.planners import registry
from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.planners.idm import IDM

GOOD = """
class Mine:
    def __init__(self, speed=1.0): self.speed = speed
    def reset(self, scenes): pass
    def plan(self, observation): pass

class Helper:
    pass
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


def test_by_name_with_options():
    assert isinstance(registry.create("constant_velocity"), ConstantVelocity)
    planner = registry.create("idm?speed_mps=7.5&headway_s=2")
    assert isinstance(planner, IDM)
    assert planner.options["speed_mps"] == 7.5


def test_by_module_and_class():
    planner = registry.create("drivewm.planners.idm:IDM")
    assert isinstance(planner, IDM)


def test_by_file(file):
    assert registry.create(f"{file}?speed=3").speed == 3
    assert type(registry.create(f"{file}:Mine")).__name__ == "Mine"


@pytest.mark.parametrize(
    ("query", "value"),
    [("a=1", 1), ("a=1.5", 1.5), ("a=True", True), ("a=true", True), ("a=none", None),
     ("a=runs/x/y.z", "runs/x/y.z"), ("a=a%26b", "a&b"), ("a=", "")],
)  # fmt: skip
def test_option_values(query, value):
    assert registry.parse(f"p?{query}").options == {"a": value}


@pytest.mark.parametrize("text", ["p?a", "p?a=1&a=2", "p?1a=2", "p?&"])
def test_bad_options_are_named(text):
    with pytest.raises(InputError, match="option"):
        registry.parse(text)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True),
        st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans(),
    )
)
def test_options_are_read_back(options):
    text = f"nuplan:my.module:Mine?{urlencode(options)}" if options else "nuplan:my.module:Mine"
    spec = registry.parse(text)
    assert (spec.wrapper, spec.target, spec.options) == ("nuplan", "my.module:Mine", options)


@pytest.mark.parametrize(
    ("text", "wrapper", "target"),
    [("idm", None, "idm"), ("a.b:C", None, "a.b:C"), ("navsim:x.py", "navsim", "x.py"),
     ("exec:run --a=b c?", "exec", "run --a=b c?"), ("exec:run?name=x", "exec", "run")],
)  # fmt: skip
def test_a_word_before_the_rest_names_a_wrapper(text, wrapper, target):
    spec = registry.parse(text)
    assert (spec.wrapper, spec.target) == (wrapper, target)


def test_an_edited_file_is_another_planner(tmp_path):
    texts = [f"{tmp_path}/p.py", f"{tmp_path}/p.py:Mine?speed=1", f"exec:cat {tmp_path}/p.py"]
    digests = []
    for source in (GOOD, GOOD + "# edited"):
        (tmp_path / "p.py").write_text(source)
        assert [registry.files_of(text)[-1].name for text in texts] == ["p.py"] * 3
        digests.append([source_digest(text) for text in texts])
    assert all(one != other for one, other in zip(*digests))
    assert source_digest("idm") is None


def test_unknown_name_lists_the_known_ones():
    known = "careful, constant_velocity, defect, idm, imagine, log_replay"
    with pytest.raises(InputError, match=known):
        registry.create("warp_drive")


def test_unknown_option_lists_the_known_ones():
    with pytest.raises(InputError, match="speed_mps, accel_mps2"):
        registry.create("idm?colour=red")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("drivewm.planners.nowhere:X", "ModuleNotFoundError"),
        ("drivewm.planners.idm:Nobody", "no class 'Nobody'"),
        ("absent.py", "file not found"),
    ],
)
def test_what_cannot_be_loaded_is_named(target, message):
    with pytest.raises(InputError, match=message):
        registry.create(target)


def test_an_import_that_fails_raises_with_its_cause(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("import a_package_nobody_has\n")
    for _ in range(2):  # and is not half imported the second time
        with pytest.raises(InputError, match="a_package_nobody_has") as caught:
            registry.create(str(path))
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert not [name for name in sys.modules if "broken" in name and "_drivewm" in name]


@pytest.mark.parametrize(
    ("text", "found"), [("x = 1", "none"), (GOOD + GOOD.replace("Mine", "Other"), "Mine, Other")]
)
def test_a_file_needs_one_planner_class(tmp_path, text, found):
    path = tmp_path / "some.py"
    path.write_text(text)
    with pytest.raises(InputError, match=found):
        registry.create(str(path))


def test_a_constructor_that_raises_is_named(tmp_path):
    path = tmp_path / "angry.py"
    path.write_text(GOOD.replace("self.speed = speed", "raise OSError('no disk')"))
    with pytest.raises(InputError, match="no disk"):
        registry.create(str(path))


@pytest.mark.parametrize("where", ["module", "constructor"])
def test_a_planner_that_calls_exit_does_not_end_the_program(tmp_path, where):
    stop = "import sys; sys.exit(3)"
    path = tmp_path / f"leaving_{where}.py"
    path.write_text(stop + GOOD if where == "module" else GOOD.replace("self.speed = speed", stop))
    with pytest.raises(InputError, match="SystemExit: 3"):
        registry.create(str(path))


@pytest.mark.parametrize(
    ("line", "says"),
    [("replan_interval_s = 'often'", "replan_interval_s is 'often'"),
     ("replan_interval_s = -1", "replan_interval_s is -1"),
     ("replan_interval_s = float('nan')", "replan_interval_s is nan"),
     ("mode = 'sonar'", "sonar"), ("modes = 5", "modes are 5"), ("reset = None", "method reset")],
)  # fmt: skip
def test_what_the_loop_asks_of_a_planner_is_checked_first(tmp_path, line, says):
    path = tmp_path / "odd.py"
    text = GOOD.replace("def reset(self, scenes): pass", "") if "reset" in line else GOOD
    path.write_text(text.replace("class Mine:", f"class Mine:\n    {line}"))
    with pytest.raises(InputError, match=says):
        registry.create(str(path))


def test_a_value_out_of_range_names_the_option():
    with pytest.raises(InputError, match=r"idm\?speed_mps"):
        registry.create("idm?speed_mps=-1")


def test_built_in_names_are_the_declared_entry_points(repository):
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][registry.GROUP] == registry.BUILT_IN
