"""Commands that run several processes, or pretend devices."""

import os
import sys
import webbrowser
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.live import Live

from dermatrace import logs
from dermatrace.cli.demo_report import Report, print_report
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say
from dermatrace.cli.stopping import stop_event
from dermatrace.clock import SystemClock
from dermatrace.console.installation import address_of
from dermatrace.console.opening import floor_link
from dermatrace.demo.judged import await_verdicts, expectations_of, judgements_of
from dermatrace.demo.keys import pressed_key, single_keys
from dermatrace.demo.live import LiveFleet
from dermatrace.demo.once import play_once
from dermatrace.demo.sample import import_sample_clinic
from dermatrace.demo.view import View
from dermatrace.errors import DermatraceError
from dermatrace.settings import load_settings
from dermatrace.simulator.fleet import demo_fleet
from dermatrace.supervisor.broker import find_mosquitto
from dermatrace.supervisor.supervisor import BrokerKind, Supervisor

DRAW_INTERVAL_S = 0.25
KILLED_FOR_S = 5.0
"""How long a process stays away after k, j or b: long enough to see what is missing meanwhile."""
BrokerChoice = Annotated[
    Literal["auto", "mosquitto", "amqtt"],
    typer.Option(help="Broker to start: mosquitto if it is there, else amqtt (demonstration)."),
]
Seed = Annotated[int, typer.Option(help="Same seed, same pretend treatments.")]


def up(
    data: Data = None,
    broker: Annotated[
        Literal["mosquitto", "external"],
        typer.Option(help="Start mosquitto here, or use the broker of the settings."),
    ] = "mosquitto",
) -> None:
    """Run broker, recorder, judge and console on this machine, and keep them running.

    For real use without containers. The first link into the console stands in
    DIR/logs/console.log; `dermatrace console users` makes others. Where `dermatrace provision
    influxdb` has left its tokens, or a setting names one, InfluxDB is kept up to the record too. A
    process that breaks is started again; one that needs a person ends everything with exit code 3,
    save forwarding and console, without which the others go on. Devices find the broker on
    DERMATRACE_BROKER_PORT; to let them in from the network set DERMATRACE_LISTEN_HOST and a
    password file.
    """
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    if broker == "mosquitto" and find_mosquitto() is None:
        raise DermatraceError(
            "mosquitto is not on this machine",
            remedy="apt-get install mosquitto, or name another broker and use --broker external.",
        )
    stopping = stop_event()
    forwards, clock = settings.forwards, SystemClock()
    with Supervisor(settings, broker, clock, forwards=forwards, serves=True) as supervisor:
        address = supervisor.address
        say(f"broker at {address.host}:{address.port}, health at {supervisor.health_url}/healthz")
        if (url := supervisor.forward_health_url) is not None:
            say(f"forwarding to InfluxDB at {settings.influxdb_url}, health at {url}/healthz")
        say(f"console at {address_of(supervisor.settings)}")
        while not stopping.wait(DRAW_INTERVAL_S):
            supervisor.attend()


def demo(
    data: Data = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Play a finite set as fast as it goes, check it, end.")
    ] = False,
    as_json: AsJson = False,
    broker: BrokerChoice = "auto",
    seed: Seed = 1,
    minutes: Annotated[
        float, typer.Option(min=0.5, max=240, help="Length of each session with --once.")
    ] = 20.0,
    browse: Annotated[
        bool, typer.Option("--browse/--no-browse", help="Open the console in a browser.")
    ] = True,
) -> None:
    """See it work: recorder, judge, console, a sample clinic, pretend devices, on this machine.

    Opens the console; its link also stands on the screen. Press k to kill the recorder and watch
    the receipts catch up, j to kill the judge and watch it go on where it was. Needs no
    configuration and no containers. With --once it plays every treatment, one of them with faults,
    waits until all is settled and judged, compares record and findings with the script, and exits
    0 only if both agree.
    """
    folder = data or Path("data") / "demo"
    settings = load_settings(data=folder, health_port=0, judge_health_port=0)
    logs.set_up_logs(as_json=False, level="error")
    kind = _broker_kind(broker)
    clock = SystemClock()
    with Supervisor(settings, kind, clock, any_port=True, serves=not once) as supervisor:
        registry_documents = import_sample_clinic(supervisor.settings, supervisor.address)
        if once:
            _demo_once(supervisor, seed, minutes, registry_documents, as_json=as_json)
        else:
            link = floor_link(supervisor.settings, clock)
            say(f"the console: {link}")
            _demo_live(supervisor, seed, link, browse=browse and _has_screen())


