"""Runs of `tcgrad check` over several specs: processes, what stops a run, what has changed, and what goes where."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from command_line import ROOT, tcgrad

from tcgrad.cli import progress
from tcgrad.cli.checking import Task, check_spec, check_specs, choose_jobs
from tcgrad.errors import TcgradError

GOOD = "inputs: {x: [3]}\nequations: ['y[i] = x[i]*x[i]']\n"
WRONG = GOOD + "expect: ['dl/dx[p] = 3*dl/dy[p]*x[p]']\n"
BROKEN = "inputs: {x: [3]}\nequations:\n  - y = 3*x[i]\n"
TIMES = re.compile(r'("seconds": )[\d.]+(e-\d+)?|time="[\d.]+"|[\d.]+ s\b')
COLOR = re.compile(r"\x1b\[[0-9;]*m")
NOTHING: tuple[str, ...] = ()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four specs: the first is good, the second wrong, the third broken, the last good."""
    for name, text in (("a", GOOD), ("b", WRONG), ("c", BROKEN), ("d", GOOD)):
        (tmp_path / f"{name}.yaml").write_text(text)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_processes_make_the_same_report(folder: Path):
    (folder / "keyword.py").write_text("raise SystemExit('no user code is imported, whatever module it is named like')")
    formats = ("json", "jsonl", "junit", "sarif", "markdown", "github", "text")
    files = [f"--output-file={name}:{{}}.{name}" for name in formats]
    one = tcgrad("check", ".", "--jobs", "1", *(file.format("one") for file in files), cwd=folder)
    two = tcgrad("check", ".", "--jobs", "2", *(file.format("two") for file in files), cwd=folder)
    assert (one.returncode, two.returncode) == (2, 2)
    assert TIMES.sub("", two.stdout) == TIMES.sub("", one.stdout)
    assert two.stderr == one.stderr
    for name in formats:
        texts = [TIMES.sub("", (folder / f"{which}.{name}").read_text(encoding="utf-8")) for which in ("one", "two")]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_fail_fast_leaves_out_what_follows(folder: Path, jobs: str):
    result = tcgrad("check", ".", "--fail-fast", "--jobs", jobs, "--format", "json", cwd=folder)
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert [entry["spec"] for entry in report["specs"]] == ["a.yaml", "b.yaml"]
    assert report["unchecked"] == ["c.yaml", "d.yaml"]
    assert result.stderr == ""


