"""Tests a report in a browser: python3 Tests/report/browser.py FASA_SIM RUNS_DB PICTURES

The database is of scripts/test-report. It gets modelled times, errors after the output projection and live runs that are
made up, which a test may do and nothing else.
"""

import base64
import json
import math
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

TITLE = "</script><script>window.broken = 1</script> <!-- \"quotes\" & 'ünïcode' 🙂 {{data}}"
CHARTS = {
    "quality": 10,
    "time": 8,
    "head-recall": 270,
    "head-error": 270,
    "agreement-heads": 270,
    "agreement-chunks": 960,
    "bytes": 30,
    "roofline": 20,
    "crossover": 12,
    "live": 4,
}
HARDWARE = [("Card A", 2e12, 9e3), ("Card B", 5e11, 4e3), ("Board C", 1e11, 2e3)]


def add_made_up_times(database: sqlite3.Connection) -> None:
    """Bytes over bandwidth, and a launch per stage, so that crossovers lie at different contexts."""
    shares = database.execute(
        "SELECT configuration, per_head_bytes_share, group_union_bytes_share FROM summary WHERE trace_digest = "
        "(SELECT digest FROM traces ORDER BY id LIMIT 1) AND policy <> 'dense'"
    ).fetchall()
    for configuration, per_head, union in shares:
        for number, (hardware, bandwidth, launch) in enumerate(HARDWARE):
            for geometry in ("SmolLM2-135M-Instruct", "Llama-3.1-8B"):
                for context in (896, 4096, 16384, 65536):
                    for reading, share in (("per-head", per_head), ("group-union", union)):
                        size = context * 1e5
                        stages = [("dense", 1.0, 1), ("score", share * 0.6, 2), ("attend", share * 0.4, 3)]
                        for stage, part, launches in stages:
                            database.execute(
                                "INSERT INTO modelled VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 0.1, 0.25, 0.02, ?)",
                                (
                                    configuration,
                                    hardware,
                                    f"{number}" * 64,
                                    geometry,
                                    context,
                                    reading,
                                    stage,
                                    1e9 * part * size / bandwidth + launches * launch,
                                    part * size,
                                    int((geometry, context) != ("SmolLM2-135M-Instruct", 896)),
                                ),
                            )
    database.commit()


def add_made_up_projected_errors(database: sqlite3.Connection) -> None:
    """A tenth above the weighted errors, of the first trace alone, since no bundled trace holds a projection."""
    rows = database.execute(
        "SELECT configuration, step, position, sum(output_error * output_norm) / sum(output_norm), sum(output_norm) FROM steps"
        " JOIN configurations AS c ON c.id = configuration WHERE c.scope = (SELECT min(id) FROM scopes)"
        " GROUP BY configuration, step"
    ).fetchall()
    database.executemany("INSERT INTO layer_steps SELECT ?1, 0, ?2, ?3, ?4 * 1.1, ?5", rows)
    database.execute(
        "UPDATE step_sums SET projected_output_error_count = 1, projected_output_difference_sum = output_difference_sum * 1.1,"
        " projected_output_norm_sum = output_norm_sum WHERE configuration IN (SELECT configuration FROM layer_steps)"
    )
    database.execute(
        "INSERT INTO layer_summaries SELECT configuration, 0, count(*), count(*), sum(projected_output_norm),"
        " sum(projected_output_error * projected_output_norm) / sum(projected_output_norm) FROM layer_steps GROUP BY configuration"
    )
    database.execute(
        "UPDATE configuration_totals SET projected_output_error = (SELECT projected_output_error FROM layer_summaries AS l"
        " WHERE l.configuration = configuration_totals.configuration)"
    )
    database.commit()


