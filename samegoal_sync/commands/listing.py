"""Lists on standard output that are complete at any width: a table, or a paragraph a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from samegoal_sync.commands.app import PlainConsole
from samegoal_sync.outside_text import visible_text

Cell = str | Text

#: Cells between two columns, and the indent of what stands below a row's first cell.
_GAP = 2
#: A row of cells no longer than this becomes running text; longer ones have a line each.
_SHORT = 24


def print_list(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    title: str | None = None,
    numbers: Sequence[str] = (),
) -> None:
    """Print rows below their headings; nothing is cut, a row of a pipe or a file is one line.

    On a terminal too narrow for the table each row is a paragraph: its first cell, then the others
    with their headings. Two columns always are a table; the second one is wrapped.

    Args:
        headings: one a column.
        rows: cells of text, as many as headings; ``Text`` brings its own color.
        title: a line above it.
        numbers: headings whose cells stand to the right.
    """
    cells = [[_as_text(cell) for cell in row] for row in rows]
    console = PlainConsole()
    needed = _needed(headings, cells)
    if not console.is_terminal:
        console = PlainConsole(width=needed)
    if title:
        console.print(title, style="bold", soft_wrap=True)
    if needed <= console.width or len(headings) == 2:
        console.print(_table(headings, cells, numbers))
        return
    for row in cells:
        _print_paragraph(console, headings, row)


def _as_text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(visible_text(cell))


def _needed(headings: Sequence[str], cells: list[list[Text]]) -> int:
    """How many columns of a terminal the table takes without a wrapped cell."""
    widths = [cell_len(heading) for heading in headings]
    for row in cells:
        widths = [max(width, cell.cell_len) for width, cell in zip(widths, row, strict=True)]
    return max(1, sum(widths) + _GAP * (len(widths) - 1))


def _table(headings: Sequence[str], cells: list[list[Text]], numbers: Sequence[str]) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        collapse_padding=True,
        header_style="bold",
    )
    for number, heading in enumerate(headings):
        last = number == len(headings) - 1
        side = "right" if heading in numbers else "left"
        table.add_column(heading, justify=side, no_wrap=not last, overflow="fold")  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*row)
    return table


def _print_paragraph(console: PlainConsole, headings: Sequence[str], row: list[Text]) -> None:
    console.print(Text(row[0].plain, style="bold"), overflow="fold")
    filled = [(name, cell) for name, cell in zip(headings[1:], row[1:], strict=True) if cell.plain]
    if all(cell.cell_len <= _SHORT for _, cell in filled):
        flow = Text(" · ").join(Text.assemble((f"{name} ", "dim"), cell) for name, cell in filled)
        console.print(Padding(flow, (0, 0, 0, _GAP)))
        return
    lines = Table.grid(padding=(0, _GAP, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, cell in filled:
        lines.add_row(name, cell)
    console.print(Padding(lines, (0, 0, 0, _GAP)))
