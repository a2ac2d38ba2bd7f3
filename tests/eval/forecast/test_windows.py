import json

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.forecast import windows
from drivewm.eval.forecast.presets import (
    HISTORY,
    HORIZON,
    by_rule,
    choose,
    official_validation,
)
from drivewm.eval.forecast.windows import Window, WindowList, every_window

HALF_SECONDS = np.arange(12) * 500_000


def window(scene: str = "a", keyframe: int = 3) -> Window:
    return Window(scene=scene, keyframe=keyframe, history=4, horizon=6)


def test_every_window_of_a_scene_and_none_across_a_gap():
    found = every_window("a", HALF_SECONDS, 4, 6)
    assert [(w.first, w.keyframe, w.last) for w in found] == [(0, 3, 9), (1, 4, 10), (2, 5, 11)]
    assert every_window("a", HALF_SECONDS, 4, 6, stride=2) == [found[0], found[2]]
    late = HALF_SECONDS + np.where(np.arange(12) >= 11, 400_000, 0)
    assert every_window("a", late, 4, 6) == found[:2]


def test_the_hash_is_of_the_windows_and_not_of_their_order_or_name():
    one = WindowList(name="x", windows=(window("a"), window("b")))
    other = WindowList(name="y", windows=(window("b"), window("a")))
    assert one.hash == other.hash
    assert one.hash != WindowList(name="x", windows=(window("a"), window("b", 4))).hash


@pytest.mark.parametrize("name", ["w.json", "w.parquet"])
def test_a_saved_list_is_read_back(tmp_path, name):
    wanted = WindowList(name="mine", windows=(window("b"), window("a")))
    windows.save(tmp_path / name, wanted)
    found = windows.read(tmp_path / name)
    assert found.hash == wanted.hash and found.name == "mine"
    assert found.windows == tuple(sorted(wanted.windows))


def bad(tmp_path, content, match):
    file = tmp_path / "w.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=match) as caught:
        windows.read(file)
    assert "w.json" in str(caught.value) and "\n" not in str(caught.value)


ROW = {"scene": "a", "keyframe": 3, "history": 4, "horizon": 6}


def test_a_bad_file_is_named_with_its_field(tmp_path):
    bad(tmp_path, [], r"\[windows\] the list is empty")
    bad(tmp_path, "{", "not JSON")
    bad(tmp_path, {"name": "x"}, r"\[windows\] is not a list")
    bad(tmp_path, [ROW, {**ROW, "keyframe": -1}], r"\[windows\[1\]\.keyframe\] is -1")
    bad(tmp_path, [{**ROW, "horizon": 0}], r"\[windows\[0\]\.horizon\] is 0")
    bad(tmp_path, [{**ROW, "history": 2.5}], r"\[windows\[0\]\.history\] is 2.5")
    bad(tmp_path, [{**ROW, "scene": 7}], r"\[windows\[0\]\.scene\]")
    bad(tmp_path, [ROW, ROW], "a, keyframe 3 is there twice")
    bad(tmp_path, {"windows": [ROW], "hash": "00"}, r"\[hash\] says 00")
    with pytest.raises(InputError, match="no such window file or preset"):
        windows.read(tmp_path / "none.json")


def test_the_validation_scenes_are_the_devkits():
    from nuscenes.utils.splits import create_splits_scenes

    assert official_validation() == tuple(sorted(create_splits_scenes()["val"]))


def lengths(total: int) -> dict[str, int]:
    """150 scenes of 40 or 41 keyframes, ``total`` in all."""
    longer = total - 150 * 40
    return {s: 40 + (n < longer) for n, s in enumerate(official_validation())}


def test_the_whole_validation_split_makes_the_published_lists():
    whole = by_rule("occworld-4219", lengths(6019))
    assert len(whole.windows) == 4219 and whole.name == "occworld-4219" and whole.published
    assert whole.windows[0] == Window(
        scene="scene-0003", keyframe=HISTORY - 1, history=HISTORY, horizon=HORIZON
    )
    first = by_rule("dome-150", lengths(6019))
    assert len(first.windows) == 150 and first.published
    assert {w.first for w in first.windows} == {0}


def test_part_of_the_split_does_not_get_the_published_name():
    some = dict(list(lengths(6019).items())[:3])
    found = by_rule("occworld-4219", some)
    assert found.name == "occworld rule on 3 of 150 scenes" and not found.published
    assert len(found.windows) == sum(n - 12 for n in some.values())
    resampled = by_rule("dome-150", lengths(6019), keyframes=False)
    assert not resampled.published and "every 0.5 s" in resampled.name


def test_a_whole_split_of_another_size_is_refused():
    with pytest.raises(InputError, match="give 4218 windows, the published list has 4219"):
        by_rule("occworld-4219", lengths(6018))


def test_a_short_list_cannot_borrow_a_published_name(tmp_path, small_fleet):
    scene = small_fleet.scenes[0].id
    fits = Window(scene=scene, keyframe=3, history=4, horizon=1)
    windows.save(tmp_path / "w.json", WindowList(name="dome-150", windows=(fits,)))
    with pytest.raises(InputError, match=r"\[name\] 'dome-150' is a published list of 150"):
        choose(str(tmp_path / "w.json"), small_fleet, [], "pull", 4, 1)


def test_a_list_that_does_not_fit_the_fleet_is_named(tmp_path, small_fleet):
    scene, file = small_fleet.scenes[0].id, tmp_path / "w.json"

    def refused(match, **changes):
        row = Window(**{"scene": scene, "keyframe": 3, "history": 4, "horizon": 1, **changes})
        windows.save(file, WindowList(name="mine", windows=(row,)))
        with pytest.raises(InputError, match=match):
            choose(str(file), small_fleet, [], "pull", 4, 1)

    refused(r"w\.json: \[windows\.scene\] no scene 'elsewhere'", scene="elsewhere")
    refused(r"\[windows\.keyframe\].*frames 0 to 99", horizon=96)
    refused(r"frames -1 to 4", history=5)
    with pytest.raises(InputError, match="no scene of nuScenes' official validation split"):
        choose("dome-150", small_fleet, [], "pull", 4, 6)
    with pytest.raises(InputError, match="the window list is empty"):
        choose("all", small_fleet, [scene], "pull", 40, 6)
