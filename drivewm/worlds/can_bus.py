"""CAN bus messages of a scene, as the nuScenes CAN bus expansion names them. Shape: M messages.

Every value follows from the simulated motion: no sensor noise is added. Rates: 50 Hz ``pose``,
2 Hz ``vehicle_monitor``, 100 Hz the others. What a simulated car does not have (battery, sun
sensors, drive train torque beyond mass times acceleration) is a constant or this simple model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.geometry.se3 import quaternion_from_yaw
from drivewm.scene import EgoColumn

GRAVITY_MPS2 = 9.81
STEERING_RATIO = 15.0  # steering wheel angle per road wheel angle
WHEEL_CIRCUMFERENCE_M = 1.94  # 195/55 R16 tyre
MASS_KG, WHEEL_RADIUS_M, FULL_BRAKE_MPS2, FULL_THROTTLE_MPS2 = 1580.0, 0.309, 8.0, 4.0
Motion = Mapping[str, np.ndarray]


def motion(times_us: np.ndarray, ego: np.ndarray, rate_hz: float) -> dict[str, np.ndarray]:
    """The ego's state at ``rate_hz``: times and every ``EgoColumn`` by name, [M] each.

    Args:
        times_us: int64 [T].
        ego: [T, 11].
    """
    count = int((times_us[-1] - times_us[0]) * rate_hz / 1e6) + 1
    times = times_us[0] + np.round(np.arange(count) * 1e6 / rate_hz).astype(np.int64)
    offset = (times_us - times_us[0]).astype(float)
    columns = {
        c.name.lower(): np.interp((times - times_us[0]).astype(float), offset, ego[:, c])
        for c in EgoColumn
        if c is not EgoColumn.HEADING
    }
    heading = np.interp(
        (times - times_us[0]).astype(float), offset, np.unwrap(ego[:, EgoColumn.HEADING])
    )
    return {"utime": times, "heading": wrap_angle(heading), **columns}


def _stack(*columns: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*columns), -1).astype(float)


def _rpm(speed_mps: np.ndarray) -> np.ndarray:
    return speed_mps / WHEEL_CIRCUMFERENCE_M * 60


def pose(m: Motion) -> dict[str, np.ndarray]:
    """``pose``: position and orientation in the map; velocity and acceleration in the ego frame."""
    zero = np.zeros(1)
    return {
        "accel": _stack(m["ax"], m["ay"], zero + GRAVITY_MPS2),
        "orientation": quaternion_from_yaw(m["heading"]),
        "pos": _stack(m["x"], m["y"], zero),
        "rotation_rate": _stack(zero, zero, m["yaw_rate"]),
        "vel": _stack(m["vx"], m["vy"], zero),
    }


def ms_imu(m: Motion) -> dict[str, np.ndarray]:
    zero = np.zeros(1)
    return {
        "linear_accel": _stack(m["ax"], m["ay"], zero + GRAVITY_MPS2),
        "q": quaternion_from_yaw(m["heading"]),
        "rotation_rate": _stack(zero, zero, m["yaw_rate"]),
    }


def steeranglefeedback(m: Motion) -> dict[str, np.ndarray]:
    return {"value": STEERING_RATIO * m["steer"]}


def vehicle_monitor(m: Motion) -> dict[str, np.ndarray]:
    """``brake`` 0..126, ``throttle`` 0..1000, angles in degrees, speed in km/h."""
    brake = np.clip(-m["ax"] / FULL_BRAKE_MPS2, 0, 1)
    left, right = m["steer"] > 0.15, m["steer"] < -0.15
    speed = np.hypot(m["vx"], m["vy"])
    return {
        "available_distance": np.full(len(speed), 150),
        "battery_level": np.full(len(speed), 80),
        "brake": np.round(126 * brake).astype(int),
        "brake_switch": np.where(brake > 0.02, 2, 1),
        "gear_position": np.full(len(speed), 7),
        "left_signal": left.astype(int),
        "right_signal": right.astype(int),
        "rear_left_rpm": _rpm(m["vx"]),
        "rear_right_rpm": _rpm(m["vx"]),
        "steering": np.degrees(STEERING_RATIO * m["steer"]),
        "steering_speed": np.degrees(STEERING_RATIO * m["steer_rate"]),
        "throttle": np.round(1000 * np.clip(m["ax"] / FULL_THROTTLE_MPS2, 0, 1)).astype(int),
        "vehicle_speed": speed * 3.6,
        "yaw_rate": np.degrees(m["yaw_rate"]),
    }


def zoe_veh_info(m: Motion) -> dict[str, np.ndarray]:
    torque = MASS_KG * m["ax"] * WHEEL_RADIUS_M
    steer = np.degrees(STEERING_RATIO * m["steer"])
    distance = np.cumsum(np.r_[0.0, np.diff(m["utime"]) / 1e6 * m["vx"][1:]])
    rpm, steps = _rpm(m["vx"]), np.zeros(len(steer), int)
    return {
        "FL_wheel_speed": rpm,
        "FR_wheel_speed": rpm,
        "RL_wheel_speed": rpm,
        "RR_wheel_speed": rpm,
        "left_solar": steps,
        "right_solar": steps,
        "longitudinal_accel": m["ax"],
        "transversal_accel": m["ay"] / GRAVITY_MPS2,
        "meanEffTorque": np.clip(torque, -400, 1647),
        "requestedTorqueAfterProc": np.clip(torque, -400, 1647),
        "odom": (distance * 100 % 124).astype(int),
        "odom_speed": np.hypot(m["vx"], m["vy"]) * 3.6,
        "pedal_cc": np.round(1000 * np.clip(m["ax"] / FULL_THROTTLE_MPS2, 0, 1)).astype(int),
        "regen": np.round(100 * np.clip(-m["ax"] / FULL_BRAKE_MPS2, 0, 1)).astype(int),
        "steer_corrected": steer,
        "steer_offset_can": np.full(len(steer), -12.6),
        "steer_raw": steer + 12.6,
    }


def zoesensors(m: Motion) -> dict[str, np.ndarray]:
    """Pedals 0..1, steering wheel in radians."""
    return {
        "brake_sensor": np.clip(-m["ax"] / FULL_BRAKE_MPS2, 0, 1),
        "steering_sensor": STEERING_RATIO * m["steer"],
        "throttle_sensor": np.clip(m["ax"] / FULL_THROTTLE_MPS2, 0, 1),
    }


Columns = dict[str, np.ndarray]
KINDS: dict[str, tuple[float, Callable[[Motion], Columns]]] = {  # name -> (rate in Hz, columns)
    "ms_imu": (100.0, ms_imu),
    "pose": (50.0, pose),
    "steeranglefeedback": (100.0, steeranglefeedback),
    "vehicle_monitor": (2.0, vehicle_monitor),
    "zoe_veh_info": (100.0, zoe_veh_info),
    "zoesensors": (100.0, zoesensors),
}


def _statistics(columns: Mapping[str, np.ndarray], times_us: np.ndarray) -> dict:
    span_s = float(times_us[-1] - times_us[0]) / 1e6
    measures: dict[str, Callable] = {"max": np.max, "mean": np.mean, "min": np.min, "std": np.std}
    variables = {
        name: {key: np.round(f(values, axis=0), 6).tolist() for key, f in measures.items()}
        for name, values in columns.items()
    }
    freq = (len(times_us) - 1) / span_s if span_s > 0 else 0.0
    return {
        "message_count": len(times_us),
        "message_freq": round(freq, 3),
        "timespan": span_s,
        "var_stats": variables,
    }


def write(
    folder: Path, scene: str, times_us: np.ndarray, ego: np.ndarray, route: np.ndarray
) -> None:
    """Writes ``<scene>_<message>.json`` for every kind, ``meta`` and ``route`` into ``folder``.

    Args:
        times_us: int64 [T], ego: [T, 11] (``EgoColumn``), route: [P, 2] in the map frame.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meta = {}
    for name, (rate_hz, build) in KINDS.items():
        state = motion(times_us, ego, rate_hz)
        columns = build(state)
        meta[name] = _statistics(columns, state["utime"])
        lists = [state["utime"].tolist(), *(np.round(c, 6).tolist() for c in columns.values())]
        keys = ("utime", *columns)
        _dump(folder / f"{scene}_{name}.json", [dict(zip(keys, v)) for v in zip(*lists)])
    _dump(folder / f"{scene}_meta.json", meta)
    _dump(folder / f"{scene}_route.json", np.round(np.asarray(route, float), 6).tolist())


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, separators=(",", ":"), allow_nan=False), encoding="utf-8")
