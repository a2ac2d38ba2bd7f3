"""The journal: whatever is cut or damaged costs itself and nothing else."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivewm.eval.journal import MAGIC, Journal, pack
from drivewm.eval.schema import SERIES, Cell


def part(n, steps=20, note=""):
    key = {"planner": "p", "scene_id": f"s{n}", "seed": n % 3}
    series = {name: np.full(steps, n + 0.5) for name in SERIES}
    series["ttc_s"][0] = np.inf
    return {
        "scores": key | {"score": 0.5, "reason": note}, "series": key | series,
        "safety": key, "worst": [key | {"metric": "ttc"}], "timings": key | {"wall_s": 1.0},
    }  # fmt: skip


def cell(n):
    return Cell("p", f"s{n}", n % 3)


def reopened(path):
    journal = Journal(path)
    try:
        return journal.damaged, [n for n in range(12) if cell(n) in journal]
    finally:
        journal.close()


@pytest.fixture
def path(tmp_path):
    journal = Journal(tmp_path / "j.bin")
    for n in range(5):
        journal.add(part(n))
    journal.close()
    return journal.path


def test_what_was_added_comes_back(path):
    journal = Journal(path)
    back = journal.read(cell(3))
    assert back["scores"]["score"] == 0.5 and back["worst"][0]["metric"] == "ttc"
    assert np.isinf(back["series"]["ttc_s"][0]) and back["series"]["x"].tolist() == [3.5] * 20
    with pytest.raises(KeyError):
        journal.read(cell(9))
    journal.close()


def test_a_drive_added_again_counts_once_the_last_time(path):
    journal = Journal(path)
    journal.add(part(2, note="again"))
    assert len(journal) == 5 and journal.read(cell(2))["scores"]["reason"] == "again"
    journal.close()


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.0, 0.999))
def test_a_cut_end_costs_the_last_drives_only(tmp_path_factory, share):
    raw = b"".join(pack(part(n)) for n in range(5))
    size = len(raw) // 5 + 1
    path = tmp_path_factory.mktemp("cut") / "j.bin"
    path.write_bytes(raw[: int(len(raw) * share)])
    damaged, kept = reopened(path)
    assert kept == list(range(len(kept))) and damaged <= 1
    assert len(kept) >= int(len(raw) * share) // size - 1


@settings(max_examples=40, deadline=None)
@example(place=0.0013, junk=b"\x01")  # in the first head: the length before compression
@given(place=st.floats(0.0, 0.999), junk=st.binary(min_size=1, max_size=40))
def test_damage_anywhere_costs_the_drives_it_hits_and_later_adds_work(
    tmp_path_factory, place, junk
):
    raw = bytearray(b"".join(pack(part(n)) for n in range(5)))
    at = int(len(raw) * place)
    before = bytes(raw[at : at + len(junk)])
    raw[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("damage") / "j.bin"
    path.write_bytes(raw)
    _, kept = reopened(path)
    assert len(kept) >= (5 if before == junk[: len(before)] else 3)
    journal = Journal(path)
    journal.add(part(7))
    journal.close()
    assert reopened(path)[1] == [*kept, 7]


def test_a_record_that_holds_the_magic_is_not_cut_by_it(tmp_path):
    journal = Journal(tmp_path / "j.bin")
    journal.add(part(0, note=MAGIC.decode("latin-1")))
    journal.add(part(1))
    journal.close()
    assert reopened(journal.path) == (0, [0, 1])
