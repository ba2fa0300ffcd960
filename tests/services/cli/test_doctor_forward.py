"""What doctor says of forwarding: nothing missing, or what and what to do."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dermatrace import sqlite
from dermatrace.cli.doctor_forward import LAG_ENTRIES_MAX, REBUILD, START, look_at_forward
from dermatrace.errors import PointsRefused
from dermatrace.forward.influx import Influx
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.store import Store
from dermatrace.health import HealthServer, Numbers, State
from dermatrace.journal.reader import JournalReader
from dermatrace.reading.looked_at import Finding
from dermatrace.settings import Settings, load_settings
from support.forward_bench import ForwardBench, address_of, influx_of
from support.influx_org import RAW_BUCKET, InfluxOrg
from support.judged_clinic import fill
from support.ports import find_free_port
from support.program import command
from support.scribe import SESSION, Scribe, alive


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """Return a data folder with a journal of which nothing has been forwarded yet."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return tmp_path


def settings_of(folder: Path, org: InfluxOrg | None = None, port: int = 0) -> Settings:
    given: dict[str, object] = {"data": folder, "forward_health_port": port or find_free_port()}
    if org is not None:
        given |= {"influxdb_url": org.url, "influxdb_org": org.name}
        given |= {"influxdb_token_file": folder / "token"}
    else:
        given |= {"influxdb_url": f"http://127.0.0.1:{find_free_port()}"}
    return load_settings(**given)


def look(settings: Settings, **bound: int) -> dict[str, Finding]:
    return {finding.what: finding for finding in look_at_forward(settings, **bound)}


def forward_all(org: InfluxOrg, folder: Path, *, up_to: int | None = None) -> None:
    with influx_of(org, folder) as points:
        ForwardBench(folder, points).catch_up(up_to=up_to)


@contextmanager
def process(state: State) -> Iterator[int]:
    """Let a forward process say how it is; return its port."""
    with closing(HealthServer("127.0.0.1", 0, Numbers("x_", lambda: ()), state)) as server:
        yield server.port


def test_where_nothing_is_forwarded_there_is_nothing_to_say(folder: Path) -> None:
    assert look(settings_of(folder)) == {}


def test_token_without_any_forwarding_is_told(folder: Path) -> None:
    settings = settings_of(folder)
    settings.forward_token_file.parent.mkdir()
    settings.forward_token_file.write_text("secret\n")
    assert look(settings) == {
        "forwarding": Finding(
            "forwarding", ok=False, found="nothing has been forwarded", remedy=START
        )
    }


@pytest.mark.influx
def test_all_is_well_once_everything_is_forwarded_and_the_process_runs(
    folder: Path, influx: InfluxOrg
) -> None:
    forward_all(influx, folder)
    with process(State(connected=True, ready=True)) as port:
        found = look(settings_of(folder, influx, port))
    assert all(finding.ok for finding in found.values())
    assert [*found] == ["forwarding", "forwarded", "account of points", "account to the head"]
    assert found["account of points"].found == found["account to the head"].found
    assert " points = " in found["account of points"].found


@pytest.mark.influx
def test_what_lies_beyond_the_cursor_is_pending_in_the_account_to_the_head(
    folder: Path, influx: InfluxOrg
) -> None:
    settings = settings_of(folder, influx)
    forward_all(influx, folder, up_to=100)
    part = look(settings)
    bounded = look(settings, entries_max=10)
    forward_all(influx, folder)
    whole = look(settings)

    def journalled(finding: Finding) -> int:
        return int(finding.found.removeprefix("at least ").split()[0].replace(",", ""))

    assert "up to entry 100 of" in part["forwarded"].found
    assert journalled(part["account to the head"]) == journalled(whole["account of points"])
    assert journalled(part["account of points"]) < journalled(whole["account of points"])
    assert part["account to the head"].ok
    assert bounded["account to the head"].found.startswith("at least ")


@pytest.mark.influx
def test_forwarding_far_behind_is_told(folder: Path, influx: InfluxOrg) -> None:
    forward_all(influx, folder, up_to=1)
    with Scribe(folder / "journal.db") as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(LAG_ENTRIES_MAX + 1)))
    finding = look(settings_of(folder, influx))["forwarded"]
    assert not finding.ok
    assert "catches up by itself" in finding.remedy


