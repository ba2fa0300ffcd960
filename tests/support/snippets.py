"""Commands that the documentation tells people to type."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]*=")
_SEPARATORS = frozenset({"&&", "||", "|", ";", "&"})


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a snippet, taken apart as a shell would."""

    document: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document.name}: {shlex.join(self.words)}"

    @property
    def program(self) -> str:
        """What is run, without its folder."""
        return Path(self.words[0]).name


def commands_in(document: Path) -> list[Command]:
    """Return every command of every `sh` snippet, variables in front removed."""
    text = document.read_text(encoding="utf-8")
    return [
        Command(document, words)
        for snippet in _FENCE.findall(text)
        for line in snippet.replace("\\\n", " ").splitlines()
        for words in _split(line)
    ]


def _split(line: str) -> list[tuple[str, ...]]:
    lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word in _SEPARATORS:
            commands.append([])
        elif commands[-1] or _VARIABLE.match(word) is None:
            commands[-1].append(word)
    return [tuple(words) for words in commands if words]
