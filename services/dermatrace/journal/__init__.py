"""The journal: append-only, hash-chained, one file. `writer.py` appends, `reader.py` reads."""
