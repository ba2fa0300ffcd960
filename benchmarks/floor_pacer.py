"""Helper: let a device in each room of a floor tell of its session, a document a second.

Prints a line once all have begun. Runs until everything is told, or until it is ended.
"""

import argparse
import signal

from benchmarks import floor
from benchmarks.pacer import Receipts, Session, pace
from benchmarks.stack import HELPER_MAX_S
from dermatrace.simulator.fleet import NORTH
from dermatrace_schemas.topics import receipt_topic

RATE_HZ = 1


def run(port: int, rooms: int, begins_ms: int, seconds: int) -> None:
    """Publish all sessions as far as the shortest goes."""
    told = list(floor.planned(rooms, begins_ms, seconds))
    length = min(len(visit.session) for visit in told) - 1
    sessions = [
        Session(
            port,
            visit.stream.sender,
            visit.session[0].topic,
            [message.payload for message in visit.session[:length]],
        )
        for visit in told
    ]
    receipts = Receipts(port, receipt_topic(NORTH, "+"), sessions)
    print("ready", flush=True)
    pace(sessions, receipts, RATE_HZ)


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "rooms", "begins_ms", "seconds"):
        parser.add_argument(name, type=int)
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    run(given.port, given.rooms, given.begins_ms, given.seconds)


if __name__ == "__main__":
    main()
