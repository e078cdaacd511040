"""Datasette serves the canned queries of datasette/metadata.yaml, each with rows."""

import json
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml
from conftest import ROOT

METADATA = ROOT / "datasette" / "metadata.yaml"
QUERIES = yaml.safe_load(METADATA.read_text())["databases"]["runs"]["queries"]


@pytest.fixture(scope="module")
def server(folder, environment, tmp_path_factory):
    work = tmp_path_factory.mktemp("datasette")
    shutil.copytree(folder, work, dirs_exist_ok=True)
    # Times of a hardware model come from other commands: one row of each stage stands in for them.
    with sqlite3.connect(work / "runs.db") as db:
        rows = [(stage, ns) for stage, ns in (("dense", 2000.0), ("score", 300.0), ("attend", 700.0))]
        db.executemany(
            "INSERT INTO modelled VALUES (1, 'card', hex(zeroblob(32)), 'tiny', 896, 1, 'per-head', ?, ?, 0, 0.1, 0.2, 0.0, 0)",
            rows,
        )
        # Live runs come from another tool: one row stands in for them.
        db.execute(
            "INSERT INTO live_runs (id, identity, task, stored_at, library, engine, model_name, model_architecture, model_weights,"
            " model_sha256, text_title, tokens_sha256, prompt_tokens, step_count, sampling, settings)"
            " VALUES (1, hex(zeroblob(32)), 'text', '', '', '', 'm', '', '', '', 't', hex(zeroblob(32)), 1, 1, 'teacher-forced', '{}')"
        )
        db.execute("INSERT INTO live_rows (live_run, row, policy, label, kl) VALUES (1, 0, 'dense', 'dense', 0.25)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["datasette", "serve", "runs.db", "--metadata", METADATA, "--port", str(port)]
    command += ["--setting", "sql_time_limit_ms", "10000"]
    process = subprocess.Popen(
        command, cwd=work, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/-/versions.json").close()
            break
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("name", QUERIES)
def test_query(name, server):
    status, page = get(f"{server}/runs/{name}")
    assert status == 200 and QUERIES[name]["title"].encode().replace(b"'", b"&#39;") in page
    status, text = get(f"{server}/runs/{name}.json?_shape=objects")
    rows = json.loads(text)["rows"]
    assert status == 200 and rows, "no rows"
    if name == "live-models":
        assert [(row["label"], row["kl"]) for row in rows] == [("dense", 0.25)]
    if name == "model-errors":
        assert rows[0]["policy_ns"] == 1000 and rows[0]["dense_ns"] == 2000
    if name == "best-policies-by-budget":
        assert [row["budget"] for row in rows] == ["32"] * 3 + ["64"] * 3
        assert [row["rank"] for row in rows] == [1, 2, 3] * 2


def test_a_table_is_browsed(server):
    status, text = get(f"{server}/runs/summary.json?_shape=objects")
    assert status == 200 and len(json.loads(text)["rows"]) == 8
