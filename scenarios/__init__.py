"""The scenario library and its suites (imported as ``drivewm.scenarios``)."""
