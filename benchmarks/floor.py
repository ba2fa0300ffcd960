"""A whole clinic that runs: rooms, a device in each that publishes once a second, a console."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from benchmarks import stack, visits
from benchmarks.rounds import Run
from benchmarks.visit_pacer import enter
from dermatrace.clock import SystemClock
from dermatrace.console.people import People
from dermatrace.console.store import Store
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import NORTH, PEN_NORTH, FleetDevice
from dermatrace.supervisor.broker import free_port
from dermatrace.supervisor.child import Child
from dermatrace_schemas.digest import registry_digest

if TYPE_CHECKING:
    from pydantic import JsonValue

MODEL: Final = "constant-rate-pen"
DEEP_EVERY: Final = 5
"""In each fifth room the device is set too deep now and then, so that there are findings."""
DEEP_DOCUMENTS: Final = 20
VIEWER: Final = "viewer-1"


@dataclass(frozen=True, slots=True)
class Clinic:
    """One that runs, and who looks at it."""

    settings: Settings
    console: Child
    rooms: int
    begins_ms: int

    @property
    def url(self) -> str:
        """Where its console is."""
        return f"http://127.0.0.1:{self.settings.console_port}"

    @property
    def link(self) -> str:
        """An address that signs somebody in."""
        return f"{self.url}/enter?token={let_in(self.settings, 'link')}"

    @property
    def token(self) -> str:
        """What a program asks with."""
        return let_in(self.settings, "access")

    @contextmanager
    def in_session(self, seconds: int) -> Iterator[None]:
        """Let the device of each room tell of a session, for so long or until it is left."""
        arguments = (self.settings.broker_port, self.rooms, self.begins_ms, seconds)
        with stack.Helper("floor_pacer", *arguments) as pacer:
            pacer.wait_ready()
            yield


@contextmanager
def clinic(run: Run, rooms: int) -> Iterator[Clinic]:
    """Run broker, recorder, judge and console of a clinic with a visit planned in each room."""
    with run.scratch() as folder, stack.broker(folder) as (port, _):
        settings = stack.settings_for(folder, port)
        settings = settings.model_copy(update={"console_port": free_port()})
        begins_ms = SystemClock().utc_ms()
        with stack.recorder(folder, port), stack.judge(folder, port):
            before = [m for visit in planned(rooms, begins_ms, 60) for m in visit.before]
            enter(port, [*visits.registry(), *_furnished(rooms), *before])
            with stack.console(settings) as console:
                yield Clinic(settings, console, rooms, begins_ms)


def planned(rooms: int, begins_ms: int, seconds: int) -> Iterator[visits.Visit]:
    """Yield the visit of each room, with a session of about a document a second."""
    for room in range(rooms):
        device = _device(room)
        script = visits.script_of(device, seconds / 60)
        too_deep = visits.every_other(DEEP_DOCUMENTS, len(script)) if room % DEEP_EVERY == 0 else []
        yield visits.visit(device, script, 1, too_deep, begins_ms=begins_ms, room_id=_room_id(room))


def tile_key(sender: str) -> str:
    """Return which tile the device's room has."""
    return f"{NORTH}/room/{_room_id(int(sender.rpartition('-')[2]))}"


def _room_id(room: int) -> str:
    return f"floor-room-{room}"


def _device(room: int) -> FleetDevice:
    like = PEN_NORTH
    serial = f"{like.serial}-{room}"
    return FleetDevice(NORTH, f"pen-floor-{room}", serial, like.profile, like.treatments)


def _furnished(rooms: int) -> list[visits.Message]:
    """Return rooms and devices beyond those of the sample clinic."""
    contents: list[tuple[str, str, dict[str, JsonValue]]] = []
    for room in range(rooms):
        device, room_id = _device(room), _room_id(room)
        contents.append(("room", room_id, {"name": f"Room {room}"}))
        content: dict[str, JsonValue] = {
            "sender": device.sender_id,
            "device_model_id": MODEL,
            "serial": device.serial,
            "room_id": room_id,
        }
        contents.append(("device", device.sender_id, content))
    told: list[tuple[str, dict[str, JsonValue]]] = [
        (
            kind,
            {
                "registry_id": registry_id,
                "version": "floor",
                "content": content,
                "digest": registry_digest(content),
            },
        )
        for kind, registry_id, content in contents
    ]
    return visits.registry_messages("floor", told)


def let_in(settings: Settings, kind: Literal["link", "access"]) -> str:
    """Return a token that lets somebody look at everything: once, or with each request."""
    with closing(Store(settings.console_file, serve=False)) as store:
        people = People(store, SystemClock())
        if people.user(VIEWER) is None:
            people.add(VIEWER, "clinic_viewer")
        return people.issue(kind, VIEWER)
