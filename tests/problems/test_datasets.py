"""Data sets are found, checked, refused with a sentence, and never replaced by another."""

import numpy as np
import pytest

from problems import datasets
from problems.errors import DataMissing, ProblemError


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """No data folder, an empty cache, no download."""
    for variable in (datasets.FOLDER, datasets.DOWNLOAD):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    datasets._load.cache_clear()
    return tmp_path


@pytest.fixture
def tiny_a9a(monkeypatch):
    """A stand-in for a9a of three features, published under its own content hash, and its arrays."""
    arrays = {
        "X_train_bits": np.packbits(np.array([[1, 0, 1], [0, 1, 0]], np.uint8), axis=1),
        "y_train": np.array([1, -1], np.int8),
        "X_test_bits": np.packbits(np.array([[1, 1, 1]], np.uint8), axis=1),
        "y_test": np.array([-1], np.int8),
        "n_features": np.array(3, np.int32),
    }
    facts = datasets.Facts("tiny", 3, 2, 2, 1, (1, 1, 1), "or else", "0" * 64, datasets.content_hash(arrays))
    monkeypatch.setitem(datasets.SETS, "a9a", facts)
    return arrays


def test_shipped_sets_need_nothing(empty):
    """digits, breast cancer and diabetes are there off-line, with the stated facts."""
    for name in ("digits", "breast_cancer"):
        found, facts = datasets.load(name), datasets.SETS[name]
        assert found.train.features.shape == (facts.train, facts.features)
        assert set(found.train.labels.tolist()) == set(range(facts.classes))
        assert found.test is None
    targets = datasets.load("diabetes").train
    assert targets.features.shape == (442, 10)
    assert (targets.labels.min(), targets.labels.max(), targets.labels.dtype) == (25.0, 346.0, float)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("omniglot_small", "it has no download"),
        ("mnist", "set BILEVELSIM_DOWNLOAD=1"),
        ("covtype", "set BILEVELSIM_DOWNLOAD=1"),
        ("ijcnn1", "store_libsvm"),
    ],
)
def test_a_missing_set_names_the_ways_to_get_it(empty, name, way):
    """One sentence: the file, the folder's variable, the cache, and the download or the converter."""
    with pytest.raises(DataMissing) as caught:
        datasets.load(name)
    for part in (f"data set {name} is not there", f"{name}.npz", "BILEVELSIM_DATA", str(empty / "cache"), way):
        assert part in str(caught.value)


def test_an_unknown_set_is_answered_with_the_nearest(empty):
    """A misspelt data set is not guessed."""
    with pytest.raises(ProblemError, match="did you mean fashion_mnist"):
        datasets.load("fashion_mnsit")


def test_a_file_with_a_wrong_hash_is_refused(empty, monkeypatch):
    """What is not the published set is named, with both hashes."""
    np.savez(empty / "a9a.npz", y_train=np.zeros(3))
    monkeypatch.setenv(datasets.FOLDER, str(empty))
    with pytest.raises(DataMissing, match="is not the published data set a9a: the SHA-256 of its arrays is "):
        datasets.load("a9a")


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 broken"])
def test_a_broken_file_is_refused(empty, monkeypatch, content):
    """A truncated or foreign file gives the sentence, not a traceback of the unpacker."""
    (empty / "mnist.npz").write_bytes(content)
    monkeypatch.setenv(datasets.FOLDER, str(empty))
    with pytest.raises(DataMissing, match="cannot be read as the data set mnist"):
        datasets.load("mnist")


def test_the_data_folder_comes_before_the_cache(empty, monkeypatch, tiny_a9a):
    """Stored in the cache the set is found there; a file in the data folder goes first, even to be refused."""
    datasets._store("a9a", tiny_a9a)
    found = datasets.load("a9a")
    assert found.train.features.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert found.train.labels.tolist() == [1, 0]
    assert found.test is not None
    assert found.test.labels.tolist() == [0]
    np.savez(empty / "a9a.npz", y_train=np.zeros(3))
    monkeypatch.setenv(datasets.FOLDER, str(empty))
    with pytest.raises(DataMissing):
        datasets.load("a9a")


