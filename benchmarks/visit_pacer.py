"""Helper: publish visits to the sample clinic at a steady pace; each session is once too deep.

Prints when each document of a session was due, and when its receipt came, by session.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Sequence

from benchmarks import visits
from benchmarks.pacer import MILLISECONDS, Receipts, Session, pace
from benchmarks.stack import HELPER_MAX_S
from benchmarks.wire import Link, publish_packets
from dermatrace.simulator.fleet import PEN_NORTH
from dermatrace_schemas.topics import receipt_topic

BEFORE_DOCUMENTS = 5
"""Documents of each session before it may be too deep."""
TOO_DEEP_DOCUMENTS = 10


def planned(session_count: int, minutes: float) -> Iterator[visits.Visit]:
    """Yield the visits; the stretches that are too deep lie evenly over the time."""
    script = visits.script_of(PEN_NORTH, minutes)
    room = len(script) - BEFORE_DOCUMENTS - TOO_DEEP_DOCUMENTS - 1
    for number in range(session_count):
        first = BEFORE_DOCUMENTS + room * number // session_count
        too_deep = [range(first, first + TOO_DEEP_DOCUMENTS)]
        yield visits.visit(PEN_NORTH, script, number, too_deep)


def enter(port: int, messages: Sequence[visits.Message]) -> None:
    """Publish what is to be on record before the sessions; whoever reads gets it in this order."""
    link = Link(port, "front-desk")
    for topic, payload in messages:
        (packet,) = publish_packets(topic, [payload])
        link.socket.sendall(packet)
        while not link.acknowledged_count():
            pass
    link.close()


def run(port: int, session_count: int, rate_hz: int, seconds: int) -> list[Session]:
    """Publish everything; return what was learnt of each session."""
    told = list(planned(session_count, rate_hz * seconds / 60))
    enter(port, [*visits.registry(), *(message for visit in told for message in visit.before)])
    sessions = [
        Session(
            port,
            f"pen-{number}",
            visit.session[0].topic,
            [message.payload for message in visit.session],
        )
        for number, visit in enumerate(told)
    ]
    topic_filter = receipt_topic(PEN_NORTH.clinic, PEN_NORTH.sender_id)
    pace(sessions, Receipts(port, topic_filter, sessions), rate_hz)
    return sessions


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("sessions", type=int)
    parser.add_argument("rate_hz", type=int)
    parser.add_argument("seconds", type=int)
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    found = {
        session.stream_id: {
            "due_s": session.due_s,
            "receipted_s": [
                due_s + taken_ms / MILLISECONDS
                for due_s, taken_ms in zip(session.due_s, session.receipted_ms, strict=True)
            ],
        }
        for session in run(given.port, given.sessions, given.rate_hz, given.seconds)
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
