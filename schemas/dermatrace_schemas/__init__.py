"""The contract: what senders, the recorder and its readers say to one another.

Imports nothing of the services and does no I/O. Start with `document.py` (what every document
carries), then `session.py`; `catalogue.py` lists every kind, `topics.py` every topic.
"""
