#!/usr/bin/env python3
"""Makes the two embedded fonts again: Noto Sans CJK SC, with the characters that reports need.

    pip install fonttools==4.68.0
    apt-get install fonts-noto-cjk=1:20220127+repack1-1
    python3 screening-report/fonts/make.py /usr/share/fonts/opentype/noto

The same versions give the same bytes. characters.txt is the general table of standard Chinese characters (8,105).
"""

import pathlib
import re
import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Blocks of which everything that the font has is kept: Latin, Greek, punctuation, signs, arrows, operators, boxes, forms.
BLOCKS = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x1CD, 0x1DC), (0x2C6, 0x2DD), (0x391, 0x3C9), (0x2010, 0x205E), (0x2070, 0x209F),
    (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2460, 0x24FF),
    (0x25A0, 0x25FF), (0x2600, 0x2606), (0x2713, 0x2718), (0x3000, 0x303F), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6),
]


def characters():
    wanted = {point for first, last in BLOCKS for point in range(first, last + 1)}
    wanted.update(map(ord, (HERE / "characters.txt").read_text(encoding="utf-8").strip()))
    # GB 2312 holds a few forms beside the table.
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            wanted.update(map(ord, bytes([high, low]).decode("gb2312", errors="ignore")))
    for folder, pattern in [("instruments", "*.toml"), ("screening-core", "*.toml"), ("screening-report/resources", "*.toml")]:
        for path in (ROOT / folder).rglob(pattern):
            wanted.update(map(ord, re.sub(r"\s", "", path.read_text(encoding="utf-8"))))
    return wanted


def make(source, weight):
    collection = TTCollection(source / f"NotoSansCJK-{weight}.ttc")
    family = lambda font: font["name"].getDebugName(16) or font["name"].getDebugName(1)
    font = next(font for font in collection.fonts if family(font).removesuffix(" Bold") == "Noto Sans CJK SC")
    options = subset.Options()
    options.layout_features = ["kern", "locl", "ccmp", "liga"]
    options.hinting = False
    options.recalc_timestamp = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.drop_tables += ["vhea", "vmtx", "VORG", "DSIG", "BASE"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    font.recalcTimestamp = False
    target = HERE / f"NotoSansCJKsc-{weight}.otf"
    font.save(target)
    print(f"{target.name}: {target.stat().st_size:,} bytes, {len(font.getBestCmap()):,} characters")


if __name__ == "__main__":
    for each in ["Regular", "Bold"]:
        make(pathlib.Path(sys.argv[1]), each)