@pytest.mark.influx
@pytest.mark.parametrize(
    ("state", "ok", "words"),
    [
        (None, False, ("nobody answers", START)),
        (State(ready=True), True, ("asks for InfluxDB", "")),
        (
            State(ready=True, problems=["InfluxDB is away\nStart it."]),
            False,
            ("InfluxDB is away", "Start it."),
        ),
    ],
    ids=["not running", "not connected yet", "in trouble"],
)
def test_process_is_told_as_it_tells_itself(
    folder: Path, influx: InfluxOrg, state: State | None, words: Sequence[str], *, ok: bool
) -> None:
    forward_all(influx, folder)
    if state is None:
        finding = look(settings_of(folder, influx))["forwarding"]
    else:
        with process(state) as port:
            finding = look(settings_of(folder, influx, port))["forwarding"]
    assert finding.ok is ok
    assert words[0] in finding.found
    assert words[1] == finding.remedy


@pytest.mark.influx
def test_point_that_nobody_accounts_for_is_told(folder: Path, influx: InfluxOrg) -> None:
    forward_all(influx, folder)
    with closing(sqlite.open_writer(folder / "forward.db")) as connection:
        connection.execute(
            "UPDATE account SET point_count = point_count - 1 WHERE name = 'forwarded'"
        )
    found = look(settings_of(folder, influx))
    for what in ("account of points", "account to the head"):
        assert not found[what].ok
        assert " points is not " in found[what].found
        assert REBUILD in found[what].remedy


class Refusing(Influx):
    """Refuses every shot, as a type conflict would."""

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Refuse a body that has one."""
        if b"shot," in body:
            raise PointsRefused(422, "field type conflict: input field energy")
        super().write(bucket, body)


@pytest.mark.influx
def test_refused_points_are_told_with_the_first_words_of_the_server(
    folder: Path, influx: InfluxOrg
) -> None:
    with Refusing(address_of(influx, folder)) as points:
        account = ForwardBench(folder, points).catch_up()
    finding = look(settings_of(folder, influx))["refused points"]
    assert account.quarantined_count > 1
    assert finding.found.startswith(f"{account.quarantined_count:,}; the first, of entry ")
    assert "field type conflict: input field energy" in finding.found
    assert "forward rebuild" in finding.remedy


@pytest.mark.influx
def test_journal_that_is_another_one_is_told_and_nothing_is_counted(
    folder: Path, influx: InfluxOrg
) -> None:
    forward_all(influx, folder)
    for path in folder.glob("journal.db*"):
        path.unlink()
    with Scribe(folder / "journal.db") as scribe:
        scribe.accept(SESSION, 0, alive(0))
    found = look(settings_of(folder, influx))
    assert [*found][:2] == ["forwarding", "forwarded"]
    assert "account of points" not in found
    assert "is not the journal" in found["forwarded"].found
    assert found["forwarded"].remedy == REBUILD


@pytest.mark.influx
def test_bucket_that_was_made_again_is_told(folder: Path, influx: InfluxOrg) -> None:
    forward_all(influx, folder)
    with Store(folder / "forward.db") as store, influx_of(influx, folder) as points:
        ids = {bucket: points.facts(bucket).bucket_id for bucket in ("raw", "sessions")}
        store.note_buckets(ids)
    settings = settings_of(folder, influx)
    assert not [what for what in look(settings) if what.startswith("filled bucket")]
    influx.delete_bucket(RAW_BUCKET)
    influx.create_bucket(RAW_BUCKET)
    finding = look(settings)["filled bucket raw"]
    assert "what it held until then is missing" in finding.found
    assert finding.remedy == REBUILD


@pytest.mark.influx
def test_influxdb_that_is_away_hides_nothing_of_the_rest(folder: Path, influx: InfluxOrg) -> None:
    forward_all(influx, folder)
    found = look(settings_of(folder))
    assert found["forwarded"].ok
    assert found["account of points"].ok


def test_file_that_is_none_of_ours_is_told_with_its_remedy(folder: Path) -> None:
    (folder / "forward.db").write_bytes(b"no database at all, but long enough to look like one")
    finding = look(settings_of(folder))["forward.db"]
    assert not finding.ok
    assert finding.remedy


@pytest.mark.influx
def test_doctor_itself_says_all_of_this(
    folder: Path, influx: InfluxOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward_all(influx, folder)
    monkeypatch.setenv("DERMATRACE_FORWARD_HEALTH_PORT", str(find_free_port()))
    told = command("doctor", "--data", folder, "--json").json()
    with JournalReader(folder / "journal.db") as reader:
        head = reader.head().entry_id
    assert {one["what"]: one["found"] for one in told}["forwarded"] == (
        f"InfluxDB has all up to entry {head:,} of {head:,}"
    )
