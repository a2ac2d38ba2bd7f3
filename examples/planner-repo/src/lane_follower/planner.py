"""Follows the route at the speed limit; brakes for who is in its way, or soon will be."""

import numpy as np

from drivewm.scene import EgoColumn, Trajectory

TIMES_S = np.arange(1, 41) * 0.1
LOOK_S = np.arange(0, 4.1, 0.25)  # how far others are predicted, at constant velocity


class LaneFollower:
    """Options: ``lane_m`` is the half width kept free, ``gap_m`` what is left to who is ahead."""

    name = "lane_follower"

    def __init__(self, lane_m: float = 1.9, gap_m: float = 5.0, speed_mps: float = 10.0) -> None:
        self.lane_m, self.gap_m, self.speed_mps = lane_m, gap_m, speed_mps

    def reset(self, scenes):
        """Nothing is kept from drive to drive."""

    def plan(self, observation):
        """Poses of the next 4 s; [S, 40, 3]."""
        rows = range(len(observation.ego))
        poses = np.stack([self._one(observation, i) for i in rows])
        return Trajectory(times_s=TIMES_S, poses=poses)

    def _one(self, seen, i):
        line, ego = seen.routes[i], seen.ego[i]
        s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        here = _along(line, s, ego[None, :2])[0][0]
        speed, limit = max(ego[EgoColumn.VX], 0.0), seen.speed_limits_mps[i]
        limit = min(limit, self.speed_mps) if np.isfinite(limit) else self.speed_mps
        room = s[-1] - here
        if seen.tracks is not None:
            room = min(room, self._room(seen, i, line, s, here))
        room = max(room - seen.vehicles[i].length_m - self.gap_m, 0.0)
        wish = min(limit, np.sqrt(2 * 3.0 * room))  # to stop within the room at 3 m/s2
        accel = np.clip((wish - speed) / 0.4, -7.0, 1.5)
        v = np.clip(speed + accel * TIMES_S, 0.0, max(limit, speed))
        at = here + np.cumsum((np.append(speed, v[:-1]) + v) / 2) * 0.1
        xy, ahead = ([np.interp(at + d, s, line[:, k]) for k in (0, 1)] for d in (0.0, 0.5))
        heading = np.arctan2(ahead[1] - xy[1], ahead[0] - xy[0])
        return np.stack([*xy, heading], -1)

    def _room(self, seen, i, line, s, here):
        """Metres to the nearest place where somebody is, or will be, on the route."""
        tracks, room = seen.tracks, np.inf
        for n in np.flatnonzero(tracks.valid[i]):
            x, y, _, _, vx, vy = tracks.state[i, n]
            way = np.array([x, y]) + LOOK_S[:, None] * (vx, vy)
            at, left = _along(line, s, way)
            inside = np.abs(left) < self.lane_m + tracks.size_m[i, n, 1] / 2
            met = at[inside & (at > here)] - tracks.size_m[i, n, 0] / 2 - here
            room = min(room, met.min(initial=np.inf))
        return room


def _along(line, s, places):
    """Arc length and distance of the route's nearest point, for places [N, 2]."""
    fine = np.arange(0.0, s[-1], 0.5)
    points = np.stack([np.interp(fine, s, line[:, k]) for k in (0, 1)], -1)
    away = np.hypot(*(places[:, None] - points[None]).T).T
    return fine[away.argmin(1)], away.min(1)
