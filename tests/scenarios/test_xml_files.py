"""XML from outside: every element knows its line; what is hostile or broken is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivewm.errors import InputError
from drivewm.scenarios import xml_files
from drivewm.scenarios.xml_files import read_xml, unread

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<r>&b;</r>"""
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<r>&x;</r>'
PARAMETER_ENTITY = '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://example.org/x">%x;]><r/>'


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "file.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_elements_know_their_line(tmp_path) -> None:
    root = read_xml(written(tmp_path, '<r>\n  <a x="1"/>\n\n  <b>\n    text\n  </b>\n</r>'), "r")
    a, b = root.one("a"), root.one("b")
    assert (root.line, a.line, b.line) == (1, 2, 4)
    assert a.number("x") == 1.0 and b.text == "text"
    assert a.where.endswith("file.xml:2")


def test_a_byte_order_mark_and_utf16_are_read(tmp_path) -> None:
    assert read_xml(written(tmp_path, b"\xef\xbb\xbf<r/>")).tag == "r"
    assert read_xml(written(tmp_path, '<?xml version="1.0"?><r/>'.encode("utf-16"))).tag == "r"


@pytest.mark.parametrize("text", [BOMB, EXTERNAL, PARAMETER_ENTITY, "<!DOCTYPE r><r/>"])
def test_document_types_are_refused(tmp_path, text: str) -> None:
    with pytest.raises(InputError, match="document type or an entity, which is refused"):
        read_xml(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no element found"),
        ("<r>\n<a></b></r>", r"file\.xml:2: is not well-formed XML: mismatched tag, column 6"),
        ('<r a="1" a="2"/>', "duplicate attribute"),
        ("<r>&unknown;</r>", "undefined entity"),
        (b"\xff\xfe\x00", "not well-formed"),
        ('<?xml version="1.0" encoding="no-such"?><r/>', "file.xml"),
        ("<other/>", "<other> is the root element"),
    ],
)
def test_broken_files_are_named(tmp_path, text, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_xml(written(tmp_path, text), "r")


def test_missing_files_and_folders_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_xml(tmp_path / "none.xml")
    with pytest.raises(InputError, match="is no file"):
        read_xml(tmp_path)


def test_size_depth_and_number_are_bounded(tmp_path, monkeypatch) -> None:
    deep = written(tmp_path, "<r>" * 101 + "</r>" * 101)
    with pytest.raises(InputError, match="nested more than 100 deep"):
        read_xml(deep)
    monkeypatch.setattr(xml_files, "MAX_ELEMENTS", 10)
    with pytest.raises(InputError, match="one of more than 10 elements"):
        read_xml(written(tmp_path, "<r>" + "<a/>" * 10 + "</r>"))
    monkeypatch.setattr(xml_files, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="larger than"):
        read_xml(written(tmp_path, "<r>" + " " * 20 + "</r>"))


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1_0", "", "0x10", "ten", "1,5"])
def test_what_is_no_finite_number_is_named_with_its_line(tmp_path, text: str) -> None:
    root = read_xml(written(tmp_path, f'<r>\n<a x="{text}"/></r>'))
    with pytest.raises(InputError, match=r"file\.xml:2: \[x\] <a> has x=.*no finite number"):
        root.one("a").number("x")


def test_attributes_default_only_when_asked(tmp_path) -> None:
    root = read_xml(written(tmp_path, '<r lenght="4" n="2.5"/>'))
    assert root.number("x", 7.0) == 7.0 and root.get("y") is None
    with pytest.raises(InputError, match="lacks the attribute 'length'; it has 'lenght'"):
        root.number("length")
    with pytest.raises(InputError, match="no integer"):
        root.whole("n")
    with pytest.raises(InputError, match="lacks the element <b>"):
        root.one("b")


def test_what_nobody_asked_for_is_listed(tmp_path) -> None:
    root = read_xml(
        written(tmp_path, '<r v="1">\n<a x="1" y="2"/>\n<b><c/></b>\n<d><e/></d>\n</r>')
    )
    root.one("a").need("x")
    root.one("d").skip()
    found = [(item.line, item.path, item.attribute) for item in unread(root)]
    assert found == [(1, "r", "v"), (2, "r/a", "y"), (3, "r/b", None)]
    assert [node.tag for node in root.all()] == ["a", "b", "d"]
    assert {item.path for item in unread(root)} == {"r", "r/a", "r/b/c"}


def test_a_skipped_element_was_not_handed_out_before(tmp_path) -> None:
    root = read_xml(written(tmp_path, "<r><a/><a/></r>"))
    root.first("a")
    assert [item.path for item in unread(root)] == ["r/a"]
