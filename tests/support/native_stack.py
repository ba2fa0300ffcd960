"""What the Compose file would run in containers, run on this machine: same commands, same settings.

Container paths become folders of a test's own, host names become 127.0.0.1, ports become free ones.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from support.broker import find_mosquitto
from support.compose import ComposeFile, Mount, Service
from support.ports import find_free_port
from support.tree import ROOT
from support.waiting import wait_until

END_WAIT_MAX_S: Final = 30.0
PORTS: Final = (1883, 1884, 8883, 8086, 8427, 8428, 8429, 3000)
_HOST_IN_URL: Final = re.compile(r"(?<=://)[a-z]+(?=:\d)")
_LISTENER: Final = re.compile(r"^listener (\d+)$", re.MULTILINE)


class NativeStack:
    """Services of one Compose file, by name; use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        secrets: Path | None = None,
        compose: ComposeFile | None = None,
    ) -> None:
        self.folder = folder
        self.secrets = secrets or folder / "secrets"
        self.compose = compose or ComposeFile.ours()
        self.ports = {port: find_free_port() for port in PORTS}
        self.extra: dict[str, str] = {}
        """Variables beside those of the file, for what is different here."""
        self._left_out: list[str] = []
        self._volumes: dict[str, Path] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running.values()):
            process.terminate()
        for process in reversed(self._running.values()):
            try:
                process.wait(END_WAIT_MAX_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def leave_out(self, pattern: str) -> None:
        """Take lines out of every configuration file: for sabotage."""
        self._left_out.append(pattern)

    def up(self, *names: str) -> None:
        """Start services in this order: once-only ones to their end, others until they are well."""
        for name in names:
            if self.compose.services[name].runs_once:
                self.run_once(name)
            else:
                self.start(name)
                self.wait_healthy(name)

    def run_once(self, name: str) -> None:
        """Run a service to its end; it must succeed."""
        code = self.run_to_its_end(name)
        assert code == 0, f"{name} ended with {code}:\n{self.log(name)}"

    def run_to_its_end(self, name: str) -> int:
        """Run a service to its end; return how it ended."""
        return self._spawn(name).wait(END_WAIT_MAX_S)

    def start(self, name: str) -> None:
        """Start a service and leave it running."""
        self._running[name] = self._spawn(name)

    def stop(self, name: str) -> int:
        """Ask a running service to end; return how it did."""
        process = self._running.pop(name)
        process.terminate()
        return process.wait(END_WAIT_MAX_S)

    def pid(self, name: str) -> int:
        """Return the process id of a running service."""
        return self._running[name].pid

    def wait_healthy(self, name: str) -> None:
        """Wait until the service's own health check succeeds."""
        wait_until(lambda: self.is_healthy(name), what=f"a healthy {name}:\n{self.log(name)}")

    def attend(self) -> None:
        """Fail if a service has ended by itself."""
        for name, process in self._running.items():
            code = process.poll()
            assert code is None, f"{name} ended with {code}:\n{self.log(name)}"

    def is_healthy(self, name: str) -> bool:
        """Run the health check once, unless a service has ended."""
        self.attend()
        return self.check_health(name) == 0

    def check_health(self, name: str) -> int:
        """Run the health check once; return how it ended."""
        service = self.compose.services[name]
        words = [self.local(service, word) for word in service.healthcheck]
        assert words, f"{name} has no health check"
        done = subprocess.run(
            [sys.executable if word == "python" else word for word in words],
            check=False,
            capture_output=True,
            timeout=END_WAIT_MAX_S,
        )
        return done.returncode

    def log(self, name: str) -> str:
        """Return what a service has written so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def command(self, name: str) -> list[str]:
        """Return the command line of a service, as it is run here."""
        service = self.compose.services[name]
        words = [self.local(service, word) for word in service.command]
        if service.is_ours:
            return [sys.executable, "-m", "dermatrace", *words]
        if name == "mosquitto":
            return [find_mosquitto() or "mosquitto", *words[1:]]
        return words

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service, as they are set here."""
        service = self.compose.services[name]
        local = {
            key: "127.0.0.1" if key.endswith("_HOST") else self.local(service, value)
            for key, value in service.environment.items()
        }
        ports = {
            "DERMATRACE_HEALTH_PORT": str(self.ports[8427]),
            "DERMATRACE_JUDGE_HEALTH_PORT": str(self.ports[8429]),
            "DERMATRACE_FORWARD_HEALTH_PORT": str(self.ports[8428]),
        }
        return {**_without_ours(os.environ), **ports, **local, **self.extra}

    def local(self, service: Service, text: str) -> str:
        """Say with this machine's paths, hosts and ports what is said with the container's."""
        places = {mount.target: str(self._place(service, mount)) for mount in service.mounts}
        # All in one pass, the longest first: what was put in is not looked at again.
        targets = "|".join(re.escape(target) for target in sorted(places, key=len, reverse=True))
        if targets:
            text = re.sub(rf"(?<![\w/])(?:{targets})(?![\w-])", lambda at: places[at[0]], text)
        text = _HOST_IN_URL.sub("127.0.0.1", text)
        known = "|".join(map(str, self.ports))
        return re.sub(
            rf"(?<![\w./-])(?:{known})(?![\w.-])", lambda at: str(self.ports[int(at[0])]), text
        )

    def volume(self, name: str) -> Path:
        """Return the folder that stands for a named volume."""
        path = self._volumes.get(name, self.folder / "volumes" / name)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def share(self, name: str, path: Path) -> None:
        """Let a named volume be a folder that is there already."""
        self._volumes[name] = path

    def _place(self, service: Service, mount: Mount) -> Path:
        if not mount.source:
            memory = self.folder / "memory" / service.name / mount.target.strip("/")
            memory.mkdir(parents=True, exist_ok=True)
            return memory
        if not mount.is_from_host:
            return self.volume(mount.source)
        relative = mount.source.removeprefix("./")
        if relative.partition("/")[0] == "secrets":
            return self.secrets / relative.removeprefix("secrets").strip("/")
        return self.folder / "host" / relative

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        service = self.compose.services[name]
        for mount in service.mounts:
            if mount.is_from_host and not mount.source.startswith("./secrets"):
                self._copy_localised(service, mount)
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                self.command(name),
                env=self.environment(name),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _copy_localised(self, service: Service, mount: Mount) -> None:
        """Copy a mounted file or folder, with what its texts say made true here."""
        source, place = ROOT / mount.source, self._place(service, mount)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
        files = [place] if place.is_file() else list(place.rglob("*.conf"))
        for file in files:
            text = self.local(service, file.read_text(encoding="utf-8"))
            for pattern in self._left_out:
                text = re.sub(pattern, "", text, flags=re.MULTILINE)
            text = _LISTENER.sub(r"listener \1 127.0.0.1", text)
            if file.name == "mosquitto.conf" and os.geteuid() == 0:
                # Started by root it would become a user who may not read what root has written.
                text = f"user root\n{text}"
            file.write_text(text, encoding="utf-8")


def _without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if not name.startswith("DERMATRACE_")}
