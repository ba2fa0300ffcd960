"""Reference data from a clinic's files into the record. Start with `load.py`."""
