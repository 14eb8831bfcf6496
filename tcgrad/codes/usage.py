"""TC6xx: the command line and files."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "TC601",
        "the command line is wrong",
        "An option or an argument is unknown, is missing, or has a value that it cannot have.",
        "tcgrad derive --notatoin matrix layer_norm.yaml",
        "tcgrad derive --notation matrix layer_norm.yaml",
    ),
    Code(
        "TC602",
        "a file does not exist",
        "The spec, or another file that the command line names, is not there.",
        "tcgrad derive layer_nrom.yaml",
        "tcgrad derive layer_norm.yaml",
    ),
    Code(
        "TC603",
        "a folder or a pattern holds no spec, or one spec is wanted and a folder is given",
        "`tcgrad check` takes files, folders and patterns, and each must hold at least one file that ends in .yaml or "
        ".yml. The other commands take one file.",
        "tcgrad derive specs/",
        "tcgrad derive specs/layer_norm.yaml",
    ),
    Code(
        "TC604",
        "the gallery has no such spec",
        "The name behind `gallery:` is not one of those that `tcgrad gallery` lists.",
        "tcgrad derive gallery:layernorm",
        "tcgrad derive gallery:layer_norm",
    ),
    Code(
        "TC605",
        "a file cannot be written",
        "The folder does not exist, or may not be written to; a YAML file is there, which is never written over; two "
        "reports are to go to one file; or standard output is closed, or its disk is full.",
        "tcgrad emit gallery:matmul -o /nowhere/matmul.py",
        "tcgrad emit gallery:matmul -o matmul.py",
    ),
    Code(
        "TC606",
        "there is no such error code",
        "`tcgrad explain` takes a code as it stands in a message; without a code it lists all of them.",
        "tcgrad explain TC999",
        "tcgrad explain TC107",
    ),
    Code(
        "TC607",
        "a file cannot be read",
        "It may not be read, or the name cannot be that of a file.",
    ),
    Code(
        "TC608",
        "the point of --at is not right",
        "Every input needs a value of its own shape: `--at x=2,y=4` for numbers, `--at 'v=[1, 2]'` for a list, or a "
        "YAML file that maps names to numbers and nested lists. Integers are whole and index inside, a symmetric input "
        "is symmetric; how inputs are sampled binds nobody. Gradients of outputs may be given as well, as `dy`.",
        "tcgrad derive gallery:gradient_xy --at x=2",
        "tcgrad derive gallery:gradient_xy --at x=2,y=4",
    ),
    Code(
        "TC609",
        "git does not say what has changed",
        "`--changed-since` needs git, a repository around the current folder, and a commit, branch or tag that it has. "
        "Continuous integration often fetches one commit only: fetch the other one too (in GitHub Actions by "
        "`fetch-depth: 0`).",
        "tcgrad check specs/ --changed-since origin/mian",
        "tcgrad check specs/ --changed-since origin/main",
    ),
    Code(
        "TC610",
        "a setting of the project or of the environment is wrong",
        "Under `[tool.tcgrad]` in pyproject.toml stand options of `tcgrad check`, without hyphens in front. They are "
        "read from the environment too, as TCGRAD_JOBS for `--jobs`.",
        "TCGRAD_JOBS=two tcgrad check specs/",
        "TCGRAD_JOBS=2 tcgrad check specs/",
    ),
)
