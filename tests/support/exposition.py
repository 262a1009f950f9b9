"""Reading the Prometheus text format with the library's own parser."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer of `/metrics`."""

    text: str

    @classmethod
    async def of(cls, http: httpx.AsyncClient, metrics_url: str) -> "Scrape":
        """What the node at this URL shows."""
        response = await http.get(metrics_url + "/metrics")
        assert response.status_code == 200
        return cls(response.text)

    def values(self, name: str, /, **labels: str) -> list[float]:
        """The values of every sample of this name that has these labels."""
        return [
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def value(self, name: str, /, **labels: str) -> float:
        """The value of the one such sample."""
        (found,) = self.values(name, **labels)
        return found

    def names(self) -> set[str]:
        """Every name that can stand in an expression."""
        return {
            sample.name
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }

    def label_values(self) -> dict[str, set[str]]:
        """Every value that each label has anywhere."""
        found: dict[str, set[str]] = {}
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                labels: Mapping[str, str] = sample.labels
                for name, value in labels.items():
                    found.setdefault(name, set()).add(value)
        return found
