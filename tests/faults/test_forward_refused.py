"""An InfluxDB that answers, and says no: to our token, to our bucket, to some of our points."""

import time
from pathlib import Path
from typing import Final

import pytest

from dermatrace.forward.step import STEP_LINES_MAX
from support.faults_forward_stand import MakeForwardStand, MakeRecordedStand, RecordedStand
from support.faults_table import FaultTable
from support.influx_org import RAW_BUCKET

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.slow]

MOMENT_MAX_S: Final = 0.6
SOMEBODY_ELSE_NS: Final = (0, 6 * 3_600 * 10**9, 24 * 3_600 * 10**9)
"""Before now: when somebody else's points lie, among ours of finished and of live sessions."""


def _revoke_token(stand: RecordedStand) -> None:
    """Delete the authorization of forwarding at the server, behind everybody's back."""
    http, org_id = stand.org.http, stand.org.id
    for grant in http.get("/api/v2/authorizations", orgID=org_id)["authorizations"]:
        if ": forward (" in grant.get("description", ""):
            http.remove(f"/api/v2/authorizations/{grant['id']}")


def _write_as_somebody_else(stand: RecordedStand) -> None:
    """Put text where our points have a number, in every stretch of time that ours lie in."""
    now_ns = time.time_ns()
    lines = [
        f'event,author=somebody occurrence_count="once" {now_ns - before}'
        for before in SOMEBODY_ELSE_NS
    ]
    answer = stand.org.write("\n".join(lines))
    assert answer.status == 204, answer


def test_revoked_token_is_waited_for_until_provisioning_replaces_it(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(1, kills // 10)
    for _ in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        _revoke_token(stand)
        stand.forward.wait_problem(
            "refuses our token (401)",
            "Run `dermatrace provision influxdb`; forwarding goes on by itself.",
        )
        stand.wait_others_go_on()
        told = stand.forward.told_by_doctor("InfluxDB token")
        assert "Run `dermatrace provision influxdb`: it replaces a token that is refused." in told
        assert "replaced" in stand.provision()
        stand.forward.wait_healthy()
    found = stand.conclude()
    fault_table.held("token revoked", strikes, found)
    assert found.is_clean, found
    assert not found.quarantined_count, found


def test_taking_a_refused_token_for_refused_points_loses_them(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    stand.provision()
    stand.gate.strike("answer on its way", lambda: _revoke_token(stand))
    found = stand.forward_all("drops-on-refused-token")
    fault_table.broken("token revoked", "a refused token is waited for", found)
    assert found.lost, found


def test_deleted_bucket_is_said_and_filled_again_by_one_command(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(1, kills // 10)
    for _ in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        stand.forward.wait_forwarded(stand.forward.head_entry_id())
        stand.org.delete_bucket(RAW_BUCKET)
        stand.forward.wait_problem(f"does not find bucket {RAW_BUCKET}", "provision influxdb")
        stand.wait_others_go_on()
        assert "provision influxdb" in stand.forward.told_by_doctor(f"bucket {RAW_BUCKET}")
        stand.provision()
        stand.forward.wait_problem("deleted and made again", "`dermatrace forward rebuild`")
        assert "forward rebuild" in stand.forward.told_by_doctor("filled bucket raw")
        stand.forward.stop()
        stand.rebuild()
        stand.forward.start()
        stand.forward.wait_healthy()
    found = stand.conclude()
    fault_table.held("bucket deleted", strikes, found)
    assert found.is_clean, found


def test_deleted_bucket_that_nobody_fills_again_lacks_points(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    stand.forward_all()
    stand.org.delete_bucket(RAW_BUCKET)
    stand.provision()
    found = stand.forward_all()
    fault_table.broken("bucket deleted", "`forward rebuild`, which /healthz asks for", found)
    assert found.lost, found


def test_points_in_conflict_are_kept_aside_until_a_rebuild_brings_them(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable
) -> None:
    stand = make_forward_stand()
    _write_as_somebody_else(stand)
    stand.begin()
    stand.wait_others_go_on()
    before = stand.conclude()
    assert before.is_clean, before
    assert before.quarantined_count, "no point of ours was in conflict"
    told = stand.forward.do("forward", "quarantine", "--json")
    assert "already exists as type string" in told
    assert "points refused" in stand.forward.words
    assert "`dermatrace forward quarantine`" in stand.forward.told_by_doctor("refused points")
    stand.rebuild()  # it deletes what lies under our names, so the cause is gone, too
    found = stand.look()
    fault_table.held("type conflict", 1, found)
    assert found.is_clean, found
    assert not found.quarantined_count, found
    assert "InfluxDB has refused nothing." in stand.forward.do("forward", "quarantine")


def test_conflict_in_a_full_step_keeps_exactly_the_refused_points_aside(
    make_recorded_stand: MakeRecordedStand, longer_journal: Path
) -> None:
    stand = make_recorded_stand(journal=longer_journal)
    _write_as_somebody_else(stand)
    found = stand.forward_all()
    assert found.is_clean, found
    assert found.quarantined_count, "no point of ours was in conflict"


def test_going_on_over_a_conflict_loses_points(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    _write_as_somebody_else(stand)
    found = stand.forward_all("skips-refused")
    fault_table.broken("type conflict", "refused points are kept with the server's words", found)
    assert found.lost, found


def test_one_unreadable_point_in_thousands_is_found_and_the_others_stand(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable
) -> None:
    stand = make_forward_stand()
    stand.begin("poisonous")
    stand.wait_others_go_on()
    found = stand.conclude()
    fault_table.held("poison", 1, found)
    assert found.is_clean, found
    assert found.quarantined_count == 1, found
    assert "unable to parse" in stand.forward.do("forward", "quarantine", "--json")
    stand.rebuild()  # by the product, which does not spoil them
    mended = stand.look()
    assert mended.is_clean, mended
    assert not mended.quarantined_count, mended


def test_one_unreadable_point_in_a_full_step_is_found_and_the_others_stand(
    make_recorded_stand: MakeRecordedStand, longer_journal: Path
) -> None:
    found = make_recorded_stand(journal=longer_journal).forward_all("poisonous")
    assert found.is_clean, found
    assert found.quarantined_count == 1, found
    assert found.point_count > STEP_LINES_MAX


def test_going_on_over_a_step_with_one_unreadable_point_loses_all_of_it(
    make_recorded_stand: MakeRecordedStand, longer_journal: Path, fault_table: FaultTable
) -> None:
    found = make_recorded_stand(journal=longer_journal).forward_all("poisonous-skips-refused")
    fault_table.broken("poison", "the refused point is looked for", found)
    assert found.lost, found
