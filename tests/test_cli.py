"""The command line: exit statuses, streams, messages, formats."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from command_line import ROOT, Ran, tcgrad, tcgrad_process

from tcgrad.errors import TcgradError
from tcgrad.locate import find_spec
from tcgrad.point_input import read_point

MATMUL = str(ROOT / "specs" / "matmul.yaml")
BAD = "inputs: {x: [3]}\nequations:\n  - y = 3*x[i]\n"


STATUSES = [
    ("derive gallery:matmul", 0),
    ("derive specs/matmul.yaml --format json", 0),
    ("emit gallery:matmul", 0),
    ("check gallery:matmul", 0),
    ("check gallery:mat* --format json", 0),
    ("gallery", 0),
    ("gallery matmul", 0),
    ("explain", 0),
    ("explain tc601", 0),
    ("--version", 0),
    ("--help", 0),
    ("derive --help", 0),
    ("", 2),
    ("derive", 2),
    ("deriv gallery:matmul", 2),
    ("derive gallery:matmul --notatoin index", 2),
    ("derive gallery:matmul --format pdf", 2),
    ("derive gallery:matmul --of z", 2),
    ("derive gallery:matmul --wrt z", 2),
    ("derive gallery:matmull", 2),
    ("derive gallery:logistic_regression --hessian", 0),
    ("derive gallery:softmax --hessian", 2),
    ("derive nowhere.yaml", 2),
    ("derive specs", 2),
    ("derive gallery:gradient_xy --at x=2", 2),
    ("emit gallery:matmul -o nowhere/matmul.py", 2),
    ("check nowhere/*.yaml", 2),
    ("check tests/benchmarks", 2),
    ("check gallery:matmul --dtype float12", 2),
    ("check gallery:matmul --trials 0", 2),
    ("check gallery:matmul --seed -1", 2),
    ("check gallery:matmul --rtol nan", 2),
    ("explain TC999", 2),
    ("gallery matmull", 2),
]


@pytest.mark.parametrize(("line", "status"), STATUSES)
def test_exit_status(line: str, status: int):
    _has_status(tcgrad(*line.split()), status)


@pytest.mark.parametrize(("line", "status"), [("derive gallery:matmul", 0), ("derive nowhere.yaml", 2)])
def test_the_status_is_that_of_the_process(line: str, status: int):
    _has_status(tcgrad_process(*line.split()), status)


def _has_status(result: Ran | subprocess.CompletedProcess[str], status: int) -> None:
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert (result.stderr == "") == (status == 0)
    if status:
        assert result.stdout == ""


MESSAGES = [
    ("derive --notatoin index x", "TC601", "No such option: --notatoin", "did you mean `--notation`?"),
    ("chekc x", "TC601", "No such command 'chekc'", "did you mean `check`?"),
    ("derive x --fromat json", "TC601", "No such option: --fromat", "did you mean `--format`?"),
    ("derive x --zzzzzz json", "TC601", "No such option: --zzzzzz", "`tcgrad derive --help` shows the usage"),
    ("check", "TC601", "Missing argument 'SPEC...'", "`tcgrad check --help` shows the usage"),
    ("check x --only", "TC601", "Option '--only' requires an argument", "`tcgrad check --help` shows the usage"),
    ("derive x --at", "TC601", "Option '--at' requires an argument", "`tcgrad derive --help` shows the usage"),
    (
        "completion",
        "TC601",
        "Missing argument 'SHELL'. Choose from: bash, zsh, fish",
        "`tcgrad completion --help` shows the usage",
    ),
    ("derive gallery:matmul --wrt ,", "TC601", "`--wrt` names nothing", "name one, or several with commas"),
    ("derive gallery:matmul --of=", "TC601", "`--of` names nothing", "name one, or several with commas"),
    ("check gallery:matmul --dtype=", "TC601", "`--dtype` names nothing", "name one, or several with commas"),
    ("check gallery:matmul --only , --only=", "TC601", "`--only` names nothing", "name one, or several with commas"),
    ("derive gallery:sofmax", "TC604", "the gallery has no spec `sofmax`", "did you mean `gallery:softmax`"),
    ("derive galery:softmax", "TC602", "there is no file `galery:softmax`", "did you mean `gallery:softmax`?"),
    ("check Gallery:softmax", "TC602", "there is no file `Gallery:softmax`", "did you mean `gallery:softmax`?"),
    ("derive specs/matmull.yaml", "TC602", "there is no file `specs/matmull.yaml`", "did you mean `specs/matmul.yaml`"),
    ("derive specs/matmul", "TC602", "there is no file `specs/matmul`", "did you mean `specs/matmul.yaml`?"),
    ("derive softmax.yaml", "TC602", "there is no file `softmax.yaml`", "the gallery has one: `gallery:softmax`"),
    (
        "check no/*.yaml",
        "TC603",
        "the pattern `no/*.yaml` holds no spec",
        "a spec is a file that ends in .yaml or .yml",
    ),
    ("derive specs", "TC603", "`specs` is a folder, and one spec is wanted here", "`tcgrad check specs` checks the "),
    ("explain TC6099", "TC606", "there is no code `TC6099`", "did you mean `TC60"),
    ("derive gallery:gradient_xy --at x=2,y=4,z=3", "TC608", "`z` is no input", "the inputs are `x`, `y`"),
    ("derive gallery:gradient_xy --at x=2", "TC608", "the point has no value for `y`", "`--at x=2,y=4` for numbers"),
    ("derive gallery:gradient_xy --at x=2,y=[1]", "TC608", "the value of `y` has shape [1], not []", "a single number"),
]


@pytest.mark.parametrize(("line", "code", "message", "offer"), MESSAGES)
def test_messages_suggest(line: str, code: str, message: str, offer: str):
    assert tcgrad(*line.split()).stderr.startswith(f"tcgrad: error[{code}]: {message}\nhelp: {offer}")


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        ("matmull.tcgrad.yaml", ["matmul.tcgrad.yaml"]),
        ("matmul.yml", ["matmul.tcgrad.yaml"]),
        ("lop.yaml", ["loop.yaml", "loop.yml"]),
        ("rnn.tcgrad.yaml", []),
        ("zoo.yaml", []),
    ],
)
def test_a_file_is_offered_for_its_name_not_for_its_suffix(wanted: str, offered: list[str], tmp_path: Path):
    for name in ("matmul.tcgrad.yaml", "mean.tcgrad.yaml", "loop.yaml", "loop.yml"):
        (tmp_path / name).write_text("")
    with pytest.raises(TcgradError) as caught:
        find_spec(str(tmp_path / wanted))
    told = caught.value.diagnostics[0].help or ""
    assert re.findall(r"[\w.]+\.ya?ml", told) == offered


@pytest.mark.parametrize(
    ("twice", "once"),
    [
        ("derive gallery:matmul --wrt a --wrt a", "derive gallery:matmul --wrt a"),
        ("derive gallery:matmul --wrt a,x,a", "derive gallery:matmul --wrt a,x"),
        ("derive gallery:softmax --of y,y", "derive gallery:softmax --of y"),
        ("check gallery:dot --format json --dtype float32,float32", "check gallery:dot --format json --dtype float32"),
        ("check gallery:dot --format json --only jvp,jvp", "check gallery:dot --format json --only jvp"),
    ],
)
def test_what_is_named_twice_is_meant_once(twice: str, once: str):
    told = [re.sub(r'"seconds": [\d.e-]+', "", tcgrad(*line.split()).stdout) for line in (twice, once)]
    assert told[0] == told[1] != ""


@pytest.mark.parametrize(
    ("point", "place", "message"),
    [
        ("x=2,y", "1:5", "`NAME=VALUE` is wanted here"),
        ("x=2,x=3,y=1", "1:5", "`x` is given twice"),
        ("x=sqrt(-1),y=1", "1:3", "`sqrt(-1)` is nan, and a value is a finite number"),
        ("x=1,y=9^9^9^9", "1:7", "`9^9^9^9` is inf, and a value is a finite number"),
    ],
)
def test_an_option_is_pointed_at(point: str, place: str, message: str):
    result = tcgrad("derive", "gallery:gradient_xy", "--at", point)
    assert result.returncode == 2
    assert result.stderr.splitlines()[:2] == [f"--at:{place}: error[TC608]: {message}", point]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("", "TC608: `--at` has no point"),
        (" ", "TC608: `--at` has no point"),
        (".", "TC603: `.` is a folder, and a file is wanted here"),
        ("nowhere", "TC602: there is no file `nowhere`"),
    ],
)
def test_what_is_no_point_and_no_file_of_one_is_told(point: str, message: str):
    with pytest.raises(TcgradError) as caught:
        read_point([point])
    assert str(caught.value) == f"{message}\nhelp: a point is written `x=2,y=4`, or stands in a YAML file"


def test_an_option_has_no_control_characters():
    result = tcgrad("derive", "gallery:gradient_xy", "--at", "x=2,y=1\x1b[31m")
    assert result.returncode == 2
    assert result.stderr.startswith("--at:1:8: error[TC101]: the character U+001B does not belong in a spec\n")


@pytest.mark.skipif(os.name == "nt", reason="there are no such names")
def test_a_file_name_cannot_drive_the_terminal(tmp_path: Path):
    text = Path(MATMUL).read_text().replace("dl/dy[p,j]*a[q,j]", "2*dl/dy[p,j]*a[q,j]")
    (tmp_path / "a\x1b[31m.yaml").write_text(text)
    for command in ("derive", "emit", "check"):
        result = tcgrad(command, "a\x1b[31m.yaml", cwd=tmp_path)
        assert result.stdout.count("\x1b") == 0
        assert result.stdout


def test_errors_of_a_spec_name_the_place(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(BAD)
    result = tcgrad("derive", "bad.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("bad.yaml:3:13: error[TC3")
    assert "  - y = 3*x[i]\n" in result.stderr


def test_debug_shows_the_traceback(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(BAD)
    for arguments in (["--debug", "derive", "bad.yaml"], ["derive", "bad.yaml", "--debug"]):
        result = tcgrad(*arguments, cwd=tmp_path)
        assert result.returncode == 2
        assert "Traceback" in result.stderr
        assert "bad.yaml:3:13: error[TC3" in result.stderr


def test_a_bug_is_reported_as_one(tmp_path: Path):
    (tmp_path / "broken.py").write_text(
        "import sys, tcgrad.api\nfrom tcgrad.cli.run import run\n"
        "def fail(*_, **__): raise ZeroDivisionError('oh')\n"
        "tcgrad.api.derive = fail\nsys.exit(run(sys.argv[1:]))\n"
    )
    command = [sys.executable, str(tmp_path / "broken.py"), "derive", "gallery:matmul"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 3
    assert result.stderr.startswith("tcgrad: internal error: ZeroDivisionError: oh\n")
    assert "Traceback" not in result.stderr
    assert "report it" in result.stderr
    shown = subprocess.run([*command, "--debug"], capture_output=True, text=True, env=environment, check=False)
    assert shown.returncode == 3
    assert "Traceback" in shown.stderr


def test_an_interrupt_is_quiet(tmp_path: Path):
    (tmp_path / "stopped.py").write_text(
        "import sys, tcgrad.api\nfrom tcgrad.cli.run import run\n"
        "def stop(*_, **__): raise KeyboardInterrupt\n"
        "tcgrad.api.derive = stop\nsys.exit(run(sys.argv[1:]))\n"
    )
    command = [sys.executable, str(tmp_path / "stopped.py"), "derive", "gallery:matmul"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


WHERE_INTERRUPTS_COME = {
    "as the work goes on": ("def stop(*_, **__): raise KeyboardInterrupt", 130),
    "as a class is made, which Python runs a text for": ("def stop(*_, **__): exec('raise KeyboardInterrupt')", 130),
    "in a destructor, which Python drops exceptions of": (
        """
