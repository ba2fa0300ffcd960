"""Pretend devices that play whole treatments through the product's own sender.

Read in this order: `devices.py` and `treatments.py` (what there is), `signals.py` (how it
behaves), `scripted_session.py` (a whole session as data), `faults.py` and `performance.py` (what
goes wrong with it), `visits.py` (what people write down about it), `expectations.py` and
`expected_findings.py` (what must come of it, computed apart), `player.py` (the only module that
acts). Everything but the player and the real pace is pure: the same seed gives the same documents.
"""
