"""Exact occupancy written in every layout and read back: voxel for voxel after the change of frame
and of classes."""

import json
import pickle

import numpy as np
import pytest

from drivewm.cli import main
from drivewm.geometry import se3
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.logs.label_formats import SETS, after_merging
from drivewm.logs.sources.nuscenes_occupancy import native_surroundocc
from drivewm.scene import MOVABLE, OccClass
from drivewm.worlds.build import build
from drivewm.worlds.label_writer import LabelWriter
from drivewm.worlds.playback import at
from drivewm.worlds.render.occupancy import label, lidar_frame_semantics
from drivewm.worlds.render.rig import EGO_FROM_LIDAR
from drivewm.worlds.simulate import simulate
from drivewm.worlds.synth import SynthConfig, synthesise

CONFIG = SynthConfig(scenes=1, seed=7, image_size=(64, 48), duration_s=1.0)


@pytest.fixture(scope="module")
def truth():
    """World and (instant, exact Occ3D label) at each of the three keyframes."""
    (planned,) = CONFIG.plan()
    world = build(planned.spec)
    log = simulate(world)
    instants = [at(log, int(t)) for t in log.times_us[::5]]
    return world, [(now, label(world, now.ego_pose, now.actors)) for now in instants]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """Set -> the fleet of the same drive with labels in that layout."""
    out = {}
    for name in SETS:
        root = tmp_path_factory.mktemp(name)
        synthesise(root / "data", CONFIG.model_copy(update={"labels": name}), workers=1)
        out[name] = Fleet.open(ingest("nuscenes", root / "data", root / "fleet"))
    return out


@pytest.mark.parametrize("name", ["occ3d", "openocc", "uniocc"])
def test_labels_in_the_ego_frame_come_back_voxel_for_voxel(ingested, truth, name):
    fleet = ingested[name]
    (info,) = fleet.scenes
    assert info.has_occupancy == len(truth[1]) == 3
    for k, (_, exact) in enumerate(truth[1]):
        read = fleet.occupancy(info.id, k)
        expected = after_merging(exact.semantics, name)
        np.testing.assert_array_equal(read.semantics, expected)
        if "camera" in SETS[name].masks:
            np.testing.assert_array_equal(read.mask_camera, exact.mask_camera)
        else:
            assert read.mask_camera.all() and "without camera" in info.notes


def test_surroundocc_comes_back_voxel_for_voxel_in_its_own_frame_and_in_the_ego_frame(
    ingested, truth
):
    fleet, (world, frames) = ingested["surroundocc"], truth
    (info,) = fleet.scenes
    sweeps = [row for row in fleet.lidar_rows(info.id) if row.keyframe >= 0]
    agree, movable = [], []
    for k, (now, exact) in enumerate(frames):
        native = lidar_frame_semantics(world, now.ego_pose, now.actors)
        name = sweeps[k].path.rsplit("/", 1)[1] + ".npy"
        folder = fleet.data_root(info) + "/nuscenes_occ/samples/"
        np.testing.assert_array_equal(native_surroundocc(folder + name), native)
        read = fleet.occupancy(info.id, k)
        np.testing.assert_array_equal(read.semantics, plain_change_of_frame(native))
        known = read.mask_camera
        agree.append((read.semantics == exact.semantics)[known].mean())
        ours, theirs = (np.isin(s, MOVABLE) & known for s in (read.semantics, exact.semantics))
        movable.append((ours & theirs).sum() / max((ours | theirs).sum(), 1))
    assert min(agree) > 0.95  # the two grids are 0.4 and 0.5 m: no more can be asked
    assert np.mean(movable) > 0.5


def plain_change_of_frame(native: np.ndarray) -> np.ndarray:
    """The Occ3D grid read off a native grid, voxel by voxel along one axis at a time: LIDAR_TOP
    looks to the right of the car (its x is the ego's -y, its y the ego's x)."""
    centers = [-40.0 + (np.arange(200) + 0.5) * 0.4] * 2 + [-1.0 + (np.arange(16) + 0.5) * 0.4]
    x0, _, z0 = EGO_FROM_LIDAR[:3, 3]
    ix = np.floor((-centers[1] + 50.0) / 0.5 + 1e-9).astype(int)  # of the ego's y
    iy = np.floor((centers[0] - x0 + 50.0) / 0.5 + 1e-9).astype(int)  # of the ego's x
    iz = np.floor((centers[2] - z0 + 5.0) / 0.5 + 1e-9).astype(int)
    out = np.full((200, 200, 16), OccClass.FREE, np.uint8)
    for k, layer in enumerate(iz):
        if 0 <= layer < 16:
            out[:, :, k] = native[ix[None, :], iy[:, None], layer]
    return out


def test_openocc_flow_is_the_velocity_of_the_movable_that_fills_the_voxel(truth, tmp_path):
    world, frames = truth
    now, exact = frames[1]
    LabelWriter(tmp_path, "s", "openocc", world).keyframe("token", "x.pcd.bin", now, exact)
    with np.load(tmp_path / "openocc_v2/s/token/labels.npz") as file:
        flow, semantics = file["flow"].astype(float), file["semantics"]
    assert flow.shape == (200, 200, 16, 2)
    assert (flow[~np.isin(semantics, np.arange(8))] == 0).all()  # its movables are 0 to 7
    speeds = np.hypot(*np.asarray(now.actors.state)[now.actors.valid, 4:6].T)
    assert np.abs(np.hypot(*flow.reshape(-1, 2).T)).max() <= speeds.max() + 0.05


def test_uniocc_flow_leads_static_voxels_to_themselves_in_the_next_frame(ingested, truth):
    fleet, (_, frames) = ingested["uniocc"], truth
    (info,) = fleet.scenes
    folder = f"{fleet.data_root(info)}/uniocc"
    with open(f"{folder}/scene_infos.pkl", "rb") as stream:
        (scene,) = pickle.load(stream)
    assert scene["occ_in_scene_paths"] == [f"{info.id}/{k}.npz" for k in range(3)]
    first, second = (
        np.load(f"{folder}/{info.id}/{k}.npz", allow_pickle=True) for k in range(2)
    )  # its own loader reads objects too
    road = np.argwhere(first["occ_label"] == 7)[::97]
    flow = first["occ_flow_forward"][tuple(road.T)]
    index = (road + flow + 0.5) * 0.4 + [-40.0, -40.0, -1.0]
    to_world = [f["ego_to_world_transformation"] for f in (first, second)]
    before = se3.transform(to_world[0], (road + 0.5) * 0.4 + [-40.0, -40.0, -1.0])
    np.testing.assert_allclose(se3.transform(to_world[1], index), before, atol=1e-4)
    assert len(first["annotations"]) == int(frames[0][0].actors.valid.sum())
    assert {c["name"] for c in first["cameras"]} >= {"CAM_FRONT", "CAM_BACK"}
    assert (np.load(f"{folder}/{info.id}/2.npz")["occ_flow_forward"] == 0).all()


def test_synth_says_the_layout_and_only_occ3d_has_its_index(ingested, tmp_path, capsys):
    for name, fleet in ingested.items():
        root = fleet.data_root(fleet.scenes[0])
        with open(f"{root}/drivewm/dataroot.json") as stream:
            assert json.load(stream).get("labels", "occ3d") == name
    other = str(ingested["openocc"].data_root(ingested["openocc"].scenes[0]))
    command = ["synth", other, "--scenes", "1", "--seed", "7", "--image-size", "64x48"]
    assert main([*command, "--duration", "1", "--labels", "uniocc"]) == 2
    assert "begun with openocc, not uniocc" in capsys.readouterr().err
