"""What a run shows while it goes: a live table, plain lines, events for machines, or nothing."""

from studies.display.choice import make_display
from studies.display.events import EventDisplay
from studies.display.outline import Outline, StoredRun, make_outline
from studies.display.protocol import Display, SilentDisplay

__all__ = [
    "Display",
    "EventDisplay",
    "Outline",
    "SilentDisplay",
    "StoredRun",
    "make_display",
    "make_outline",
]
