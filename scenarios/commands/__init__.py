"""Sub-verbs of ``drivewm scenarios``."""
