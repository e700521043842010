"""Sums the metrics of several processes, in Prometheus's text format."""

from collections.abc import Iterable, Mapping
from statistics import fmean

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

type _Key = tuple[str, tuple[tuple[str, str], ...]]

_LARGEST = ("acutance_event_loop_lag_seconds",)
_MEANS = ("acutance_remembered_ratio",)
_SMALLEST = ("process_start_time_seconds",)
_SAME = ("acutance_info", "python_info")
# These grow only, and a scraper takes a decrease for a restart.
_GROWING = ("counter", "histogram", "summary")


class MetricSums:
    """Sums the metrics of carriers; the counts of carriers that have ended stay in the sums."""

    def __init__(self) -> None:
        self._last: dict[str, dict[_Key, float]] = {}
        self._ended: dict[_Key, float] = {}

    def summed(self, own: str, texts: Mapping[str, str], live: Iterable[str]) -> str:
        """Return the sum of several texts.

        Args:
            own: the metrics of the accepting process. Those that begin with ``acutance`` are about the whole server, so
                they are not added to the others.
            texts: the metrics of each carrier that replied, by its name.
            live: names of all carriers that have not ended.
        """
        live = set(live)
        families: dict[str, Metric] = {}
        values: dict[_Key, list[float]] = {}
        whole = {family.name for family in _read(own, families, values) if family.name.startswith("acutance")}
        for name, text in texts.items():
            read: dict[_Key, list[float]] = {}
            kinds = {family.name: family.type for family in _read(text, families, read, whole)}
            growing = {key for key in read if kinds.get(_family(key[0], kinds)) in _GROWING}
            self._last[name] = {key: read[key][0] for key in growing}
            for key, found in read.items():
                values.setdefault(key, []).extend(found)
        for name in self._last.keys() - texts.keys():
            if name in live:
                for key, value in self._last[name].items():
                    values.setdefault(key, []).append(value)
            else:
                for key, value in self._last.pop(name).items():
                    self._ended[key] = self._ended.get(key, 0.0) + value
        for key, value in self._ended.items():
            values.setdefault(key, []).append(value)
        return generate_latest(_registry(families, values)).decode()


def _read(
    text: str, families: dict[str, Metric], values: dict[_Key, list[float]], without: Iterable[str] = ()
) -> list[Metric]:
    read = [family for family in text_string_to_metric_families(text) if family.name not in without]
    for family in read:
        families.setdefault(family.name, family)
        for sample in family.samples:
            values.setdefault((sample.name, tuple(sample.labels.items())), []).append(sample.value)
    return read


def _family(sample: str, kinds: Mapping[str, str]) -> str:
    if sample in kinds:
        return sample
    return next((name for name in kinds if sample in (f"{name}_{end}" for end in _ENDS)), "")


_ENDS = ("total", "bucket", "count", "sum", "info")


def _registry(families: Mapping[str, Metric], values: Mapping[_Key, list[float]]) -> CollectorRegistry:
    summed: dict[str, Metric] = {
        name: Metric(name, family.documentation, family.type) for name, family in families.items()
    }
    kinds = {name: family.type for name, family in families.items()}
    for (sample, labels), found in values.items():
        family = summed.get(_family(sample, kinds))
        if family is not None:
            family.add_sample(sample, dict(labels), _combined(sample, found))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(summed.values()))
    return registry


def _combined(sample: str, values: list[float]) -> float:
    if sample in _LARGEST:
        return max(values)
    if sample in _SMALLEST:
        return min(values)
    if sample in _MEANS:
        return fmean(values)
    return values[0] if sample in _SAME else sum(values)


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]):
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
