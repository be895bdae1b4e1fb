"""SCL-90 with 5 % missing answers, as a competent user writes it: factor means that need every item, total, bands, positive
items, the index of their distress. In numpy (one array of floats, NaN = missing) and in pandas.

Run: python3 benches/peers/scl90_peers.py [ROWS]      (needs numpy; pandas is skipped where it is not installed)
"""

import statistics
import sys
import time

import numpy as np

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
RUNS = 3
FACTORS = [[1, 4, 12, 27, 40, 42, 48, 49, 52, 53, 56, 58], [3, 9, 10, 28, 38, 45, 46, 51, 55, 65], [6, 21, 34, 36, 37, 41, 61, 69, 73],
           [5, 14, 15, 20, 22, 26, 29, 30, 31, 32, 54, 71, 79], [2, 17, 23, 33, 39, 57, 72, 78, 80, 86], [11, 24, 63, 67, 74, 81],
           [13, 25, 47, 50, 70, 75, 82], [8, 18, 43, 68, 76, 83], [7, 16, 35, 62, 77, 84, 85, 87, 88, 90], [19, 44, 59, 60, 64, 66, 89]]


def with_numpy(answers):
    out = {}
    for number, items in enumerate(FACTORS):
        mean = answers[:, [item - 1 for item in items]].mean(axis=1)
        out[f"f{number}"] = mean
        out[f"f{number}.band"] = np.where(np.isnan(mean), -1, np.digitize(mean, [2.0, 3.0, 4.0]))
    total = answers.sum(axis=1)
    positive = np.where(np.isnan(total), np.nan, (answers >= 2).sum(axis=1))
    out["total"], out["positive"], out["negative"] = total, positive, 90 - positive
    with np.errstate(divide="ignore", invalid="ignore"):
        out["psdi"] = (total - (90 - positive)) / positive
    out["total.band"] = np.where(np.isnan(total), -1, total >= 160)
    for item in (15, 59, 16):
        out[f"flag{item}"] = answers[:, item - 1] >= 2
    return out


def with_pandas(frame):
    import pandas as pd

    out = {}
    for number, items in enumerate(FACTORS):
        mean = frame[[f"q{item}" for item in items]].mean(axis=1, skipna=False)
        out[f"f{number}"] = mean
        out[f"f{number}.band"] = pd.cut(mean, [-1.0, 2.0, 3.0, 4.0, 9.0], right=False, labels=False)
    total = frame.sum(axis=1, skipna=False)
    positive = (frame >= 2).sum(axis=1).where(total.notna())
    out["total"], out["positive"], out["negative"] = total, positive, 90 - positive
    out["psdi"] = (total - (90 - positive)) / positive
    out["total.band"] = (total >= 160).where(total.notna())
    for item in (15, 59, 16):
        out[f"flag{item}"] = frame[f"q{item}"] >= 2
    return pd.DataFrame(out)


def timed(name, work):
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    print(f"{name}: {statistics.median(seconds) * 1e3:.0f} ms for {ROWS} rows")


def main():
    draw = np.random.default_rng(1)
    answers = draw.integers(1, 6, size=(ROWS, 90)).astype(np.float64)
    answers[draw.random(answers.shape) < 0.05] = np.nan
    timed("numpy", lambda: with_numpy(answers))
    try:
        import pandas as pd
    except ImportError:
        print("pandas: skipped, not installed")
        return
    frame = pd.DataFrame(answers, columns=[f"q{item}" for item in range(1, 91)])
    timed("pandas", lambda: with_pandas(frame))


main()
