"""The node's figures: counted as plain numbers, shown in the Prometheus format."""

from appliance.metrics.exposition import CONTENT_TYPE, PREFIX, Counters, LabelValues
from appliance.metrics.figures import Distribution, EventFigures, RequestFigures

__all__ = [
    "CONTENT_TYPE",
    "PREFIX",
    "Counters",
    "Distribution",
    "EventFigures",
    "LabelValues",
    "RequestFigures",
]
