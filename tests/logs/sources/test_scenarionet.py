import pickle

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.logs.sources.scenarionet_ego import corrected_poses
from drivewm.scene import OccClass, TrackColumn

STEPS = 21


def track(x_m, *, length=4.5, width=1.9, kind="VEHICLE", original="vehicle.car"):
    """Drives along y = 2 from ``x_m`` at 5 m/s."""
    ones = np.ones((STEPS, 1))
    x = x_m + 0.5 * np.arange(STEPS)
    return {
        "type": kind,
        "metadata": {"type": original},
        "state": {
            "position": np.column_stack([x, 2.0 + 0 * x, 0 * x]),
            "heading": np.zeros(STEPS),
            "velocity": np.tile([5.0, 0.0], (STEPS, 1)),
            "valid": np.ones(STEPS),
            "length": length * ones,
            "width": width * ones,
            "height": 1.5 * ones,
        },
    }


def scenario() -> dict:
    ring = np.array([[-20, -2], [100, -2], [100, 6], [-20, 6], [-20, -2]], float)
    hole = np.array([[30, 4], [32, 4], [32, 5], [30, 5], [30, 4]], float)
    return {
        "id": "scene-0001",
        "length": STEPS,
        "dynamic_map_states": {},
        "metadata": {
            "sdc_id": "ego",
            "ts": np.arange(STEPS) / 10,
            "map": "boston-seaport",
            "date": "2018-08-30",
        },
        "tracks": {
            "ego": track(0.0, length=1.73, width=4.08),
            "car": track(15.0),
            "truck": track(40.0, original="vehicle.truck"),
        },
        "map_features": {
            "in": {
                "type": "LANE_SURFACE_STREET",
                "polyline": [(-20, 2, 0), (20, 2, 0)],
                "polygon": [[-20, 0], [20, 0], [20, 4], [-20, 4]],
            },
            "via": {
                "type": "LANE_SURFACE_STREET",
                "polyline": [(20, 2, 0), (30, 2, 0)],
                "speed_limit_kmh": 100,
            },
            "out": {
                "type": "LANE_SURFACE_STREET",
                "polyline": [(30, 2, 0), (90, 2, 0)],
                "polygon": [[30, 0], [90, 0], [90, 4], [30, 4]],
            },
            "boundary_0": {"type": "ROAD_LINE_SOLID_SINGLE_WHITE", "polyline": ring},
            "boundary_1": {"type": "ROAD_LINE_SOLID_SINGLE_WHITE", "polyline": hole},
            "paint": {"type": "ROAD_LINE_BROKEN_SINGLE_WHITE", "polyline": [[0, 0], [9, 0]]},
        },
    }


def write(folder, content, reference=None):
    folder.mkdir(exist_ok=True)
    (folder / "sd_nuscenes_v1.0-mini_scene-0001.pkl").write_bytes(pickle.dumps(content))
    if reference is not None:
        np.savez(folder / "ego_ref.npz", **{"scene-0001": reference})
    return folder


def fleet_of(tmp_path, content, reference=None):
    return Fleet.open(
        ingest("scenarionet", write(tmp_path / "src", content, reference), tmp_path / "fleet")
    )


def test_agents_are_box_centres_and_the_ego_is_a_rear_axle_with_its_size_swapped_back(tmp_path):
    fleet = fleet_of(tmp_path, scenario())
    info, scene = fleet.scenes[0], fleet.scene("scene-0001")
    assert (info.vehicle.length_m, info.vehicle.width_m) == (4.08, 1.73)
    assert scene.tracks.ids == ("car", "truck")  # never the ego
    assert scene.tracks.occ_class.tolist() == [OccClass.CAR, OccClass.TRUCK]
    np.testing.assert_allclose(scene.tracks.state[0, 0, : TrackColumn.Y + 1], [15.0, 2.0])
    np.testing.assert_allclose(scene.ego[0, :2], [0.0, 2.0])
    assert (info.native_rate_hz, info.keyframes, info.location) == (2.0, 5, "boston-seaport")
    assert "2 Hz annotations" in info.notes


def test_only_annotated_instants_are_kept(tmp_path):
    content = scenario()
    content["tracks"]["car"]["state"]["position"][7] = 1e6  # between annotations
    scene = fleet_of(tmp_path, content).scene("scene-0001")
    assert np.abs(scene.tracks.state[0, :, 0]).max() < 30.0


def test_connectors_lane_graph_and_road_outline(tmp_path):
    road = fleet_of(tmp_path, scenario()).scene("scene-0001").map
    assert [(la.id, la.is_connector, la.successors) for la in road.lanes] == [
        ("in", False, ("via",)),
        ("via", True, ("out",)),
        ("out", False, ()),
    ]
    assert road.lane("via").speed_limit_mps is None  # 100 km/h is the converter's filler
    assert road.lane("via").polygon.area == pytest.approx(10 * 4)  # as wide as what it joins
    assert sum(p.area for p in road.intersections) == pytest.approx(10 * 4)
    assert sum(p.area for p in road.drivable) == pytest.approx(120 * 8 - 2.0)
    assert len(road.dividers) == 1


