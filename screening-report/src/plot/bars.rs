//! Bars: shares with intervals, and parts of a whole.

use screening_core::svg::{Anchor, Canvas, GRID, INK, nice, ticks, width};

use super::{BAR, ROW, WIDTH, legend, margin, percent, shades, whisker};
use crate::model::Bar;

pub(super) fn bars(axis: &str, bars: &[Bar]) -> Canvas {
    let left = margin(bars.iter().map(|bar| bar.name.as_str()));
    let (top, bottom) = (10.0, 10.0 + ROW * bars.len() as f64);
    let mut canvas = Canvas::new(WIDTH, bottom + 50.0);
    let highest = |bar: &Bar| bar.interval.map(|(_, high)| high).into_iter().chain(bar.value).fold(0.0, f64::max);
    let scale = nice(bars.iter().map(highest).fold(0.0, f64::max), 5.0);
    let room = bars.iter().map(|bar| width(&bar.label)).fold(0.0, f64::max) + 20.0;
    let place = |value: f64| left + value / scale.1 * (WIDTH - left - room);
    for at in ticks(scale.0, scale.1) {
        canvas.line((place(at), top), (place(at), bottom), GRID, 0.8);
        canvas.text((place(at), bottom + 18.0), Anchor::Middle, INK, &percent(at));
    }
    for (at, bar) in bars.iter().enumerate() {
        let y = top + ROW * at as f64;
        canvas.text((left - 8.0, y + 20.0), Anchor::End, INK, &bar.name);
        let mut end = place(0.0);
        if let Some(value) = bar.value {
            canvas.rect((place(0.0), y + 6.0), (place(value) - place(0.0), ROW - 12.0), BAR);
            end = place(value);
        }
        if let Some((low, high)) = bar.interval {
            whisker(&mut canvas, (place(low), place(high)), y + ROW / 2.0);
            end = end.max(place(high));
        }
        canvas.text((end + 8.0, y + 20.0), Anchor::Start, INK, &bar.label);
    }
    canvas.line((left, top), (left, bottom), INK, 1.0);
    canvas.text((f64::midpoint(left, WIDTH - room), bottom + 40.0), Anchor::Middle, INK, axis);
    canvas
}

pub(super) fn stacked(axis: &str, parts: &[String], bars: &[(String, Option<Vec<f64>>)]) -> Canvas {
    let left = margin(bars.iter().map(|(name, _)| name.as_str()));
    let right = WIDTH - 30.0;
    let shades = shades(parts.len());
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (places, high) = legend(&names, left, right, 14.0);
    let top = 18.0 + high;
    let bottom = top + ROW * bars.len() as f64;
    let mut canvas = Canvas::new(WIDTH, bottom + 50.0);
    for ((part, shade), (x, y)) in parts.iter().zip(&shades).zip(places) {
        canvas.rect((x, y), (14.0, 14.0), shade);
        canvas.text((x + 20.0, y + 12.0), Anchor::Start, INK, part);
    }
    let place = |share: f64| left + share * (right - left);
    for at in ticks(0.2, 1.0) {
        canvas.line((place(at), top), (place(at), bottom), GRID, 0.8);
        canvas.text((place(at), bottom + 18.0), Anchor::Middle, INK, &percent(at));
    }
    for (at, (name, shares)) in bars.iter().enumerate() {
        let y = top + ROW * at as f64;
        canvas.text((left - 8.0, y + 20.0), Anchor::End, INK, name);
        let Some(shares) = shares else {
            canvas.text((left + 8.0, y + 20.0), Anchor::Start, INK, crate::format::NONE);
            continue;
        };
        let mut from = 0.0;
        for (part, (share, shade)) in shares.iter().zip(&shades).enumerate() {
            canvas.rect((place(from), y + 4.0), (place(from + share) - place(from), ROW - 8.0), shade);
            let label = percent(*share);
            if place(*share) - place(0.0) > width(&label) + 4.0 {
                let colour = if 2 * part >= shades.len() { "#ffffff" } else { INK };
                canvas.text((place(from + share / 2.0), y + 20.0), Anchor::Middle, colour, &label);
            }
            from += share;
        }
    }
    canvas.text((f64::midpoint(left, right), bottom + 40.0), Anchor::Middle, INK, axis);
    canvas
}
