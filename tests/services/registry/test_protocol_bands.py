"""Limits that are not set, zones without a depth, and bands that contradict one another."""

from pathlib import Path

import pytest

from dermatrace.registry.protocol_bands import (
    contradictions,
    strange_zones,
    unset_limits,
    zones_without_depth,
)
from support.protocol_texts import MEDICAL, RF, with_words, written

DEPTH = "    - upper: {quantity: depth, unit: mm, value: 1.5, source: a page, trust: S}\n"
WITH_FIRST = "with the band in line 11"
NO_UPPER = "has no upper limit of depth"


def _band(
    *, upper: str | None = None, lower: str | None = None, zones: str = "", phototypes: str = ""
) -> str:
    """Return the lines of one depth band."""
    members = {
        "zones": f"[{zones}]" if zones else "",
        "phototypes": f"[{phototypes}]" if phototypes else "",
        "lower": lower and f"{{quantity: depth, unit: mm, value: {lower}, source: x, trust: U}}",
        "upper": upper and f"{{quantity: depth, unit: mm, value: {upper}, source: x, trust: U}}",
    }
    lines = [f"{name}: {value}\n" for name, value in members.items() if value]
    return "    - " + "      ".join(lines)


def _with_bands(*bands: str) -> str:
    return with_words(MEDICAL, (DEPTH, "".join(bands)))


def test_each_unset_limit_is_told_with_its_name(tmp_path: Path) -> None:
    text = _with_bands(_band(lower="0.5", upper="null", zones="cheek, chin"))
    text = with_words(text, ("value: 0.9", "value: null"))
    found = [(".".join(map(str, path)), what) for path, what, _ in _unset(tmp_path, text)]
    assert found == [
        ("content.bands.0.upper.value", "upper depth at cheek, chin is not set"),
        ("content.data_coverage_min.value", "data_coverage_min is not set"),
    ]


def _unset(folder: Path, text: str) -> list[tuple[tuple[str | int, ...], str, str]]:
    return list(unset_limits(written(folder, text).content))


def test_persistence_that_is_not_given_is_told_of_pens_alone(tmp_path: Path) -> None:
    persistence = MEDICAL[MEDICAL.index("  depth_pers") : MEDICAL.index("  data_cov")]
    ((path, what, remedy),) = _unset(tmp_path, with_words(MEDICAL, (persistence, "")))
    assert (path, what) == (("content", "depth_persistence"), "is not given")
    assert "a default of its own" in remedy
    assert _unset(tmp_path, with_words(RF, (persistence, ""))) == []


def test_data_coverage_that_is_not_given_is_told(tmp_path: Path) -> None:
    coverage = RF[RF.index("  data_cov") : RF.index("  gates")]
    ((path, _, _),) = _unset(tmp_path, with_words(RF, (coverage, "")))
    assert path == ("content", "data_coverage_min")


def test_zone_that_is_not_published_is_told_once_and_one_that_is_not_listed(
    tmp_path: Path,
) -> None:
    text = _with_bands(_band(upper="1", zones="cheek, chinn, neck"))
    text = with_words(text, ("zones: [cheek, chin]\n", "zones: [cheek, chinn]\n"))
    found = list(strange_zones(written(tmp_path, text).content))
    assert [(path, what) for path, what, _ in found] == [
        (("content", "zones", 1), "zone chinn is not a published one"),
        (("content", "bands", 0, "zones", 2), "the protocol does not list zone neck"),
    ]


@pytest.mark.parametrize(
    ("bands", "what"),
    [
        ((_band(upper="1", zones="cheek"),), "zone chin has no depth band"),
        (
            (_band(upper="1"), _band(lower="0.5", zones="chin")),
            f"zone chin {NO_UPPER}, and a floor is no ceiling",
        ),
        (
            (_band(upper="1", zones="cheek"), _band(upper="1", phototypes="I, II, III, IV")),
            f"zone chin {NO_UPPER} for phototype V, VI, unknown",
        ),
        (
            (_band(upper="1", zones="cheek"), _band(upper="1", phototypes="I, II, III, IV, V, VI")),
            f"zone chin {NO_UPPER} for phototype unknown",
        ),
        ((_band(upper="null", zones="cheek"), _band(upper="1")), None),
    ],
)
def test_zone_whose_depth_nothing_limits_is_told(
    tmp_path: Path, bands: tuple[str, ...], what: str | None
) -> None:
    found = list(zones_without_depth(written(tmp_path, _with_bands(*bands)).content))
    assert [(path, said) for path, said, _ in found] == (
        [(("content", "zones", 1), what)] if what else []
    )


def test_protocol_of_every_zone_needs_a_depth_band_for_every_zone(tmp_path: Path) -> None:
    text = _with_bands(_band(upper="1", zones="cheek"))
    text = with_words(text, ("  zones: [cheek, chin]\n", ""))
    ((path, what, _),) = zones_without_depth(written(tmp_path, text).content)
    assert path == ("content", "bands")
    assert what == "a zone without a band of its own has no depth band"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (
            _band(lower="1", zones="cheek, chin"),
            _band(upper="0.5", zones="chin"),
            f"depth at chin, {WITH_FIRST}: at least 1 and at most 0.5 mm cannot both be",
        ),
        (
            _band(upper="0.5"),
            _band(lower="1"),
            f"depth at every zone, {WITH_FIRST}: at least 1 and at most 0.5 mm cannot both be",
        ),
        (
            _band(upper="1.5", zones="cheek"),
            _band(upper="1", zones="cheek", phototypes="V"),
            f"depth at cheek, {WITH_FIRST}: at most 1.5 there, 1 mm here",
        ),
        (
            _band(lower="0.5"),
            _band(lower="0.25", upper="1"),
            f"depth at every zone, {WITH_FIRST}: at least 0.5 there, 0.25 mm here",
        ),
    ],
)
def test_bands_that_say_different_things_of_one_place_are_told(
    tmp_path: Path, first: str, second: str, what: str
) -> None:
    protocol = written(tmp_path, _with_bands(first, second))
    ((path, said, remedy),) = contradictions(protocol.content, protocol.marked)
    assert (path, said) == (("content", "bands", 1), what)
    assert remedy


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_band(upper="1"), _band(lower="2", zones="cheek")),
        (_band(upper="1", zones="cheek"), _band(upper="2", zones="chin")),
        (_band(upper="1", phototypes="I"), _band(upper="2", phototypes="II")),
        (_band(upper="1"), _band(lower="0.5")),
        (_band(upper="1"), _band(upper="null")),
        (_band(upper="1"), _band(upper="1.0")),
    ],
)
def test_bands_that_agree_or_never_meet_are_no_contradiction(
    tmp_path: Path, first: str, second: str
) -> None:
    protocol = written(tmp_path, _with_bands(first, second))
    assert list(contradictions(protocol.content, protocol.marked)) == []
