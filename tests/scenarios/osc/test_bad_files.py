"""What is wrong with a file is named, with its line; nothing is skipped in silence."""
# ruff: noqa: E501 (XML stays on its line)

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import read_document
from drivewm.scenarios.osc.load import load
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    HEADER,
    STANDING,
    after,
    by_entity,
    by_value,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    write,
    xosc,
)


def refused(tmp_path, text, told, where=r"scenario.xosc:\d+"):
    with pytest.raises(InputError) as error:
        load(write(tmp_path, text))
    assert told in str(error.value), str(error.value)
    assert __import__("re").search(where, str(error.value)), str(error.value)


def test_bombs_and_external_entities_are_refused(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY b "1"><!ENTITY c "&b;&b;">]>'
    refused(tmp_path, xosc(STANDING).replace('<?xml version="1.0"?>', bomb), "refused")
    outside = '<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    refused(tmp_path, xosc(STANDING).replace('<?xml version="1.0"?>', outside), "refused")


def test_malformed_xml_has_its_line(tmp_path):
    refused(tmp_path, "<OpenSCENARIO>\n<FileHeader>\n</OpenSCENARIO>", "not well-formed", ":3")


def test_other_files_are_told_apart(tmp_path):
    refused(tmp_path, "<OpenDRIVE/>", "<OpenSCENARIO> is needed")
    refused(tmp_path, f"<OpenSCENARIO>{HEADER}<Catalog name='c'/></OpenSCENARIO>", "is a catalog")
    refused(tmp_path, xosc(STANDING, header=HEADER.replace('revMajor="1"', 'revMajor="2"')), "2.3")


def test_missing_road_file_is_named(tmp_path):
    refused(tmp_path, xosc(STANDING, road="gone.xodr"), "gone.xodr, which is not there")


def test_missing_catalog_is_named(tmp_path):
    catalogs = '<VehicleCatalog><Directory path="cats"/></VehicleCatalog>'
    entity = '<ScenarioObject name="Ego"><CatalogReference catalogName="c" entryName="e"/></ScenarioObject>'
    refused(tmp_path, xosc(STANDING, entities=entity, catalogs=catalogs), "missing catalog folder")


def test_unknown_catalog_entry_names_the_nearest(tmp_path):
    folder = tmp_path / "cats"
    folder.mkdir()
    car = EGO.split(">", 1)[1].rsplit("</ScenarioObject>", 1)[0]
    (folder / "c.xosc").write_text(
        f'<OpenSCENARIO>{HEADER}<Catalog name="cars">{car}</Catalog></OpenSCENARIO>'
    )
    catalogs = '<VehicleCatalog><Directory path="cats"/></VehicleCatalog>'
    entity = '<ScenarioObject name="Ego"><CatalogReference catalogName="cars" entryName="{}"/></ScenarioObject>'
    text = xosc(STANDING, entities=entity.format("caar"), catalogs=catalogs)
    refused(tmp_path, text, "did you mean 'car'")
    text = xosc(STANDING, entities=entity.format("car"), catalogs=catalogs)
    assert read_document(write(tmp_path, text)).entities.all["Ego"].size_m == (5.0, 2.0, 1.5)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (story("Eggo", event("go", speed())), "did you mean 'Ego'"),
        (story("Ego", event("go", speed("x"))), 'value="x"'),
        (story("Ego", event("go", speed(shape="wobbly"))), "known: linear"),
        (story("Ego", event("go", "<PrivateAction><FlyAction/></PrivateAction>")), "not supported"),
        (story("Ego", event("go", "<GlobalAction><TrafficAction/></GlobalAction>")), "makes traffic"),
        (story("Ego", event("go", speed(), trigger(by_value("<MoodCondition/>")))), "not supported"),
        (story("Ego", event("go", speed(), trigger(by_entity('<SpeedCondition value="1" rule="about"/>')))), "known: greaterThan"),
        (story("Ego", event("go", speed(), trigger(by_value('<VariableCondition variableRef="v" rule="equalTo" value="1"/>')))), "names 'v'"),
        (story("Ego", event("go", speed(), trigger(by_value(
            '<StoryboardElementStateCondition storyboardElementType="event" storyboardElementRef="gone" state="completeState"/>')))), "did you mean 'go'"),
        (story("Ego", event("go", speed(), trigger(after(1), delay="-1"))), "negative delay"),
        (story("Ego", event("go", speed())).replace("<Act ", "<Scene/><Act "), "<Scene> is not supported"),
        (story("Ego", event("go", speed()), stop='<StopTrigger><ConditionGroup/></StopTrigger>'), "without conditions"),
    ],
)  # fmt: skip
def test_bad_stories_are_named_with_their_line(tmp_path, body, told):
    refused(tmp_path, xosc(STANDING, body), told)


def test_an_entity_that_is_nowhere_is_named(tmp_path):
    refused(tmp_path, xosc(STANDING, entities=EGO + CAR), "does not say where 'Car' is")
    refused(tmp_path, xosc(), "does not say where 'Ego' starts")


def test_entities_need_a_size_and_a_known_kind(tmp_path):
    refused(tmp_path, xosc(STANDING, entities=EGO.replace('length="5"', 'length="0"')), "0 m long")
    refused(
        tmp_path,
        xosc(STANDING, entities=EGO.replace('"car"><B', '"ufo"><B')),
        'vehicleCategory="ufo"',
    )
    refused(tmp_path, xosc(STANDING, entities=EGO + EGO), "a second time")


def test_pedals_of_others_are_refused_not_ignored(tmp_path):
    action = (
        "<PrivateAction><ControllerAction><OverrideControllerValueAction>"
        '<Brake active="{}" value="1"/></OverrideControllerValueAction></ControllerAction></PrivateAction>'
    )
    refused(
        tmp_path,
        xosc(STANDING, story("Ego", event("go", action.format("true")))),
        "moved, not driven",
    )
    found = load(write(tmp_path, xosc(STANDING, story("Ego", event("go", action.format("false"))))))
    assert any("never on" in note.text for note in found.notes)


def test_unknown_attributes_are_notes(tmp_path):
    text = xosc(STANDING, story("Ego", event("go", speed()))).replace(
        'name="act"', 'name="act" mood="good"'
    )
    assert any("'mood' of <Act>" in note.text for note in load(write(tmp_path, text)).notes)


def test_a_plane_without_roads_is_enough_for_world_positions(tmp_path):
    init = private("Ego", teleport('<WorldPosition x="5" y="6" h="0.5"/>'))
    found = load(write(tmp_path, xosc(init, road="")))
    assert found.scene.ego[0, :3].tolist() == [5.0, 6.0, 0.5]
    assert any("no road network" in note.text for note in found.notes)
    refused(tmp_path, xosc(private("Ego", teleport(lane())), road=""), "needs a road network")
