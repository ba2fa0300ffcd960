"""`dermatrace forward` as a process, what it says of itself, and the commands beside it."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from dermatrace.errors import DermatraceError
from dermatrace.forward.store import Store
from dermatrace.journal.entry import EMPTY
from dermatrace.provision.consumers import CONSUMERS
from support.faults_launcher import COMMAND_VARIABLE, FORWARDER_VARIABLE, MEMORY_VARIABLE
from support.faults_process import START_WAIT_MAX_S, ServiceProcess, Starter, wait_until
from support.influx_org import InfluxOrg
from support.ports import find_free_port

SETTLE_WAIT_MAX_S: Final = 600.0
"""From the end of a fault until InfluxDB has everything; seconds as a rule. Forwarding may wait up
to 30 s before it notices that InfluxDB is back, and of hundreds of sessions that were judged anew
InfluxDB deletes what was said before in a quarter of a second each."""
COMMAND_WAIT_MAX_S: Final = 120.0
"""Longest wait for a command that ends by itself; `forward rebuild` takes seconds here."""
PAGE_WAIT_MAX_S: Final = 5.0
"""Longest wait for the health page, which answers at once."""
PUBLISHED_WITHIN_S: Final = 5.0
"""The page is brought up to date four times a second."""
_POINTS: Final = re.compile(r'^dermatrace_forward_points\{fate="(\w+)"\} (\S+)$', re.MULTILINE)
_DATA: Final = re.compile(r"^VmData:\s+(\d+) kB$", re.MULTILINE)


class ForwardProcess(ServiceProcess):
    """`dermatrace forward`."""

    command = "forward"

    def __init__(
        self, data: Path, broker_port: int, start: Starter, org: InfluxOrg, influx_port: int
    ) -> None:
        """Forward into an organisation, by way of a port; its operator's token lies in a file."""
        super().__init__(data, broker_port, start)
        self._org = org
        self._influx_port = influx_port
        self._health_port = find_free_port()
        data.mkdir(parents=True, exist_ok=True)
        self._admin_token = data / "operator.token"
        self._admin_token.write_text(f"{org.token}\n", encoding="utf-8")
        self.product = ""
        """Name of the double that is started as the product; none: the product as it is."""

    @property
    def file(self) -> Path:
        """Where it remembers."""
        return self.data / "forward.db"

    def start(self, forwarder: str = "", *, memory_mib: int = 0) -> None:
        """Start it: the product, or the double of this name; perhaps with bounded memory."""
        name = forwarder or self.product
        variables = {FORWARDER_VARIABLE: name} if name else {}
        if memory_mib:
            variables[MEMORY_VARIABLE] = str(memory_mib)
        self.launch(**variables)

    def give_token(self, token: str) -> None:
        """Put a token where provisioning would."""
        file = self.data / "secrets" / CONSUMERS[0].file_name
        file.parent.mkdir()
        file.write_text(f"{token}\n", encoding="utf-8")
        file.chmod(0o600)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run another command with the same settings; return its exit code and its words."""
        other = _Other(self, arguments)
        other.launch(**{COMMAND_VARIABLE: " ".join(arguments)})
        code = other.wait_end(wait_max_s=COMMAND_WAIT_MAX_S)
        return code, other.words

    def do(self, *arguments: str) -> str:
        """Run another command that has to succeed, and return its words."""
        code, words = self.run(*arguments)
        assert code == 0, f"{' '.join(arguments)}: exit {code}\n{words}"
        return words

    def told_by_doctor(self, what: str) -> str:
        """Return what `dermatrace doctor` finds wrong with one thing, and what to do about it."""
        _, words = self.run("doctor", "--json")
        findings, _ = json.JSONDecoder().raw_decode(words[words.index("[") :])
        told = [f"{one['found']}\n{one['remedy']}" for one in findings if one["what"] == what]
        wrong = [one["what"] for one in findings if not one["ok"]]
        assert what in wrong, f"doctor finds nothing wrong with {what}, but with {wrong}"
        return told[0]

    def wait_following(self) -> None:
        """Wait until this process says that it follows the journal."""
        self.wait_for(
            lambda: "] ready" in self.words, "forward follows", wait_max_s=START_WAIT_MAX_S
        )

    def wait_words(self, *words: str) -> None:
        """Wait until it has said all this."""
        self.wait_for(
            lambda: all(word in self.words for word in words),
            f"forward says {words}",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def cursor(self) -> int:
        """Return the entry up to which InfluxDB has everything."""
        try:
            with Store(self.file, read_only=True) as store:
                return store.place().head.entry_id
        except DermatraceError:
            return EMPTY.entry_id  # not made yet

    def wait_forwarded(self, entry_id: int) -> None:
        """Wait until InfluxDB has everything up to an entry."""
        self.wait_for(
            lambda: self.cursor() >= entry_id,
            f"entry {entry_id} is forwarded",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def wait_caught_up(self) -> None:
        """Wait until InfluxDB has everything that is on record by now."""
        self.wait_forwarded(self.head_entry_id())

    def health(self) -> dict[str, Any]:
        """Return what /healthz says; nothing if it does not answer."""
        try:
            page = self._page("healthz")
        except urllib.error.HTTPError as error:
            page = error.read().decode()  # 503: it says why
        except OSError:
            return {}
        found: dict[str, Any] = json.loads(page)
        return found

    def wait_problem(self, *words: str) -> None:
        """Wait until /healthz names a problem with all these words."""
        wait_until(
            lambda: any(
                all(word in problem for word in words)
                for problem in self.health().get("problems", ())
            ),
            f"/healthz says {words}",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def wait_healthy(self) -> None:
        """Wait until /healthz finds nothing wrong."""
        wait_until(
            lambda: self.health().get("healthy"), "forward is healthy", wait_max_s=SETTLE_WAIT_MAX_S
        )

    def points_shown(self) -> dict[str, int]:
        """Return the account of points as /metrics shows it."""
        shown = _POINTS.findall(self._page("metrics"))
        return {fate: int(float(count)) for fate, count in shown}

    def memory_mib(self) -> int:
        """Return how much memory it has made its own, as MEMORY_VARIABLE bounds it."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        (own_kib,) = _DATA.findall(status)
        return int(own_kib) // 1024

    def forget(self) -> None:
        """Delete forward.db of a forwarder that does not run."""
        assert not self.is_running
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)

    def _page(self, name: str) -> str:
        url = f"http://127.0.0.1:{self._health_port}/{name}"
        with urllib.request.urlopen(url, timeout=PAGE_WAIT_MAX_S) as answer:
            return str(answer.read().decode())

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {
            "DERMATRACE_INFLUXDB_URL": f"http://127.0.0.1:{self._influx_port}",
            "DERMATRACE_INFLUXDB_ORG": self._org.name,
            "DERMATRACE_INFLUXDB_ADMIN_TOKEN_FILE": str(self._admin_token),
            "DERMATRACE_FORWARD_HEALTH_PORT": str(self._health_port),
        }


class _Other(ServiceProcess):
    """A command beside it, in its environment."""

    def __init__(self, forward: ForwardProcess, arguments: tuple[str, ...]) -> None:
        super().__init__(forward.data, forward._broker_port, forward._start_process)  # noqa: SLF001  one family
        self.command = "-".join(word for word in arguments if not word.startswith("-"))
        self._forward = forward
        self._start_count = forward._start_count * 1_000  # noqa: SLF001  a log of its own

    def _environment(self) -> dict[str, str]:
        return self._forward._environment()  # noqa: SLF001  one family
