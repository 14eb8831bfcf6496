"""``tcgrad completion``: completion of the command line in shells.

The script that a shell sources asks the program what may stand next: it runs it with the command line so far as the one
argument, and the variable ASKED set to the name of the shell. That is answered here, before anything else is looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from tcgrad.cli.candidates import Candidate, find_candidates
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug
from tcgrad.cli.output import write, write_text

if TYPE_CHECKING:
    from typer.core import TyperGroup

EXAMPLES: tuple[Example, ...] = (
    ("source <(tcgrad completion bash)", "Complete in this shell; in ~/.bashrc: in every one"),
    ('tcgrad completion zsh > "${fpath[1]}/_tcgrad"', "For zsh"),
    ("tcgrad completion fish > ~/.config/fish/completions/tcgrad.fish", "For fish"),
)

ASKED: Final = "_TCGRAD_COMPLETION"
BREAKS: Final = "_TCGRAD_WORDBREAKS"

_SCRIPTS: Final = {
    "bash": """\
_tcgrad() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(@ASKED@=bash @BREAKS@="$COMP_WORDBREAKS" "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _tcgrad tcgrad
""",
    "zsh": """\
#compdef tcgrad
_tcgrad() {
    local line
    local -a plain described open
    for line in "${(@f)$(@ASKED@=zsh "${words[1]}" "${(j: :)words[1,CURRENT]}" 2>/dev/null)}"; do
        if [[ -z $line ]]; then continue
        elif [[ $line == *$'\\t'* ]]; then described+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
        elif [[ $line == *[:/=] ]]; then open+=("$line")
        else plain+=("$line")
        fi
    done
    (( $#described )) && _describe 'tcgrad' described
    (( $#open )) && compadd -S '' -- "${open[@]}"
    (( $#plain )) && compadd -- "${plain[@]}"
    return 0
}
if [[ ${funcstack[1]} == _tcgrad ]]; then _tcgrad "$@"; else compdef _tcgrad tcgrad; fi
""",
    "fish": """\
complete --command tcgrad --no-files --arguments \\
    '(@ASKED@=fish tcgrad (commandline --cut-at-cursor --current-process | string collect) 2>/dev/null)'
""",
}

Shell = Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]


def command(shell: Shell, debug: Debug = False) -> None:
    """Print a script that completes tcgrad's command line in a shell.

    Commands, options, the values of options, the names of the gallery and of a spec, error codes and files are
    completed.
    """
    write(_SCRIPTS[shell].replace("@ASKED@", ASKED).replace("@BREAKS@", BREAKS))


def answer(program: TyperGroup, shell: str, line: str) -> None:
    """Write what may stand at the end of a command line, a candidate a line; what it means behind a tab."""
    word, candidates = find_candidates(program, line)
    if shell == "bash":
        cut = _known_to_bash(word)
        write_text("".join(f"{_quoted(each.value[cut:])}\n" for each in candidates))
    else:
        write_text("".join(f"{_described(each)}\n" for each in candidates))


def _described(candidate: Candidate) -> str:
    return f"{candidate.value}\t{candidate.meaning}" if candidate.meaning else candidate.value


def _known_to_bash(word: str) -> int:
    """How many characters of a word bash takes for words of their own, which it does not replace."""
    breaks = "".join(char for char in os.environ.get(BREAKS, ":=") if char in ":=")
    return max((word.rfind(char) + 1 for char in breaks), default=0)


def _quoted(text: str) -> str:
    """A text that bash puts into the command line as it is."""
    return "".join(f"\\{char}" if char in " \t!\"$&'()*;<>?[\\]`{|}~" else char for char in text)
