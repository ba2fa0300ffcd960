"""A session that runs while somebody looks at it: recorded and judged bit by bit, today."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from dermatrace.clock import SystemClock
from dermatrace.simulator.faults import LimitCrossing
from support.judge_bench import (
    RUN,
    JudgeBench,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.session_scenes import withdrawal

NUMBER: Final = 31
BEGAN_MS: Final = 20_000
"""How long ago it began when it is first looked at."""


class RunningSession:
    """A pen at the north clinic, told document by document."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._bench = JudgeBench(folder)
        clock = self._bench.bench.clock
        self._now_ms = SystemClock().utc_ms()
        clock.advance(self._now_ms - clock.utc_ms() - BEGAN_MS)
        plain = session_of(0, minutes=1.0, number=NUMBER)
        deep = LimitCrossing(30, 44, over_mm=1.0, dialled=True)
        self.session = replace(plain, faults=(deep,))
        begins_ms = self._now_ms - BEGAN_MS
        self._messages = device_messages(self.session, begins_ms)
        chart = chart_messages(self.session, begins_ms)
        self._bench.record(registry_messages(), step_ms=0)
        before = [m for m in chart if json.loads(m.payload)["wall_time_ms"] <= begins_ms]
        self._bench.record(before, step_ms=0)
        self._told = 0
        self.tell(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.close()

    @property
    def address(self) -> str:
        """Where its page is."""
        device = self.session.device
        stream_id = self.session.stream_id(RUN)
        return f"/sessions/{device.clinic}/{device.sender_id}/{stream_id}"

    def tell(self, count: int) -> None:
        """Let the next documents come, one a second, and judge them."""
        more = self._messages[self._told : self._told + count]
        self._told += len(more)
        clock = self._bench.bench.clock
        step_ms = max(0, SystemClock().utc_ms() - clock.utc_ms()) // max(1, len(more))
        self._bench.record(more, step_ms=step_ms)
        self._bench.judge()

    def withdraw(self, seq: int) -> None:
        """Let somebody correct a document, and judge."""
        now_ms = self._bench.bench.clock.utc_ms()
        self._bench.record([withdrawal(self.session, seq, now_ms)], step_ms=0)
        self._bench.judge()

    def end(self) -> None:
        """Let everything come that is left."""
        self.tell(len(self._messages))