def test_a_bug_at_one_spec_does_not_hide_the_others(folder: Path):
    (folder / "broken.py").write_text(
        "import sys, tcgrad.check\nfrom tcgrad.cli.run import run\n"
        "original = tcgrad.check.check\n"
        "def check(program, **options):\n"
        "    if program.name == 'a': raise ZeroDivisionError('oh')\n"
        "    return original(program, **options)\n"
        "tcgrad.check.check = check\nsys.exit(run(sys.argv[1:]))\n"
    )
    command = [sys.executable, "broken.py", "check", "a.yaml", "d.yaml", "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 3
    assert result.stderr.startswith("tcgrad: internal error: a.yaml: ZeroDivisionError: oh\n")
    assert "Traceback" not in result.stderr
    first, second = json.loads(result.stdout)["specs"]
    assert first["errors"][0]["message"] == "internal error: ZeroDivisionError: oh"
    assert second["ok"]
    debug = subprocess.run(
        [*command, "--debug"], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert "Traceback" in debug.stderr


def test_a_wrong_option_stops_the_run_in_every_process(folder: Path):
    result = tcgrad("check", "a.yaml", "d.yaml", "--jobs", "2", "--dtype", "float12", cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tcgrad: error[TC501]: ")


def test_entries_survive_the_way_between_processes(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        entry = check_spec(Task(name, options={"trials": 1}))
        assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301
    with pytest.raises(TcgradError) as caught:
        check_spec(Task("a.yaml", options={"trials": 0}))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_a_process_that_dies_is_told(folder: Path):
    (folder / "killer.py").write_text(
        "import os, signal\n\ndef backward(*_):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = tcgrad(
        "check", "a.yaml", "d.yaml", "--jobs", "2", "--against", "killer:backward", "--format", "json", cwd=folder
    )
    assert result.returncode == 3
    assert "a process ended without a result" in result.stderr
    assert len(json.loads(result.stdout)["specs"]) == 2


@pytest.mark.parametrize(
    ("wanted", "tasks", "jobs"), [(1, 9, 1), (3, 9, 3), (3, 2, 2), (None, 2, 1), (5, 0, 1), (0, 1, 1)]
)
def test_how_many_processes(wanted: int | None, tasks: int, jobs: int):
    assert choose_jobs(wanted, tasks) == jobs


def test_as_many_processes_as_cores():
    assert 1 <= choose_jobs(0, 1000) == choose_jobs(None, 1000) <= (os.cpu_count() or 1)


def test_without_processes_the_work_is_done_in_one(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", fail)
    tasks = [Task(str(folder / f"{name}.yaml"), options={"trials": 1}) for name in ("a", "d")]
    assert [entry.ok for entry in check_specs(tasks, 2, lambda _: None, lambda _: None)] == [True, True]


def test_closing_stops_the_work(folder: Path):
    tasks = [Task(str(folder / "a.yaml"), options={"trials": 1})] * 50
    begun: list[str] = []
    entries = check_specs(tasks, 1, begun.append, lambda _: None)
    next(entries)
    entries.close()
    assert len(begun) == 1


def _is_gone(group: int) -> bool:
    """Whether no process of a group is left, after a while in which the last of them are collected."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


# The command where Ctrl-C is heard: what is started in the background of a shell ignores it, and so do its processes.
_INTERRUPTIBLE = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)

from tcgrad.__main__ import main

main()
"""


def _ctrl_c(process: int) -> None:
    os.killpg(process, signal.SIGINT)


def _interrupted(
    folder: Path, begun: str, count: int, *arguments: str, by: Callable[[int], None] = _ctrl_c
) -> tuple[int, str, str]:
    """The status and the output of a check that gets Ctrl-C when so many files of some name are there.

    by: what is done to the process instead.
    """
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(GOOD)
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, "check", ".", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])},
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while len(list(folder.glob(begun))) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    by(process.pid)
    output, errors = process.communicate(timeout=60)
    assert _is_gone(process.pid)
    return process.returncode, output, errors


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.long), "2"])
def test_an_interrupt_ends_all_processes_quietly(tmp_path: Path, jobs: str):
    (tmp_path / "slow.py").write_text(
        "import os, time\n\ndef backward(*_):\n    open('started', 'w').close()\n    time.sleep(60)\n"
    )
    assert _interrupted(tmp_path, "started", 1, "--jobs", jobs, "--against", "slow:backward") == (130, "", "")


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_no_process_outlives_the_first_one(tmp_path: Path, name: str):
    (tmp_path / "slow.py").write_text(
        "import os, time\n\ndef backward(*_):\n    open(f'started-{os.getpid()}', 'w').close()\n    time.sleep(600)\n"
    )
    number = signal.Signals[name]
    arguments = ("--jobs", "2", "--against", "slow:backward")
    status, *_ = _interrupted(tmp_path, "started-*", 2, *arguments, by=lambda process: os.kill(process, number))
    assert status == -number


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interrupt_is_quiet_while_processes_start(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys, time\n\nif '--multiprocessing-fork' in sys.orig_argv:\n"
        "    held_back = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
        "    os.mkdir(f'starting-{held_back}-{os.getpid()}')\n    time.sleep(60)\n"
    )
    assert _interrupted(tmp_path, "starting-*", 2, "--jobs", "2") == (130, "", "")
    assert len(list(tmp_path.glob("starting-True-*"))) == 2  # whether they would have been in time to say something


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_users_code_prints_is_not_in_the_report(folder: Path, jobs: str):
    (folder / "loud.py").write_text(
        "import os, subprocess, sys\n"
        "def tell(what):\n"
        "    print(what, 'by print')\n"
        "    print(what, 'by Python', file=sys.__stdout__, flush=True)\n"
        "    os.write(1, f'{what} by descriptor\\n'.encode())\n"
        "    subprocess.run([sys.executable, '-c', f'print(\"{what} by a child\")'])\n"
        "tell('imported')\n"
        "def backward(x, dy):\n"
        "    tell('called')\n"
        "    return (2*dy*x,)\n"
    )
    options = ("--only", "against", "--trials", "1", "--sizes", "own", "--jobs", jobs, "--format", "json")
    result = tcgrad("check", "a.yaml", "d.yaml", "--against", "loud:backward", *options, cwd=folder)
    assert json.loads(result.stdout)["ok"], result.stderr
    for what in ("imported", "called"):
        for way in ("print", "Python", "descriptor", "a child"):
            assert f"{what} by {way}\n" in result.stderr


