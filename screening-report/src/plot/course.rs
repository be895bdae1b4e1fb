//! Scores over several waves, one panel a scale.

use screening_core::svg::{Anchor, Canvas, GRID, INK, Mark, ticks};

use super::{BAND, POINT, legend, lines_of, percent};
use crate::model::Panel;

/// Height of a panel as a part of the width.
const HEIGHT: f64 = 0.2;
/// Least width of a panel.
const PANEL: f64 = 130.0;
/// Above a panel its name, below it the waves.
const NAME: f64 = 46.0;
const WAVES: f64 = 34.0;
const SMALL: f64 = 11.0;
/// Broken lines: end of the usual range, rim of the band.
const USUAL: &str = "7 4";
const RIM: &str = "2 2";

pub(super) fn course(wide: f64, axis: &str, panels: &[Panel], names: &[String; 3]) -> Canvas {
    let (left, right) = (70.0, wide - 16.0);
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let (places, high) = legend(&words, left, right, 24.0);
    let height = HEIGHT * wide;
    let abreast = (((right - left) / PANEL) as usize).clamp(1, panels.len().max(1));
    let rows = panels.chunks(abreast).len().max(1) as f64;
    let mut canvas = Canvas::new(wide, 10.0 + high + rows * (NAME + height + WAVES));
    for (at, (words, (x, y))) in words.iter().zip(places).enumerate() {
        let middle = y + 8.0;
        match at {
            0 => {
                canvas.path(&[(x, middle), (x + 22.0, middle)], POINT, "", 1.8);
                canvas.mark((x + 11.0, middle), Mark::Dot, POINT);
            }
            1 => band(&mut canvas, (x, y + 1.0), (22.0, 14.0)),
            _ => canvas.path(&[(x, middle), (x + 22.0, middle)], INK, USUAL, 1.1),
        }
        canvas.text((x + 28.0, y + 12.0), Anchor::Start, INK, words);
    }
    canvas.text((8.0, 20.0 + high), Anchor::Start, INK, axis);
    let room = (right - left) / abreast as f64;
    let mut top = 10.0 + NAME + high;
    for row in panels.chunks(abreast) {
        let bottom = top + height;
        let up = |part: f64| bottom - part.clamp(0.0, 1.0) * height;
        for at in ticks(0.25, 1.0) {
            canvas.text((left - 8.0, up(at) + 4.0), Anchor::End, INK, &percent(at));
        }
        for (at, own) in row.iter().enumerate() {
            let (from, to) = (left + room * at as f64 + 6.0, left + room * (at as f64 + 1.0) - 10.0);
            for at in ticks(0.25, 1.0) {
                canvas.line((from, up(at)), (to, up(at)), GRID, 0.8);
            }
            for (line, words) in lines_of(&own.name, (to - from) * 13.0 / SMALL).iter().take(2).enumerate() {
                let place = (f64::midpoint(from, to), top - 22.0 + 13.0 * line as f64);
                canvas.sized_text(place, Anchor::Middle, INK, SMALL, words);
            }
            panel(&mut canvas, own, (from, to), bottom, &up);
        }
        top += NAME + height + WAVES;
    }
    canvas
}

fn panel(canvas: &mut Canvas, own: &Panel, (from, to): (f64, f64), bottom: f64, up: &dyn Fn(f64) -> f64) {
    let count = own.points.len().max(1) as f64;
    let across = |at: usize| from + (to - from) * (at as f64 + 0.5) / count;
    let last = own.points.len().saturating_sub(1);
    if let Some((low, high)) = own.band {
        let begin = across(last.saturating_sub(1));
        band(canvas, (begin, up(high)), (across(last) - begin + 8.0, (up(low) - up(high)).max(1.0)));
    }
    if let Some(usual) = own.usual {
        canvas.path(&[(from, up(usual)), (to, up(usual))], INK, USUAL, 1.1);
    }
    canvas.line((from, bottom), (to, bottom), INK, 1.0);
    let known = own.points.iter().enumerate().filter_map(|(at, point)| Some((across(at), up(point.1?))));
    let known: Vec<(f64, f64)> = known.collect();
    if known.len() > 1 {
        canvas.path(&known, POINT, "", 1.8);
    }
    for (at, (wave, value, label)) in own.points.iter().enumerate() {
        let room = (to - from) / count;
        for (row, line) in lines_of(wave, room * 13.0 / SMALL).iter().take(2).enumerate() {
            let place = (across(at), bottom + 14.0 + 12.0 * row as f64);
            canvas.sized_text(place, Anchor::Middle, INK, SMALL, line);
        }
        let place = match value {
            Some(value) => {
                canvas.mark((across(at), up(*value)), Mark::Dot, POINT);
                // Above the point, unless the panel ends there.
                if *value > 0.9 { up(*value) + 18.0 } else { up(*value) - 8.0 }
            }
            None => bottom - 6.0,
        };
        canvas.sized_text((across(at), place), Anchor::Middle, INK, 12.0, label);
    }
}

/// Between which values a score would be no reliable change.
fn band(canvas: &mut Canvas, (x, y): (f64, f64), (width, height): (f64, f64)) {
    canvas.shade((x, y), (width, height), BAND);
    for y in [y, y + height] {
        canvas.path(&[(x, y), (x + width, y)], INK, RIM, 0.9);
    }
}
