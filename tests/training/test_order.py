import numpy as np

from drivewm.training.order import Pooled, Shuffled


def test_every_row_comes_once_an_epoch_and_a_step_is_always_the_same():
    order = Shuffled(12, 4, seed=5)
    epoch = np.concatenate([order.rows(step) for step in range(3)])
    assert sorted(epoch) == list(range(12))
    np.testing.assert_array_equal(order.rows(7), Shuffled(12, 4, seed=5).rows(7))
    assert not np.array_equal(epoch, np.concatenate([order.rows(s) for s in range(3, 6)]))


def test_a_pooled_epoch_has_every_row_once_and_few_scenes_at_a_time():
    scenes = np.repeat(np.arange(6), 4)  # 6 scenes of 4 rows
    order = Pooled(scenes, 4, seed=1, streams=2, pool=2)
    first = [order.rows(step) for step in (0, 2, 4)]  # the first epoch of stream 0
    second = [order.rows(step) for step in (1, 3, 5)]
    assert sorted(np.concatenate(first + second)) == list(range(24))
    assert not set(scenes[np.concatenate(first)]) & set(scenes[np.concatenate(second)])
    for rows in (np.concatenate(first[:2]), np.concatenate(second[:2])):
        assert len(set(scenes[rows])) == 2
    np.testing.assert_array_equal(
        order.rows(41), Pooled(scenes, 4, seed=1, streams=2, pool=2).rows(41)
    )
    other = np.concatenate([order.rows(step) for step in (6, 8, 10)])
    assert sorted(other) == sorted(np.concatenate(first))
    assert not np.array_equal(other, np.concatenate(first))
