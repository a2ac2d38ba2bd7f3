"""ASAM OpenDRIVE 1.4 to 1.8 road networks, read into a model of their own and into a RoadMap."""