def test_what_a_library_keeps_back_is_not_in_the_report(folder: Path):
    (folder / "kernel.py").write_text(
        "import ctypes\ndef backward(x, dy):\n    ctypes.CDLL(None).puts(b'in C')\n    return (2*dy*x,)\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "tcgrad", "check", "a.yaml", "--against", "kernel:backward", "--format", "json"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(result.stdout)["ok"], result.stderr
    assert "in C\n" in result.stderr


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_sums_are_rounded_alike_in_any_number_of_processes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], threads: str
):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    (folder / f"telling{threads}.py").write_text(
        "import os\nprint('threads', os.environ['OPENBLAS_NUM_THREADS'])\ndef backward(x, dy):\n    return (2*dy*x,)\n"
    )
    for jobs in ("1", "2"):
        result = tcgrad(
            *("check", "a.yaml", "d.yaml", "--against", f"telling{threads}:backward", "--jobs", jobs),
            cwd=folder,
            **given,
        )
        assert f"threads {threads}\n" in result.stderr
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_standard_input_is_a_spec(folder: Path):
    result = tcgrad("check", "-", "--format", "json", stdin=BROKEN, cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("stdin:3:13: error[TC305]")
    assert json.loads(result.stdout)["specs"][0]["errors"][0]["line"] == 3
    assert tcgrad("check", "-", "a.yaml", stdin=GOOD, cwd=folder).returncode == 2


@pytest.mark.parametrize("name", ["json", "jsonl", "junit", "sarif", "github"])
def test_machine_formats_are_alone_on_standard_output(folder: Path, name: str):
    result = tcgrad("check", ".", "--format", name, cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("c.yaml:3:13: error[TC305]: ")
    assert "\x1b" not in result.stdout + result.stderr
    match name:
        case "json" | "sarif":
            json.loads(result.stdout)
        case "jsonl":
            assert [json.loads(line) for line in result.stdout.splitlines()]
        case "junit":
            assert result.stdout.startswith("<?xml ")
        case "github":
            assert [line.split(" ")[0] for line in result.stdout.splitlines()] == ["::error", "::error"]


def test_files_are_written_whole_beside_the_report(folder: Path):
    result = tcgrad("check", "a.yaml", "b.yaml", "--output-file", "new/r.xml", "--output-file=json:r", cwd=folder)
    assert result.returncode == 1
    assert "expect dl/dx[p]" in result.stdout
    assert json.loads((folder / "r").read_text())["ok"] is False
    assert (folder / "new" / "r.xml").read_text().startswith("<?xml ")


UNWRITABLE = ["json:.", "-", "junit:-", "report", "junt:x.xml", "json:a.yaml/r.json"]


@pytest.mark.parametrize("target", UNWRITABLE)
def test_files_that_cannot_be_written_are_refused_before_the_work(folder: Path, target: str):
    result = tcgrad("check", "b.yaml", "--output-file", target, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert re.match(r"tcgrad: error\[TC60[15]\]: ", result.stderr)


@pytest.mark.skipif(os.name == "nt", reason="there is no such device")
def test_two_reports_to_one_file_are_refused(folder: Path):
    two = ("--output-file", "new/r.json", "--output-file")
    result = tcgrad("check", "a.yaml", *two, "junit:new/../new/r.json", cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tcgrad: error[TC605]: cannot write two reports to `new/../new/r.json`\n")
    assert tcgrad("check", "a.yaml", *two, "new/r.json", cwd=folder).returncode == 0
    null = ("--output-file", "json:/dev/null", "--output-file", "junit:/dev/null")
    assert tcgrad("check", "a.yaml", *null, cwd=folder).returncode == 0


def test_github_actions_gets_annotations_and_a_summary(folder: Path):
    summary = folder / "summary.md"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(folder)}
    result = tcgrad("check", ".", cwd=folder, **environment)
    assert "\n✓ a: " in result.stdout
    annotations = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert [re.search(r"file=([^,]*),line=(\d+)", line).groups() for line in annotations] == [
        ("c.yaml", "3"),
        ("b.yaml", "3"),
    ]
    assert summary.read_text(encoding="utf-8").count("<details>") == 2
    summary.unlink()
    assert "::error" not in tcgrad("check", ".", "--format", "text", cwd=folder, **environment).stdout
    assert not summary.exists()


COLORS = [
    ((), {}, False),
    ((), {"FORCE_COLOR": "1"}, False),
    (("--color", "always"), {}, True),
    (("--color=always",), {"NO_COLOR": "1"}, True),
    ((), {"TCGRAD_COLOR": "always"}, True),
    (("--color", "never"), {"TCGRAD_COLOR": "always"}, False),
    (("--color=auto",), {"TCGRAD_COLOR": "always", "GITHUB_ACTIONS": "true"}, False),
]


@pytest.mark.parametrize(("arguments", "environment", "coloured"), COLORS)
def test_colours_and_width_of_what_is_piped(folder: Path, arguments, environment, coloured):
    result = tcgrad("check", "b.yaml", *arguments, cwd=folder, COLUMNS="20", **environment)
    assert ("\x1b[" in result.stdout) is coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout).split("::error")[0]
    expected = tcgrad("check", "b.yaml", cwd=folder).stdout
    assert [line.rstrip() for line in TIMES.sub("", plain).splitlines()] == TIMES.sub("", expected).splitlines()


@pytest.mark.skipif(shutil.which("script") is None, reason="there is no `script`")
@pytest.mark.parametrize(("columns", "color"), [("40", True), ("200", False)])
def test_a_terminal_gets_its_width(folder: Path, columns: str, color: bool):
    command = f"{sys.executable} -m tcgrad check a.yaml"
    environment = {"PYTHONPATH": str(ROOT), "COLUMNS": columns, "TERM": "xterm"} | ({} if color else {"NO_COLOR": "1"})
    result = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", cwd=folder, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert bool(COLOR.search(result.stdout)) is color  # on a busy machine there is a line of progress as well
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", result.stdout).splitlines()
    assert (max(map(len, lines)) <= 60) is (columns == "40")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("color", "environment", "shown", "coloured"),
    [
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ("never", {"TERM": "xterm"}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
    ],
)
def test_the_line_of_progress_is_in_colours_where_the_report_is(
    monkeypatch: pytest.MonkeyPatch, color: str, environment: dict[str, str], shown: bool, coloured: bool
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.ProgressLine(2, color) as line:
        line.begin("a.yaml")
    text = sys.stderr.getvalue()
    assert ("a.yaml" in text) is shown
    assert bool(COLOR.search(text)) is coloured
    assert shown or not text


def _git(folder: Path, *arguments: str) -> None:
    environment = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, env={**os.environ, **environment}, check=True)


@pytest.fixture
def repository(folder: Path) -> Path:
    """The four specs committed, then a branch: b changed, d deleted, e new in git, f not."""
    git = partial(_git, folder)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "all")
    git("checkout", "-qb", "branch")
    (folder / "b.yaml").write_text(GOOD)
    (folder / "d.yaml").unlink()
    (folder / "é e.yaml").write_text(GOOD)
    git("add", ".")
    git("commit", "-qm", "some")
    (folder / "sub").mkdir()
    (folder / "sub" / "f.yaml").write_text(GOOD)
    git("checkout", "-q", "main")
    (folder / "a.yaml").write_text(WRONG)
    git("commit", "-qam", "elsewhere")
    git("checkout", "-q", "branch")
    return folder


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@needs_git
def test_only_what_has_changed_is_checked(repository: Path):
    result = tcgrad("check", ".", "--changed-since", "main", "--format", "json", cwd=repository)
    assert result.returncode == 0, result.stderr
    assert [entry["spec"] for entry in json.loads(result.stdout)["specs"]] == ["b.yaml", "sub/f.yaml", "é e.yaml"]
    assert result.stderr == "tcgrad: note: 3 of 5 specs have changed since main\n"
    inside = tcgrad("check", "..", "--changed-since", "main", "--format", "json", cwd=repository / "sub")
    assert [entry["spec"] for entry in json.loads(inside.stdout)["specs"]] == [
        "../b.yaml",
        "../sub/f.yaml",
        "../é e.yaml",
    ]


@needs_git
def test_nothing_changed_is_well(repository: Path):
    result = tcgrad("check", "a.yaml", "--changed-since", "HEAD", "--format", "json", cwd=repository)
    assert result.returncode == 0
    assert json.loads(result.stdout)["ok"] is True
    assert result.stderr == "tcgrad: note: 0 of 1 specs have changed since HEAD\n"


@needs_git
def test_a_repository_inside_of_the_repository_changes_as_a_whole(repository: Path):
    inner = repository / "mod"
    inner.mkdir()
    (inner / "m.yaml").write_text(GOOD)
    _git(inner, "init", "-q")
    _git(inner, "add", ".")
    _git(inner, "commit", "-qm", "inner")

    def changed() -> str:
        return tcgrad("check", "mod", "--changed-since", "HEAD", "--format", "json", cwd=repository).stderr

    assert "1 of 1 specs" in changed()  # not a submodule yet, and all of it unknown
    _git(repository, "-c", "advice.addEmbeddedRepo=false", "add", "mod")
    _git(repository, "commit", "-qm", "a submodule")
    assert "0 of 1 specs" in changed()
    (inner / "m.yaml").write_text(GOOD + "# edited\n")
    assert "1 of 1 specs" in changed()
    _git(inner, "commit", "-qam", "edited")
    assert "1 of 1 specs" in changed()


@needs_git
@pytest.mark.parametrize("ref", ["nothing", "--all", "", "HEAD:a.yaml", "a.yaml"])
def test_a_commit_that_git_does_not_know_is_refused(repository: Path, ref: str):
    result = tcgrad("check", "a.yaml", f"--changed-since={ref}", cwd=repository)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"tcgrad: error[TC609]: git knows no commit `{ref}`\nhelp: a shallow clone")


