"""JUnit XML as Ant's reporter writes it: one case per scenario, and one per test over many.

Follows the schema that most readers share (Ant's, as published by windyroad/JUnit-Schema, and
Jenkins' junit-10.xsd): properties of a suite, at most one result in a case.
"""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from drivewm.eval.gate.cases import Case, cases, told
from drivewm.eval.gate.findings import RULES, Comparison, Test
from drivewm.eval.gate.text import flaky_text, waiver_lines

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # by XML 1.0
PACKAGE = "drivewm.gate"


def as_junit(comparison: Comparison, *, now: datetime | None = None) -> str:
    """The XML text.

    Args:
        comparison: judged; one that was refused is a single case in error.
        now: of the report.
    """
    root = ET.Element("testsuites")
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    if comparison.refusals:
        suite = _suite(root, 0, "scenarios", stamp, comparison)
        case = _add_case(suite, "comparison", "gate")
        _result(case, "error", "not comparable", "\n".join(comparison.refusals))
        _close(suite, "")
    else:
        suite = _suite(root, 0, "scenarios", stamp, comparison)
        for found in cases(comparison):
            _scenario(suite, found)
        lines = [*map(flaky_text, comparison.flaky), *waiver_lines(comparison), *comparison.notes]
        _expired(suite, comparison)
        _close(suite, "\n".join(lines))
        suite = _suite(root, 1, "over many scenarios", stamp, comparison)
        for test in comparison.tests:
            _test(suite, test)
        _close(suite, "")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(root: ET.Element, number: int, name: str, stamp: str, comparison: Comparison):
    suite = ET.SubElement(root, "testsuite", {
        "name": name, "package": PACKAGE, "id": str(number), "timestamp": stamp,
        "hostname": _clean(socket.gethostname()) or "localhost", "time": "0",
    })  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    old, new = comparison.baseline, comparison.candidate
    for key, value in {
        "verdict": comparison.verdict, "policy": comparison.policy.name,
        "planner": new.planner, "baseline": str(old.folder), "candidate": str(new.folder),
        "baseline.fingerprint": old.manifest.get("fingerprint"),
        "candidate.fingerprint": new.manifest.get("fingerprint"),
        "drivewm": new.manifest.get("drivewm_version"),
    }.items():  # fmt: skip
        ET.SubElement(properties, "property", {"name": key, "value": _clean(str(value or ""))})
    return suite


def _add_case(suite: ET.Element, name: str, classname: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", {
        "name": _clean(name), "classname": _clean(classname), "time": "0",
    })  # fmt: skip


def _result(case: ET.Element, tag: str, message: str, text: str, kind: str = "gate") -> None:
    found = ET.SubElement(case, tag, {"message": _clean(message), "type": kind})
    found.text = _clean(text)


def _scenario(suite: ET.Element, found: Case) -> None:
    classname = ".".join(filter(None, [PACKAGE, found.group, found.family]))
    case = _add_case(suite, found.scenario, classname)
    lines = [f"{RULES[f.rule]}: {told(f)}" for f in found.findings]
    if found.file:
        lines.append(f"{found.file}:{found.line or 1}")
    if found.replay:
        lines.append(f"replay: {found.replay}")
    text = "\n".join([*found.errors, *lines])
    if found.state == "fail":
        first = found.findings[0]
        _result(case, "failure", f"{RULES[first.rule]}: {first.text}", text, first.rule)
    elif found.state == "error":
        _result(case, "error", "could not judge", text)
    elif found.state in ("new", "dropped"):
        ET.SubElement(case, "skipped")


def _expired(suite: ET.Element, comparison: Comparison) -> None:
    for state in comparison.waivers:
        if state.state == "expired":
            case = _add_case(suite, f"waiver of {state.waiver.scenario}", f"{PACKAGE}.waivers")
            _result(case, "failure", "expired waiver", f"{state.text} ({state.waiver.where})",
                    "expired_waiver")  # fmt: skip


def _test(suite: ET.Element, test: Test) -> None:
    case = _add_case(suite, f"{test.name}: {test.title}", f"{PACKAGE}.{test.kind}")
    if test.verdict == "fail":
        _result(case, "failure", f"{test.name} is worse", test.text, test.name)


def _close(suite: ET.Element, output: str) -> None:
    """Counts, and what was said."""
    for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"),
                      ("errors", "testcase/error"), ("skipped", "testcase/skipped")):  # fmt: skip
        suite.set(name, str(len(suite.findall(tag))))
    ET.SubElement(suite, "system-out").text = _clean(output)
    ET.SubElement(suite, "system-err").text = ""


def _clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return FORBIDDEN.sub("�", text)
