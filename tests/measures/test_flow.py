import numpy as np

from drivewm.measures.flow import end_point_error, flow_sums, moving_end_point_error


def test_the_error_is_the_length_of_the_difference_where_something_movable_is():
    true = np.zeros((2, 2, 2))
    true[0, 0, 0] = 3.0  # moves; the other movable stands
    predicted = np.zeros((2, 2, 2))
    predicted[1, 0, 0] = 4.0
    predicted[0, 1, 1] = 100.0  # nothing movable there
    cells = np.array([[True, True], [False, False]])
    sums = flow_sums(predicted, true, cells)
    assert end_point_error(sums) == 2.5 and moving_end_point_error(sums) == 5.0


def test_no_movable_is_no_score():
    field = np.zeros((2, 2, 2))
    sums = flow_sums(field, field, np.zeros((2, 2), bool))
    assert np.isnan(end_point_error(sums)) and np.isnan(moving_end_point_error(sums))
