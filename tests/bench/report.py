"""Figures as a table for people and as JSON for programs."""

from typing import Any

from tests.bench.figures import Measure, Series, Summary

# A client this busy had no time left: the server may be faster than the figure says.
BUSY = 0.9
CLIENT_BOUND = "client was busy: at least this"


def as_text(facts: dict[str, str], measures: list[Measure]) -> str:
    """The whole report."""
    lines = [f"{name:<20} {value}" for name, value in facts.items()]
    for measure in measures:
        lines += ["", f"{measure.title} [{measure.name}]"]
        busy = f"{'server CPU':>10}{'client CPU':>12}" if _is_load(measure) else ""
        lines.append(f"  {'':<22}{measure.unit:>12}  {'range':<19}{busy}".rstrip())
        lines += [_series_line(series) for series in measure.series]
        lines += [
            _ratio_line(above, below, measure.ratio(above, below))
            for above, below in measure.comparisons
        ]
        lines += [f"  * {note}" for note in measure.notes]
    return "\n".join(lines)


def as_json(facts: dict[str, str], measures: list[Measure]) -> dict[str, Any]:
    """The same for programs, with every run."""
    return {"machine": facts, "measures": [_measure_json(measure) for measure in measures]}


def _is_load(measure: Measure) -> bool:
    return any(series.server_busy is not None for series in measure.series)


def _series_line(series: Series) -> str:
    summary = series.summary
    spread = f"{_figure(summary.low)} to {_figure(summary.high)}"
    busy = f"{_percent(series.server_busy):>10}{_percent(series.client_busy):>12}"
    remark = f"  {CLIENT_BOUND}" if (series.client_busy or 0) > BUSY else ""
    return (
        f"  {series.subject:<22}{_figure(summary.median):>12}  {spread:<19}{busy}{remark}".rstrip()
    )


def _ratio_line(above: str, below: str, ratio: Summary) -> str:
    spread = f"{_quotient(ratio.low)} to {_quotient(ratio.high)}"
    return f"  = {above} / {below}: {_quotient(ratio.median)}  ({spread})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _quotient(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f} %"


def _measure_json(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "title": measure.title,
        "unit": measure.unit,
        "series": [_series_json(series) for series in measure.series],
        "ratios": [
            {"of": above, "to": below, **_summary_json(measure.ratio(above, below))}
            for above, below in measure.comparisons
        ],
        "notes": list(measure.notes),
    }


def _series_json(series: Series) -> dict[str, Any]:
    return {
        "subject": series.subject,
        **_summary_json(series.summary),
        "runs": [run.value for run in series.runs],
        "server_busy": series.server_busy,
        "client_busy": series.client_busy,
        "client_was_the_limit": (series.client_busy or 0) > BUSY,
    }


def _summary_json(summary: Summary) -> dict[str, float]:
    return {"median": summary.median, "low": summary.low, "high": summary.high}
