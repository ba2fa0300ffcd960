"""The sender: keep every document until the recorder has it. Start with `settling.py`."""
