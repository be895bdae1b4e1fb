//! Schools by size, with the limits of chance.

use screening_core::svg::{Anchor, Canvas, GRID, INK, Mark, nice, ticks, width};

use super::{WIDTH, percent};

const DOT: &str = "#2b6cb0";

pub(super) fn funnel(
    (x_name, y_name): (&str, &str),
    points: &[(f64, f64)],
    target: f64,
    limits: &[[f64; 5]],
    names: &[String; 4],
) -> Canvas {
    let (left, right, top, bottom) = (70.0, WIDTH - 30.0, 60.0, 400.0);
    let mut canvas = Canvas::new(WIDTH, bottom + 56.0);
    let largest = limits.iter().map(|own| own[0]).chain(points.iter().map(|own| own.0)).fold(0.0, f64::max);
    // Limits of tiny schools would press everything else together.
    let high = points.iter().map(|own| own.1).fold(target * 2.5, f64::max) * 1.1;
    let (x_scale, y_scale) = (nice(largest, 5.0), nice(high.min(1.0), 5.0));
    let place =
        |x: f64, y: f64| (left + x / x_scale.1 * (right - left), bottom - (y / y_scale.1).min(1.0) * (bottom - top));
    for at in ticks(y_scale.0, y_scale.1) {
        canvas.line(place(0.0, at), place(x_scale.1, at), GRID, 0.8);
        canvas.text((left - 8.0, place(0.0, at).1 + 4.0), Anchor::End, INK, &percent(at));
    }
    for at in ticks(x_scale.0, x_scale.1) {
        let (x, y) = place(at, 0.0);
        canvas.line((x, y), (x, y + 4.0), INK, 1.0);
        canvas.text((x, y + 20.0), Anchor::Middle, INK, &format!("{at:.0}"));
    }
    canvas.line(place(0.0, 0.0), place(x_scale.1, 0.0), INK, 1.0);
    canvas.line(place(0.0, 0.0), place(0.0, y_scale.1), INK, 1.0);
    let lines: [(usize, &str); 4] = [(1, "6 4"), (2, "6 4"), (3, "2 3"), (4, "2 3")];
    for (column, dash) in lines {
        let line = limits.iter().filter_map(|own| Some(place(own[0], *own.get(column)?)));
        let line: Vec<(f64, f64)> = line.collect();
        canvas.path(&line, INK, dash, 1.2);
    }
    canvas.path(&[place(0.0, target), place(x_scale.1, target)], INK, "", 1.2);
    points.iter().for_each(|(x, y)| canvas.mark(place(*x, *y), Mark::Dot, DOT));
    let mut x = left;
    for (at, name) in names.iter().enumerate() {
        match at {
            0 => canvas.mark((x + 12.0, 20.0), Mark::Dot, DOT),
            1 => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], INK, "", 1.2),
            2 => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], INK, "6 4", 1.2),
            _ => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], INK, "2 3", 1.2),
        }
        canvas.text((x + 30.0, 24.0), Anchor::Start, INK, name);
        x += width(name) + 50.0;
    }
    canvas.text((f64::midpoint(left, right), bottom + 42.0), Anchor::Middle, INK, x_name);
    canvas.text((8.0, 48.0), Anchor::Start, INK, y_name);
    canvas
}
