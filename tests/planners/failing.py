"""Planners that go wrong in every way, as source texts: drive on at 9 m/s, then misbehave."""

GOOD = """
import os, signal, sys, time
import numpy as np
from drivewm.scene import Trajectory

class Mine:
    def reset(self, scenes):
        self.scenes = scenes

    def plan(self, observation):
        times = np.arange(1, 41) * 0.1
        poses = observation.ego[:, None, :3].repeat(40, 1)
        poses[0, :, 0] += 9.0 * times
        if observation.scene_is_standing_car and observation.step == 3:
            BAD
        return Trajectory(times_s=times, poses=poses)
"""

# name -> (what it does at step 3, what its row says)
FAILURES = {
    "raising": ("raise KeyError('no lane')", "KeyError"),
    "leaving": ("raise SystemExit(3)", "SystemExit"),
    "nan": ("poses = poses * np.nan", "not finite"),
    "shape": ("poses = poses[0]", "not [1, H, 3]"),
    "nothing": ("return None", "NoneType"),
    "teleporting": ("poses[0, 20:, 1] += 500.0", "the trajectory jumps at 2.1 s (5000 m/s)"),
    "backwards": ("times = times[::-1]", "strictly increasing"),
    "hanging": ("time.sleep(1000)", "hung"),
    "spinning": ("while True: pass", "hung"),
}
# only in a process of its own
FATAL = {
    "late": ("time.sleep(1.2)", "late: "),
    "hanging": ("time.sleep(1000)", "late: no answer after"),
    "stubborn": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals)); time.sleep(1000)",
        "late: no answer after",
    ),
    "exiting": ("os._exit(9)", "exit code 9"),
    "killing itself": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "crashing": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "breaking its link": (
        "import gc, socket;"
        "[s.sendall(b'garbage' * 9) for s in gc.get_objects() if isinstance(s, socket.socket)]",
        "it broke the link",
    ),
    "eating memory": ("hoard = np.ones(1 << 30)", "exceeded memory (600 MB)"),
    "raising": FAILURES["raising"],
    "nan": FAILURES["nan"],
    "teleporting": FAILURES["teleporting"],
}
# does no harm
NOISY = "print('garbage' * 9); os.write(1, bytes(range(256)) * 999)"


def source(bad: str) -> str:
    """A planner's file; ``bad`` happens at step 3 of the scene with the standing car."""
    text = GOOD.replace("BAD", bad)
    return text.replace("observation.scene_is_standing_car", "self.scenes[0].id == 'standing_car'")
