"""Real data sets: found, checked and handed out raw. Nothing stands in for anything else.

Where a set is looked for, in this order:

1. scikit-learn's shipped sets (``digits``, ``breast_cancer``, ``diabetes``) are always there;
2. ``NAME.npz`` in the folder that the environment variable BILEVELSIM_DATA names;
3. ``NAME.npz`` in the user's cache ($XDG_CACHE_HOME/bilevelsim, else ~/.cache/bilevelsim);
4. when asked (``download=True`` or BILEVELSIM_DOWNLOAD=1): OpenML (MNIST, Fashion-MNIST) or UCI (Covertype) through
   scikit-learn; what comes is stored in the cache in the same form, whole or not at all.

IJCNN1 and a9a are published as LIBSVM text files; ``store_libsvm`` turns a pair of them into the cached form. Every
file is checked, by its SHA-256 or by the SHA-256 of its arrays, against the constants below, and refused otherwise.
"""

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from problems.base import Array
from problems.errors import DataMissing, ProblemError, unknown

FOLDER = "BILEVELSIM_DATA"
DOWNLOAD = "BILEVELSIM_DOWNLOAD"


@dataclass(frozen=True)
class Facts:
    """What is known of a data set before it is loaded."""

    doc: str
    features: int
    classes: int
    """0: the labels are real numbers."""
    train: int
    """Rows of the training file, or of the whole set where there is only one."""
    test: int
    """Rows of the test file; 0 where there is only one file."""
    split: tuple[int, int, int]
    """The usual numbers of train, validation and test rows."""
    source: str = ""
    """How to get it by hand, as the end of a sentence; empty for shipped sets."""
    file_sha256: str = ""
    """Of NAME.npz as this project's own converters wrote it."""
    content_sha256: str = ""
    """Of the arrays in it (see ``content_hash``)."""


_OPENML = f"or set {DOWNLOAD}=1 to download it"
_LIBSVM = "or convert the LIBSVM text files with problems.datasets.store_libsvm"

SETS: Mapping[str, Facts] = {
    "digits": Facts("8 x 8 handwritten digits shipped with scikit-learn", 64, 10, 1797, 0, (900, 300, 597)),
    "breast_cancer": Facts("Wisconsin breast cancer, shipped with scikit-learn", 30, 2, 569, 0, (228, 228, 113)),
    "diabetes": Facts("progression of diabetes in a year, shipped with scikit-learn", 10, 0, 442, 0, (221, 110, 111)),
    "omniglot_small": Facts(
        "Omniglot small 1 and 2, 28 x 28 handwritten characters, 20 drawings each",
        784,
        242,
        4840,
        0,
        (2420, 1210, 1210),
        "converted from the published pictures; it has no download",
        "92ae76a27b8fc6aa91ac282909891a288db93fb638c7c19822677875142f7e8f",
        "b5af93a1f347732b01383060c93ac88c7af5df41e678bdc8f9e6bbd77df99075",
    ),
    "mnist": Facts(
        "MNIST, 28 x 28 handwritten digits",
        784,
        10,
        60_000,
        10_000,
        (20_000, 5_000, 10_000),
        _OPENML,
        "39b9b1ffaa0ba4d8995a616551f0966941fe02a3fe79ba4a9db7373db16d53ad",
        "25b1a379d0a35342a5fb605ae7092594efeb1d484ce10bc5a55be448befd58ab",
    ),
    "fashion_mnist": Facts(
        "Fashion-MNIST, 28 x 28 pictures of clothes",
        784,
        10,
        60_000,
        10_000,
        (20_000, 5_000, 10_000),
        _OPENML,
        "0b8ff0e3b709c3fd455824f1614f38914bdc7bc07a0eeb7d70ca917322511f1d",
        "2eec74045003bb5cc54c46331f8c48f77611acac295f1d863e16fbd263546563",
    ),
    "covtype": Facts(
        "Covertype, cartographic features (categories one-hot), 7 kinds of forest",
        54,
        7,
        581_012,
        0,
        (371_847, 92_962, 116_203),
        _OPENML,
        "3e14b4a0e53f0bf47cc18494bf41e38e9af3bba61dac5d5477ae3f6589e622d5",
        "00fe2c3715871c15b8ccbbf5187d44bd35ec3de46f7a2d4a835ddd2e46dc3e11",
    ),
    "ijcnn1": Facts(
        "IJCNN1, binary, 90 % negative",
        22,
        2,
        49_990,
        91_701,
        (35_000, 14_990, 91_701),
        _LIBSVM,
        "7d761a512ada02e3998444a8ed332f1c0d0b377e9941c41ed0b84a71b1d68900",
        "f9e22cb458b16bf25cf1fb39c433135afc379f3d2b0862d13a1d960a85e4c7c9",
    ),
    "a9a": Facts(
        "Adult as a9a, binary features",
        123,
        2,
        32_561,
        16_281,
        (21_708, 10_853, 16_281),
        _LIBSVM,
        "2aa39dded55b2c3915fd5954b916e59cbecc614a6acb89ec2189b9f91ec4e60c",
        "9290311a268058de3d7f30c5d7a8ddc558dba667093c972b845d90023e88e9fb",
    ),
}


