"""What differs between two protocols, in words."""

from pathlib import Path

import pytest

from dermatrace.registry.protocol_diff import changes_between
from support.protocol_texts import MEDICAL, with_words, written

DEPTH = "    - upper: {quantity: depth, unit: mm, value: 1.5, source: a page, trust: S}\n"
OWN_BANDS = DEPTH.replace("- upper", "- zones: [cheek, chin]\n      upper")


def _said(folder: Path, before: str, after: str) -> list[str]:
    old, new = (written(folder, text).content for text in (before, after))
    return [str(change) for change in changes_between(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Our own", "title: Ours", "title: changed, Our own → Ours"),
        ("example: false", "example: true", "example: changed, false → true"),
        ("medical_needling", "rf_needling", "treatment: changed, medical_needling → rf_needling"),
        ("[clinic]", "[clinic, home]", "settings: added, home"),
        ("  zones", "  indications: [scars]\n  zones", "indications: changed, every ind"),
        ("[cheek, chin]", "[cheek, nose, lip]", "zones: removed, chin"),
        ("  zones: [cheek, chin]\n", "", "zones: changed, cheek, chin → every zone"),
        (", test_spot", "", "gates: removed, test_spot"),
        ("  zones", "  device: {modality: pen}\n  zones", "device: added, modality pen"),
        ("  zones", "  aftercare: Rest\n  zones", "aftercare: added, Rest"),
        ("[bleeding, pinpoint_bleeding]", "[bleeding]", "endpoints forbidden: removed, pinpoint_"),
        ("pregnancy", "epilepsy", "contraindication pregnancy: removed, relative if yes"),
        ("strength: absolute", "strength: relative", "contraindication active_implant: changed, a"),
        ("1.5", "2", "upper depth at every zone: raised, 1.5 mm → 2 mm"),
        ("1.5", "1.25", "upper depth at every zone: lowered, 1.5 mm → 1.25 mm"),
        ("1.5", "null", "upper depth at every zone: withdrawn, 1.5 mm → to be entered"),
        (DEPTH, "", "upper depth at every zone: removed, 1.5 mm"),
        ("value: 100", "value: 120", "depth persistence: raised, 100 → 120"),
        ("value: 0.9", "value: null", "data coverage min: withdrawn, 0.9 → to be entered"),
        ("    - upper: {quantity: depth", "    - lower: {quantity: depth", "upper depth at every"),
    ],
)
def test_change_is_said_and_the_way_back_as_well(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    after = with_words(MEDICAL, (old, new))
    changes = _said(tmp_path, MEDICAL, after)
    assert changes[0].startswith(said)
    assert len(_said(tmp_path, after, MEDICAL)) == len(changes)
    assert _said(tmp_path, after, after) == []


def test_value_that_was_awaited_is_entered(tmp_path: Path) -> None:
    before = with_words(MEDICAL, ("1.5", "null"))
    assert _said(tmp_path, before, MEDICAL) == [
        "upper depth at every zone: entered, to be entered → 1.5 mm"
    ]


def test_source_and_trust_are_told_beside_the_value(tmp_path: Path) -> None:
    after = with_words(MEDICAL, ("value: 1.5, source: a page, trust: S", "VALUE")).replace(
        "VALUE", "value: 1, source: a study, trust: V"
    )
    assert _said(tmp_path, MEDICAL, after) == [
        "upper depth at every zone: lowered, 1.5 mm → 1 mm",
        "source of upper depth at every zone: changed, a page → a study",
        "trust of upper depth at every zone: changed, S → V",
    ]


def test_zones_that_change_alike_are_told_together(tmp_path: Path) -> None:
    before = with_words(MEDICAL, (DEPTH, OWN_BANDS))
    assert _said(tmp_path, before, with_words(before, ("1.5", "2"))) == [
        "upper depth at cheek, chin: raised, 1.5 mm → 2 mm"
    ]
    apart = with_words(MEDICAL, (DEPTH, "".join(_own(zone) for zone in ("chin", "cheek"))))
    assert _said(tmp_path, before, apart) == []


def _own(zone: str) -> str:
    return DEPTH.replace("- upper", f"- zones: [{zone}]\n      upper")


def test_phototypes_are_told_and_are_another_place(tmp_path: Path) -> None:
    dark = DEPTH.replace("- upper", "- phototypes: [VI, V]\n      upper")
    after = with_words(MEDICAL, (DEPTH, DEPTH + dark))
    assert _said(tmp_path, MEDICAL, after) == [
        "upper depth at every zone for phototype V, VI: added, 1.5 mm"
    ]


def test_second_limit_for_the_same_is_not_lost(tmp_path: Path) -> None:
    after = with_words(MEDICAL, (DEPTH, DEPTH + DEPTH.replace("1.5", "1")))
    assert _said(tmp_path, MEDICAL, after) == ["upper depth at every zone: added, 1 mm"]


def test_order_of_lists_and_bands_is_no_change(tmp_path: Path) -> None:
    passes = MEDICAL[MEDICAL.index(DEPTH) + len(DEPTH) : MEDICAL.index("  depth_pers")]
    after = with_words(
        MEDICAL, (DEPTH + passes, passes + DEPTH), ("[cheek, chin]", "[chin, cheek]")
    )
    assert _said(tmp_path, MEDICAL, after) == []
    digests = {written(tmp_path, text).digest for text in (MEDICAL, after)}
    assert len(digests) == 2
