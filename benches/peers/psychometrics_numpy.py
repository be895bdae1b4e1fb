"""Alpha with item statistics, and EAP scores, as a competent user writes them in numpy.

Run: python3 benches/peers/psychometrics_numpy.py
Threads of the linear algebra are those that numpy takes by itself; say OMP_NUM_THREADS=1 for one.
"""

import statistics
import time

import numpy as np

RUNS = 5


def timed(name, work):
    work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    print(f"{name}: {statistics.median(seconds):.3f} s")


def alpha(x):
    """The bare coefficient."""
    c = np.cov(x, rowvar=False)
    k = c.shape[0]
    return k / (k - 1) * (1 - np.trace(c) / c.sum())


def alpha_and_items(x):
    """Alpha, alpha without each item, item-rest correlations, mean, SD, skew, kurtosis."""
    c = np.cov(x, rowvar=False)
    k, total, own = c.shape[0], c.sum(), np.diag(c)
    rows = c.sum(axis=1)
    without = total - 2 * rows + own
    dropped = (k - 1) / (k - 2) * (1 - (own.sum() - own) / without)
    rest = (rows - own) / np.sqrt(own * without)
    mean, sd = x.mean(axis=0), np.sqrt(own)
    z = (x - mean) / sd
    return k / (k - 1) * (1 - own.sum() / total), dropped, rest, mean, sd, (z**3).mean(axis=0), (z**4).mean(axis=0) - 3


def graded(items, categories):
    at = np.arange(items)
    a = 1.0 + 1.2 * (at * 7 % items) / items
    b = (at / items - 0.5)[:, None] + (np.arange(1, categories) - categories / 2) * 0.9 + 0.6
    return a, b


def draw(random, a, b, persons):
    theta = random.standard_normal(persons)
    u = random.random((persons, len(a)))
    logit = np.log(u / (1 - u))
    return (a[None, :, None] * (theta[:, None, None] - b[None]) > logit[:, :, None]).sum(axis=2).astype(np.int8)


def eap(x, a, b):
    """121 points from -6 to 6; answers become rows of a table of log-probabilities by one product with an indicator."""
    nodes = np.linspace(-6, 6, 121)
    upper = 1 / (1 + np.exp(-a[:, None, None] * (nodes[None, None] - b[:, :, None])))
    upper = np.concatenate([np.ones((len(a), 1, 121)), upper, np.zeros((len(a), 1, 121))], axis=1)
    logs = np.log(np.maximum(upper[:, :-1] - upper[:, 1:], 1e-300))
    categories = logs.shape[1]
    hot = np.zeros((x.shape[0], x.shape[1] * categories), dtype=np.float32)
    hot[np.arange(x.shape[0])[:, None], np.arange(x.shape[1]) * categories + x] = 1
    log = hot @ logs.reshape(-1, 121).astype(np.float32) - nodes.astype(np.float32) ** 2 / 2
    w = np.exp(log - log.max(axis=1, keepdims=True))
    w /= w.sum(axis=1, keepdims=True)
    mean = w @ nodes
    return mean, np.sqrt(np.maximum(w @ nodes**2 - mean**2, 0))


def main():
    random = np.random.default_rng(20260901)
    print("numpy", np.__version__)
    binary = draw(random, *graded(100, 2), 100_000).astype(np.float64)
    timed("alpha alone 100,000 x 100", lambda: alpha(binary))
    timed("alpha and items 100,000 x 100", lambda: alpha_and_items(binary))
    a, b = graded(40, 5)
    answers = draw(random, a, b, 100_000)
    timed("EAP 100,000 x 40", lambda: eap(answers, a, b))


if __name__ == "__main__":
    main()