@dataclass(frozen=True)
class Rows:
    """Samples and their classes."""

    features: Array
    """(n, d), in whatever number type the set is stored."""
    labels: Array
    """(n,) int64 in 0 .. classes - 1; of two classes, 1 is the positive one; real numbers where there are none."""


@dataclass(frozen=True)
class DataSet:
    """A data set as published."""

    name: str
    classes: int
    train: Rows
    """The training file, or the whole set where there is only one file."""
    test: Rows | None


def load(name: str, download: bool = False) -> DataSet:
    """The data set of that name; ProblemError for an unknown name, DataMissing when it is nowhere (or is wrong)."""
    if name not in SETS:
        raise unknown("data set", name, SETS)
    folder, asked = os.environ.get(FOLDER, ""), download or os.environ.get(DOWNLOAD, "") == "1"
    return _load(name, folder, str(cache_folder()), asked)


def cache_folder() -> Path:
    """The user's cache of data sets."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bilevelsim"


def instance_path(name: str) -> Path:
    """The file of a stored instance: NAME.npz in the folder ``instances`` of the data folder or of the cache."""
    if not name or Path(name).name != name or name.startswith("."):
        raise ProblemError(f"instance is {name!r}: it must be the plain name of a file in the folder instances")
    file = name if name.endswith(".npz") else f"{name}.npz"
    given = os.environ.get(FOLDER, "")
    folders = [Path(given)] if given else []
    for folder in (*folders, cache_folder()):
        if (folder / "instances" / file).is_file():
            return folder / "instances" / file
    raise DataMissing(
        f"instance {name} is not there: put {file} into the folder instances of the folder that {FOLDER} names, "
        f"or of {cache_folder()}"
    )


def content_hash(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of the arrays: names in order, types, shapes and bytes; the same however the file was packed."""
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {arrays[key].shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def store_libsvm(name: str, train: Path, test: Path) -> Path:
    """Turn the published LIBSVM text files of ``ijcnn1`` or ``a9a`` into the cached form, checked; gives the file."""
    from sklearn.datasets import load_svmlight_file

    if name not in ("ijcnn1", "a9a"):
        raise unknown("LIBSVM data set", name, ("ijcnn1", "a9a"))
    arrays: dict[str, Array] = {}
    for part, path in (("train", train), ("test", test)):
        rows, labels = load_svmlight_file(str(path), n_features=SETS[name].features, dtype=np.float32)
        dense = np.asarray(rows.toarray(), np.float32)
        if name == "a9a":
            arrays[f"X_{part}_bits"] = np.packbits(dense.astype(np.uint8), axis=1)
        else:
            arrays[f"X_{part}"] = dense
        arrays[f"y_{part}"] = labels.astype(np.int8)
    if name == "a9a":
        arrays["n_features"] = np.array(SETS[name].features, np.int32)
    return _store(name, arrays)


@cache
def _load(name: str, folder: str, cached: str, download: bool) -> DataSet:
    if not SETS[name].source:
        return _shipped(name)
    for place in ([folder] if folder else []) + [cached]:
        path = Path(place) / f"{name}.npz"
        if path.is_file():
            return _unpacked(name, _checked(name, path))
    if not download:
        raise DataMissing(
            f"data set {name} is not there: put {name}.npz into the folder that {FOLDER} names or into "
            f"{cached}, {SETS[name].source}"
        )
    arrays = _downloaded(name)
    _store(name, arrays)
    return _unpacked(name, arrays)


def _shipped(name: str) -> DataSet:
    from sklearn import datasets

    if name == "diabetes":
        bunch = datasets.load_diabetes(scaled=False)
        return DataSet(name, 0, Rows(bunch.data, bunch.target.astype(float)), None)
    bunch = datasets.load_digits() if name == "digits" else datasets.load_breast_cancer()
    return DataSet(name, SETS[name].classes, Rows(bunch.data, bunch.target.astype(np.int64)), None)


def _checked(name: str, path: Path) -> dict[str, Array]:
    try:
        content = path.read_bytes()
        known = hashlib.sha256(content).hexdigest() == SETS[name].file_sha256
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise DataMissing(f"{path} cannot be read as the data set {name}: {error}; remove it or replace it") from error
    if not known:
        _check_content(name, arrays, str(path))
    return arrays


def _check_content(name: str, arrays: Mapping[str, Array], origin: str) -> None:
    found = content_hash(arrays)
    if found != SETS[name].content_sha256:
        raise DataMissing(
            f"{origin} is not the published data set {name}: the SHA-256 of its arrays is {found[:16]}..., it must be "
            f"{SETS[name].content_sha256[:16]}...; remove it or replace it"
        )


def _store(name: str, arrays: Mapping[str, Array]) -> Path:
    """Write the checked arrays into the cache, whole or not at all."""
    _check_content(name, arrays, f"what came for {name}")
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **dict(arrays))
        os.replace(temporary, folder / f"{name}.npz")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return folder / f"{name}.npz"


