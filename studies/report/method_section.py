"""How it was measured: the section that lets a reader judge every figure."""

from collections.abc import Collection
from typing import Any

from studies.metrics import METRICS
from studies.report.conditions import caveat, load_range
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Section, Text
from studies.report.words import counted, escaped, fixed, listed, plain, significant

_MIXTURE = (
    "**Mixtures.** A mixture of K Gaussians has the density $p(x) = \\sum_k \\pi_k "
    "\\mathcal{N}(x \\mid \\mu_k, \\Sigma_k)$. EM (Dempster, Laird and Rubin, 1977) repeats two "
    "steps: the E-step computes the responsibilities $r_{nk} = p(k \\mid x_n)$ at the current "
    "parameters, the M-step sets weights, means and covariances to the responsibility-weighted "
    "ones. SVI follows the gradient of the same objective.",
    "**Bound.** For any $q$, $\\log p(x) = \\mathrm{ELBO}(q) + \\mathrm{KL}(q(z) \\parallel "
    "p(z \\mid x))$. The E-step sets $q$ to the posterior, the M-step raises the ELBO at that $q$: "
    "EM is variational inference with an exact posterior (Neal and Hinton, 1998). After an M-step "
    "the bound is scored with the responsibilities of the E-step before it. All densities are "
    "computed from the learned parameters by one function for all estimators.",
)
_VAE = (
    "**The autoencoder** maps x to a code and back and is trained to reconstruct. Nothing says "
    "where codes lie, so there is no distribution to draw new codes from, and no density of x.",
    "**The VAE** (Kingma and Welling, 2014) adds a prior $p(z) = \\mathcal{N}(0, I)$ and a "
    "posterior $q(z \\mid x)$ with a network's mean and scale. Its loss is minus the ELBO, "
    "$-\\mathbb{E}_{q}[\\log p(x \\mid z)] + \\mathrm{KL}(q(z \\mid x) \\parallel p(z))$: "
    "distortion plus rate. The second term holds the codes to the prior, so that draws from it can "
    "be decoded.",
    "**Scores.** The bound on $\\log p(x)$ is the importance-weighted one (Burda, Grosse and "
    "Salakhutdinov, 2016), $\\log \\frac{1}{S} \\sum_s p(x, z_s) / q(z_s \\mid x)$ with $z_s \\sim "
    "q(z \\mid x)$ and S = SAMPLES, by one function for all estimators.",
)
_MACHINE = {
    "processor": "{}",
    "cores": "{} cores",
    "memory_gib": "{} GiB of memory",
    "system": "{}",
}
_ORIGINS = {
    "bundled": "bundled with the program",
    "folder": "read from a data folder",
    "cache": "read from the user's cache",
    "download": "downloaded",
    "package": "from an installed package",
    "file": "from the user's file",
    "simulated": "simulated",
}


def method_section(results: StudyResults) -> Section:
    """Data, design, clock, stopping, definitions, machine."""
    blocks: list[Block] = [Text(_design(results))]
    blocks.append(Bullets(tuple(_data(results, name) for name in results.groups)))
    blocks.append(Text(_clock(results)))
    texts = _MIXTURE if results.kind == "mixture" else _VAE
    blocks += [Text(text.replace("SAMPLES", _samples(results))) for text in texts]
    blocks.append(Text("What the measured quantities are:"))
    blocks.append(Bullets(_definitions(results)))
    blocks.append(Text(_machine(results)))
    return Section("method", "How it was measured", tuple(blocks))


def _design(results: StudyResults) -> str:
    names = listed([results.label(name) for name in results.estimators])
    points = len(results.datasets)
    varied = f" in {points:,} settings" if points > len(results.groups) else ""
    return (
        f"**Design.** {names} on {counted(len(results.groups), 'data set')}{varied}, "
        f"{_seeds(results)}: {counted(len(results.cells), 'run')}, each in a process of its "
        f"own{_repeated(results)}. "
        f"A seed is {_seed(results)}. "
        f"Profile: {escaped(str(results.document.get('profile', 'full')))}."
    )


def _seeds(results: StudyResults) -> str:
    runs = results.cells.groupby(["dataset", "estimator"]).size()
    if runs.nunique() == 1 and len(runs) == len(results.datasets) * len(results.estimators):
        return f"{counted(results.n_seeds, 'seed')} each"
    least, most = int(runs.min()), int(runs.max())
    span = counted(most, "seed") if least == most else f"{least:,} to {counted(most, 'seed')}"
    return f"{span} for each pair of them that was planned"


def _samples(results: StudyResults) -> str:
    """How many importance samples an image has, and on which data sets it has others."""
    usual = results.document.get("evaluation", {}).get("importance_samples", 0)
    others = [
        f"{escaped(group)}: {fixed(float(own), 0)}"
        for group, entry in _entries(results)
        if (own := entry.get("importance_samples"))
    ]
    exceptions = f" ({'; '.join(dict.fromkeys(others))})" if others else ""
    return f"{fixed(float(usual), 0)} samples an image{exceptions}"


def _entries(results: StudyResults) -> list[tuple[str, dict[str, Any]]]:
    """What the study says of each setting of its data sets, with the data set's name."""
    entries = results.document.get("datasets") or {}
    named = {point: group for group, points in results.groups.items() for point in points}
    return [(named[point], entry or {}) for point, entry in entries.items() if point in named]


def _repeated(results: StudyResults) -> str:
    n = int(results.cells["estimator"].isin(list(results.repeats)).sum())
    if n == 0:
        return ""
    names = listed([results.label(first) for first in results.repeats.values()])
    return f", {n:,} of them {names} again for the noise floor of times"


