"""The table that ends a run."""

from drivewm.eval.table import planner_table
from tests.eval.report.folders import score_row


def test_every_aggregate_has_its_interval_and_absent_terms_no_column():
    rows = [score_row("p", f"s{n}", score=0.1 * n, comfort=n % 2) for n in range(10)]
    text = planner_table(rows, ["ttc", "speed_limit"])
    header, line, *_ = text.splitlines()
    assert "speed" not in header and "comfort" in header
    assert line.count("[") == 7 == line.count("]")  # the score and six sub-scores
    assert "mean [95 % bootstrap interval over 10 scenes]" in text
    assert "10 drives" in text and "not applicable: speed_limit" in text


def test_failures_and_deadlines_are_told():
    rows = [score_row("p", f"s{n}", status="failed", reason="late", score=0.0) for n in range(7)]
    rows.append(score_row("p", "s7", not_reproducible=True, fault_unknown=2))
    text = planner_table(rows)
    assert "failed: p on s0: late" in text and "... and 2 more" in text
    assert "not reproducible" in text and "2 lateral contacts of unknown fault" in text


def test_seeds_are_counted_within_their_scenes():
    rows = [score_row("p", f"s{n}", seed=seed) for n in range(3) for seed in range(4)]
    assert "over 3 scenes, 4 seeds within each" in planner_table(rows)