def add_made_up_live_rows(database: sqlite3.Connection) -> None:
    """A text with policies that are replayed too and one that is not, and a run of keys."""
    for run, (task, title, tokens, steps) in enumerate(
        (("text", TITLE, "a" * 64, 128), ("passkey", None, None, None)), 1
    ):
        database.execute(
            "INSERT INTO live_runs (id, identity, task, stored_at, library, engine, model_name, model_architecture, model_weights,"
            " model_sha256, text_title, tokens_sha256, prompt_tokens, step_count, sampling, settings, noise_floor_kl)"
            " VALUES (?, ?, ?, '2026-01-01T00:00:00Z', 'l', 'e', 'm', 'a', 'w', 's', ?, ?, 2048, ?, 'teacher-forced', '{}', 1e-11)",
            (run, f"{run}" * 64, task, title, tokens, steps),
        )
        rows = [
            ("dense", None, 0.0),
            ("fasa", "64", 0.5),
            ("fasa", "256", 0.1),
            ("h2o", "64", 1.5),
            ("h2o", "256", 0.25),
        ]
        for row, (policy, budget, kl) in enumerate(rows):
            label = policy if budget is None else f"{policy} @ {budget}"
            told = (kl, kl * 0.8, kl * 1.5, kl / 3, kl / 4, 2 + kl) if task == "text" else (None,) * 6
            database.execute(
                "INSERT INTO live_rows (live_run, row, policy, label, budget, kl, kl_low, kl_high, open_loop_weighted_output_error,"
                " weighted_output_error, nll) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (run, row, policy, label, budget, *told),
            )
            if task == "passkey":
                database.execute(
                    "INSERT INTO live_keys VALUES (last_insert_rowid(), 2048, 0.5, 0, '0', '12345', 2000, ?, 0.5, 0.1)",
                    (kl < 1,),
                )
    database.commit()


class Page:
    def __init__(self, report: Path, pictures: Path) -> None:
        options = webdriver.ChromeOptions()
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        self.browser = webdriver.Chrome(options=options, service=service)
        self.report, self.pictures = report, pictures

    def open(self, width: int, height: int, dark: bool, last: str = "crossover") -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.browser.get_log("browser"), self.browser.get_log("performance")
        self.browser.get(self.report.as_uri())
        self.wait(lambda: self.marks(last) > 0, "the last chart")

    def command(self, name: str, **values) -> dict:
        return self.browser.execute_cdp_cmd(name, values)

    def js(self, script: str, *values):
        return self.browser.execute_script("return " + script, *values)

    def element(self, selector: str):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def cells(self, title: str) -> list[str]:
        """A column of the table of all configurations, as it stands."""
        return self.js(
            "[...document.querySelectorAll(`#summary-table td[data-title='${arguments[0]}']`)].map(c => c.textContent)",
            title,
        )

    def choose(self, identifier: str, text: str) -> None:
        Select(self.element(f"#{identifier}")).select_by_visible_text(text)

    def marks(self, chart: str) -> int:
        """Shapes that stand for data, not axes or legends."""
        return self.js(
            "document.querySelectorAll(`#chart-${arguments[0]} svg .mark-symbol.role-mark path,"
            "#chart-${arguments[0]} svg .mark-rect.role-mark path`).length",
            chart,
        )

    def wait(self, condition, what: str):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}: {self.browser.get_log('browser')}")

    def check_silence(self, linked: bool = False) -> None:
        said = self.browser.get_log("browser")
        assert not said, f"the console is not empty: {said}"
        events = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        outside = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
        files = [url.split("#")[0] for url in asked if url.startswith("file:")]
        assert not [url for url in outside if url != "about:blank"] and files == [self.report.as_uri()] * (
            2 if linked else 1
        ), f"the page asked for {asked}"

    def check_width(self) -> None:
        page, window = self.js("document.documentElement.scrollWidth"), self.js("innerWidth")
        assert page <= window, f"the page is {page} px wide in a window of {window} px"

    def picture(self, name: str) -> None:
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        (self.pictures / f"{name}.png").write_bytes(base64.b64decode(data))


def check_charts(page: Page) -> None:
    for chart, least in CHARTS.items():
        page.wait(lambda: page.marks(chart) >= least, f"{least} marks in {chart}, which has {page.marks(chart)}")
        titles = page.js(
            "[...document.querySelectorAll(`#chart-${arguments[0]} svg .role-axis-title text`)].map(t => t.textContent)",
            chart,
        )
        assert titles and all(titles), f"{chart}: an axis has no title: {titles}"


