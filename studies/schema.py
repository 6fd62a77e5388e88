"""What a study may say, and which names must be known.

A study is one TOML file (`studies.study_files`). Its `profiles` are named sets of changes to the
rest of it, fewer seeds or full data (`studies.profiles`).
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from studies.extras import EXTRAS
from studies.metrics import METRICS
from studies.sweeps import NAME_PATTERN, check_sweep
from suite.errors import InputError
from suite.registry import ESTIMATORS, estimator_names, estimator_spec

Settings = dict[str, Any]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
DatasetName = Annotated[str, Field(pattern=NAME_PATTERN)]
Several = Annotated[int, Field(ge=2)]
"""As many as a standard error needs."""

_FAMILIES = {"mixture": {"mixture"}, "vae": {"vae", "autoencoder"}}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sweep(_Entry):
    """What a profile changes in the sweep of a data set.

    Parameters
    ----------
    vary
        Lists of values, each in place of the study's under the same key or beside them.
    cases
        In place of the study's; those stay if left out.
    """

    vary: dict[str, list[Any]] = {}
    cases: list[Settings] | None = None


class DatasetEntry(_Entry):
    """One data set of a study, or a sweep: one for each combination of varied values.

    Parameters
    ----------
    load
        A built-in data set's name or a file's path (from the study file's folder); the entry's
        own name if left out. "simulated" draws from a Gaussian mixture of known truth.
    options
        Passed to `suite.data.load`, or to `suite.data.simulate_mixture`.
    settings
        Constructor parameters that every estimator gets on this data set, `n_components` say.
    estimators
        The estimators that run on it, by name; all of the study's if left out.
    vary
        Lists of values by dotted key, `"settings.n_components" = [1, 2, 3]` or
        `"options.separation" = [1.0, 2.0]`; the sweep is the grid of all combinations.
    cases
        For sweeps that are no grid: tables of such keys with one value each. With `vary`, every
        case is combined with the whole grid.
    factors
        What sets this data set apart from others of its group, for reports to plot against; a
        sweep fills it in.
    group
        The name that the seeds derive from, its own if left out: data sets of one group are given
        the same split. A sweep is one group.
    seeds
        How many of the study's seeds run on it, the first ones; all if left out. Where a profile
        or the command line asks for fewer, there are no more here.
    importance_samples
        In place of the study's `evaluation.importance_samples` here, where a published protocol
        draws another number, say.
    """

    load: str | None = None
    options: Settings = {}
    settings: Settings = {}
    estimators: list[Identifier] | None = None
    vary: dict[str, list[Any]] = {}
    cases: list[Settings] = []
    factors: Settings = {}
    group: Identifier | None = None
    seeds: PositiveInt | None = None
    importance_samples: PositiveInt | None = None


class EstimatorEntry(_Entry):
    """One estimator of a study: under a name of its own, with constructor parameters.

    Parameters
    ----------
    estimator
        A registered estimator's name, one that an installed package announces, or a class as
        "module:Class", from an installed package, the study file's folder or the current one
        (`suite.third_party`); the entry's own name if left out.
    label
        What tables and figures call it; the estimator's own label if left out.
    settings
        Constructor parameters.
    repeats
        The estimator of the study that this one is a second run of, for its times alone: they give
        the noise floor (`studies.repeats`, which sets it where `comparison.repeats` asks for it).
    seeds
        How many of the study's seeds it is fitted with, the first ones; all if left out.
    """

    estimator: str | None = None
    label: str | None = None
    settings: Settings = {}
    repeats: Identifier | None = None
    seeds: PositiveInt | None = None


class Stopping(_Entry):
    """When a fit ends, the same for every estimator unless its settings say otherwise.

    Parameters
    ----------
    tolerance
        Passed as `tol` to the estimators that have one; nats per datum.
    max_steps
        Largest number of iterations, steps or epochs, for estimators whose settings name none.
    time_limit
        Seconds after which a cell is killed and recorded as "timeout", whatever it is doing.
    memory_limit
        MB of memory beyond what its process starts with, above which a cell is killed and recorded
        as "memory". If left out, four fifths of what the machine has free as the cell begins, in
        equal parts for cells that run at once.
    target
        The common target: within so many nats per datum of the best training log-likelihood
        (mixtures) or held-out ELBO (VAEs) that any estimator of the study reached on the same
        data set and seed.
    """

    tolerance: NonNegativeFloat | None = None
    max_steps: PositiveInt | None = None
    time_limit: PositiveFloat = 3600.0
    memory_limit: PositiveFloat | None = None
    target: PositiveFloat = 0.01


class EvaluationEntry(_Entry):
    """How fitted models are scored.

    Parameters
    ----------
    importance_samples
        Samples per datum of the importance-weighted bound (VAEs).
    trace_limit
        Largest number of test data scored after every epoch (VAEs).
    trace
        What is noted of a step on the way: "scores" (what the study's kind measures), "objective"
        (the estimator's own word alone, at no cost) or "none".
    score_rows
        Largest number of rows of each split that a fitted mixture is scored on, the first ones;
        all if left out.
    warm_up_rows
        Before the clock starts each process fits the first so many training rows for two steps,
        so that no measurement holds the loading of code or the start of threads; 0 for none.
    extra
        Further measurements, by their names in `studies.extras`. Mixtures: "criteria" (BIC, ICL,
        degrees of freedom, regularity), "em_rate", "product_rate". VAEs: "pictures",
        "epoch_pictures", "ladder" (the bound against the number of samples), "latent_use" (rate by
        dimension), "aggregate" (information and distance from the prior), "ais" (log p(x) by
        annealing), "gaps" (approximation, amortisation), "normalised", "decoded".
    ladder_images, ladder_samples
        "ladder": so many test data, the first ones, and the largest number of importance samples.
    aggregated_images
        "aggregate": test data, the first ones.
    ais_images, ais_chains, ais_temperatures, ais_leapfrog
        "ais": test data, the first ones, and as many simulated; see `suite.evaluation.Annealing`.
    gaps_images
        "gaps": test data, the first ones.
    """

    importance_samples: PositiveInt = 100
    trace_limit: PositiveInt = 10_000
    trace: Literal["scores", "objective", "none"] = "scores"
    score_rows: PositiveInt | None = None
    warm_up_rows: NonNegativeInt = 0
    extra: list[str] = []
    ladder_images: Several = 1000
    ladder_samples: Several = 5000
    aggregated_images: Several = 2000
    ais_images: Several = 50
    ais_chains: Several = 8
    ais_temperatures: Several = 400
    ais_leapfrog: PositiveInt = 5
    gaps_images: Several = 50


class Comparison(_Entry):
    """How differences between estimators are judged.

    Parameters
    ----------
    repeats
        The estimators to time a second time, beside themselves: what their two times differ by is
        the noise floor, and a difference in time below it is a tie. If left out, the baseline
        where a study ranks times: two estimators, and six pairs of data set and seed or more.
    equivalent
        By metric, the largest difference that does not matter: in the metric's unit, or for times,
        memory and steps as a share (0.05: from 1/1.05 to 1.05 times). Metrics named here are
        judged beside the usual ones (`studies.regions`).
    """

    repeats: list[Identifier] | None = None
    equivalent: dict[str, PositiveFloat] = {}


class Changes(_Entry):
    """A profile: what it changes in its study. What it leaves out stays.

    Parameters
    ----------
    seeds, threads, stopping, evaluation
        As in the study; single keys of the tables can be changed.
    options
        Added to every data set's `options`.
    settings
        Constructor parameters added to every estimator's `settings`.
    estimators
        Constructor parameters added to one estimator's `settings`, by its name in the study.
    datasets
        The data sets to keep, by name.
    sweeps
        Changes to the sweep of a data set, by its name in the study.
    """

    seeds: PositiveInt | None = None
    threads: PositiveInt | None = None
    options: Settings = {}
    settings: Settings = {}
    estimators: dict[Identifier, Settings] = {}
    datasets: list[DatasetName] | None = None
    sweeps: dict[DatasetName, Sweep] = {}
    stopping: Settings = {}
    evaluation: Settings = {}


class Study(_Entry):
    """A whole study.

    Parameters
    ----------
    title, question
        What the report is called and what it answers.
    kind
        "mixture" or "vae": how its estimators are scored and reported.
    baseline
        The estimator that the others are compared with.
    metrics
        The metrics that the report's main table shows, in order.
    sections
        The report's sections, in order; the kind's usual ones if left out.
    datasets, estimators
        By the names that the report uses.
    seeds
        How many seeds; each is one split, one start and one stream of noise, shared by all
        estimators.
    threads
        Threads each cell computes with.
    timing
        Whether times are compared: the cells then run one at a time, whatever `--jobs` says, and
        times from several machines are pointed out.
    start_rows
        The shared start of a mixture is computed from the first so many training rows; from all if
        left out.
    comparison
        How differences between estimators are judged.
    profiles
        Named changes; "full" is what a study is without any, "quick" is what `make study` runs.
    """

    title: str
    question: str
    kind: Literal["mixture", "vae"]
    baseline: Identifier
    metrics: Annotated[list[str], Field(min_length=1)]
    sections: list[str] | None = None
    datasets: Annotated[dict[DatasetName, DatasetEntry], Field(min_length=1)]
    estimators: Annotated[dict[Identifier, EstimatorEntry], Field(min_length=1)]
    seeds: PositiveInt = 3
    threads: PositiveInt = 1
    timing: bool = True
    start_rows: PositiveInt | None = None
    stopping: Stopping = Stopping()
    evaluation: EvaluationEntry = EvaluationEntry()
    comparison: Comparison = Comparison()
    profiles: dict[Identifier, Changes] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> "Study":
        known = [m for m, v in METRICS.items() if self.kind in v.kinds]
        _check_names("metrics", self.metrics, known)
        _check_names("comparison.equivalent", self.comparison.equivalent, _judged(known))
        _check_names("baseline", [self.baseline], self.estimators)
        _check_names("comparison.repeats", self.comparison.repeats or (), self.estimators)
        if self.sections is not None:
            from studies.report import section_names, special_section_names

            allowed = [*section_names(self.kind), *special_section_names(self.kind)]
            _check_names("sections", self.sections, allowed)
        for name, entry in self.estimators.items():
            again = [entry.repeats] if entry.repeats else []
            _check_names(f"estimators.{name}.repeats", again, self.estimators)
            _check_estimator(f"estimators.{name}.estimator", entry.estimator or name, self.kind)
            _check_seeds(f"estimators.{name}", entry.seeds, self.seeds)
        _check_names("evaluation.extra", self.evaluation.extra, EXTRAS[self.kind])
        for name, dataset in self.datasets.items():
            place = f"datasets.{name}"
            _check_seeds(place, dataset.seeds, self.seeds)
            _check_names(f"{place}.estimators", dataset.estimators or (), self.estimators)
            given = {"settings": dataset.settings, "options": dataset.options}
            check_sweep(place, dataset.vary, dataset.cases, given)
        for name, changes in self.profiles.items():
            self._check_profile(f"profiles.{name}", changes)
        return self

    def _check_profile(self, place: str, changes: Changes) -> None:
        _check_names(f"{place}.estimators", changes.estimators, self.estimators)
        _check_names(f"{place}.datasets", changes.datasets or (), self.datasets)
        _check_names(f"{place}.sweeps", changes.sweeps, self.datasets)
        for name, sweep in changes.sweeps.items():
            check_sweep(f"{place}.sweeps.{name}", sweep.vary, sweep.cases or (), {})


def _check_estimator(place: str, name: str, kind: Literal["mixture", "vae"]) -> None:
    families = _FAMILIES[kind]
    if ":" not in name:
        others = {spec.name for spec in ESTIMATORS.values() if spec.family not in families}
        _check_names(place, [name], [n for n in estimator_names() if n not in others])
    try:
        family = estimator_spec(name).family
    except InputError as error:
        raise ValueError(f"{place}: {error}") from None
    if family not in families:
        raise ValueError(
            f"{place}: expected an estimator of the family {' or '.join(sorted(families))} in a "
            f"study of kind {kind!r}, but {name} is of the family {family}; choose another, or "
            "set its class attribute suite_family."
        )


def _check_seeds(place: str, seeds: int | None, of_study: int) -> None:
    if seeds is not None and seeds > of_study:
        raise ValueError(
            f"{place}.seeds: expected at most the study's {of_study}, got {seeds}; raise the "
            "study's seeds, or leave this out to run them all."
        )


def _judged(metrics: list[str]) -> list[str]:
    """Those of which more, or less, is better."""
    return [name for name in metrics if METRICS[name].better]


def _check_names(place: str, names: Any, allowed: Any) -> None:
    for name in names:
        if name not in allowed:
            raise ValueError(f"{place}: unknown name {name!r}; allowed: {', '.join(allowed)}.")