def test_storing_is_whole_or_not_at_all(empty, monkeypatch, tiny_a9a):
    """A write that fails leaves no file, not even a partial one; wrong content is not stored."""

    def fail(*arguments, **more):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        datasets._store("a9a", tiny_a9a)
    assert list((empty / "cache" / "bilevelsim").iterdir()) == []
    with pytest.raises(DataMissing, match="what came for a9a is not the published"):
        datasets._store("a9a", {**tiny_a9a, "y_test": np.array([1], np.int8)})
    assert list((empty / "cache" / "bilevelsim").iterdir()) == []


def test_libsvm_files_become_the_cached_form(empty, tiny_a9a):
    """The published text form and the stored form are the same set."""
    (empty / "train").write_text("+1 1:1 3:1\n-1 2:1\n")
    (empty / "test").write_text("-1 1:1 2:1 3:1\n")
    path = datasets.store_libsvm("a9a", empty / "train", empty / "test")
    assert path == empty / "cache" / "bilevelsim" / "a9a.npz"
    assert datasets.load("a9a").train.features.tolist() == [[1, 0, 1], [0, 1, 0]]


def test_a_download_happens_only_when_asked_and_is_checked(empty, monkeypatch):
    """Off by default; when asked, what comes is compared with the published content and not stored if it differs."""
    asked = []

    class Bunch:
        data, target = np.zeros((60_002, 784)), np.array(["1"] * 60_002)

    def fetch(**arguments):
        asked.append(arguments["data_id"])
        return Bunch

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(DataMissing, match="is not there"):
        datasets.load("mnist")
    assert asked == []
    with pytest.raises(DataMissing, match="what came for mnist is not the published data set"):
        datasets.load("mnist", download=True)
    assert asked == [554]
    monkeypatch.setenv(datasets.DOWNLOAD, "1")
    with pytest.raises(DataMissing, match="what came for fashion_mnist"):
        datasets.load("fashion_mnist")
    assert asked == [554, 40996]


def test_a_failed_download_is_one_sentence(empty, monkeypatch):
    """No network: the sentence says so."""

    def fetch(**arguments):
        raise OSError("no route to host")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(DataMissing, match="mnist could not be downloaded: no route to host"):
        datasets.load("mnist", download=True)


def test_the_content_hash_sees_names_types_shapes_and_values():
    """Anything that differs changes it; the order of the names does not."""
    base = {"a": np.arange(4), "b": np.zeros(2)}
    others = [
        {"a": np.arange(4), "c": np.zeros(2)},
        {"a": np.arange(4, dtype=np.int32), "b": np.zeros(2)},
        {"a": np.arange(4).reshape(2, 2), "b": np.zeros(2)},
        {"a": np.arange(4) + 1, "b": np.zeros(2)},
    ]
    assert datasets.content_hash(dict(reversed(base.items()))) == datasets.content_hash(base)
    assert len({datasets.content_hash(arrays) for arrays in (base, *others)}) == 5


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "covtype", "ijcnn1", "a9a", "omniglot_small"])
def test_real_sets_have_the_stated_facts(name):
    """Rows, features and classes are those announced before loading."""
    found, facts = datasets.load(name), datasets.SETS[name]
    assert found.train.features.shape == (facts.train, facts.features)
    assert set(np.unique(found.train.labels).tolist()) == set(range(facts.classes))
    assert (0 if found.test is None else found.test.labels.size) == facts.test
    datasets._load.cache_clear()


@pytest.mark.realdata
def test_a_repacked_file_is_accepted_by_its_content(tmp_path, monkeypatch):
    """The same arrays in another zip are the same data set."""
    original = datasets.load("ijcnn1").train.features
    with np.load(f"{datasets.os.environ[datasets.FOLDER]}/ijcnn1.npz") as file:
        np.savez(tmp_path / "ijcnn1.npz", **dict(file.items()))
    monkeypatch.setenv(datasets.FOLDER, str(tmp_path))
    assert np.array_equal(datasets.load("ijcnn1").train.features, original)
    datasets._load.cache_clear()