def simulate(
    data: Data = None,
    seed: Seed = 1,
    *,
    sample_clinic: Annotated[
        bool,
        typer.Option("--sample-clinic", help="Put the clinics they belong to on record first."),
    ] = False,
) -> None:
    """Run the pretend devices alone, at real pace, against the broker of the settings.

    Their outboxes lie in DIR/devices. Where the broker wants passwords, each device and each front
    desk logs in under its own name (DERMATRACE_BROKER_PASSWORDS). Ends with Ctrl-C; what is not
    settled by then stays there.
    """
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    stopping = stop_event()
    address = settings.broker_address()
    if sample_clinic:
        say(f"{import_sample_clinic(settings, address)} documents of the sample clinics on record")
    fleet = LiveFleet(settings, address, seed, SystemClock())
    fleet.start()
    say(f"{len(fleet.devices)} pretend devices publish; Ctrl-C ends")
    try:
        while not stopping.wait(DRAW_INTERVAL_S):
            if fleet.failures:
                raise fleet.failures[0]
    finally:
        fleet.stop()


def _demo_once(
    supervisor: Supervisor, seed: int, minutes: float, registry_documents: int, *, as_json: bool
) -> None:
    settings = supervisor.settings
    played = play_once(settings, supervisor.address, demo_fleet(seed, minutes), SystemClock())
    expectations = expectations_of(played)
    await_verdicts(settings, expectations, supervisor.attend)
    report = Report(
        settings.data,
        supervisor.broker_kind,
        registry_documents,
        played.run,
        played.summaries,
        judgements_of(settings, expectations),
    )
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    report.check()


def _has_screen() -> bool:
    """Tell whether a browser would open a window, and not take over this terminal."""
    return sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _demo_live(supervisor: Supervisor, seed: int, link: str, *, browse: bool) -> None:
    stopping = stop_event()
    clock = SystemClock()
    fleet = LiveFleet(supervisor.settings, supervisor.address, seed, clock)
    with ExitStack() as cleanup:
        cleanup.callback(fleet.stop)
        view = cleanup.enter_context(closing(View(supervisor, fleet.devices, clock)))
        view.link = link
        fleet.start()
        if browse:
            webbrowser.open(link)
        cleanup.enter_context(single_keys())
        live = cleanup.enter_context(Live(auto_refresh=False, screen=True))
        while not stopping.is_set():
            match pressed_key(DRAW_INTERVAL_S):
                case "k":
                    supervisor.kill("ingest", down_s=KILLED_FOR_S)
                    view.last_event = "ingest killed: watch the receipts catch up"
                case "j":
                    supervisor.kill("judge", down_s=KILLED_FOR_S)
                    view.last_event = "judge killed: it will say the same again, and go on"
                case "b":
                    supervisor.kill("broker", down_s=KILLED_FOR_S)
                    view.last_event = "broker killed: senders and recorder reconnect"
                case "q":
                    return
            supervisor.attend()
            if fleet.failures:
                raise fleet.failures[0]
            live.update(view.draw(live.console.size), refresh=True)


def _broker_kind(choice: Literal["auto", "mosquitto", "amqtt"]) -> BrokerKind:
    if choice != "auto":
        return choice
    return "mosquitto" if find_mosquitto() is not None else "amqtt"
