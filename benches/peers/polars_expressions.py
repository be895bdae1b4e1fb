"""The outputs of the scoring bench as a competent user writes them in polars expressions (Python wheel).

Run: POLARS_MAX_THREADS=1 python3 benches/peers/polars_expressions.py
"""

import random
import statistics
import time

import polars as pl

ROWS = 1_000_000
RUNS = 5
CASES = [("mht", 100, [0, 1], 0.0), ("phq-9", 9, [0, 1, 2, 3], 0.0), ("phq-9", 9, [0, 1, 2, 3], 0.05),
         ("scl-90", 90, [1, 2, 3, 4, 5], 0.0), ("scl-90", 90, [1, 2, 3, 4, 5], 0.05)]
SCL = [[1, 4, 12, 27, 40, 42, 48, 49, 52, 53, 56, 58], [3, 9, 10, 28, 38, 45, 46, 51, 55, 65], [6, 21, 34, 36, 37, 41, 61, 69, 73],
       [5, 14, 15, 20, 22, 26, 29, 30, 31, 32, 54, 71, 79], [2, 17, 23, 33, 39, 57, 72, 78, 80, 86], [11, 24, 63, 67, 74, 81],
       [13, 25, 47, 50, 70, 75, 82], [8, 18, 43, 68, 76, 83], [7, 16, 35, 62, 77, 84, 85, 87, 88, 90], [19, 44, 59, 60, 64, 66, 89]]
MHT = [range(1, 16), range(16, 26), range(26, 36), range(36, 46), range(46, 56), range(56, 71), range(71, 81),
       range(81, 100, 2), list(range(1, 82)) + list(range(83, 100, 2)), range(82, 101, 2)]


def frame(items, codes, missing):
    draw = random.Random(1)
    base = [draw.choice(codes) for _ in range(ROWS)]
    holes = [draw.random() < missing for _ in range(ROWS)]
    columns = {}
    for item in range(1, items + 1):
        shift = draw.randrange(ROWS)
        values = pl.Series(base[shift:] + base[:shift], dtype=pl.UInt8)
        if missing:
            values = pl.select(pl.when(pl.Series(holes[shift:] + holes[:shift])).then(None).otherwise(values)).to_series()
        columns[f"q{item}"] = values
    return pl.DataFrame(columns)


def q(items):
    return [pl.col(f"q{item}") for item in items]


def complete(items):
    return pl.sum_horizontal([e.cast(pl.UInt16) for e in q(items)], ignore_nulls=False)


def bands(value, cuts):
    out = pl.lit("0")
    for n, cut in enumerate(cuts):
        out = pl.when(value >= cut).then(pl.lit(str(n + 1))).otherwise(out)
    return out


def expressions(name):
    if name == "mht":
        return [pl.sum_horizontal(q(scale)).alias(f"s{n}") for n, scale in enumerate(MHT)]
    if name == "phq-9":
        total = complete(range(1, 10))
        return [total.alias("total"), bands(total, [5, 10, 15, 20]).alias("band"), (pl.col("q9") >= 1).alias("flag")]
    out = []
    for n, scale in enumerate(SCL):
        mean = complete(scale) / len(scale)
        out += [mean.alias(f"s{n}"), bands(mean, [2, 3, 4]).alias(f"s{n}.band")]
    total = complete(range(1, 91))
    positive = pl.sum_horizontal([(e >= 2).cast(pl.UInt16) for e in q(range(1, 91))], ignore_nulls=False)
    out += [total.alias("total"), (total / 90).alias("gsi"), positive.alias("pst"), (90 - positive).alias("negative_items"),
            ((total - (90 - positive)) / positive).alias("psdi"), bands(total, [160]).alias("total.band")]
    return out + [(pl.col(f"q{item}") >= 2).alias(f"flag{item}") for item in (15, 59, 16)]


for name, items, codes, missing in CASES:
    data = frame(items, codes, missing).lazy().select(expressions(name))
    data.collect()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        data.collect()
        seconds.append(time.perf_counter() - start)
    print(f"| {name}, {missing:.0%} missing | {statistics.median(seconds) * 1e3:.1f} ms |", flush=True)