def check_data(page: Page, database: sqlite3.Connection) -> None:
    """What the page draws is what SQL says."""
    assert page.js("window.broken") is None and TITLE in page.element("#replayed").text
    rows = database.execute(
        "SELECT label, recall FROM summary WHERE scope = (SELECT min(id) FROM scopes) ORDER BY output_error, configuration"
    ).fetchall()
    shown = list(zip(page.cells("configuration"), page.cells("recall, share")))
    assert [label for label, _ in shown] == [label for label, _ in rows]
    for (_, text), (_, recall) in zip(shown, rows):
        assert math.isclose(float(text.split(" ")[0]), recall, rel_tol=6e-3), (text, recall)
    assert "fasa-sim replay" in page.element("#provenance").get_attribute("textContent")
    for (digest,) in database.execute("SELECT digest FROM traces UNION SELECT exact_results_digest FROM runs"):
        assert digest in page.element("#provenance").get_attribute("textContent")
    captions = {c: page.element(f"#chart-{c} + figcaption").text for c in ("quality", "time", "crossover")}
    assert "95 % interval of the mean" in captions["quality"] and "measured on" in captions["time"]
    assert "Modelled, not measured" in captions["crossover"]


def check_opening(page: Page, database: sqlite3.Connection) -> None:
    """The sentence and the table name what SQL finds."""
    found = database.execute(
        "SELECT policy, output_error, group_union_bytes_share FROM summary WHERE scope = (SELECT min(id) FROM scopes)"
        " AND kind <> 'bound' AND budget = '256' ORDER BY output_error"
    ).fetchall()
    sentence = page.element("#finding").text
    policy, error, share = found[0]
    assert sentence.startswith(f"At a budget of 256 tokens, {policy} errs least of {len(found)} policies"), sentence
    assert f"output error {error:.3g} with {100 * share:.3g} % of dense attention's bytes" in sentence, sentence
    assert "fasa" in sentence and "one text" in page.element("#finding-note").text
    listed = page.js("[...document.querySelectorAll('#standing tbody tr:not(.bound) td.name')].map(c => c.textContent)")
    assert listed == [policy for policy, _, _ in found], listed
    assert page.element("#quality").location["y"] > page.element("#finding").location["y"]


def check_table(page: Page) -> None:
    def column() -> list[float]:
        return [float(cell.split(" ")[0]) for cell in page.cells("recall, share")]

    def head() -> str:
        return "[...document.querySelectorAll('#summary-table th')].find(h => h.textContent.startsWith('recall'))"

    def press() -> None:
        page.js(f"{head()}.querySelector('button').click()")

    before = column()
    press()
    assert column() == sorted(before, reverse=True) != before
    press()
    assert column() == sorted(before)
    assert (
        page.js(f"{head()}.getAttribute('aria-sort')") == "ascending" and "sort=%2Brecall" in page.browser.current_url
    )
    shown = page.js(
        "[...document.querySelector('#summary-table tbody tr').cells].filter(c => getComputedStyle(c).display !== 'none').length"
    )
    if page.js("innerWidth") < 640:
        # A card: main figures, and the rest when it is opened.
        assert 5 <= shown < 12, shown
        page.element("#summary-table tbody tr .open").click()
        opened = page.js(
            "[...document.querySelector('#summary-table tbody tr').cells].filter(c => getComputedStyle(c).display !== 'none').length"
        )
        assert opened > 14, opened
    else:
        assert shown > 14, shown


def check_search(page: Page) -> None:
    box = page.element("#find")
    box.send_keys("policy:fasa budget:64")
    page.wait(lambda: page.cells("configuration") == ["fasa @ 64"], "the one that is searched for")
    assert (
        box.get_attribute("value") == "policy:fasa budget:64"
        and "1 of 11 configurations" in page.element("#summary-note").text
    )
    page.element("#all-traces").click()
    page.wait(lambda: page.cells("configuration") == ["fasa @ 64"] * 2, "both traces' rows")
    box.send_keys(" trace:technical")
    page.wait(lambda: len(page.cells("configuration")) == 1, "the other trace's row")
    box.clear()
    box.send_keys("sinks=4 256")
    page.wait(lambda: "streaming-llm @ 256" in page.cells("configuration"), "what has the parameter")
    assert "fasa @ 256" not in page.cells("configuration")
    box.clear()
    box.send_keys(" ")
    page.element("#all-traces").click()
    page.wait(lambda: len(page.cells("configuration")) == 11, "all rows again")
    page.js("document.querySelector('#summary-table td.name button').click()")
    shown = page.cells("configuration")[0]
    page.wait(
        lambda: f"recall of {shown}" in page.element("#chart-head-recall").text, "the pressed configuration's heads"
    )


