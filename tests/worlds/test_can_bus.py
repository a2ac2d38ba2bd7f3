"""CAN bus messages of a hand-made drive, read by the devkit."""

import numpy as np
import pytest
from nuscenes.can_bus.can_bus_api import NuScenesCanBus

from drivewm.scene import EgoColumn
from drivewm.worlds import can_bus

SCENE = "scene-0042"


@pytest.fixture(scope="module")
def braking_left_turn(tmp_path_factory):
    """Ten seconds from 10 m/s down to rest at 1 m/s2, wheels 0.1 rad to the left."""
    root = tmp_path_factory.mktemp("can")
    time_s = np.arange(101) / 10
    ego = np.zeros((101, 11))
    ego[:, EgoColumn.VX] = 10 - time_s
    ego[:, EgoColumn.X] = 500 + 10 * time_s - time_s**2 / 2
    ego[:, EgoColumn.Y] = 300
    ego[:, EgoColumn.AX], ego[:, EgoColumn.STEER] = -1, 0.1
    ego[:, EgoColumn.HEADING] = np.linspace(3.1, 3.3, 101)  # passes pi
    route = np.array([[500.0, 300], [560, 300]])
    can_bus.write(root / "can_bus", SCENE, (1e15 + time_s * 1e6).astype(np.int64), ego, route)
    return NuScenesCanBus(str(root))


def test_devkit_reads_every_message(braking_left_turn):
    for name in braking_left_turn.can_messages:
        messages = braking_left_turn.get_messages(SCENE, name)
        times = [m["utime"] for m in messages]
        rate_hz = can_bus.KINDS[name][0]
        assert len(messages) == 10 * rate_hz + 1
        assert times == sorted(times) and times[-1] - times[0] == 10_000_000
    meta = braking_left_turn.get_messages(SCENE, "meta")
    assert meta["pose"]["message_freq"] == 50
    assert meta["zoesensors"]["var_stats"]["brake_sensor"]["max"] == pytest.approx(1 / 8)


def test_values_are_the_motion(braking_left_turn):
    pose = braking_left_turn.get_messages(SCENE, "pose")
    assert pose[250]["vel"] == [5.0, 0.0, 0.0]
    assert pose[250]["accel"] == [-1.0, 0.0, 9.81]
    assert all(abs(np.linalg.norm(p["orientation"]) - 1) < 1e-5 for p in pose)
    monitor = braking_left_turn.get_messages(SCENE, "vehicle_monitor")
    assert monitor[0]["vehicle_speed"] == 36.0
    assert monitor[0]["brake_switch"] == 2 and monitor[0]["throttle"] == 0
    steering = braking_left_turn.get_messages(SCENE, "steeranglefeedback")
    assert steering[0]["value"] == pytest.approx(1.5)


def test_route_and_pose_agree(braking_left_turn):
    route, pose = braking_left_turn.get_pose_and_route(SCENE)
    assert route.shape == (2, 2) and pose.shape == (501, 2)
    assert pose[:, 0].max() <= route[:, 0].max()


def test_heading_turns_the_short_way_at_pi():
    times = np.array([0, 100_000])
    ego = np.zeros((2, 11))
    ego[:, EgoColumn.HEADING] = [3.1, -3.1]
    heading = can_bus.motion(times, ego, 100.0)["heading"]
    assert (np.abs(heading) >= 3.1 - 1e-9).all()
