//! From a total to what is left of it, step by step.

use screening_core::svg::{Anchor, Canvas, GRID, INK, nice, ticks, width};

use super::{BAR, HATCH, ROW, WIDTH, margin, row_name};
use crate::model::Step;

pub(super) fn waterfall(axis: &str, steps: &[Step]) -> Canvas {
    let left = margin(steps.iter().map(|step| step.name.as_str()));
    let room = steps.iter().map(|step| width(&step.label)).fold(0.0, f64::max) + 20.0;
    let (top, bottom) = (10.0, 10.0 + ROW * steps.len() as f64);
    let mut canvas = Canvas::new(WIDTH, bottom + 50.0);
    let scale = nice(steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max), 5.0);
    let place = |count: f64| left + count / scale.1 * (WIDTH - left - room);
    for at in ticks(scale.0, scale.1) {
        canvas.line((place(at), top), (place(at), bottom), GRID, 0.8);
        canvas.text((place(at), bottom + 18.0), Anchor::Middle, INK, &format!("{at:.0}"));
    }
    let mut before: Option<f64> = None;
    for (at, step) in steps.iter().enumerate() {
        let y = top + ROW * at as f64;
        row_name(&mut canvas, (left - 8.0, y + ROW / 2.0), left - 16.0, &step.name);
        let (from, to) = (place(step.from.min(step.to)), place(step.from.max(step.to)));
        let (corner, size) = ((from, y + 6.0), ((to - from).max(0.8), ROW - 12.0));
        if step.total {
            canvas.rect(corner, size, BAR)
        } else {
            canvas.hatched(corner, size, HATCH)
        }
        // What is left passes from one row to the next.
        if let Some(left) = before {
            canvas.path(&[(place(left), y - 6.0), (place(left), y + 6.0)], INK, "2 2", 0.9);
        }
        before = Some(if step.total { step.from.max(step.to) } else { step.from.min(step.to) });
        canvas.text((to + 8.0, y + 20.0), Anchor::Start, INK, &step.label);
    }
    canvas.line((left, top), (left, bottom), INK, 1.0);
    canvas.text((f64::midpoint(left, WIDTH - room), bottom + 40.0), Anchor::Middle, INK, axis);
    canvas
}
