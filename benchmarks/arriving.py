"""Windows from MQTT into InfluxDB, beside Telegraf.

The same windows, ten a message, QoS 1, on twenty connections, as fast as mosquitto acknowledges
them. Ours go through `dermatrace ingest`, which commits each message to the journal and confirms
it, and `dermatrace forward`, which follows the journal. The baseline is Telegraf with its MQTT
consumer and its InfluxDB 2 output: at least once, batches of 10,000, uncompressed, persistent.
It gets the windows as a list of objects, the form its parser is quickest with; ours come as columns
and are checked strictly. The clock runs from the first message until InfluxDB says it has stored as
many points as windows were sent. Broker, InfluxDB and who is measured are fresh in each round, and
share the cores. The aim is to be quicker than Telegraf.

It is not a comparison of what both are for: Telegraf keeps no record, tells no sender, and holds
what it has not written yet in memory.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import stack, time_series
from benchmarks.documents import WINDOWS
from benchmarks.load import NO_PROGRESS
from benchmarks.rounds import Row, Run, alternate
from benchmarks.time_series import TimeSeries
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.supervisor.broker import log_of
from dermatrace.supervisor.child import Child
from support.influx_org import RAW_BUCKET, InfluxOrg

TELEGRAF = "Telegraf"
OURS = "recorded and forwarded"
MICROSECONDS: Final = 1e6
ASK_INTERVAL_S: Final = 0.1
"""How often InfluxDB is asked how many points it has: bounds how exactly the end is known."""
STORED: Final = "storage_writer_ok_points_sum"
CONNECTED: Final = b"Connected"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is published, how often."""

    sessions: int
    messages: int
    rounds: int

    @property
    def windows(self) -> int:
        """Windows of one round."""
        return self.sessions * self.messages * WINDOWS


FULL = Size(sessions=20, messages=2_000, rounds=3)
QUICK = Size(sessions=2, messages=20, rounds=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round came to."""

    rate: float
    processor_us: float
    """A window, of who brings it from the broker to InfluxDB."""


def measure(run: Run) -> list[Row]:
    """Measure both in alternation."""
    size = run.size(FULL, QUICK)
    program = time_series.server("telegraf")
    cases = {TELEGRAF: partial(_telegraf, run, size, program), OURS: partial(_ours, run, size)}
    found = alternate(size.rounds, cases)
    peer, ours = found[TELEGRAF], found[OURS]
    return [
        Row(TELEGRAF, "windows/s", tuple(one.rate for one in peer), TELEGRAF),
        Row(OURS, "windows/s", tuple(one.rate for one in ours), TELEGRAF),
        Row("processor time of Telegraf", "µs/window", tuple(one.processor_us for one in peer)),
        Row("processor time of ours", "µs/window", tuple(one.processor_us for one in ours)),
    ]


def _telegraf(run: Run, size: Size, program: str) -> Sample:
    with (
        run.scratch() as folder,
        time_series.influxdb(folder) as influx,
        stack.broker(folder) as (port, _),
    ):
        org = influx.empty_org()
        with _running_telegraf(program, folder, port, org) as telegraf:
            return _arrived(size, influx, [telegraf], partial(_publish, port, size, "objects"))


def _ours(run: Run, size: Size) -> Sample:
    with (
        run.scratch() as folder,
        time_series.influxdb(folder) as influx,
        stack.broker(folder) as (port, _),
        stack.recorder(folder, port) as ingest,
        stack.forward(time_series.settings_for(influx.empty_org(), folder)) as forward,
    ):
        children = [ingest, forward]
        return _arrived(size, influx, children, partial(_publish, port, size, "columns"))


def _publish(port: int, size: Size, shape: str) -> stack.Helper:
    return stack.Helper("load", port, size.sessions, size.messages, NO_PROGRESS, "--shape", shape)


def _arrived(
    size: Size, influx: TimeSeries, children: list[Child], publish: Callable[[], stack.Helper]
) -> Sample:
    before = _stored_count(influx)
    processor_s = sum(stack.processor_s(child) for child in children)
    with publish() as load:
        times = load.result()
        _wait_stored(influx, before + size.windows)
    ended_s = SystemClock().monotonic_ms() / 1_000
    processor_s = sum(stack.processor_s(child) for child in children) - processor_s
    return Sample(
        size.windows / (ended_s - times["started_s"]), processor_s / size.windows * MICROSECONDS
    )


def _wait_stored(influx: TimeSeries, count: float) -> None:
    """Wait until InfluxDB has stored points. Raises DermatraceError if that takes too long."""
    asking, stored = threading.Event(), 0.0
    for _ in range(int(stack.HELPER_MAX_S / ASK_INTERVAL_S)):
        stored = _stored_count(influx)
        if stored >= count:
            return
        asking.wait(ASK_INTERVAL_S)
    raise DermatraceError(f"{stored:,.0f} of {count:,.0f} points in {stack.HELPER_MAX_S:.0f} s")


def _stored_count(influx: TimeSeries) -> float:
    page = influx.server.http.ask("GET", "/metrics").text
    return sum(
        float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(STORED)
    )


@contextmanager
def _running_telegraf(
    program: str, folder: Path, broker_port: int, org: InfluxOrg
) -> Iterator[Child]:
    configuration = folder / "telegraf.conf"
    configuration.write_text(_configuration(broker_port, org), encoding="utf-8")
    child = Child(
        "telegraf",
        [program, "--config", str(configuration)],
        environment={"HOME": str(folder)},
        log_file=log_of(folder, "telegraf"),
        clock=SystemClock(),
    )
    child.start()
    try:
        stack.wait_until(
            lambda: CONNECTED in log_of(folder, "telegraf").read_bytes(), "telegraf is not ready"
        )
        yield child
    finally:
        child.stop()


def _configuration(broker_port: int, org: InfluxOrg) -> str:
    return f"""
[agent]
  interval = "1s"
  round_interval = false
  metric_batch_size = 10000
  metric_buffer_limit = 1000000
  flush_interval = "200ms"
  collection_jitter = "0s"
  flush_jitter = "0s"
  omit_hostname = true
  debug = true
[[outputs.influxdb_v2]]
  urls = ["{org.url}"]
  token = "{org.token}"
  organization = "{org.name}"
  bucket = "{RAW_BUCKET}"
  content_encoding = "identity"
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{broker_port}"]
  topics = ["dermatrace/v1/+/+/session/+"]
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  topic_tag = ""
  max_undelivered_messages = 10000
  data_format = "json_v2"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "dermatrace/v1/+/+/session/+"
    tags = "_/_/clinic/device/_/session"
  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "window"
    [[inputs.mqtt_consumer.json_v2.tag]]
      path = "zone"
    [[inputs.mqtt_consumer.json_v2.tag]]
      path = "laterality"
    [[inputs.mqtt_consumer.json_v2.object]]
      path = "windows"
      timestamp_key = "t_ms"
      timestamp_format = "unix_ms"
      disable_prepend_keys = true
"""
