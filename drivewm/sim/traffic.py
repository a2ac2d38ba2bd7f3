"""The one agent engine: what moves around the ego, at 10 Hz. Shapes: N agents, L lights."""
