"""The tree follows the arrows of docs/architecture.md, and a wrong one would be seen."""

import pathlib
import tempfile
import unittest

import layering

TOP = pathlib.Path(__file__).resolve().parents[2]

CLEAN = {
    "base/clock.h": "#include <chrono>\n",
    "base/file.h": "#include <string>\n",
    "base/version.h.in": "",
    "admission/job.h": '#include <string>\n#include "base/clock.h"\n',
    "admission/job.cc": '#include "admission/job.h"\n',
    "admission/json/job_json.cc": '#include <nlohmann/json.hpp>\n#include "admission/job.h"\n',
    "collectors/reader.h": '#include <fcntl.h>\n#include "admission/job.h"\n',
    "executor/attempt.h": '#include "base/clock.h"\n',
    "executor/libcgroup.cc": "#include <libcgroup.h>\n",
    "executor/pool.h": "",
    "executor/shim/main.cc": '#include "executor/attempt.h"\n',
    "daemon/main.cc": '#include "collectors/reader.h"\n#include "base/version.h"\n',
    "cli/main.cc": '#include "admission/json/job_json.cc"\n',
    "tests/support/fake.h": '#include "daemon/main.cc"\n',
}


def problems_with(changes):
    """What is reported of the clean tree with these files in it, as lines of text."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch)
        for name, text in {**CLEAN, **changes}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        return list(map(str, layering.check(tree)))


class Tree(unittest.TestCase):
    def test_follows_the_arrows(self):
        self.assertEqual(list(map(str, layering.check(TOP))), [])

    def test_is_read(self):
        files = list(layering.product_files(TOP))
        self.assertGreater(len(files), 150)
        self.assertEqual({layering.layer_of(file) for file in files}, set(layering.LAYERS))

    def test_has_what_the_rules_speak_of(self):
        told = layering.SHIM_MAY_INCLUDE | layering.CORE_MAY_NOT_INCLUDE
        for file in told | set().union(*layering.WRAPPED.values()):
            self.assertTrue((TOP / file).is_file(), file)
        for header, owners in layering.WRAPPED.items():
            for owner in owners:
                self.assertIn(header, [include.target for include in layering.includes(TOP, owner)])


class Arrows(unittest.TestCase):
    def test_have_no_circle(self):
        # Whoever may be included has arrows to fewer layers, down to none.
        left = dict(layering.LAYERS)
        while left:
            free = [layer for layer, may in left.items() if not may & set(left)]
            self.assertTrue(free, f"a circle among {sorted(left)}")
            for layer in free:
                del left[layer]

    def test_are_those_of_the_libraries(self):
        """No folder may include what its libraries do not link."""
        for layer in ("base", "admission", "collectors", "executor"):
            text = (TOP / layer / "CMakeLists.txt").read_text()
            for arrow in layering.LAYERS[layer]:
                self.assertIn(f"headroom::{arrow}", text)


class Planted(unittest.TestCase):
    def assert_reported(self, changes, *expected):
        self.assertEqual(problems_with(changes), list(expected))

    def test_clean_tree_is_clean(self):
        self.assert_reported({})

    def test_wrong_arrow(self):
        self.assert_reported(
            {"collectors/reader.h": '#include <fcntl.h>\n\n#include "executor/pool.h"\n'},
            "collectors/reader.h:3: collectors may not include executor/pool.h, only admission, "
            "base; move what it needs there, or hand the value in",
        )

    def test_arrow_out_of_the_lowest_layer(self):
        self.assert_reported(
            {"base/file.h": '#include "daemon/main.cc"\n'},
            "base/file.h:1: base may not include daemon/main.cc, only itself; move what it needs "
            "there, or hand the value in",
        )

    def test_core_that_includes_its_json(self):
        self.assert_reported(
            {"admission/json/x.h": "", "admission/job.h": '\n#include "admission/json/x.h"\n'},
            "admission/job.h:2: admission may not include admission/json/x.h, only base; move what "
            "it needs there, or hand the value in",
        )

    def test_include_of_a_test(self):
        self.assert_reported(
            {"cli/main.cc": '#include "tests/support/fake.h"\n'},
            "cli/main.cc:1: tests/support/fake.h is in no layer; move what is needed into one",
        )

    def test_include_that_is_not_from_the_top(self):
        self.assert_reported(
            {"admission/job.cc": '#include "job.h"\n'},
            'admission/job.cc:1: "job.h" is not there; name it from the top of the tree',
        )

    def test_shim_that_includes_the_executor(self):
        [problem] = problems_with({"executor/shim/main.cc": '#include "executor/pool.h"\n'})
        self.assertTrue(problem.startswith("executor/shim/main.cc:1: the shim may not include "))

    def test_circle(self):
        self.assert_reported(
            {
                "base/clock.h": '#include "base/fd.h"\n',
                "base/fd.h": '#include "base/file.h"\n',
                "base/file.h": '#include <string>\n#include "base/clock.h"\n',
            },
            "base/file.h:2: headers in a circle: base/clock.h -> base/fd.h -> base/file.h -> "
            "base/clock.h; move what both need into a third",
        )

    def test_input_output_in_the_core(self):
        for header in ("<fstream>", "<chrono>", "<thread>", "<unistd.h>", "<fmt/format.h>"):
            with self.subTest(header):
                self.assert_reported(
                    {"admission/job.cc": f"#  include {header}  // why\n"},
                    f"admission/job.cc:1: the core may not include {header}; read outside and hand "
                    "the value in, or add a header without I/O, clock or thread to "
                    "CORE_MAY_INCLUDE",
                )

    def test_files_read_through_base_in_the_core(self):
        self.assert_reported(
            {"admission/job.cc": '#include "base/file.h"\n'},
            "admission/job.cc:1: the core may not include base/file.h; read it outside of the core",
        )

    def test_clock_in_the_core(self):
        self.assert_reported(
            {"admission/job.cc": "// not now()\nauto t = clock.Now();\nSystemClock c;\n"},
            "admission/job.cc:2: the core asks for the time (Now(); take the instant as an "
            "argument",
            "admission/job.cc:3: the core asks for the time (SystemClock); take the instant as an "
            "argument",
        )

    def test_second_includer_of_libcgroup(self):
        self.assert_reported(
            {"executor/pool.h": "\n#include <libcgroup.h>\n"},
            "executor/pool.h:2: only executor/libcgroup.cc includes <libcgroup.h>; call what it "
            "offers",
        )


if __name__ == "__main__":
    unittest.main()
