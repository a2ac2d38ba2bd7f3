"""drivewm: a world model for autonomous driving and a closed-loop evaluator."""

import os as _os
import sys as _sys

__version__ = "0.1.0"

# Numba asks these classes where compiled kernels are kept and whether they are fresh; it reads the
# variable when it is imported.
KERNEL_CACHE = "NUMBA_CACHE_LOCATOR_CLASSES"
_LOCATORS = ",".join(
    f"drivewm.kernel_cache.{name}"
    for name in ("Chosen", "BesideSource", "OfUser", "Notebook", "Archive")
)
_os.environ.setdefault(KERNEL_CACHE, _LOCATORS)
if "numba" in _sys.modules:
    _sys.modules["numba"].core.config.reload_config()
