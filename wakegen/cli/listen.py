"""`wakegen listen`: a detector at work, with a score meter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wakegen.cli import options
from wakegen.cli.state import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METER_CELLS = 40


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("source", required=False, type=click.Choice(["-"]))
@click.option("--mic", is_flag=True, help="Listen to the microphone (needs the extra: pip install 'wakegen[mic]').")
@click.option("--wav", type=click.Path(path_type=Path), metavar="FILE", help="A recording, in any format and rate.")
@options.detector
@options.output
@click.pass_obj
def listen(
    state: State,
    /,
    model: Path,
    source: str | None,
    mic: bool,
    wav: Path | None,
    threshold: float | None,
    vad: float | None,
    runtime: str,
) -> None:
    """Run a detector live, with a score meter.

    Listens to the microphone, to a recording, or with `-` to stdin: 16 kHz, mono, 16 bit, raw or WAV.

    \b
    wakegen listen hey_katya.onnx --wav kitchen.wav
    arecord -q -f S16_LE -r 16000 -c 1 | wakegen listen hey_katya.onnx -
    """
    import wakegen
    from wakegen.cli import sources

    if [bool(source), mic, wav is not None].count(True) != 1:
        raise click.UsageError("Say what to listen to: --mic, --wav FILE or - (stdin).")
    detector = _opened(model, threshold=threshold, vad=vad, runtime=runtime)
    if wav is not None:
        chunks, lead_s = sources.recording(wakegen.read_audio(wav)), sources.LEAD_S
    else:
        lead_s = 0.0
        chunks = sources.microphone() if mic else sources.stream(sys.stdin.buffer)
    _run(detector, chunks, state, lead_s=lead_s)


def _opened(model: Path, *, threshold: float | None, vad: float | None, runtime: str) -> Any:
    """Open a detector; a .wgm is run as its microcontroller runs it, with nothing to choose."""
    import wakegen

    if model.suffix != ".wgm":
        return wakegen.Detector(model, threshold=threshold, vad=vad, runtime=runtime)
    if threshold is not None or vad is not None or runtime != "auto":
        raise click.UsageError("A .wgm is heard as on its microcontroller: without --threshold, --vad and --runtime.")
    return wakegen.IntegerDetector(model)


def _run(detector: Any, chunks: Iterator[NDArray[np.int16]], state: State, *, lead_s: float) -> None:
    """Push everything and tell what fires; times count from the end of the lead-in."""
    from wakegen.cli import show

    found: list[dict[str, float]] = []
    best = seconds = 0.0
    meter = Meter(state, detector.sidecar.threshold)
    for chunk in chunks:
        for score in detector.push(chunk):
            best, seconds = max(best, score.score), score.time_s - lead_s
            meter.draw(score)
            if score.fired:
                found.append({"time_s": round(seconds, 2), "score": round(score.score, 4)})
                meter.clear()
                if not state.json:
                    click.echo(f"{seconds:9.2f} s  {score.score:.3f}  {detector.sidecar.phrase}")
    meter.clear()
    summary = {"phrase": detector.sidecar.phrase, "threshold": detector.sidecar.threshold, "seconds": round(seconds, 2)}
    if state.json:
        show.document(summary | {"highest_score": round(best, 4), "detections": found})
    elif not state.quiet:
        click.echo(
            f"{len(found)} detections in {seconds:.1f} s; highest score {best:.3f}, threshold {summary['threshold']:.3f}",
            err=True,
        )


class Meter:
    """The score as a bar on the last line of a terminal; nothing elsewhere."""

    def __init__(self, state: State, threshold: float) -> None:
        self._draws = state.draws()
        self._mark = min(METER_CELLS - 1, int(threshold * METER_CELLS))

    def draw(self, score: Any) -> None:
        """Show one step."""
        if not self._draws:
            return
        full = int(score.score * METER_CELLS)
        cells = ["█" if cell < full else "·" for cell in range(METER_CELLS)]
        cells[self._mark] = "│"
        sys.stderr.write(f"\r{score.time_s:8.1f} s  {''.join(cells)}  {score.score:.2f} ")
        sys.stderr.flush()

    def clear(self) -> None:
        """Make room for a line of text."""
        if self._draws:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
