"""The InfluxDB fixtures do what the other tests rely on."""

import os
import time
from http import HTTPStatus

import pytest

from support.influx import ORG, InfluxServer, StartInflux
from support.influx_http import Refused
from support.influx_org import RAW_BUCKET, InfluxOrg
from support.own_server import ServerError
from support.ports import answers

pytestmark = pytest.mark.influx


def test_influxd_answers_until_stopped_and_again_after_restart(start_influx: StartInflux) -> None:
    server = start_influx()
    assert answers(server.port)
    server.stop()
    assert not answers(server.port)
    server.restart()
    assert answers(server.port)


def test_what_was_written_survives_a_restart_and_a_kill(start_influx: StartInflux) -> None:
    server = start_influx()
    org = server.set_up()
    org.make_buckets()
    org.write(f"window,device=a depth_mm=1.5 {time.time_ns()}")
    server.restart()
    org.write(f"window,device=b depth_mm=1.5 {time.time_ns()}")
    server.kill()
    assert not server.is_running
    server.restart()
    assert org.count("window") == 2


def test_closed_influxd_leaves_no_process(start_influx: StartInflux) -> None:
    server = start_influx()
    pid = server.pid
    server.close()
    server.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_option_is_in_force_and_a_wrong_one_fails_with_the_log(start_influx: StartInflux) -> None:
    server = start_influx("--metrics-disabled")
    assert "--metrics-disabled" in server.options
    assert server.http.ask("GET", "/metrics").status == HTTPStatus.FORBIDDEN
    with pytest.raises(ServerError, match="no-such-option"):
        start_influx("--no-such-option")


def test_influxd_is_set_up_once(start_influx: StartInflux) -> None:
    server = start_influx()
    with pytest.raises(ServerError, match="set_up"):
        server.new_org()
    assert server.set_up().name == ORG
    with pytest.raises(Refused, match="already been completed"):
        server.set_up()


def test_organisations_of_one_server_do_not_see_one_another(
    influx_server: InfluxServer, influx: InfluxOrg
) -> None:
    other = influx_server.new_org()
    other.make_buckets()
    influx.write(f"window,device=a depth_mm=1.5 {time.time_ns()}")
    assert (influx.count("window"), other.count("window")) == (1, 0)
    intruder = other.as_holder_of(influx.create_bucket_token(RAW_BUCKET))
    assert intruder.write("window depth_mm=1").status == HTTPStatus.FORBIDDEN
    influx_server.remove_org(other)
    assert influx.count("window") == 1


def test_count_is_of_points_whatever_fields_they_have(influx: InfluxOrg) -> None:
    now_ns = time.time_ns()
    influx.write(f"shot,device=a power_w=1 {now_ns}\nshot,device=a energy_mj=2 {now_ns + 1}")
    influx.write(f"shot,device=b power_w=1 {now_ns}")
    assert influx.count("shot") == 3
    assert influx.count("shot", where="\"device\" = 'a'") == 2
    assert influx.count("shot", policy="sessions") == 0


def test_query_that_influxdb_refuses_raises_its_words(influx: InfluxOrg) -> None:
    with pytest.raises(Refused, match="failed to parse query"):
        influx.query("SELECT")
    with pytest.raises(Refused, match="database not found"):
        influx.query('SELECT * FROM "window"', database="nowhere")
