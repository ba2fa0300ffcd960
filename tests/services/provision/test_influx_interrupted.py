"""Provisioning that ends in the middle is put right by the next run, and leaves no stray token."""

import pytest

from dermatrace.errors import StorageFailed
from dermatrace.provision.influx_admin import InfluxServer
from dermatrace.provision.influxdb import plan_from, provision_influxdb
from dermatrace.provision.token_check import ask_server
from dermatrace.provision.token_file import TokenFolder
from support.influx_stand import FORWARD, GRAFANA, InfluxStand


class DiesBeforeMaking(InfluxServer):
    """Ends when the old authorizations are gone and the new one is not yet made."""

    def make_grant(
        self, org_id: str, description: str, actions: tuple[str, ...], bucket_ids: tuple[str, ...]
    ) -> str:
        """Die."""
        del org_id, description, actions, bucket_ids
        raise KeyboardInterrupt


class CannotWrite(TokenFolder):
    """Ends when the token is made and not yet on disk."""

    def write(self, name: str, token: str) -> None:
        """Fail, as a full disk would."""
        del token
        raise StorageFailed(self.path / name, "no room")


def _all_is_well(stand: InfluxStand) -> bool:
    stand.provision()
    return set(stand.provision().values()) == {"unchanged"} and len(stand.marked_grants()) == 2


@pytest.mark.parametrize("was_there", [False, True])
def test_killed_between_old_and_new_token_the_next_run_makes_it(
    stand: InfluxStand, *, was_there: bool
) -> None:
    if was_there:
        stand.provision()
        stand.revoke(FORWARD)
    stand.server_class = DiesBeforeMaking
    with pytest.raises(KeyboardInterrupt):
        stand.provision()
    stand.server_class = InfluxServer
    assert _all_is_well(stand)


def test_token_that_did_not_reach_the_disk_is_worthless_after_the_next_run(
    stand: InfluxStand,
) -> None:
    with InfluxServer(stand.org.url, stand.org.token, token_from="") as server:
        folder = CannotWrite(stand.tokens)
        steps = provision_influxdb(server, plan_from(stand.settings), folder, ask_server)
        with pytest.raises(StorageFailed):
            list(steps)
    assert len(stand.marked_grants()) == 1
    assert _all_is_well(stand)


def test_file_left_half_written_is_neither_read_nor_in_the_way(stand: InfluxStand) -> None:
    stand.provision()
    left = stand.tokens / f".{GRAFANA}.new"
    left.write_text("half", encoding="utf-8")
    (stand.tokens / GRAFANA).unlink()
    assert stand.provision()["token grafana"] == "made"
    assert not left.exists()
    assert _all_is_well(stand)
