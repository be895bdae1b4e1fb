//! How scores are distributed, beside what a norm lets expect.

use screening_core::svg::{Anchor, Canvas, GRID, INK, nice, ticks, width};

use super::{BAR, HATCH, WIDTH, legend, lines_of, percent};
use crate::model::Bin;

const HEIGHT: f64 = 220.0;
/// Size of the small letters; columns bear their figures where all of these fit.
const SMALL: f64 = 11.0;
/// What stands in place of a column that is not shown.
const HIDDEN: &str = "×";

/// About how wide small letters are.
fn small(words: &str) -> f64 {
    width(words) * SMALL / 13.0
}

pub(super) fn distribution(
    (x_name, y_name): (&str, &str),
    bins: &[Bin],
    bands: &[(String, usize)],
    names: &[String; 3],
) -> Canvas {
    let (left, right) = (70.0, WIDTH - 20.0);
    let slot = (right - left) / bins.len().max(1) as f64;
    let with_norm = bins.iter().any(|bin| bin.norm.is_some());
    let with_hidden = bins.iter().any(|bin| bin.share.is_none());
    let [here, norm, hidden] = names;
    let shown = [(here, true), (norm, with_norm), (hidden, with_hidden)];
    let entries: Vec<(usize, &str)> =
        shown.iter().enumerate().filter(|(_, own)| own.1).map(|(at, own)| (at, own.0.as_str())).collect();
    let words: Vec<&str> = entries.iter().map(|own| own.1).collect();
    let (places, high) = legend(&words, left, right, 14.0);
    let tiers = tiers(bands, slot);
    let above = 20.0 + high;
    let top = above + 14.0 + 30.0 * tiers as f64;
    let bottom = top + HEIGHT;
    let mut canvas = Canvas::new(WIDTH, bottom + 52.0);
    for ((at, name), (x, y)) in entries.into_iter().zip(places) {
        match at {
            0 => canvas.rect((x, y), (14.0, 14.0), BAR),
            1 => canvas.hatched((x, y), (14.0, 14.0), HATCH),
            _ => canvas.text((x + 7.0, y + 12.0), Anchor::Middle, INK, HIDDEN),
        }
        canvas.text((x + 20.0, y + 12.0), Anchor::Start, INK, name);
    }
    let most = bins.iter().flat_map(|bin| [bin.share, bin.norm]).flatten().fold(0.0, f64::max);
    let scale = nice(most, 4.0);
    let up = |share: f64| bottom - share / scale.1 * (HEIGHT - 16.0);
    for at in ticks(scale.0, scale.1) {
        canvas.line((left, up(at)), (right, up(at)), GRID, 0.8);
        canvas.text((left - 8.0, up(at) + 4.0), Anchor::End, INK, &percent(at));
    }
    band_names(&mut canvas, bands, (left, slot), (above, bottom), tiers);
    let (wide, from) = if with_norm { (0.38 * slot, 0.12 * slot) } else { (0.64 * slot, 0.18 * slot) };
    let labels = bins.iter().flat_map(|bin| [bin.share, bin.norm]).flatten();
    let room = labels.map(|share| small(&percent(share))).fold(0.0, f64::max) + 4.0;
    for (at, bin) in bins.iter().enumerate() {
        let x = left + slot * at as f64 + from;
        let mut column = |x: f64, share: f64, dark: bool| {
            let (corner, size) = ((x, up(share)), (wide, bottom - up(share)));
            if dark {
                canvas.rect(corner, size, BAR)
            } else {
                canvas.hatched(corner, size, HATCH)
            }
            if (if with_norm { wide } else { slot }) >= room {
                canvas.sized_text((x + wide / 2.0, up(share) - 4.0), Anchor::Middle, INK, SMALL, &percent(share));
            }
        };
        if let Some(share) = bin.share {
            column(x, share, true);
        }
        if let Some(norm) = bin.norm {
            column(x + wide, norm, false);
        }
        if bin.share.is_none() {
            canvas.text((x + wide / 2.0, bottom - 6.0), Anchor::Middle, INK, HIDDEN);
        }
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    let wanted = bins.iter().map(|bin| small(&bin.name)).fold(0.0, f64::max) + 6.0;
    let every = (wanted / slot).ceil().clamp(1.0, 20.0) as usize;
    for (at, bin) in bins.iter().enumerate().step_by(every) {
        let middle = left + slot * (at as f64 + 0.5);
        canvas.sized_text((middle, bottom + 16.0), Anchor::Middle, INK, SMALL, &bin.name);
    }
    canvas.text((f64::midpoint(left, right), bottom + 40.0), Anchor::Middle, INK, x_name);
    canvas.text((8.0, above + 8.0), Anchor::Start, INK, y_name);
    canvas
}

/// Rows of the names of bands: two where neighbours would touch.
fn tiers(bands: &[(String, usize)], slot: f64) -> usize {
    let tight = |(name, bins): &(String, usize)| {
        let room = slot * *bins as f64 - 6.0;
        lines_of(name, room * 13.0 / SMALL).iter().any(|line| small(line) > room)
            || lines_of(name, room * 13.0 / SMALL).len() > 2
    };
    if bands.iter().any(tight) { 2 } else { 1 }
}

/// Names of the bands above their bins, and broken lines between them.
fn band_names(
    canvas: &mut Canvas,
    bands: &[(String, usize)],
    (left, slot): (f64, f64),
    (above, bottom): (f64, f64),
    tiers: usize,
) {
    let mut begin = left;
    for (at, (name, bins)) in bands.iter().enumerate() {
        let room = slot * *bins as f64;
        if at > 0 {
            // Names on two rows stand above the lines.
            let from = if tiers > 1 { above + 70.0 } else { above + 18.0 };
            canvas.path(&[(begin, from), (begin, bottom)], INK, "5 4", 0.8);
        }
        // On two rows a name may reach over half of its neighbours.
        let most = if tiers > 1 { room.max(90.0) } else { room } - 6.0;
        let y = above + 14.0 + 14.0 + if at % tiers == 1 { 28.0 } else { 0.0 };
        let lines = lines_of(name, most * 13.0 / SMALL);
        let widest = lines.iter().map(|line| small(line)).fold(0.0, f64::max);
        let middle = (begin + room / 2.0).min(WIDTH - 4.0 - widest / 2.0).max(left + widest / 2.0);
        for (row, line) in lines.iter().take(2).enumerate() {
            canvas.sized_text((middle, y + 12.0 * row as f64), Anchor::Middle, INK, SMALL, line);
        }
        begin += room;
    }
}
