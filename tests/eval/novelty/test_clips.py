import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.counterfactual.branches import stage_of
from drivewm.eval.novelty import clips
from drivewm.eval.novelty.clips import Camera, Drive
from drivewm.models import checkpoint
from drivewm.scene import OccClass, TrackColumn
from drivewm.training.clips import load_frames

LENGTH = 3


@pytest.fixture(scope="module")
def setting(small_fleet, smoke_run):
    """A recorded drive, what was recorded of it, and how a model reads it."""
    config = checkpoint.load(smoke_run).config
    scene = small_fleet.scenes[0].id
    stage = stage_of(small_fleet, scene)
    row = small_fleet.camera_rows(scene)[0]
    drive = Drive(world=stage.world, log=stage.log, size=(row.width, row.height))
    return drive, load_frames(small_fleet, scene, config), config


def test_the_same_drive_recorded_again_gives_the_same_pictures(setting):
    drive, recorded, config = setting
    again = Camera(drive, config).clip(recorded, 4, LENGTH)
    np.testing.assert_array_equal(again.images, recorded.images[2:5])


def test_without_pictures_it_gives_the_same_occupancy(setting, small_fleet):
    drive, recorded, config = setting
    bare = config.model_copy(update={"encoder": "privileged"})
    frames = load_frames(small_fleet, recorded.scene_id, bare)
    again = Camera(drive, bare).clip(frames, 4, LENGTH)
    np.testing.assert_array_equal(again.occupancy, frames.occupancy[2:5])


def test_under_another_sky_all_but_the_light_is_the_same(setting):
    drive, recorded, config = setting
    own = drive.world.spec.weather
    other = "night" if own != "night" else "day"
    clip = Camera(drive.under(other), config).clip(recorded, 4, LENGTH)
    dark, light = (clip.images, recorded.images[2:5])
    if own == "night":
        dark, light = light, dark
    assert dark.mean() < 0.6 * light.mean()
    np.testing.assert_array_equal(clip.motion, recorded.motion[2:4])


def test_a_disguised_car_is_of_the_new_class_and_stands_on_the_ground(setting):
    drive, recorded, config = setting
    change, agents = clips.disguised(drive, "vehicle.construction")
    before = drive.at_frame(4).actors
    after = change(before)
    assert agents and all(before.occ_class[n] == OccClass.CAR for n in agents)
    for n in agents:
        assert after.occ_class[n] == OccClass.CONSTRUCTION_VEHICLE
        bottom = [a.state[n, TrackColumn.Z] - a.size_m[n, 2] / 2 for a in (before, after)]
        assert bottom[0] == pytest.approx(bottom[1])
    others = [n for n in range(len(before.ids)) if n not in agents]
    np.testing.assert_array_equal(before.state[others], after.state[others])
    bare = config.model_copy(update={"encoder": "privileged"})
    if clips.on_grid(drive, 4, agents, config.grid):
        seen = Camera(drive, bare, change)._frame(4, ())
        assert (seen == OccClass.CONSTRUCTION_VEHICLE).any()
    assert not (recorded.occupancy == OccClass.CONSTRUCTION_VEHICLE).any()


def test_a_dead_camera_is_black_and_the_others_see(setting):
    _, recorded, _ = setting
    dead = clips.without_camera(clips.cut(recorded, 4, LENGTH), "CAM_FRONT")
    n = recorded.channels.index("CAM_FRONT")
    assert not dead.images[:, n].any() and dead.present.all()
    rest = [i for i in range(len(recorded.channels)) if i != n]
    np.testing.assert_array_equal(dead.images[:, rest], recorded.images[2:5][:, rest])
    with pytest.raises(InputError, match="no camera 'CAM_ROOF'"):
        clips.without_camera(dead, "CAM_ROOF")


def test_a_cut_holds_frames_and_the_steps_between_them(setting):
    _, recorded, _ = setting
    short = clips.cut(recorded, 4, LENGTH)
    assert len(short.occupancy) == len(short.images) == 3 and len(short.motion) == 2
    np.testing.assert_array_equal(short.motion, recorded.motion[2:4])
    np.testing.assert_array_equal(short.value, recorded.value[2:5])
