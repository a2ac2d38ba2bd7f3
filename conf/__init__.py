"""Configuration: YAML only (read as the package ``drivewm.conf``)."""