def _downloaded(name: str) -> dict[str, Array]:
    from sklearn.datasets import fetch_covtype, fetch_openml

    try:
        if name in ("mnist", "fashion_mnist"):
            number = {"mnist": 554, "fashion_mnist": 40996}[name]
            bunch = fetch_openml(data_id=number, as_frame=False, parser="auto")
            images = bunch.data.reshape(-1, 28, 28).astype(np.uint8)
            labels = bunch.target.astype(np.uint8)
            split = SETS[name].train
            return {
                "train_images": images[:split],
                "train_labels": labels[:split],
                "test_images": images[split:],
                "test_labels": labels[split:],
            }
        if name == "covtype":
            bunch = fetch_covtype()
            return {
                "numeric": bunch.data[:, :10].astype(np.int16),
                "wilderness": bunch.data[:, 10:14].argmax(axis=1).astype(np.uint8),
                "soil": bunch.data[:, 14:].argmax(axis=1).astype(np.uint8),
                "cover_type": bunch.target.astype(np.uint8),
                "numeric_names": np.array(_COVTYPE_NAMES),
            }
    except OSError as error:
        raise DataMissing(f"data set {name} could not be downloaded: {error}") from error
    raise DataMissing(f"data set {name} has no download: put {name}.npz into {cache_folder()}, {SETS[name].source}")


_COVTYPE_NAMES = (
    "Elevation",
    "Aspect",
    "Slope",
    "Horizontal_Distance_To_Hydrology",
    "Vertical_Distance_To_Hydrology",
    "Horizontal_Distance_To_Roadways",
    "Hillshade_9am",
    "Hillshade_Noon",
    "Hillshade_3pm",
    "Horizontal_Distance_To_Fire_Points",
)


def _unpacked(name: str, arrays: Mapping[str, Array]) -> DataSet:
    """The stored arrays as features and classes from 0."""
    if name in ("mnist", "fashion_mnist"):
        train, test = (
            Rows(arrays[f"{part}_images"].reshape(-1, 784), arrays[f"{part}_labels"].astype(np.int64))
            for part in ("train", "test")
        )
        return DataSet(name, 10, train, test)
    if name == "omniglot_small":
        characters, drawings = arrays["images28"].shape[:2]
        labels = np.repeat(np.arange(characters), drawings)
        return DataSet(name, characters, Rows(arrays["images28"].reshape(-1, 784), labels), None)
    if name == "covtype":
        hot = [np.eye(width, dtype=np.int16)[arrays[key]] for key, width in (("wilderness", 4), ("soil", 40))]
        features = np.concatenate([arrays["numeric"], *hot], axis=1)
        return DataSet(name, 7, Rows(features, arrays["cover_type"].astype(np.int64) - 1), None)
    pools = []
    for part in ("train", "test"):
        if name == "a9a":
            features = np.unpackbits(arrays[f"X_{part}_bits"], axis=1)[:, : SETS[name].features]
        else:
            features = arrays[f"X_{part}"]
        pools.append(Rows(features, (arrays[f"y_{part}"] > 0).astype(np.int64)))
    return DataSet(name, 2, pools[0], pools[1])
