"""IDM and PDM-Closed driving on agents that a model's head has found."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.models.grid import pool_labels
from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.world_model import WorldModel
from drivewm.planners.perceived import Perceived, route_map
from drivewm.planners.registry import create
from drivewm.scene import NO_MAP, ZOE, Lights, OccClass, Scene
from drivewm.scene.rasterise import rasterise_snapshot
from drivewm.sim.observation import NO_TRACKS
from tests.models.hand import smoke_config
from tests.planners.test_imagine import ROUTE, observation

CAR = AGENT_CLASSES.index(OccClass.CAR)


def hand_scene() -> Scene:
    """What mode `sensor` leaves of a scene: the route, no tracks, no map."""
    return Scene(
        id="hand", source="nuscenes", location="hand", split="val", times_us=np.zeros(1, np.int64),
        ego=observation().ego, vehicle=ZOE, tracks=NO_TRACKS, map=NO_MAP, lights=Lights(),
        route=ROUTE, native_rate_hz=2.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A privileged model whose agent head was taught cars at 12 places in the ego's lane."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = smoke_config().model.model_copy(
        update={"encoder": "privileged", "heads": HeadsConfig(agents=True, agent_slots=4)}
    )
    model = WorldModel(config).eval()
    places = [None, *np.linspace(8.0, 34.0, 12)]
    embeds, boxes, classes = [], torch.zeros(13, 4, 8), torch.full((13, 4), -1)
    for i, x in enumerate(places):
        seen = observation() if x is None else observation(x)
        labels = pool_labels(rasterise_snapshot(seen, 0), config.grid)
        embeds.append(model.encode(torch.from_numpy(labels)[None]))
        if x is not None:
            boxes[i, 0] = torch.tensor([x, 0.0, 0.0, 4.5, 1.9, 1.6, 0.0, 0.0])
            classes[i, 0] = CAR
    with torch.no_grad():
        embed = torch.cat(embeds)
        latent, _ = model.observe(model.initial(13), torch.zeros(13, 6), embed)
        now = model.start(latent, embed)
    optimizer = torch.optim.AdamW(model.heads.agents.parameters(), 4e-3)
    for _ in range(60):
        maps = model.heads.agents(now.latent.features, now.probability, now.flow)
        loss = sum(model.heads.agents.loss(maps, boxes, classes))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("agents")
    checkpoint.save(folder, model, {"parameters": 1, "scenes": []}, "# card\n")
    return folder


def test_a_car_is_found_where_it_is(run):
    planner = Perceived(run=str(run))
    planner.reset([hand_scene()])
    turned = observation(20.0)
    agents = planner.perceive(turned)
    assert len(agents) == 1 and agents.occ_class[0] == OccClass.CAR
    np.testing.assert_allclose(agents.state[0, :2], [20.0, 0.0], atol=1.0)
    np.testing.assert_allclose(agents.size_m[0, :2], [4.5, 1.9], rtol=0.2)
    planner.reset([hand_scene()])
    assert len(planner.perceive(observation())) == 0


@pytest.mark.parametrize("inner", ["idm", "pdm_closed"])
def test_a_planner_brakes_for_a_car_that_was_only_perceived(run, inner):
    ends = []
    for cars in ((), (20.0,)):
        planner = create(f"perceived?planner={inner}&run={run}")
        planner.reset([hand_scene()])
        plan = planner.plan(observation(*cars))
        three_s = int(np.searchsorted(plan.times_s, 3.0))
        ends.append(float(plan.poses[0, three_s, 0]))
        assert np.isfinite(plan.poses).all() and plan.info[0]["perceived_agents"] == len(cars)
    assert ends[0] > 20.0
    assert ends[1] < 20.0 - 4.5 / 2 - ZOE.length_m / 2 - ZOE.rear_axle_to_center_m


def test_true_tracks_and_lights_do_not_reach_the_inner_planner(run):
    planner, shown = Perceived(run=str(run)), []
    planner.reset([hand_scene()])
    real = planner.inner.plan
    planner.inner.plan = lambda seen: (shown.append(seen), real(seen))[1]
    planner.plan(observation(20.0, 70.0))  # the second car lies beyond the model's grid
    assert shown[0].mode == "visible" and shown[0].tracks.state.shape == (1, 1, 6)
    assert shown[0].cameras is None


def test_options_of_the_inner_planner_are_passed_on(run):
    planner = create(f"perceived?planner=idm%3Fspeed_mps%3D3.0&run={run}")
    planner.reset([hand_scene()])
    free = replace(observation(speed=3.0), speed_limits_mps=np.array([np.nan]))
    assert float(planner.plan(free).poses[0, -1, 0]) < 3.2 * 4.0


def test_a_model_without_agents_and_a_planner_without_tracks_are_refused(run, tmp_path):
    checkpoint.save(
        tmp_path, WorldModel(smoke_config().model), {"parameters": 1, "scenes": []}, "# card\n"
    )
    with pytest.raises(InputError, match=r"model\.heads\.agents=true"):
        Perceived(run=str(tmp_path))
    with pytest.raises(InputError, match="no class"):
        Perceived(run=str(run), planner="drivewm.planners.idm:Absent")


def test_a_route_becomes_a_lane_graph_that_covers_it():
    road = route_map(ROUTE, 3.7)
    assert road.has_lane_graph and len(road.lanes) == 6
    assert all(a.successors == (b.id,) for a, b in zip(road.lanes, road.lanes[1:]))
    assert sum(p.area for p in road.drivable) == pytest.approx(220.0 * 3.7)
    assert not route_map(np.zeros((1, 2)), 3.7).lanes
