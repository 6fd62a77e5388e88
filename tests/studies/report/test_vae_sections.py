"""The sections of VAE reports: what tables and figures say equals what the runs left."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Circle
from scipy import stats

from studies.report.building import build_document
from studies.report.code_scatter import prior_radius
from studies.report.loaded import StudyResults
from studies.report.model import Document, Figure, Section, Table
from studies.report.style import themed
from studies.report.vae_latent_figures import dimension_use, draw_latent, draw_rates
from studies.report.vae_pairs import paired_by_datum
from studies.report.vae_picture_figures import (
    draw_manifold,
    draw_means,
    draw_traversals,
    draw_worst,
    quantile_ends,
)
from studies.report.words import fixed, significant
from tests.studies.report.synthetic import vae_store
from tests.studies.report.synthetic_vae import GAP_IMAGES, ORDER, RUNGS, with_extras

TWINS = ("torch-vae", "pyro-vae")
NEW = ("manifold", "traversals", "use", "epoch-pictures", "generalisation", "bounds")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    path = tmp_path_factory.mktemp("full") / "results.sqlite"
    return StudyResults.read(vae_store(path, change=with_extras))


@pytest.fixture(scope="module")
def document(results: StudyResults) -> Document:
    return build_document(results)


def section(document: Document, name: str) -> Section:
    return next(s for s in document.sections if s.name == name)


def table(document: Document, name: str) -> Table:
    blocks = [b for s in document.sections for b in s.blocks if isinstance(b, Table)]
    return next(b for b in blocks if b.name == name)


def shown(rows: Table, row: int) -> list[str]:
    return [entry.text for entry in rows.rows[row]]


def test_the_circle_holds_what_it_says_of_a_standard_normal() -> None:
    for share in (0.5, 0.95, 0.99):
        assert stats.chi2(2).cdf(prior_radius(share) ** 2) == pytest.approx(share, rel=1e-12)


def test_the_circle_stands_about_the_code_zero_with_that_radius(results: StudyResults) -> None:
    with themed():
        figure = draw_latent(results, "mnist")
    for axis, name in zip(figure.axes, results.estimators, strict=True):
        circles = [p for p in axis.patches if isinstance(p, Circle)]
        assert circles
        for circle in circles:
            assert circle.radius == pytest.approx(np.sqrt(stats.chi2(2).ppf(0.95)), rel=1e-12)
            origin = results.arrays("mnist", name, 0)["codes_origin"]
            np.testing.assert_allclose(circle.center, origin)


def test_a_table_says_which_view_is_whose(tmp_path: Path) -> None:
    store = vae_store(tmp_path / "results.sqlite", datasets=("mnist", "mnist-2d"), seeds=1)
    results = StudyResults.read(store)
    table = section(build_document(results), "latent").blocks[-1]
    told = {(row[0].text, row[1].text): row[3].text for row in table.rows}
    assert told == {
        (dataset, results.label(name)): "two components, "
        f"{27 if results.registered(name).startswith('autoencoder') else 16}% of the variance on "
        f"{dataset}"
        for dataset in ("mnist", "mnist-2d")
        for name in results.estimators
    }


def test_no_circle_where_a_view_does_not_say_where_zero_is(tmp_path: Path) -> None:
    old = StudyResults.read(vae_store(tmp_path / "results.sqlite", seeds=1))
    with themed():
        figure = draw_latent(old, "mnist")
    assert not any(isinstance(p, Circle) for axis in figure.axes for p in axis.patches)
    assert "Dashed" not in str(section(build_document(old), "latent").blocks)


def test_stores_without_the_extras_are_reported_without_their_sections(tmp_path: Path) -> None:
    old = build_document(StudyResults.read(vae_store(tmp_path / "results.sqlite", seeds=1)))
    names = [s.name for s in old.sections]
    assert not set(NEW) & set(names)
    assert {"scores", "pairs", "reconstructions", "samples", "latent", "curves"} <= set(names)


def test_a_store_with_the_extras_has_every_section(document: Document) -> None:
    assert set(NEW) <= {s.name for s in document.sections}
    names = [b.name for s in document.sections for b in s.blocks if isinstance(b, Figure)]
    assert len(names) == len(set(names))
    assert {"worst-mnist", "draws-mnist", "means-mnist", "ladder-mnist", "gaps"} <= set(names)


def test_rows_of_traversals_are_labelled_in_the_order_of_their_divergence(
    results: StudyResults,
) -> None:
    with themed():
        figure = draw_traversals(results, "mnist")
    for axis, name in zip(figure.axes, results.estimators, strict=True):
        labels = [text.get_text() for text in axis.get_yticklabels()]
        rates = results.arrays("mnist", name, 0).get("rate_per_dimension")
        if rates is None:
            assert labels == [f"dim. {d + 1}" for d in ORDER[:4]]
            continue
        order = np.argsort(-rates)[:4]
        expected = [f"dim. {d + 1}: {significant(float(rates[d]), 2)} nats" for d in order]
        assert labels == expected


def test_every_worst_image_has_its_score_above_it(results: StudyResults) -> None:
    with themed():
        figure = draw_worst(results, "mnist")
    for axis, name in zip(figure.axes, results.estimators, strict=True):
        scores = results.arrays("mnist", name, 0)["worst_scores"]
        assert [t.get_text() for t in axis.texts] == [fixed(float(s), 0) for s in scores]
        word = "reconstruction error" if name == "autoencoder" else "ELBO"
        assert f": {word}, nats" in axis.get_title(loc="left")


def test_the_manifold_is_labelled_with_the_quantiles_it_was_decoded_at(
    results: StudyResults,
) -> None:
    side = 5
    expected = stats.norm.ppf((np.array([1, 3, 5]) - 0.5) / side)
    np.testing.assert_allclose(quantile_ends(side), expected, atol=1e-12)
    with themed():
        axis = draw_manifold(results, "mnist").axes[0]
    labels = [fixed(float(z), 2) for z in quantile_ends(side)]
    assert [t.get_text() for t in axis.get_xticklabels()] == labels
    heights = dict(
        zip([t.get_text() for t in axis.get_yticklabels()], axis.get_yticks(), strict=True)
    )
    assert heights[labels[2]] < heights[labels[0]]  # an image's rows count from the top


def test_mean_images_are_compared_by_their_mean_distance(results: StudyResults) -> None:
    with themed():
        figure = draw_means(results, "mnist")
    for name in results.estimators:
        arrays = results.arrays("mnist", name, 0)
        distance = np.abs(arrays["mean_sample"] - arrays["mean_image"]).mean()
        label = f"mean |difference| {significant(float(distance), 2)}"
        assert label in [axis.get_xlabel() for axis in figure.axes]


def test_divergences_are_sorted_run_by_run_and_active_dimensions_counted(
    results: StudyResults, document: Document
) -> None:
    use = table(document, "latent-use")
    assert list(use.frame["estimator"]) == list(TWINS)
    for row, name in enumerate(TWINS):
        runs = [results.arrays("mnist", name, seed) for seed in range(3)]
        rates, variances = dimension_use(results, "mnist")[name]
        for seed, arrays in enumerate(runs):
            raw = arrays["rate_per_dimension"]
            np.testing.assert_array_equal(rates[seed], np.sort(raw)[::-1])
            np.testing.assert_array_equal(
                variances[seed], arrays["posterior_mean_variance"][np.argsort(-raw)]
            )
        active = [int((a["posterior_mean_variance"] > 0.01).sum()) for a in runs]
        assert use.frame["active_median"].iloc[row] == np.median(active) == 4
        totals = [float(a["rate_per_dimension"].astype(float).sum()) for a in runs]
        assert use.frame["rate_median"].iloc[row] == pytest.approx(np.median(totals), rel=1e-6)
        assert use.frame["half_median"].iloc[row] == 2  # 5 + 4 of 14
    with themed():
        panels = draw_rates(results, "mnist", 0.01).axes
    for name, bars in zip(TWINS, panels[0].containers[::2], strict=True):
        middle = np.median(dimension_use(results, "mnist")[name][0], axis=0)
        np.testing.assert_allclose([bar.get_height() for bar in bars], middle, rtol=1e-6)


def test_the_rate_is_the_sum_of_its_two_parts(results: StudyResults, document: Document) -> None:
    parts = table(document, "aggregated").frame.set_index("estimator")
    for name in TWINS:
        values = [
            results.values(m, "test", "mnist", name)
            for m in ("mutual_information", "marginal_divergence")
        ]
        assert parts.loc[name, "rate_median"] == pytest.approx(float(sum(values).median()))
    assert fixed(float(np.log(500)), 2) in str(section(document, "use").blocks)


def test_the_ladder_has_the_median_of_seeds_at_every_number_of_samples(
    results: StudyResults, document: Document
) -> None:
    ladder = table(document, "ladder").frame
    assert len(ladder) == 2 * len(RUNGS)
    for name in TWINS:
        rows = ladder[ladder["estimator"] == name]
        assert list(rows["samples"]) == list(RUNGS)
        for column, array, summary in (
            ("bound_median", "ladder_log_likelihood", np.median),
            ("bound_min", "ladder_log_likelihood", np.min),
            ("bound_max", "ladder_log_likelihood", np.max),
            ("standard_error", "ladder_standard_error", np.median),
            ("monte_carlo_error", "ladder_monte_carlo_error", np.median),
        ):
            runs = [results.arrays("mnist", name, s)[array].astype(float) for s in range(3)]
            np.testing.assert_allclose(rows[column], summary(runs, axis=0))


def test_gaps_lead_from_the_elbo_of_the_same_images_to_the_likelihood(
    results: StudyResults, document: Document
) -> None:
    gaps = table(document, "gaps")
    for row, name in enumerate(TWINS):
        elbo = results.arrays("mnist", name, 0)["elbo_per_datum"][:GAP_IMAGES].astype(float).mean()
        amortised, approximate = (
            float(results.values(f"{m}_gap", "test", "mnist", name)[0])
            for m in ("amortisation", "approximation")
        )
        levels = (elbo, elbo + amortised, elbo + amortised + approximate)
        frame = gaps.frame.iloc[row]
        assert tuple(frame[["elbo", "refined_elbo", "log_likelihood"]]) == pytest.approx(levels)
        texts = [fixed(v, 2) for v in (levels[0], amortised, levels[1], approximate, levels[2])]
        assert shown(gaps, row)[3:] == texts


def test_annealing_stands_beside_weights_on_the_same_images_with_its_certificate(
    results: StudyResults, document: Document
) -> None:
    annealing = table(document, "annealing")
    for row, name in enumerate(TWINS):
        ais, weights, gap = (
            float(results.values(m, "test", "mnist", name)[0])
            for m in ("ais_log_likelihood", "iw_log_likelihood_on_ais_images", "bidirectional_gap")
        )
        assert annealing.frame["above"].iloc[row] == pytest.approx(ais - weights)
        assert shown(annealing, row)[2:] == [
            "50 images",
            fixed(weights, 2),
            fixed(ais, 2),
            fixed(ais - weights, 3),
            "50",
            fixed(gap, 3),
        ]


def test_the_held_out_elbo_is_the_training_elbo_less_the_gap(
    results: StudyResults, document: Document
) -> None:
    frame = table(document, "generalisation").frame.set_index("estimator")
    for name in TWINS:
        train = results.values("elbo", "train", "mnist", name)
        gap = results.values("elbo_generalisation_gap", "test", "mnist", name)
        assert frame.loc[name, "test_median"] == pytest.approx(float((train - gap).median()))
        assert frame.loc[name, "gap_median"] == pytest.approx(float(gap.median()))


def test_pairs_are_of_the_same_images_with_students_interval(results: StudyResults) -> None:
    rows = paired_by_datum(results)
    assert set(rows["estimator"]) == {"pyro-vae"}
    for row in rows.to_dict("records"):
        one, other = (
            results.arrays("mnist", name, row["seed"])[f"{row['quantity']}_per_datum"].astype(float)
            for name in ("pyro-vae", "torch-vae")
        )
        d = one - other
        half = stats.t(len(d) - 1).ppf(0.975) * d.std(ddof=1) / np.sqrt(len(d))
        assert (row["n"], row["mean"]) == (len(d), pytest.approx(d.mean()))
        assert (row["low"], row["high"]) == pytest.approx((d.mean() - half, d.mean() + half))
        assert row["better"] == pytest.approx((d > 0).mean())
