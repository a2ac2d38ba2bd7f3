"""Readers of recorded formats, one per file."""
