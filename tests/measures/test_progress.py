import numpy as np
import pytest

from drivewm.measures.progress import along_route, making_progress, progress_ratio


@pytest.mark.parametrize(
    ("ego", "expert", "ratio"),
    [
        (135, 135, 1.0), (67.5, 135, 0.5), (200, 135, 1.0), (-2.1, 135, 0.0), (-1, 1, 1.0),
        (0, 0, 1.0), (0, 20, 0.1),
    ],
)  # fmt: skip
def test_ratio(ego, expert, ratio):
    assert progress_ratio(ego, expert) == pytest.approx(ratio)


def test_making_progress_from_a_fifth_on():
    assert making_progress(0.2) == 1.0
    assert making_progress(0.1999) == 0.0


def test_along_a_bend():
    route = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    np.testing.assert_allclose(along_route(route, np.array([[4.0, 1.0], [11.0, 5.0]])), [4, 15])


def test_a_route_of_one_point_has_no_progress():
    assert not along_route(np.zeros((1, 2)), np.zeros((3, 2))).any()
