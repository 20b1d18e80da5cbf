"""A measurement on a device in a few lines, and its limits as JUnit XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wakegen.report import words


def junit(document: Mapping[str, Any]) -> str:
    """Give the limits of a session as a JUnit XML document, one test case each."""
    from xml.etree import ElementTree

    suite = ElementTree.Element(
        "testsuite", name=f"wakegen bench {document['device']}", tests=str(len(document["limits"]))
    )
    suite.set("failures", str(sum(not row["ok"] for row in document["limits"])))
    for row in document["limits"]:
        case = ElementTree.SubElement(suite, "testcase", name=row["name"], classname=document["model"]["file"])
        if not row["ok"]:
            ElementTree.SubElement(case, "failure", message=row["text"])
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def text(document: Mapping[str, Any]) -> str:
    """Give a session in a few lines."""
    step, session = document["latency"]["step"], document["session"]
    lines = [
        f"“{document['phrase']}” on {document['device']}, {step['n']} steps of 80 ms:",
        f"  p50 {step['p50_ms']:.2f} ms, p90 {step['p90_ms']:.2f} ms, p99 {step['p99_ms']:.2f} ms, max {step['max_ms']:.2f} ms",
        f"  real-time factor {document['latency']['rtf']:.4f}, {session['late_steps']} steps late",
    ]
    if document["latency"]["estimated"]:
        lines.append(f"  Estimated {document['latency']['estimated']}.")
    if document["evaluation"]:
        recall = document["evaluation"]["recall"]
        lines.append(f"  recall {words.percent(recall['rate'])}, {words.count(recall)}")
        lines.append(f"  false accepts {document['evaluation']['false_accepts']['text']}")
    parity = session["parity"]
    how = "bit for bit" if parity["exact"] else f"within {parity['max_difference']:.1g}"
    lines.append(
        f"  {parity['clips']} {'clip' if parity['clips'] == 1 else 'clips'} compared with this machine: equal, {how}"
    )
    lines += [
        f"  {'met' if row['ok'] else 'NOT MET'}: {row['name']} {row['limit']:g}: {row['text']}"
        for row in document["limits"]
    ]
    if document["latency"]["disturbed"]:
        lines.append(f"  Disturbed: {'; '.join(document['latency']['reasons'])}")
    return "\n".join(lines)