def check_address(page: Page) -> None:
    """A link shows the same view, and "back" goes back."""

    def seen() -> list:
        values = page.js(
            "['metric', 'budget', 'reading', 'find', 'sort', 'head-map'].map(id => document.getElementById(id).value)"
        )
        return [
            values,
            page.element("#finding").text,
            page.cells("configuration"),
            page.marks("quality"),
            page.js("getComputedStyle(document.body).backgroundColor"),
        ]

    page.choose("budget", "64 tokens")
    at_error = seen()[1]
    page.choose("metric", "projected output error")
    page.wait(lambda: "projected output error" in page.element("#finding").text, "the projected error in the sentence")
    page.choose("head-map", "streaming-llm @ 64")
    page.element("#find").send_keys("streaming")
    page.choose("sort", "recall, share ▼")
    page.js("document.getElementById('chooser').open = true")
    page.element("#series input[value='streaming-llm']").click()
    page.wait(
        lambda: page.marks("quality") > 0 and "streaming-llm" not in page.element("#chart-quality").text,
        "a policy less",
    )
    page.element("#theme").click()
    before, address = seen(), page.browser.current_url
    assert all(f"{key}=" in address for key in ("metric", "budget", "show", "find", "sort", "policies", "theme")), (
        address
    )
    page.browser.get("about:blank")
    page.browser.get(address)
    page.wait(lambda: page.marks("quality") == before[3], "the same chart")
    assert seen() == before, (seen(), before)
    page.choose("metric", "recall")
    page.browser.back()
    page.wait(
        lambda: page.js("document.getElementById('metric').value") == "projectedOutputError", "the metric of before"
    )
    assert seen()[1] == before[1] != at_error


def check_controls(page: Page) -> None:
    page.js("document.getElementById('chooser').open = true")
    all_marks = page.marks("quality")
    page.element("#series input[value='fasa']").click()
    page.wait(lambda: page.marks("quality") == all_marks - 2, "fasa's two points to go")
    page.element("#none").click()
    page.wait(lambda: "choose a policy" in page.element("#chart-quality").text, "an empty chart's note")
    page.element("#all").click()
    page.wait(lambda: page.marks("quality") == all_marks, "all points")
    page.choose("metric", "weighted output error")
    page.wait(
        lambda: "weighted by the outputs' norms" in page.element("#chart-quality").text,
        "the weighted error on the axis",
    )
    assert page.element("#log-y").is_selected() and page.marks("quality") == all_marks
    page.choose("metric", "projected output error")
    page.wait(
        lambda: "after their output projection" in page.element("#chart-quality").text,
        "the projected error on the axis",
    )
    assert page.element("#log-y").is_selected() and page.marks("quality") == all_marks
    page.choose("metric", "recall")
    page.wait(lambda: "recall" in page.element("#chart-quality").text, "recall on the axis")
    assert not page.element("#log-y").is_selected() and page.element("#log-x").is_selected()
    page.element("#log-x").click()
    page.choose("reading", "every query head reads for itself")
    page.wait(lambda: "every query head" in page.element("#chart-quality + figcaption").text, "the other reading")
    page.choose("clock", "modelled: Card B")
    page.wait(lambda: "modelled time" in page.element("#chart-time").text, "modelled times")
    page.choose("context", "65,536")
    page.wait(lambda: "65,536 tokens" in page.element("#chart-time + figcaption").text, "another context")
    page.choose("head-map", "streaming-llm @ 64")
    page.choose("window", "512")
    drawn = page.element("#chart-crossover").text
    assert all(name in drawn for name in ("fasa", "quest", *(name for name, _, _ in HARDWARE))), drawn
    assert page.element("#crossover-table tbody tr")
    first = page.element("#replayed").text
    Select(page.element("#scope")).select_by_index(1)
    page.wait(lambda: page.element("#replayed").text != first, "another trace")
    page.wait(lambda: page.marks("quality") == 6, "the other trace's points")
    assert "No bars: fewer than 8 steps" in page.element("#chart-quality + figcaption").text
    absent = page.element("#absent-list").text
    for section, advice in (("time", "--no-timing"), ("roofline", "--no-timing"), ("crossovers", "fasa-sim model")):
        assert not page.element(f"#{section}").is_displayed() and advice in absent, absent


