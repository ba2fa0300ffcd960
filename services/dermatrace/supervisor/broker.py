"""The broker this machine runs for itself: mosquitto if it is there, else one from PyPI."""

import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Final

from dermatrace.errors import UsageError
from dermatrace.settings import Settings

QUEUED_MESSAGES_MAX: Final = 600_000
"""Messages the broker keeps for an absent recorder: 500 a second for 20 minutes. What overflows is
dropped without a word, and comes again from the senders' outboxes."""
INFLIGHT_MESSAGES_MAX: Final = 2_000
PACKET_MAX_BYTES: Final = 320 * 1024
"""Largest packet: a registry document and its topic, with room to spare."""
SYSTEM_PATH: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
"""Where distributions put mosquitto, off a user's PATH."""


def find_mosquitto() -> str | None:
    """Return where mosquitto is, or None."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def mosquitto_command(program: str, settings: Settings, port: int) -> list[str]:
    """Write mosquitto's configuration into the data folder and return its command line.

    Raises UsageError if it would listen to the network without passwords.
    """
    if settings.listen_host != "127.0.0.1" and settings.listen_password_file is None:
        raise UsageError(
            f"listen_host {settings.listen_host} would let anybody in the network publish",
            remedy="Set listen_password_file and listen_acl_file (`dermatrace provision broker`"
            " makes both), or listen on 127.0.0.1.",
        )
    folder = (settings.data / "broker").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"listener {port} {settings.listen_host}",
        f"allow_anonymous {'true' if settings.listen_password_file is None else 'false'}",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 60",
        f"max_queued_messages {QUEUED_MESSAGES_MAX}",
        f"max_inflight_messages {INFLIGHT_MESSAGES_MAX}",
        f"max_packet_size {PACKET_MAX_BYTES}",
        "log_dest stdout",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if settings.listen_password_file is not None:
        lines.append(f"password_file {settings.listen_password_file.resolve()}")
    if settings.listen_acl_file is not None:
        lines.append(f"acl_file {settings.listen_acl_file.resolve()}")
    if os.geteuid() == 0:
        # Started by root it would become the user mosquitto, who may not write our folder.
        lines.append("user root")
    configuration = folder / "mosquitto.conf"
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [program, "-c", str(configuration)]


def amqtt_command(port: int) -> list[str]:
    """Return the command line of the broker from PyPI: for demonstrations only.

    Raises UsageError if it is not installed either.
    """
    if importlib.util.find_spec("amqtt") is None:
        raise UsageError(
            "there is no MQTT broker on this machine",
            remedy="Install mosquitto (apt-get install mosquitto), or for a demonstration"
            " `pip install 'dermatrace[demo]'`.",
        )
    return [sys.executable, "-m", "dermatrace.supervisor.amqtt_broker", str(port)]


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(host: str, port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def log_of(folder: Path, name: str) -> Path:
    """Return where a process's output goes."""
    return folder / "logs" / f"{name}.log"
