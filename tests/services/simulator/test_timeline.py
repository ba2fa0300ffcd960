"""A device is never silent for as long as the contract would miss it."""

from dermatrace.simulator.timeline import ScriptedDocument, Timeline, count, facts_of
from dermatrace_schemas.rf import SubPulse


def test_waiting_says_alive_every_four_seconds() -> None:
    timeline = Timeline()
    timeline.say("session.started", {})
    timeline.wait_until(9_000)
    assert [(document.at_ms, document.kind) for document in timeline.documents] == [
        (0, "session.started"),
        (4_000, "device.event"),
        (8_000, "device.event"),
    ]
    assert timeline.now_ms == 9_000


def test_pause_is_announced_and_ended() -> None:
    timeline = Timeline()
    timeline.pause_until(1_000)
    timeline.pause_until(1_000)
    events = [(document.at_ms, document.facts["event"]) for document in timeline.documents]
    assert events == [(0, "paused"), (1_000, "resumed")]


def test_count_adds_strokes_shots_and_energy() -> None:
    sub_pulse = facts_of(SubPulse(energy_delivered_mj=1.5))
    documents = [
        ScriptedDocument(0, "needling.windows", {"stroke_count": [11, 12]}),
        ScriptedDocument(0, "device.event", {"event": "alive"}),
        ScriptedDocument(0, "rf.shot", {"depths": [{"sub_pulses": [sub_pulse, sub_pulse]}]}),
    ]
    assert count(documents) == {
        "stroke_count": 23,
        "shot_count": 1,
        "energy_delivered_mj": 3.0,
    }