def _seed(results: StudyResults) -> str:
    if results.kind == "vae":
        return (
            "starting weights, an order of minibatches and a stream of noise, the same for every "
            "estimator that uses them"
        )
    own = [
        results.label(name)
        for name in results.estimators
        if any(results.settings(d, name).get("n_init", 1) > 1 for d in results.datasets)
    ]
    start = "a start (weights, means and covariances), both computed once and handed to every "
    if len(own) == len(results.estimators):
        return "a split of the data and the source of every estimator's own starts"
    verb = "draws its" if len(own) == 1 else "draw their"
    exception = f"; {listed(own)} {verb} own starts from it" if own else ""
    return f"a split of the data and {start}estimator{exception}"


def _data(results: StudyResults, group: str) -> str:
    points = results.groups[group]
    found = [results.facts(point) for point in points]
    facts = next((facts for facts in found if facts), {})
    entry = results.document.get("datasets", {}).get(points[0]) or {}
    settings = _settings(entry, without=results.factors(points[0])) + _varied(results, points)
    if not facts:
        return f"**{escaped(group)}**: no run got as far as loading it.{settings}"
    origin = str(facts.get("origin", ""))
    where = facts.get("origin_detail") or _ORIGINS.get(origin, origin)
    parts = [
        f"**{escaped(group)}**: {facts.get('n_train', 0):,} training and "
        f"{facts.get('n_test', 0):,} held-out rows, "
        f"{counted(int(facts.get('n_features', 0)), 'feature')}; "
        f"{_bare(where)}.",
        f"Source: {_bare(facts.get('source', 'not stated'))}.",
        f"Licence: {_bare(facts.get('licence', 'not stated'))}.",
    ]
    notes = [_bare(note) for note in facts.get("notes", [])]
    if notes:
        parts.append(f"Treatment: {'; '.join(notes)}.")
    return " ".join(parts) + settings


def _varied(results: StudyResults, points: list[str]) -> str:
    """What a sweep varies, and over which values."""
    values: dict[str, list[str]] = {}
    for point in points:
        for name, value in results.factors(point).items():
            if str(value) not in values.setdefault(name, []):
                values[name].append(str(value))
    listing = "; ".join(f"{name} = {', '.join(taken)}" for name, taken in values.items())
    return f" Varied: {escaped(listing)}." if listing else ""


def _settings(entry: dict[str, Any], *, without: Collection[str] = ()) -> str:
    given = (entry.get("settings") or {}) | (entry.get("options") or {})
    if entry.get("importance_samples"):
        given["importance_samples"] = entry["importance_samples"]
    given = {name: value for name, value in given.items() if name not in without}
    if not given:
        return ""
    listing = ", ".join(f"{key} = {value}" for key, value in sorted(given.items()))
    return f" Settings: {escaped(listing)}."


def _other(results: StudyResults) -> str:
    """Where a data set's own settings say how long its fits go on."""
    own = [g for g, entry in _entries(results) if "max_epochs" in (entry.get("settings") or {})]
    names = listed([escaped(group) for group in dict.fromkeys(own)])
    return f" ({names}: as among the settings)" if own else ""


def _clock(results: StudyResults) -> str:
    stopping = results.document.get("stopping", {})
    rules = []
    if stopping.get("tolerance") is not None:
        rules.append(
            f"a gain under {significant(float(stopping['tolerance']))} nats per datum ends a fit"
        )
    if stopping.get("max_steps") is not None:
        most = fixed(float(stopping["max_steps"]), 0)
        rules.append(
            f"at most {most} {'epochs' if results.kind == 'vae' else 'steps'}{_other(results)}"
        )
    if stopping.get("time_limit") is not None:
        rules.append(f"a run is stopped after {significant(float(stopping['time_limit']))} s")
    own = [
        f"{results.label(name)}: {escaped(listing)}"
        for name, entry in (results.document.get("estimators") or {}).items()
        if name in results.estimators
        and (
            listing := ", ".join(
                f"{k} = {v}" for k, v in sorted(((entry or {}).get("settings") or {}).items())
            )
        )
    ]
    return (
        "**Clock and stopping.** The clock runs during fitting alone: it stands still while "
        "progress is recorded and scored, and imports, loading, the shared start and evaluation "
        f"are outside it. {counted(int(results.document.get('threads', 1)), 'thread')} a run. "
        f"Stopping: {listed(rules)}."
        + (f" Settings of estimators: {'; '.join(own)}." if own else "")
    )


def _definitions(results: StudyResults) -> tuple[str, ...]:
    shown = [METRICS[name] for name in results.metrics if name in METRICS]
    return tuple(
        f"**{escaped(m.label)}** ({'no unit' if m.unit == '1' else m.unit}): "
        f"{escaped(m.description)}"
        for m in shown
    )


def _machine(results: StudyResults) -> str:
    given = results.provenance
    machine = given.get("machine")
    facts = []
    if isinstance(machine, dict):
        facts = [form.format(machine[key]) for key, form in _MACHINE.items() if machine.get(key)]
    elif machine:
        facts = [str(machine)]
    versions = given.get("versions") or {}
    facts += [
        f"{name} {versions[name]}"
        for name in ("python", "torch", "pyro-ppl", "scikit-learn")
        if name in versions
    ]
    text = f"**Machine.** {escaped(', '.join(facts)) or 'Not recorded'}."
    sentences = " ".join(part for part in (load_range(results), caveat(results)) if part)
    text += f" {sentences}" if sentences else ""
    return (
        f"{text} Everything else that bears on the figures is in "
        "[provenance.json](provenance.json); every single value is in [results.csv](results.csv)."
    )


def _bare(text: Any) -> str:
    """Markdown-safe text without a full stop at its end."""
    return escaped(plain(str(text))).rstrip(".") or "not stated"
