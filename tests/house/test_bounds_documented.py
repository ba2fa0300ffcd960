"""Every named limit stands in the documents with its value and what happens there."""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator

import pytest

from support.tree import ROOT, Module, modules_under

FOLDERS = ("ingest", "journal", "sender")
SINGLE_MODULES = ("device_clock.py", "health.py", "mqtt.py", "sqlite.py")
PACKAGE = ROOT / "services" / "dermatrace"
LIMITS = ROOT / "schemas" / "dermatrace_schemas" / "limits.py"

_CEILING = re.compile(r"_MAX(_|$)")
# One unit in another, as MS_PER_S, is no limit.
_LIMITS_SOMETHING = re.compile(r"^(?!(NS|MS)_PER_).*(_(MAX|MIN)(_|$)|_(MS|S|BYTES|PAGES)$)")
_ROW = re.compile(
    r"^\| `([a-z_/]+\.py)` \| `([A-Z0-9_]+)` \| ([^|]+) \| [^|]{15,} \|$", re.MULTILINE
)
_GUIDE_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]+) \| [^|]{10,} \|$", re.MULTILINE)


def _numbers_in(module: Module) -> Iterator[tuple[str, float]]:
    """Yield the public constants of a module that are numbers."""
    imported = importlib.import_module(module.name)
    for node in ast.parse(module.source).body:
        if isinstance(node, ast.AnnAssign) and "Final" in ast.unparse(node.annotation):
            name = ast.unparse(node.target)
            value = getattr(imported, name)
            if not name.startswith("_") and isinstance(value, int | float):
                yield name, value


def _bounds(folders: Iterable[str], limits: re.Pattern[str]) -> dict[tuple[str, str], float]:
    """Return the limits in some folders by (module, name)."""
    places = {m: m.path.relative_to(PACKAGE) for m in modules_under(PACKAGE.parent)}
    return {
        (place.as_posix(), name): value
        for module, place in places.items()
        if place.parts[0] in folders
        for name, value in _numbers_in(module)
        if limits.search(name)
    }


def _readable(name: str, value: float) -> str:
    """Return a value as the documents write it: `5 s`, `64 MiB`, `4,000`."""
    scales = {
        "_BYTES": ((1024**2, "MiB"), (1024, "KiB"), (1, "bytes")),
        "_MS": ((3_600_000, "h"), (1_000, "s"), (1, "ms")),
        "_S": ((1, "s"), (0.1, "s")),
    }
    for suffix, units in scales.items():
        if name.endswith(suffix):
            size, unit = next(pair for pair in units if value % pair[0] == 0 or pair[0] < 1)
            return f"{value:g} {unit}" if size < 1 else f"{int(value // size):,} {unit}"
    return f"{value:,}"


def _text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


BOUNDS = _bounds((*FOLDERS, *SINGLE_MODULES), _LIMITS_SOMETHING)
JUDGING_BOUNDS = _bounds(["judge"], _CEILING)
FORWARDING_BOUNDS = _bounds(["forward"], _LIMITS_SOMETHING)
CONTRACT = dict(_numbers_in(Module(LIMITS, "dermatrace_schemas.limits")))
FORWARDING = {(place, name): value for place, name, value in _ROW.findall(_text("forwarding.md"))}
JUDGING = {(place, name): value for place, name, value in _ROW.findall(_text("judging.md"))}
DELIVERY = {(place, name): value for place, name, value in _ROW.findall(_text("delivery.md"))}
GUIDE = dict(_GUIDE_ROW.findall(_text("device-guide.md")))


@pytest.mark.parametrize(("place", "name"), BOUNDS)
def test_bound_of_a_process_is_documented_with_its_value(place: str, name: str) -> None:
    expected = _readable(name, BOUNDS[place, name])
    assert DELIVERY.get((place, name)) == expected, (
        f"docs/delivery.md, section Bounds: | `{place}` | `{name}` | {expected} | what happens |"
    )


@pytest.mark.parametrize(("place", "name"), JUDGING_BOUNDS)
def test_bound_of_the_judge_is_documented_with_its_value(place: str, name: str) -> None:
    expected = _readable(name, JUDGING_BOUNDS[place, name])
    assert JUDGING.get((place, name)) == expected, (
        f"docs/judging.md, section Bounds: | `{place}` | `{name}` | {expected} | what happens |"
    )


@pytest.mark.parametrize(("place", "name"), FORWARDING_BOUNDS)
def test_bound_of_forwarding_is_documented_with_its_value(place: str, name: str) -> None:
    expected = _readable(name, FORWARDING_BOUNDS[place, name])
    assert FORWARDING.get((place, name)) == expected, (
        f"docs/forwarding.md, section Bounds: | `{place}` | `{name}` | {expected} | what happens |"
    )


@pytest.mark.parametrize("name", CONTRACT)
def test_bound_of_the_contract_is_in_the_guide_with_its_value(name: str) -> None:
    expected = _readable(name, CONTRACT[name])
    assert GUIDE.get(name) == expected, (
        f"docs/device-guide.md, section Numbers: | `{name}` | {expected} | what happens |"
    )


def test_no_bound_is_documented_that_does_not_exist() -> None:
    assert set(DELIVERY) - set(BOUNDS) == set()
    assert set(JUDGING) - set(_bounds(["judge"], _LIMITS_SOMETHING)) == set()
    assert set(FORWARDING) - set(FORWARDING_BOUNDS) == set()
    assert set(GUIDE) - set(CONTRACT) == set()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("WAITING_MAX_BYTES", 64 * 1024**2, "64 MiB"),
        ("HOLDER_MAX_BYTES", 100, "100 bytes"),
        ("CLOSED_AFTER_MS", 86_400_000, "24 h"),
        ("CHECKPOINT_WAIT_MS", 100, "100 ms"),
        ("RECONNECT_MAX_S", 5.0, "5 s"),
        ("TICK_S", 0.5, "0.5 s"),
        ("MESSAGES_WAITING_MAX", 4_000, "4,000"),
    ],
)
def test_value_is_written_with_its_unit(name: str, value: float, text: str) -> None:
    assert _readable(name, value) == text
