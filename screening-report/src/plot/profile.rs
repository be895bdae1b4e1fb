//! Scores of several scales beside the range that is usual for each.

use screening_core::svg::{Anchor, Canvas, GRID, INK, Mark, nice, width};

use super::{BAND, POINT, WIDTH, legend, percent, row_name, whisker};
use crate::model::ProfileRow;

const HEIGHT: f64 = 27.0;
/// The part of the width that is room for names.
const NAMES: f64 = 0.25;

pub(super) fn profile(
    wide: f64,
    (axis, ends, parts): (&str, (f64, f64), bool),
    rows: &[ProfileRow],
    names: &[String; 2],
) -> Canvas {
    let labels = rows.iter().map(|row| width(&row.label)).fold(0.0, f64::max);
    let room = NAMES * wide;
    let (left, right) = (room + 16.0, wide - 24.0 - labels);
    let [point, band] = names;
    let (places, high) = legend(&[point, band], left, wide - 10.0, 24.0);
    let top = 16.0 + high;
    let bottom = top + HEIGHT * rows.len() as f64;
    let mut canvas = Canvas::new(wide, bottom + 50.0);
    if let [(x, y), (u, v)] = places.as_slice() {
        canvas.mark((x + 8.0, y + 8.0), Mark::Diamond, POINT);
        canvas.text((x + 20.0, y + 12.0), Anchor::Start, INK, point);
        range(&mut canvas, (*u, v + 1.0), (22.0, 14.0));
        canvas.text((u + 28.0, v + 12.0), Anchor::Start, INK, band);
    }
    let span = (ends.1 - ends.0).max(f64::MIN_POSITIVE);
    let place = |value: f64| left + ((value - ends.0) / span).clamp(0.0, 1.0) * (right - left);
    for (at, row) in rows.iter().enumerate() {
        let y = top + HEIGHT * at as f64;
        row_name(&mut canvas, (left - 8.0, y + HEIGHT / 2.0), room, &row.name);
        if let Some((low, high)) = row.band {
            range(&mut canvas, (place(low), y + 1.5), ((place(high) - place(low)).max(1.0), HEIGHT - 3.0));
        }
    }
    let step = nice(span, 6.0 * wide / WIDTH).0;
    let first = (ends.0 / step - 1e-9).ceil() as i64;
    for at in (first..).map(|at| at as f64 * step).take_while(|at| *at <= ends.1 + 1e-9).take(21) {
        canvas.line((place(at), top), (place(at), bottom), GRID, 0.8);
        let words = if parts { percent(at) } else { format!("{at:.0}") };
        canvas.text((place(at), bottom + 18.0), Anchor::Middle, INK, &words);
    }
    for (at, row) in rows.iter().enumerate() {
        let middle = top + HEIGHT * (at as f64 + 0.5);
        if let Some((low, high)) = row.interval {
            whisker(&mut canvas, (place(low), place(high)), middle);
        }
        canvas.mark((place(row.value), middle), Mark::Diamond, POINT);
        canvas.text((right + 14.0, middle + 4.5), Anchor::Start, INK, &row.label);
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    canvas.text((f64::midpoint(left, right), bottom + 40.0), Anchor::Middle, INK, axis);
    canvas
}

/// The usual range: light, with lines at both ends that stay in print.
pub(super) fn range(canvas: &mut Canvas, (x, y): (f64, f64), (width, height): (f64, f64)) {
    canvas.shade((x, y), (width, height), BAND);
    for x in [x, x + width] {
        canvas.path(&[(x, y), (x, y + height)], INK, "2 2", 0.9);
    }
}
