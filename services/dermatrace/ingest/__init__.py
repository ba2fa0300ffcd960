"""The recorder. Start with `pipeline.py`, the path of every message as a list."""
