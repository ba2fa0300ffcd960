"""What was measured on: the machine, the disk and the versions, without which no number counts."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apsw

from dermatrace.supervisor.broker import find_mosquitto

LIBRARIES: Final = ("dermatrace", "paho-mqtt", "pydantic", "apsw")
ASK_MAX_S: Final = 10.0
"""Longest wait for a program to tell its version; then the run fails."""


def describe(folder: Path) -> list[tuple[str, str]]:
    """Return name and value of everything a reader must know about this machine."""
    return [
        ("cores", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}, shared by all processes"),
        ("processor", _processor()),
        ("memory", f"{_memory_gib():.1f} GiB"),
        ("data folder", f"on {_file_system(folder)}"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("SQLite", apsw.sqlite_lib_version()),
        *((name, version(name)) for name in LIBRARIES),
        ("mosquitto", _mosquitto_version()),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_gib() -> float:
    first = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()[0]
    return int(first.split()[1]) / 1024**2


def _file_system(folder: Path) -> str:
    """Return the sort of file system: on one in memory a commit waits for no disk."""
    mounts = [
        (Path(point), kind)
        for _, point, kind, *_ in map(str.split, Path("/proc/mounts").read_text().splitlines())
    ]
    above = [mount for mount in mounts if folder.resolve().is_relative_to(mount[0])]
    if not above:  # inside a chroot the mount it lies on cannot be seen
        return "unknown"
    return max(above, key=lambda mount: len(mount[0].parts))[1]


def _mosquitto_version() -> str:
    program = find_mosquitto()
    if program is None:
        return "none"
    answer = subprocess.run(
        [program, "-h"], check=False, capture_output=True, text=True, timeout=ASK_MAX_S
    )
    return (answer.stdout.splitlines() or ["unknown"])[0].removeprefix("mosquitto version ")
