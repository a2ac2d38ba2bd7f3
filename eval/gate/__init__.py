"""The gate: two results folders, judged scenario by scenario (docs/gate.md)."""
