"""``samora-bot check``: findings as a table, or as lines where there is no terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.core.findings import Finding, State

_MARKS = {
    State.FINE: ("works", "✓ works", "green"),
    State.REMARK: ("note", "• note", "yellow"),
    State.BROKEN: ("FAILS", "✗ fails", "bold red"),
}


def draw_findings(findings: Sequence[Finding]) -> None:
    """Prints what was found, and what to do where something doesn't work."""
    console = Console(highlight=False)
    if not console.is_terminal:
        for finding in findings:
            console.print(_line(finding), markup=False, soft_wrap=True)
        return
    table = Table("", "What", "Found", "What to do", box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        _, mark, style = _MARKS[finding.state]
        table.add_row(Text(mark, style=style), finding.name, Text(finding.detail), Text(finding.advice))
    console.print(table)


def _line(finding: Finding) -> str:
    state, _, _ = _MARKS[finding.state]
    return f"{state} {finding.name}: {finding.detail}{f' → {finding.advice}' if finding.advice else ''}"
