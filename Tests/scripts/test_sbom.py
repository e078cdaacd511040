"""Tests of scripts/sbom, on the real list with one thing changed: `python3 -m unittest discover Tests/scripts`."""

import copy
import importlib.machinery
import importlib.util
import json
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load():
    loader = importlib.machinery.SourceFileLoader("sbom", str(ROOT / "scripts/sbom"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("sbom", loader))
    loader.exec_module(module)
    return module


SBOM = load()
PARTS = json.loads((ROOT / SBOM.LIST).read_text(encoding="utf-8"))


class Check(unittest.TestCase):
    def wrong(self, change) -> str:
        parts = copy.deepcopy(PARTS)
        change(parts)
        return "\n".join(SBOM.problems(parts))

    def test_the_list_is_what_lies_here(self):
        self.assertEqual(SBOM.problems(PARTS), [])

    def test_another_chart_library_is_told(self):
        self.assertIn("expected SHA-256 00", self.wrong(lambda parts: parts["charts"].update(sha256="00")))
        vega = next(part for part in PARTS["charts"]["npm"] if part["name"] == "vega")
        index = PARTS["charts"]["npm"].index(vega)
        self.assertIn(
            "expected vega 9.0", self.wrong(lambda parts: parts["charts"]["npm"][index].update(version="9.0"))
        )

    def test_a_part_of_the_chart_library_without_a_licence_is_told(self):
        new = {"name": "d3-sankey", "version": "1.0.0", "licence": "BSD-3-Clause"}
        self.assertIn("expected d3-sankey to be named", self.wrong(lambda parts: parts["charts"]["npm"].append(new)))

    def test_a_requirement_without_a_licence_is_told(self):
        self.assertIn("expected the licence of numpy", self.wrong(lambda parts: parts["python"].pop("numpy")))

    def test_a_missing_text_is_told(self):
        self.assertIn("gone.txt: no such file", self.wrong(lambda parts: parts["linked"][0].update(text="gone.txt")))


class Document(unittest.TestCase):
    def test_every_part_is_a_package_with_a_licence_and_belongs_to_the_program(self):
        made = SBOM.document(PARTS)
        charts = PARTS["charts"]
        listed = [*PARTS["swift"], *PARTS["linked"], *charts["npm"], *charts["inlined"], *PARTS["data"]]
        names = {package["name"] for package in made["packages"]}
        self.assertLessEqual({part["name"] for part in listed} | {"fasa-sim", "numpy"}, names)
        keys = [package["SPDXID"] for package in made["packages"]]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertTrue(all(package["licenseDeclared"] for package in made["packages"]))
        related = {
            end
            for relation in made["relationships"]
            for end in (relation["spdxElementId"], relation["relatedSpdxElement"])
        }
        self.assertEqual(related, {*keys, "SPDXRef-DOCUMENT"})

    def test_the_same_list_gives_the_same_bytes(self):
        self.assertEqual(json.dumps(SBOM.document(PARTS)), json.dumps(SBOM.document(PARTS)))

    def test_pins_are_those_of_the_list(self):
        pins = json.loads(SBOM.resolved(PARTS))["pins"]
        self.assertEqual(
            {(pin["location"], pin["state"]["version"], pin["state"]["revision"]) for pin in pins},
            {(part["url"], part["version"], part["revision"]) for part in PARTS["swift"]},
        )


if __name__ == "__main__":
    unittest.main()
