"""Waiting for a server that is still starting."""

import pytest

from dermatrace.errors import ServerRefused, ServerUnavailable
from dermatrace.provision.waiting import ASK_AGAIN_AFTER_S, ask_until_there
from support.manual_clock import ManualClock


class StartsAfter:
    """Is away for so many questions, then answers, or refuses."""

    def __init__(self, questions: int, *, refuses: bool = False) -> None:
        self.asked = 0
        self._questions = questions
        self._refuses = refuses

    def __call__(self) -> str:
        """Answer, as a server would."""
        self.asked += 1
        if self.asked <= self._questions:
            raise ServerUnavailable("Some server", "here", "starting")
        if self._refuses:
            raise ServerRefused("Some server", "here", "no")
        return "ready"


def _ask(server: StartsAfter, wait_s: float) -> str:
    clock = ManualClock()

    def pause(wait_s: float) -> None:
        clock.advance(round(wait_s * 1_000))

    return ask_until_there(server, wait_s=wait_s, clock=clock, pause=pause)


def test_answers_as_soon_as_the_server_does() -> None:
    server = StartsAfter(3)
    assert _ask(server, wait_s=60) == "ready"
    assert server.asked == 4


def test_gives_up_after_the_wait() -> None:
    server = StartsAfter(1_000)
    with pytest.raises(ServerUnavailable):
        _ask(server, wait_s=5)
    assert server.asked == 5 / ASK_AGAIN_AFTER_S + 1


def test_without_patience_it_is_asked_once() -> None:
    server = StartsAfter(1)
    with pytest.raises(ServerUnavailable):
        _ask(server, wait_s=0)
    assert server.asked == 1


def test_refusal_is_not_waited_out() -> None:
    server = StartsAfter(1, refuses=True)
    with pytest.raises(ServerRefused):
        _ask(server, wait_s=60)
    assert server.asked == 2