def check_live(page: Page, database: sqlite3.Connection) -> None:
    def cells(column: str) -> list[str]:
        heads = page.js("[...document.querySelectorAll('#live-table th button')].map(b => b.textContent)")
        return page.js(
            "[...document.querySelectorAll('#live-table tbody tr')].map(r => r.cells[arguments[0]].textContent)",
            heads.index(column),
        )

    text, keys = (option.text for option in Select(page.element("#live-run")).options)
    page.choose("live-run", text)
    page.wait(lambda: page.marks("live") == 4, "a point for each row that lost anything")
    rows = database.execute(
        "SELECT label, kl, nll_difference FROM live_summary WHERE live_run = 1 ORDER BY live_row"
    ).fetchall()
    assert cells("row") == [label for label, _, _ in rows]
    for shown, more, (_, kl, difference) in zip(cells("KL"), cells("more than dense"), rows):
        assert math.isclose(float(shown), kl, rel_tol=6e-3) and math.isclose(
            float(more), difference, rel_tol=6e-3, abs_tol=1e-12
        )
    page.choose("live-run", keys)
    page.wait(lambda: "see the table" in page.element("#chart-live").text, "why there is no chart")
    assert cells("keys found") == ["1 of 1", "1 of 1", "1 of 1", "0 of 1", "1 of 1"], cells("keys found")


def check_live_alone(tool: str, database_path: Path, page: Page) -> None:
    """Where nothing was replayed, live runs are drawn by themselves."""
    alone = database_path.with_name("alone.db")
    shutil.copy(database_path, alone)
    with sqlite3.connect(alone) as database:
        database.executescript("PRAGMA foreign_keys = ON; DELETE FROM traces; DELETE FROM runs; DELETE FROM profiles;")
    page.report = alone.with_suffix(".html").resolve()
    subprocess.run([tool, "report", "--db", alone, "-o", page.report], check=True)
    page.open(1280, 900, False, "live")
    check_live(page, sqlite3.connect(alone))
    shown = page.js("[...document.querySelectorAll('main > section')].filter(s => !s.hidden).map(s => s.id)")
    assert shown == ["live", "provenance"], shown
    page.picture("live-alone")
    page.check_silence()
    print("live runs alone: sound")