import os, time
class Gone:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(9)
def stop(*_, **__):
    Gone()
    for _ in range(200): time.sleep(0.05)
""",
        130,
    ),
    "where a library goes on whatever happens": (
        """
import os, time
def stop(*_, **__):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(9)
    except BaseException: pass
    for _ in range(200): time.sleep(0.05)
""",
        130,
    ),
    "where Python makes another error of it": (
        """
class Named:
    def __set_name__(self, *_): raise KeyboardInterrupt
def stop(*_, **__): type("Owner", (), {"name": Named()})
""",
        130,
    ),
    "as Python leaves": ("import atexit, os\natexit.register(os.kill, os.getpid(), 2)\nstop = tcgrad.api.derive", 0),
}


@pytest.mark.skipif(os.name == "nt", reason="an interrupt is no signal there")
@pytest.mark.parametrize("where", WHERE_INTERRUPTS_COME)
def test_an_interrupt_is_quiet_wherever_it_comes(where: str, tmp_path: Path):
    stopping, status = WHERE_INTERRUPTS_COME[where]
    # What runs in the background of a shell is started with interrupts ignored.
    first = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nimport tcgrad.api\n"
    (tmp_path / "stopped.py").write_text(
        first + "from tcgrad.__main__ import main\n" + stopping + "\ntcgrad.api.derive = stop\nmain()\n"
    )
    command = [sys.executable, "-m", "stopped", "derive", "gallery:matmul"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=15)
    assert (result.returncode, result.stderr) == (status, "")
    assert bool(result.stdout) == (status == 0)


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
@pytest.mark.parametrize("arguments", [["derive", "gallery:layer_norm"], ["--help"], ["explain"]])
def test_a_closed_pipe_is_quiet(arguments: list[str]):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "tcgrad", *arguments],
        stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, "")


WRITING = ["derive gallery:matmul", "check gallery:matmul", "emit gallery:matmul", "--version", "--help", "emit --help"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize("arguments", WRITING)
@pytest.mark.parametrize(
    ("closing", "reason"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
def test_what_cannot_be_written_is_refused(arguments: str, closing: str, reason: str):
    line = f"{sys.executable} -m tcgrad {arguments} {closing}"
    result = subprocess.run(line, shell=True, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)  # noqa: S602
    message = f"tcgrad: error[TC605]: cannot write to standard output: {reason}\n"
    assert (result.returncode, result.stderr) == (2, message)


@pytest.mark.skipif(os.name == "nt", reason="there is no such shell")
def test_an_output_that_is_closed_does_not_matter_to_what_writes_a_file(tmp_path: Path):
    line = f"{sys.executable} -m tcgrad emit gallery:matmul -o {tmp_path}/module.py >&- 2>&- <&-"
    result = subprocess.run(line, shell=True, cwd=ROOT, check=False)  # noqa: S602
    assert result.returncode == 0
    assert "def backward" in (tmp_path / "module.py").read_text()


@pytest.mark.parametrize("arguments", [["--help"], ["derive", "--help"], ["derive", "gallery:matmul"], ["gallery"]])
def test_nothing_piped_has_escapes(arguments: list[str]):
    """Whatever there is that would have them; libraries look at it as they are imported."""
    assert "\x1b" not in tcgrad_process(*arguments, GITHUB_ACTIONS="1", FORCE_COLOR="1", PY_COLORS="1").stdout


@pytest.mark.parametrize("name", ["derive", "emit", "check", "gallery", "explain"])
def test_help_has_examples(name: str):
    text = tcgrad(name, "--help").stdout
    assert text.startswith(f"Usage: tcgrad {name} [OPTIONS]")
    assert f"\n    $ tcgrad {name}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_standard_input_is_a_spec():
    text = Path(MATMUL).read_text()
    result = tcgrad("derive", "-", "--ascii", stdin=text)
    assert result.stdout.startswith("stdin: The product of two matrices.")
    assert "dl/dx[p,q] = dl/dy[p,j]*a[q,j]" in result.stdout
    assert tcgrad("derive", "-", stdin=BAD).stderr.startswith("stdin:3:13: error")


def test_a_spec_on_standard_input_is_linted():
    assert tcgrad("lint", "-", stdin=Path(MATMUL).read_text()).stdout == "no warnings about 1 spec\n"
    assert tcgrad("lint", "-", stdin=BAD).stderr.startswith("stdin:3:13: error")
    result = tcgrad("lint", "-", MATMUL)
    assert (result.returncode, "a spec by itself" in result.stderr) == (2, True)


def written_in_ascii(*arguments: str, cwd: Path) -> str:
    """What a program reads in UTF-8, where the locale has ASCII alone."""
    result = tcgrad_process(*arguments, cwd=cwd, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    (tmp_path / "größe.yaml").write_text(
        "dims: {größe: 3}\ninputs: {变量: [größe], 𝒙: [größe]}\nequations: ['é[i] = 变量[i]^2']\n", encoding="utf-8"
    )
    return tmp_path


def test_code_is_utf_8_in_any_locale(foreign: Path):
    code = written_in_ascii("emit", "größe.yaml", cwd=foreign)
    assert "def forward(变量" in code
    compile(code, "module", "exec")


@pytest.mark.parametrize("command", ["derive", "check", "lint"])
def test_json_is_utf_8_in_any_locale(command: str, foreign: Path):
    data = json.loads(written_in_ascii(command, "größe.yaml", "--format", "json", cwd=foreign))
    assert (data if command == "derive" else data["specs"][0])["name"] == "größe"


def test_every_format_is_utf_8_in_any_locale(foreign: Path):
    for name in ("jsonl", "sarif"):
        lines = written_in_ascii("check", "größe.yaml", "--format", name, cwd=foreign)
        assert [json.loads(line) for line in (lines.splitlines() if name == "jsonl" else [lines])]
    tree = ET.fromstring(written_in_ascii("check", "größe.yaml", "--format", "junit", cwd=foreign))
    assert tree.find("testsuite").get("name") == "größe"
    for arguments in (
        ["check", "--format", "markdown"],
        ["derive", "--format", "latex"],
        ["lint", "--format", "github"],
    ):
        assert "größe" in written_in_ascii(*arguments, "größe.yaml", cwd=foreign)


@pytest.mark.skipif(sys.platform != "linux", reason="there are no such names")
def test_what_is_no_character_of_a_name_is_written_as_its_escape(tmp_path: Path):
    name = os.fsdecode(b"\xff.yaml")
    (tmp_path / name).write_text("inputs: {x: [3]}\nequations: ['y[i] = 2*x[i]']\n")
    result = tcgrad("check", name, "--format", "json", cwd=tmp_path)
    assert json.loads(result.stdout)["specs"][0]["spec"] == name


@pytest.mark.parametrize("command", ["derive", "check"])
def test_standard_input_is_utf_8_or_refused(command):
    process = subprocess.run(
        [sys.executable, "-m", "tcgrad", command, "-"],
        input=b"inputs: {x: [3]}\nequations: ['y[i] = \xff']\n",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert process.returncode == 2
    assert process.stderr.startswith(b"stdin:2:21: error[TC101]: the file is not text in UTF-8")


def test_a_report_to_a_file_of_an_impossible_name_is_refused():
    name = "x" * 5000
    result = tcgrad("check", "gallery:dot", "--output-file", f"json:{name}")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tcgrad: error[TC605]: cannot write `xxx")


@pytest.mark.skipif(os.name != "posix", reason="a shell closes it")
def test_standard_input_that_is_closed_is_refused():
    command = f"{shlex.quote(sys.executable)} -m tcgrad derive - <&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert process.returncode == 2
    assert process.stderr.startswith("tcgrad: error[TC607]: standard input is closed\n")


def test_a_terminal_without_unicode_gets_ascii():
    result = tcgrad_process("derive", "gallery:matmul", PYTHONIOENCODING="ascii")
    assert result.stdout.isascii()
    assert "dl/dx[p,q] = dl/dy[p,j]*a[q,j]" in result.stdout


def test_emit_replaces_a_file_whole(tmp_path: Path):
    target = tmp_path / "matmul.py"
    target.write_text("old")
    target.chmod(0o640)
    result = tcgrad("emit", "gallery:matmul", "-o", str(target))
    assert (result.returncode, result.stdout) == (0, "")
    assert target.read_text() == tcgrad("emit", "gallery:matmul").stdout
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["matmul.py"]


def test_a_read_only_file_is_not_replaced(tmp_path: Path):
    target = tmp_path / "matmul.py"
    target.write_text("old")
    target.chmod(0o444)
    result = tcgrad("emit", "gallery:matmul", "-o", str(target))
    assert (result.returncode, target.read_text()) == (2, "old")
    assert result.stderr == f"tcgrad: error[TC605]: cannot write `{target}`: the file is read-only\n"


@pytest.mark.parametrize("command", [("emit", "gallery:matmul"), ("schema",)])
def test_a_file_in_a_folder_that_is_not_there_is_not_written(tmp_path: Path, command):
    target = tmp_path / "none" / "matmul.py"
    result = tcgrad(*command, "-o", str(target))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"tcgrad: error[TC605]: cannot write `{target}`: ")
    assert result.stderr.endswith(f"help: make the folder `{target.parent}` first\n")
    assert not target.parent.exists()


def test_a_failed_emit_leaves_the_old_file(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "out.py").write_text("old")
    assert tcgrad("emit", "bad.yaml", "-o", "out.py", cwd=tmp_path).returncode == 2
    assert (tmp_path / "out.py").read_text() == "old"


def test_a_wrong_expectation_fails(tmp_path: Path):
    text = Path(MATMUL).read_text().replace("dl/dy[p,j]*a[q,j]", "dl/dy[p,j]*a[q,j]*2")
    (tmp_path / "wrong.yaml").write_text(text)
    result = tcgrad("check", "wrong.yaml", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")


def test_a_broken_spec_does_not_hide_the_others(tmp_path: Path):
    (tmp_path / "a_bad.yaml").write_text(BAD)
    (tmp_path / "b_good.yaml").write_text(Path(MATMUL).read_text())
    result = tcgrad("check", ".", "--format", "json", cwd=tmp_path)
    assert result.returncode == 2
    assert "a_bad.yaml:3:13: error" in result.stderr
    report = json.loads(result.stdout)
    assert not report["ok"]
    assert [(entry["spec"], entry["ok"]) for entry in report["specs"]] == [("a_bad.yaml", False), ("b_good.yaml", True)]


def test_derive_json_has_the_keys_of_the_manual():
    data = json.loads(tcgrad("derive", "gallery:matmul", "--format", "json").stdout)
    assert list(data) == ["name", "outputs", "jacobians", "gradients"]
    assert data["jacobians"][0]["index"].startswith("dy[i,j]/dx[p,q] = ")
    assert data["gradients"][0]["index"] == ["dl/dx[p,q] = dl/dy[p,j]*a[q,j]"]
    assert data["gradients"][1]["index"] == ["dl/da[p,q] = dl/dy[i,q]*x[i,p]"]


POINTS = [
    ("x=2,y=4", [4.0, 3.0]),
    ("x=-1e0, y=pi", [-2.0, 3.0]),
    ("x=1/4,y=sqrt(2)", [0.5, 3.0]),
]


@pytest.mark.parametrize(("point", "row"), POINTS)
def test_values_at_a_point(point: str, row: list[float]):
    result = tcgrad("derive", "gallery:gradient_xy", "--format", "json", "--at", point)
    assert json.loads(result.stdout)["at"]["matrix"] == [row]


@pytest.mark.parametrize(
    "value", ["nan", "y", "1+", "'a b'", "exp", "x[i]", "import os", "1e999", "{a: 1}", "true", "[1"]
)
def test_values_that_are_no_numbers_are_refused(value: str):
    result = tcgrad("derive", "gallery:gradient_xy", "--at", f"x={value},y=1")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("--at:1:3: error[TC")


def test_values_at_a_point_from_a_file(tmp_path: Path):
    (tmp_path / "point.yaml").write_text("b: [1, 2, 3, 4]\nc: [5, 6, 7, 8]\nds: 10\n")
    result = tcgrad("derive", "gallery:matrix_operations_dot", "--format", "json", "--at", "point.yaml", cwd=tmp_path)
    values = json.loads(result.stdout)["at"]
    assert values["outputs"] == {"s": 70.0}
    assert values["gradients"] == {"dl/db": [50.0, 60.0, 70.0, 80.0], "dl/dc": [10.0, 20.0, 30.0, 40.0]}


@pytest.mark.parametrize(
    "words",
    [
        ("emit", "f.yaml", "-o", "f.yaml"),
        ("check", "f.yaml", "--output-file", "text:f.yaml"),
        ("schema", "-o", "f.yaml"),
    ],
)
def test_a_spec_is_never_written_over(tmp_path: Path, words: tuple[str, ...]):
    text = Path(MATMUL).read_text()
    (tmp_path / "f.yaml").write_text(text)
    result = tcgrad(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("tcgrad: error[TC605]: cannot write `f.yaml`: a YAML file that is there")
    assert (tmp_path / "f.yaml").read_text() == text


def test_truth_values_at_a_point(tmp_path: Path):
    (tmp_path / "f.yaml").write_text("inputs: {b: {shape: [2], dtype: bool}, x: [2]}\nequations: ['z = b[i]*x[i]']\n")
    (tmp_path / "point.yaml").write_text("b: [true, False]\nx: [3, 4]\n")
    result = tcgrad("derive", "f.yaml", "--format", "json", "--at", "point.yaml", cwd=tmp_path)
    assert json.loads(result.stdout)["at"]["outputs"] == {"z": 3.0}


ROWS = [
    ("x: 2\ny: [1]\n", ["point.yaml:2:4: error[TC608]: the value of `y` has shape [1], not []", "y: [1]", "   ^^^"]),
    ("x: 2\ny: 4\nz: 3\n", ["point.yaml:3:4: error[TC608]: `z` is no input", "z: 3", "   ^"]),
    ("x: 2\n", ["tcgrad: error[TC608]: the point has no value for `y`"]),
]


@pytest.mark.parametrize(("text", "told"), ROWS)
def test_what_is_wrong_with_a_point_is_told_at_its_place(tmp_path: Path, text: str, told: list[str]):
    (tmp_path / "point.yaml").write_text(text)
    result = tcgrad("derive", "gallery:gradient_xy", "--at", "point.yaml", cwd=tmp_path)
    assert result.stderr.splitlines()[: len(told)] == told


def test_a_value_on_the_command_line_takes_the_place_of_one_in_a_file(tmp_path: Path):
    (tmp_path / "point.yaml").write_text("x: 2\ny: [1]\n")
    result = tcgrad("derive", "gallery:gradient_xy", "--at", "point.yaml", "--at", "y=[2]", cwd=tmp_path)
    assert result.stderr.startswith("tcgrad: error[TC608]: the value of `y` has shape [1], not []")
    assert tcgrad("derive", "gallery:gradient_xy", "--at", "point.yaml", "--at", "y=2", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("line", ["WORD", "derive --WORD", "derive x --format WORD", "check x --jobs WORD"])
def test_long_words_are_not_repeated(line: str):
    result = tcgrad(*line.replace("WORD", "9" * 100_000).split())
    assert result.returncode == 2
    assert result.stderr.startswith("tcgrad: error[TC601]: ")
    assert len(result.stderr) < 1200


def test_a_point_that_is_longer_than_the_name_of_a_file_may_be():
    number = "1." + "0" * 300
    assert "x = 1" in tcgrad("derive", "gallery:gradient_xy", "--at", f"x={number},y=4").stdout


@pytest.mark.parametrize("text", ["", "# nothing\n", "[1, 2]\n"])
def test_a_point_that_is_no_mapping(tmp_path: Path, text: str):
    (tmp_path / "point.yaml").write_text(text)
    result = tcgrad("derive", "gallery:gradient_xy", "--at", "point.yaml", cwd=tmp_path)
    assert result.stderr.startswith("point.yaml:1:1: error[TC608]: a point is a mapping of names to numbers")


def test_code_stands_behind_the_formulas():
    text = tcgrad("derive", "gallery:matmul", "--code").stdout
    assert text.endswith(tcgrad("emit", "gallery:matmul").stdout)


DERIVED_IN_EVERY_FORMAT = """
from tcgrad.cli.run import run

for name in ("text", "json", "latex", "markdown"):
    run(["derive", "gallery:attention", "--format", name])
"""


def test_output_does_not_depend_on_hashes():
    seen = {
        subprocess.run(
            [sys.executable, "-c", DERIVED_IN_EVERY_FORMAT],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(seen) == 1
    assert b"# attention" in seen.pop().lower()


def test_derive_is_in_colours_if_they_are_asked_for():
    plain = tcgrad("derive", "gallery:matmul").stdout
    colored = tcgrad("derive", "gallery:matmul", "--color", "always").stdout
    assert "\x1b[" not in plain
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert tcgrad("derive", "gallery:matmul", "--color", "never", FORCE_COLOR="1").stdout == plain
    for name in ("json", "latex", "markdown"):
        assert "\x1b[" not in tcgrad("derive", "gallery:matmul", "--color", "always", "--format", name).stdout
