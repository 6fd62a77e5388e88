"""Pictures that runs left, as small PNG files inside the page."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from studies.report.html.figures import png_uri
from studies.report.loaded import StudyResults

_OF_A_RUN = {
    "originals": "test images as they were scored",
    "reconstructions": "their reconstructions",
    "samples": "what the decoder makes of draws from the prior",
}
_PER_ROW = {"samples": 16, "originals": 10, "reconstructions": 10}


def run_pictures(results: StudyResults, key: str, facts: Mapping[str, Any]) -> list[list[str]]:
    """A run's pictures: name, what they are, address; nothing where it left none."""
    shape = facts.get("image_shape")
    if results.kind != "vae" or not shape:
        return []
    arrays = results.store.arrays(key)
    return [
        [name, words, mosaic(arrays[name], shape, _PER_ROW[name])]
        for name, words in _OF_A_RUN.items()
        if name in arrays
    ]


def epoch_pictures(results: StudyResults) -> list[dict[str, Any]]:
    """By data set, what the first seed's runs made of images after some of their epochs.

    Returns
    -------
    A list of {"dataset", "steps", "originals", "rows": [{"label", "reconstructions", "samples"}]},
    where reconstructions and samples have one address an epoch; samples may be None.
    """
    found = []
    for dataset in results.datasets:
        shape = results.facts(dataset).get("image_shape")
        left = results.pictures(dataset, "epoch_reconstructions")
        if not left or not shape:
            continue
        first = next(iter(left.values()))
        steps = [int(step) for step in first["epoch_steps"]]
        same = {n: a for n, a in left.items() if list(a["epoch_steps"]) == steps}
        found.append(
            {
                "dataset": dataset,
                "steps": steps,
                "originals": mosaic(first["originals"], shape, 10) if "originals" in first else "",
                "rows": [_epochs(results.plain_label(n), a, shape) for n, a in same.items()],
            }
        )
    return found


def _epochs(label: str, arrays: Mapping[str, np.ndarray], shape: list[int]) -> dict[str, Any]:
    samples = arrays.get("epoch_samples")
    return {
        "label": label,
        "reconstructions": [mosaic(p, shape, 10) for p in arrays["epoch_reconstructions"]],
        "samples": None if samples is None else [mosaic(p, shape, 8) for p in samples],
    }


def mosaic(images: np.ndarray, shape: list[int], per_row: int) -> str:
    """Images side by side as one PNG's address.

    Parameters
    ----------
    images
        (N, D) in 0..255.
    shape
        Height and width of one.
    per_row
        How many stand in a row; the last row is filled up with black.
    """
    height, width = int(shape[-2]), int(shape[-1])
    n = len(images)
    rows = -(-n // per_row)
    padded = np.zeros((rows * per_row, height, width), dtype=np.uint8)
    padded[:n] = np.asarray(images, dtype=np.uint8).reshape(n, height, width)
    sheet = padded.reshape(rows, per_row, height, width).transpose(0, 2, 1, 3)
    buffer = BytesIO()
    picture = Image.fromarray(sheet.reshape(rows * height, per_row * width))
    picture.quantize(32).save(buffer, format="PNG", optimize=True)
    return png_uri(buffer.getvalue())
