"""Parametric scenario roads: ``draw(spec)`` makes the network that a scenario plays on."""