def test_without_git_or_a_repository_it_is_said(folder: Path):
    result = tcgrad("check", "a.yaml", "--changed-since", "HEAD", cwd=folder, PATH="/nowhere")
    assert result.returncode == 2
    assert result.stderr.startswith("tcgrad: error[TC609]: git cannot be run: ")
    if shutil.which("git"):
        outside = tcgrad("check", "a.yaml", "--changed-since", "HEAD", cwd=folder, GIT_CEILING_DIRECTORIES="/")
        assert outside.stderr.startswith("tcgrad: error[TC609]: the current folder is in no git repository: ")


def test_expectations_that_are_not_there_are_undecided(folder: Path):
    (folder / "plain.yaml").write_text("inputs: {x: []}\nequations: ['y = sin(x)']\n")
    result = tcgrad("check", "plain.yaml", "--only", "expect", cwd=folder)
    assert result.returncode == 1
    assert "nothing of the kinds that are asked for is there" in result.stdout
    assert "None" not in result.stdout


def test_a_summary_that_cannot_be_written_does_not_matter(folder: Path):
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "nowhere" / "summary")}
    assert tcgrad("check", "gallery:matmul", cwd=folder, **environment).returncode == 0


def test_what_repeats_a_check_of_standard_input(folder: Path):
    spec = "inputs: {x: []}\nequations: ['y = sin(x)']\nexpect: ['dy/dx = 2*cos(x)']\n"
    result = tcgrad("check", "-", stdin=spec, cwd=folder)
    assert "repeat with: tcgrad check - --dtype" in result.stdout
