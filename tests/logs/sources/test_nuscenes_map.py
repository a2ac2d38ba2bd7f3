import json

import numpy as np
import pytest
import shapely
from PIL import Image

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.logs.map_crop import path_area
from drivewm.logs.sources.nuscenes_mask import DrivableMask
from tests.logs import tiny_dataroot as tiny


def test_expansion_gives_lanes_with_their_graph(tmp_path):
    root = tiny.write(tmp_path / "dataroot", expansion=True)
    scene = Fleet.open(ingest("nuscenes", root, tmp_path / "fleet")).scene(tiny.SCENE)
    road = scene.map
    assert road.origin == "map_expansion"
    assert [(lane.id, lane.successors, lane.is_connector) for lane in road.lanes] == [
        ("in", ("via",), False),
        ("out", (), False),
        ("via", ("out",), True),
    ]
    ends = road.lane("out").centerline[[0, -1]]
    np.testing.assert_allclose(ends, [[70, 50], [150, 50]], atol=0.01)
    assert road.lane("in").polygon.area == pytest.approx(240.0)
    assert road.lane("in").speed_limit_mps is None
    assert (len(road.drivable), len(road.intersections), len(road.crossings)) == (1, 1, 1)
    np.testing.assert_allclose(scene.route[:, 1], 50.0, atol=1e-6)


def test_png_gives_the_road_as_polygons(tiny_fleet):
    road = tiny_fleet.scene(tiny.SCENE).map
    assert road.origin == "drivable_png"
    assert not road.has_lane_graph
    (strip,) = road.drivable
    # Rows 400-599 of 1000 are white: y from 40.1 to 60.0 by the devkit's rule, half a pixel more.
    np.testing.assert_allclose([strip.bounds[1], strip.bounds[3]], [40.05, 60.05], atol=0.011)


def test_polygons_agree_with_the_devkit_mask(tmp_path):
    from nuscenes.utils.map_mask import MapMask

    pixels = np.zeros((600, 800), np.uint8)
    pixels[100:500, 100:700] = 255
    pixels[200:300, 300:420] = 0  # a hole
    pixels[230:260, 340:360] = 255  # an island in it
    rows, columns = np.mgrid[:600, :800]
    pixels[(rows - 450) ** 2 + (columns - 200) ** 2 < 80**2] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    shapes = DrivableMask(tmp_path / "mask.png").polygons(shapely.box(5, 5, 75, 55))
    points = np.random.default_rng(0).uniform([5, 5], [75, 55], (20_000, 2))
    ours = shapely.contains_xy(shapely.union_all(list(shapes)), *points.T)
    theirs = MapMask(str(tmp_path / "mask.png")).is_on_mask(points[:, 0], points[:, 1])
    assert (ours == theirs).mean() > 0.998
    border = shapely.union_all([shape.boundary for shape in shapes])
    off = points[ours != theirs]
    assert shapely.distance(border, shapely.points(off)).max(initial=0) < 0.15


def test_real_png_agrees_with_the_devkit_mask(real_data, real_fleets):
    from nuscenes.utils.map_mask import MapMask

    png = real_data / "nuscenes-mini" / "maps" / "53992ee3023e5494b90c316c183be829.png"
    scene = real_fleets["nuscenes"].scene("scene-0061")
    area = path_area(scene.ego[:, :2], 60.0)
    x0, y0, x1, y1 = area.bounds
    points = np.random.default_rng(0).uniform([x0, y0], [x1, y1], (20_000, 2))
    points = points[shapely.contains_xy(area, *points.T)]
    ours = shapely.contains_xy(shapely.union_all(list(scene.map.drivable)), *points.T)
    theirs = MapMask(str(png)).is_on_mask(points[:, 0], points[:, 1])
    assert (ours == theirs).mean() > 0.995


def _move_road(root):
    """The expansion of a city whose road is elsewhere."""
    path = root / "maps" / "expansion" / f"{tiny.LOCATION}.json"
    content = json.loads(path.read_text())
    for node in content["node"]:
        node["y"] += 500.0
    path.write_text(json.dumps(content))


def test_map_of_another_city_is_refused(tmp_path):
    root = tiny.write(tmp_path / "dataroot", expansion=True)
    _move_road(root)
    with pytest.raises(InputError, match=r"boston-seaport\.json: \[location\].*another city"):
        ingest("nuscenes", root, tmp_path / "fleet")
    assert not (tmp_path / "fleet").exists()


def test_mask_of_another_city_is_refused(dataroot, tmp_path):
    Image.fromarray(np.zeros((1000, 1500), np.uint8)).save(dataroot / "maps" / "mask.png")
    with pytest.raises(InputError, match=r"mask\.png.*another city"):
        ingest("nuscenes", dataroot, tmp_path / "fleet")


def test_drive_off_the_canvas_is_refused(dataroot, tmp_path):
    Image.fromarray(np.full((10, 10), 255, np.uint8)).save(dataroot / "maps" / "mask.png")
    with pytest.raises(InputError, match="another city"):
        ingest("nuscenes", dataroot, tmp_path / "fleet")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:200], "not valid JSON"),
        (lambda text: text.replace('"connectivity"', '"konnectivity"'), r"\[connectivity\] layer"),
        (lambda text: text.replace('"n0"', '"gone"', 1), "refers to"),
        (lambda text: text.replace('"x": ', '"x": NaN, "was": ', 1), r"\[node\] a node is not fin"),
        (lambda text: text.replace('"x": ', '"was": ', 1), r"\[node\] a node, line or polygon"),
    ],
)
def test_broken_expansion_is_named(tmp_path, change, message):
    root = tiny.write(tmp_path / "dataroot", expansion=True)
    path = root / "maps" / "expansion" / f"{tiny.LOCATION}.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message) as caught:
        ingest("nuscenes", root, tmp_path / "fleet")
    assert caught.value.file == path


def test_map_picture_that_is_none_is_named(dataroot, tmp_path):
    (dataroot / "maps" / "mask.png").write_text("version https://git-lfs")
    with pytest.raises(InputError, match="not a readable map picture"):
        ingest("nuscenes", dataroot, tmp_path / "fleet")
