import numpy as np

from drivewm.eval.forecast.prior import MapPrior, learn_prior, training_scenes
from drivewm.eval.forecast.truth import label_grids, road_columns
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


def test_it_takes_what_is_usual_on_the_road_and_beside_it():
    probability = np.full((3, 18, 2, 1, 1), 0.01, np.float32)
    probability[0, OccClass.TERRAIN] = 0.8
    probability[1, OccClass.DRIVEABLE_SURFACE] = 0.8
    probability[2, OccClass.FREE] = 0.8
    prior = MapPrior(probability=probability, scenes=1, frames=1, mapped=True)
    made = prior.forecast(np.array([[[True], [False]]]), 1)
    assert made.classes[0, :, 0, 0].tolist() == [OccClass.DRIVEABLE_SURFACE, OccClass.TERRAIN]
    assert (prior.forecast(None, 3).classes == OccClass.FREE).all()  # no map: what is anywhere


def test_judged_scenes_are_never_learned_from(small_fleet):
    ids = [s.id for s in small_fleet.scenes]
    assert training_scenes(small_fleet, ids, ids[:1]) == ids[1:]
    trained = [s.id for s in small_fleet.scenes if "train" in s.split]
    assert training_scenes(small_fleet, ["elsewhere"], []) == trained
    assert training_scenes(small_fleet, ids, ids) == []


def test_what_was_counted_comes_back_as_frequency(small_fleet):
    scene_id = small_fleet.scenes[0].id
    prior = learn_prior(small_fleet, [scene_id], GRID)
    assert prior.mapped and prior.scenes == 1
    np.testing.assert_allclose(prior.probability.sum(1), 1.0, atol=1e-5)
    grids = label_grids(small_fleet, scene_id, GRID, every=2)
    assert prior.frames == len(grids)
    free = np.mean([labels == OccClass.FREE for _, labels in grids], 0)
    known = prior.probability[2, OccClass.FREE]
    assert np.abs(known - free).max() < 1.5 / len(grids)  # but for the one smoothing frame
    made = prior.forecast(None, 1).classes[0]
    assert (made[free > 0.9] == OccClass.FREE).all()


def test_the_road_is_where_the_labels_have_road(small_fleet):
    scene = small_fleet.scene(small_fleet.scenes[0].id)
    step, labels = label_grids(small_fleet, scene.id, GRID)[0]
    road = road_columns(scene, step, np.zeros((1, 3)), GRID)
    assert road is not None
    painted = (labels == OccClass.DRIVEABLE_SURFACE).any(-1)
    assert (road[0] & painted).sum() > 0.8 * painted.sum()
