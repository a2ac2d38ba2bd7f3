import json

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.scene import LightStatus
from tests.logs import tiny_dataroot as tiny

STEPS = 41


def arrays() -> dict[str, np.ndarray]:
    times = tiny.START_US + 100_000 * np.arange(STEPS)
    ego = np.zeros((STEPS, 11))
    ego[:, 0] = [tiny.ego_x_m(t) for t in times]
    ego[:, 1], ego[:, 3], ego[:, 7] = tiny.LANE_Y_M, tiny.SPEED_MPS, 0.125
    state = np.zeros((1, STEPS, 6))
    state[0, :, 0], state[0, :, 1], state[0, :, 4] = ego[:, 0] + tiny.LEAD_M, tiny.LANE_Y_M, 5.0
    valid = np.ones((1, STEPS), bool)
    valid[0, 30:] = False
    status = np.full((1, STEPS), int(LightStatus.GREEN), np.int8)
    status[0, 20:] = int(LightStatus.RED)
    return {
        "times_us": times,
        "ego": ego,
        "ids": np.array([tiny.LEADER]),
        "categories": np.array(["vehicle.truck"]),
        "size_m": np.array([[8.0, 2.5, 3.0]]),
        "state": state,
        "valid": valid,
        "light_lane_ids": np.array(["via"]),
        "light_status": status,
        "light_stop_points": np.array([[60.0, 50.0]]),
        "route": np.array([[0.0, 50.0], [150.0, 50.0]]),
        "speed_limit_mps": np.float64(13.5),
        "actions": np.zeros((STEPS, 2)),
    }


@pytest.fixture
def synthetic(tmp_path):
    root = tiny.write(tmp_path / "dataroot", expansion=True)
    folder = root / "drivewm" / "scenes"
    folder.mkdir(parents=True)
    np.savez(folder / f"{tiny.SCENE}.npz", **arrays())
    about = {
        "world_spec": {"seed": 7},
        "policy": "reckless",
        "split": "unseen_layout",
        "generator_version": 1,
    }
    (folder / f"{tiny.SCENE}.json").write_text(json.dumps(about))
    return root


def test_sidecar_gives_ten_hertz_truth_lights_limits_and_the_world(synthetic, tmp_path):
    fleet = Fleet.open(ingest("nuscenes", synthetic, tmp_path / "fleet"))
    info, scene = fleet.info(tiny.SCENE), fleet.scene(tiny.SCENE)
    assert (info.native_rate_hz, info.policy, info.split) == (10.0, "reckless", "unseen_layout")
    assert json.loads(info.world_spec) == {"seed": 7}
    assert info.speed_limit_mps == 13.5
    assert info.keyframes == tiny.KEYFRAMES
    assert scene.tracks.categories == ("vehicle.truck",)
    np.testing.assert_allclose(scene.ego, arrays()["ego"], atol=1e-9)  # the steering angle too
    assert scene.tracks.valid[0].tolist() == [True] * 30 + [False] * 11
    np.testing.assert_array_equal(scene.lights.status, arrays()["light_status"])
    assert scene.lights.lane_ids == ("via",)
    np.testing.assert_array_equal(scene.route, arrays()["route"])
    assert all(lane.speed_limit_mps == 13.5 for lane in scene.map.lanes)
    assert [lane.id for lane in scene.map.lanes if lane.has_light] == ["via"]


def test_without_the_sidecar_the_same_dataroot_is_plain_nuscenes(synthetic, tmp_path):
    for path in (synthetic / "drivewm" / "scenes").iterdir():
        path.unlink()
    fleet = Fleet.open(ingest("nuscenes", synthetic, tmp_path / "fleet"))
    info, scene = fleet.info(tiny.SCENE), fleet.scene(tiny.SCENE)
    assert (info.native_rate_hz, info.policy, info.world_spec) == (2.0, None, None)
    assert len(scene.tracks) == 2
    assert scene.lights.status is None


def test_split_asked_for_then_sidecar_then_the_dataroots_own_file(synthetic, tmp_path):
    own = synthetic / tiny.VERSION / "splits.json"
    own.write_text(json.dumps({"drivewm_unseen_layout": [tiny.SCENE]}))
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({"mine": [tiny.SCENE]}))

    def split(**options):
        return Fleet.open(ingest("nuscenes", synthetic, tmp_path / "f", **options)).scenes[0].split

    assert split(split_file=asked) == "mine"
    assert split() == "unseen_layout"
    for path in (synthetic / "drivewm" / "scenes").iterdir():
        path.unlink()
    assert split() == "drivewm_unseen_layout"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("times_us", arrays()["times_us"] + 260_000_000, "keyframes of the tables"),
        ("ego", np.zeros((3, 11)), "do not fit"),
        ("route", None, "array is missing"),
        ("valid", np.ones((9, 41), bool), "do not fit"),
        ("ego", np.full((41, 11), "fast"), "is not numbers"),
        ("size_m", np.zeros((5, 3)), "do not fit"),
    ],
)
def test_sidecar_of_another_run_is_refused(synthetic, tmp_path, name, value, message):
    changed = {**arrays(), name: value}
    path = synthetic / "drivewm" / "scenes" / f"{tiny.SCENE}.npz"
    np.savez(path, **{k: v for k, v in changed.items() if v is not None})
    with pytest.raises(InputError, match=message) as caught:
        ingest("nuscenes", synthetic, tmp_path / "fleet")
    assert caught.value.file == path


@pytest.mark.parametrize("kept", [0, 300])
def test_a_sidecar_that_is_cut_off_is_refused(synthetic, tmp_path, kept):
    path = synthetic / "drivewm" / "scenes" / f"{tiny.SCENE}.npz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"scene-0001\.npz: not a readable npz"):
        ingest("nuscenes", synthetic, tmp_path / "fleet")


def test_a_sidecar_of_another_shape_is_refused(synthetic, tmp_path):
    (synthetic / "drivewm" / "scenes" / f"{tiny.SCENE}.json").write_text("[1]")
    with pytest.raises(InputError, match=r"scene-0001\.json: is not a JSON object"):
        ingest("nuscenes", synthetic, tmp_path / "fleet")


def test_half_a_sidecar_is_refused(synthetic, tmp_path):
    (synthetic / "drivewm" / "scenes" / f"{tiny.SCENE}.json").unlink()
    with pytest.raises(InputError, match=r"scene-0001\.json: file is missing"):
        ingest("nuscenes", synthetic, tmp_path / "fleet")
