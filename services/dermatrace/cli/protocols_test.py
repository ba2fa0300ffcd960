"""`dermatrace protocols test`: example readings judged by the protocol they lie beside."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dermatrace.cli.example_files import Exemplified, read_examples
from dermatrace.cli.options import AsJson
from dermatrace.cli.output import print_json
from dermatrace.judge.example import Example
from dermatrace.judge.example_runs import ExampleRun, run_example


def run_examples(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="YAML files of protocols, or of their examples.",
            show_default=False,
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Judge the examples that lie beside protocols, and tell what is not as they expect.

    The examples of NAME.yaml are in NAME.examples.yaml: readings as a device would send them, and
    the findings that must follow. Each is judged as if the protocol were approved and everything
    else in order, unless it says otherwise. Needs neither broker nor journal; nothing is written.

    Exit code 1 if a finding is missing or unexpected, 2 if a file has a mistake.
    """
    read = read_examples(files)
    runs = [(one, [_run(one, example) for example in one.examples.examples]) for one in read.found]
    differing = sum(not run.is_ok for _, of_one in runs for run in of_one)
    if as_json:
        print_json([_as_plain(one, of_one) for one, of_one in runs])
    else:
        for one, of_one in runs:
            typer.echo(f"{one.file}: {one.protocol.registry_id} version {one.protocol.version}")
            for run in of_one:
                for line in _lines(run):
                    typer.echo(line)
        count = sum(len(of_one) for _, of_one in runs)
        typer.echo(f"{count} examples, {differing or 'none'} not as expected")
    for file in read.without:
        typer.echo(f"note: no examples beside {file}", err=True)
    if differing:
        raise typer.Exit(1)


def _run(one: Exemplified, example: Example) -> ExampleRun:
    protocol = one.protocol
    return run_example(example, protocol.registry_id, protocol.version, protocol.content)


def _lines(run: ExampleRun) -> Iterator[str]:
    yield f"  {'ok     ' if run.is_ok else 'DIFFERS'} {run.example.name}"
    for expected in run.missing:
        yield f"          missing: {expected}"
    for standing in run.unexpected:
        named = f"{standing.rule}, {standing.envelope}, {standing.priority}"
        yield f"          unexpected: {named}: {standing.sentence}"


def _as_plain(one: Exemplified, runs: list[ExampleRun]) -> dict[str, Any]:
    return {
        "file": str(one.file),
        "protocol": one.protocol.registry_id,
        "version": one.protocol.version,
        "digest": one.protocol.digest,
        "examples": [
            {
                "name": run.example.name,
                "ok": run.is_ok,
                "missing": [expected.model_dump(exclude_none=True) for expected in run.missing],
                "unexpected": [asdict(standing) for standing in run.unexpected],
                "raised": [asdict(standing) for standing in run.raised],
            }
            for run in runs
        ],
    }
