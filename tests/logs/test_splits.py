import json

import pytest

from drivewm.errors import InputError
from drivewm.logs.splits import read_split_file, split_of

OFFICIAL = {
    "train": ["scene-0002"],
    "val": ["scene-0003"],
    "mini_train": ["scene-0061"],
    "mini_val": ["scene-0103", "scene-0003"],
}


def test_custom_split_comes_first_then_the_official_one_of_the_version():
    assert split_of("scene-0061", "v1.0-mini", {"scene-0061": "mine"}, OFFICIAL) == "mine"
    assert split_of("scene-0061", "v1.0-mini", {}, OFFICIAL) == "mini_train"
    assert split_of("scene-0003", "v1.0-mini", {}, OFFICIAL) == "mini_val"
    assert split_of("scene-0003", "v1.0-trainval", {}, OFFICIAL) == "val"
    assert split_of("scene-9999", "v1.0-trainval", {}, OFFICIAL) == "all"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[]", "must be"), ('{"a": ["s"], "b": ["s"]}', "two splits")],
)
def test_bad_split_file_is_named(tmp_path, text, message):
    path = tmp_path / "splits.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_split_file(path)
    assert caught.value.file == path


def test_split_file_becomes_scene_to_split(tmp_path):
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({"train": ["a", "b"], "unseen_layout": ["c"]}))
    assert read_split_file(path) == {"a": "train", "b": "train", "c": "unseen_layout"}