def check_byte_budgets(tool: str, database_path: Path, page: Page) -> None:
    """Budgets that were found by bytes are ranked within the share, and not one policy a budget."""
    equal = database_path.with_name("equal.db")
    for options in (
        ["--budget-bytes", "60%,80%"],
        ["--budget-bytes", "40%", "--reading", "per-head", "--policy", "random"],
    ):
        subprocess.run(
            [
                tool,
                "replay",
                "traces/code-896-all-layers.zst",
                "--layers",
                "0,14,29",
                "--policy",
                "fasa,quest,streaming-llm,h2o,oracle,gist",
                *options,
                "--no-timing",
                "--db",
                equal,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    page.report = equal.with_suffix(".html").resolve()
    subprocess.run([tool, "report", "--db", equal, "-o", page.report], check=True)
    database = sqlite3.connect(equal)
    for name, width in (("desktop", 1400), ("phone", 390)):
        page.open(width, 900, False, "quality")
        offered = [option.text for option in Select(page.element("#budget")).options]
        assert offered == [
            f"{share} % of dense's bytes, {reading}"
            for share, reading in ((40, "per head"), (60, "per group"), (80, "per group"))
        ], offered
        for text, share, column, lowest in ((offered[1], 60, "group_union", 0.5), (offered[0], 40, "per_head", 0.3)):
            page.choose("budget", text)
            found = database.execute(
                f"SELECT s.policy, output_error, s.budget, {column}_bytes_share FROM summary AS s JOIN run_configurations AS r USING (configuration)"
                f" JOIN runs ON runs.id = r.run WHERE s.kind <> 'bound' AND s.budget IS NOT NULL AND command_line LIKE '%{share}\\%%' ESCAPE '\\'"
                f" AND {column}_bytes_share BETWEEN {lowest} AND {share / 100 + 0.08} ORDER BY output_error"
            ).fetchall()
            sentence = page.element("#finding").text
            assert len(found) > 2 and sentence.startswith(
                f"At {share} % of dense attention's bytes, {found[0][0]} errs least of {len(found)} policies"
            ), (sentence, found)
            assert f"output error {found[0][1]:.3g} from {int(found[0][2]):,} tokens" in sentence, sentence
            listed = page.js(
                "[...document.querySelectorAll('#standing tbody tr:not(.bound) td.name')].map(c => c.textContent)"
            )
            assert listed == [row[0] for row in found], (listed, found)
            budgets = page.js(
                "[...document.querySelectorAll(`#standing tbody tr:not(.bound) td[data-title='budget, tokens']`)].map(c => c.textContent)"
            )
            assert budgets == [f"{int(row[2]):,}" for row in found], (budgets, found)
            assert "equal in bytes" in page.element("#finding-note").text
        page.check_width()
        page.picture(f"bytes-{name}")
    page.check_silence()
    print("byte budgets: sound")


def check_size(tool: str, database_path: Path) -> None:
    """800 configurations of 270 heads each, with their heat maps: a page of less than 2 MB in less than 10 s."""
    large = database_path.with_name("large.db")
    sinks = "/".join(map(str, range(20)))
    budgets = ",".join(str(32 + 8 * i) for i in range(40))
    subprocess.run(
        [
            tool,
            "sweep",
            "traces/code-896-all-layers.zst",
            "--policy",
            f"streaming-llm:sinks={sinks}",
            "--budget",
            budgets,
            "--steps",
            "0-1",
            "--no-timing",
            "--db",
            large,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    page = large.with_suffix(".html")
    began = time.monotonic()
    subprocess.run([tool, "report", "--db", large, "-o", page], check=True)
    took, size = time.monotonic() - began, page.stat().st_size
    assert took < 10 and size < 2_000_000, (took, size)
    print(f"800 configurations: {size / 1e6:.2f} MB in {took:.1f} s")


def check_tooltip(page: Page) -> None:
    page.js("document.querySelector('#chart-quality').scrollIntoView({block: 'center'})")
    point = page.browser.find_elements(By.CSS_SELECTOR, "#chart-quality svg .mark-symbol.role-mark path")[-1]
    webdriver.ActionChains(page.browser).move_to_element(point).perform()
    text = page.wait(lambda: page.js("document.getElementById('vg-tooltip-element')?.textContent"), "a tooltip")
    assert "configuration" in text and "interval" in text, text


def main() -> None:
    tool, database_path, pictures = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    database = sqlite3.connect(database_path)
    add_made_up_times(database)
    add_made_up_projected_errors(database)
    add_made_up_live_rows(database)
    database.execute("UPDATE traces SET text_title = ? WHERE id = 1", (TITLE,))
    database.commit()
    report = database_path.with_suffix(".html").resolve()
    subprocess.run([tool, "report", "--db", database_path, "-o", report], check=True)
    assert report.stat().st_size < 800_000, report.stat().st_size
    page = Page(report, pictures)
    try:
        for name, width, height in (("desktop", 1280, 900), ("phone", 360, 740)):
            for dark in (False, True):
                page.open(width, height, dark)
                check_charts(page)
                check_data(page, database)
                check_opening(page, database)
                page.check_width()
                paper = page.js("getComputedStyle(document.body).backgroundColor")
                assert (paper == "rgb(20, 23, 29)") == dark, paper
                page.picture(f"{name}-{'dark' if dark else 'light'}")
                page.element("#theme").click()
                page.wait(
                    lambda: page.js("getComputedStyle(document.body).backgroundColor") != paper, "the other theme"
                )
                check_charts(page)
                if width > 600:
                    check_tooltip(page)
                check_table(page)
                check_search(page)
                page.open(width, height, dark)
                check_address(page)
                page.check_silence(linked=True)
                page.open(width, height, dark)
                check_controls(page)
                check_live(page, database)
                page.check_width()
                page.picture(f"{name}-{'dark' if dark else 'light'}-chosen")
                page.check_silence()
                print(f"{name}, {'dark' if dark else 'light'}: sound")
        database.close()
        check_live_alone(tool, database_path, page)
        check_byte_budgets(tool, database_path, page)
        check_size(tool, database_path)
    finally:
        page.browser.quit()


if __name__ == "__main__":
    main()
