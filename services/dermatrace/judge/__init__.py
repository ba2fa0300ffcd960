"""Judges each session against the rules its clinic had in force. Start with `judgement.py`."""