def test_scene_names_the_roadblocks_that_the_ego_drove_through(tmp_path):
    scene = fleet_of(tmp_path, scenario()).scene("scene-0001")
    assert scene.route_roadblocks == ("rb-in", "rc-via", "rb-out")


def reference(lag_s, heading=True):
    """The true ego: the track, ``lag_s`` later."""
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, 0, 3] = np.maximum(5.0 * (np.arange(5) * 0.5 - lag_s), 0.0)
    poses[:, 1, 3] = 2.0
    if heading:
        poses[:, 2, 2] = 1.0 + 1e-12  # not exactly the identity
    return poses


def test_reference_poses_replace_the_ego_that_runs_ahead(tmp_path):
    fleet = fleet_of(tmp_path, scenario(), reference(0.3))
    keyframes = fleet.keyframes("scene-0001")
    np.testing.assert_allclose(keyframes.global_from_ego[:, 0, 3], reference(0.3)[:, 0, 3])
    assert "ego from ego_ref.npz" in fleet.scenes[0].notes


def test_reference_without_heading_takes_the_heading_of_the_track_at_that_place():
    angle = np.linspace(0.0, np.pi / 2, STEPS)
    position = 20.0 * np.column_stack([np.sin(angle), 1 - np.cos(angle)])
    poses = np.tile(np.eye(4), (5, 1, 1))
    late = np.interp(np.maximum(np.arange(5) * 0.5 - 0.2, 0.0), np.arange(STEPS) / 10, angle)
    poses[:, :2, 3] = 20.0 * np.column_stack([np.sin(late), 1 - np.cos(late)])
    out = corrected_poses(poses, position, angle, 0.5)
    np.testing.assert_allclose(out[:, 2], late, atol=0.01)


def test_missing_reference_instants_are_the_track_delayed_by_the_last_lag():
    state = track(0.0)["state"]
    poses = reference(0.2)
    poses[3:, :3, 3] = np.nan
    out = corrected_poses(poses, state["position"][:, :2], state["heading"], 0.5)
    np.testing.assert_allclose(out[3:, 0], reference(0.2)[3:, 0, 3], atol=0.05)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda s: s.pop("tracks"), "tracks"),
        (lambda s: s["metadata"].pop("sdc_id"), r"metadata\.sdc_id"),
        (lambda s: s["tracks"].pop("ego"), r"metadata\.sdc_id"),
        (lambda s: s["tracks"]["car"]["state"].pop("length"), r"tracks\.car\.state\.length"),
        (lambda s: s["map_features"]["in"].pop("polyline"), r"map_features\.in\.polyline"),
        (lambda s: s.update(map_features=[1]), "map_features"),
        (lambda s: s["tracks"].update(car=5), r"tracks\.car"),
        (lambda s: s["metadata"].update(date="today"), r"metadata\.date"),
    ],
)
def test_incomplete_scenario_is_named(tmp_path, change, field):
    content = scenario()
    change(content)
    with pytest.raises(InputError, match=rf"scene-0001\.pkl: \[{field}\]"):
        fleet_of(tmp_path, content)
    assert not (tmp_path / "fleet").exists()


def test_an_ego_pose_that_is_not_finite_is_refused(tmp_path):
    content = scenario()
    content["tracks"]["ego"]["state"]["position"][5, 0] = np.nan
    with pytest.raises(InputError, match=r"ego pose.*is not finite"):
        fleet_of(tmp_path, content)


def test_real_scenarios_agree_with_the_nuscenes_tables(real_fleets):
    """The same recordings: boxes equal, ego within half a metre, road the same."""
    for info in real_fleets["scenarionet"].scenes:
        ours = real_fleets["scenarionet"].scene(info.id, rate_hz=None)
        truth = real_fleets["nuscenes"].scene(info.id, rate_hz=None)
        steps = min(ours.steps, truth.steps)
        offset = np.hypot(*(ours.ego[:steps, :2] - truth.ego[:steps, :2]).T)
        assert np.median(offset) < 0.5, info.id
        turn = np.exp(1j * ours.ego[:steps, 2]) - np.exp(1j * truth.ego[:steps, 2])
        assert np.abs(turn).max() < 0.1, info.id
        row = {name: n for n, name in enumerate(truth.tracks.ids)}
        for n, name in enumerate(ours.tracks.ids):
            valid = ours.tracks.valid[n, :steps] & truth.tracks.valid[row[name], :steps]
            gap = ours.tracks.state[n, :steps, :2] - truth.tracks.state[row[name], :steps, :2]
            assert np.abs(gap[valid]).max(initial=0) < 0.01, (info.id, name)
        assert (
            ours.tracks.occ_class == truth.tracks.occ_class[[row[name] for name in ours.tracks.ids]]
        ).all()
