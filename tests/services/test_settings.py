"""Settings: where they come from, which wins, and what is refused."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.settings import load_settings


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_defaults_keep_to_this_machine() -> None:
    settings = load_settings()
    assert settings.broker_host == "127.0.0.1"
    assert settings.listen_host == "127.0.0.1"
    assert settings.health_host == "127.0.0.1"


def test_environment_wins_over_file_and_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "dermatrace.toml"
    file.write_text('broker_host = "from-file"\nbroker_port = 1\nhealth_port = 2\n')
    with environment(DERMATRACE_CONFIG=str(file), DERMATRACE_BROKER_PORT="3"):
        settings = load_settings(health_port=4)
    assert (settings.broker_host, settings.broker_port, settings.health_port) == (
        "from-file",
        3,
        4,
    )


def test_unknown_name_in_the_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "dermatrace.toml"
    file.write_text("broker_prot = 1883\n")
    with environment(DERMATRACE_CONFIG=str(file)), pytest.raises(UsageError, match="broker_prot"):
        load_settings()


def test_unknown_name_in_the_environment_is_refused_by_name() -> None:
    with environment(DERMATRACE_BROKER_PROT="1"), pytest.raises(UsageError, match="BROKER_PROT"):
        load_settings()


def test_names_meant_for_others_are_left_alone() -> None:
    with environment(DERMATRACE_TEST_SOMETHING="1", DERMATRACE_INFLUXD="/usr/bin/influxd"):
        load_settings()


def test_wrong_value_is_refused_with_its_name_and_reason() -> None:
    with pytest.raises(UsageError, match=r"health_port: .*65535"):
        load_settings(health_port=70_000)


def test_named_file_that_is_not_there_is_refused() -> None:
    with environment(DERMATRACE_CONFIG="/nowhere"), pytest.raises(UsageError, match="not a file"):
        load_settings()


def test_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("open sesame\nanything else\n")
    settings = load_settings(broker_username="ingest", broker_password_file=file)
    assert settings.broker_address().password == "open sesame"  # noqa: S105  not one of ours


@pytest.mark.parametrize("content", [None, ""])
def test_password_file_that_tells_nothing_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError):
        load_settings(broker_password_file=file).broker_address()


def test_settings_survive_the_way_to_another_process(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, broker_port=1884, log_format="json")
    with environment(**settings.as_environment()):
        assert load_settings() == settings


def test_passwords_by_sender_are_the_first_lines_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "pen-7").write_text("open sesame\nanything else\n")
    (tmp_path / "accounts.toml").write_text("# no password\n")
    address = load_settings(broker_passwords=tmp_path).broker_address()
    assert address.passwords == {"pen-7": "open sesame"}


def test_folder_of_passwords_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder of passwords"):
        load_settings(broker_passwords=tmp_path / "nowhere").broker_address()


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:8427"),
        ("0.0.0.0", "http://127.0.0.1:8427"),  # noqa: S104  where it listens, not where it is asked
        ("::", "http://127.0.0.1:8427"),
        ("::1", "http://[::1]:8427"),
        ("recorder", "http://recorder:8427"),
    ],
)
def test_health_page_is_found_where_it_is_served(host: str, page: str) -> None:
    assert load_settings(health_host=host).ingest_page == page
    assert load_settings(health_host=host, forward_health_port=8427).forward_page == page


def test_health_pages_elsewhere_are_found_where_the_settings_say() -> None:
    settings = load_settings(ingest_url="http://one:1", forward_url="http://two:2")
    assert (settings.ingest_page, settings.forward_page) == ("http://one:1", "http://two:2")


def test_there_is_something_to_forward_to_once_a_token_is_named_or_made(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    assert not settings.forwards
    settings.forward_token_file.parent.mkdir()
    settings.forward_token_file.write_text("secret\n")
    assert settings.forwards
    assert load_settings(data=tmp_path / "new", influxdb_token_file=tmp_path / "later").forwards
