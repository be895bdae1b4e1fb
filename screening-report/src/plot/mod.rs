//! Pictures as SVG. They are read without colour: bars bear their figures, parts differ in lightness and are parted by lines.
//! Whatever they show has passed the suppression step before.

mod canvas;

use canvas::{Anchor, Canvas, INK, nice};
use screening_core::svg::{ticks, width};

use crate::model::{Bar, Chart, Figure};

const WIDTH: f64 = 760.0;
const GRID: &str = "#d9d9d9";
const BAR: &str = "#4a7fb5";
/// Height of a bar with the room around it.
const ROW: f64 = 30.0;

/// Draws a picture.
pub(crate) fn svg(figure: &Figure) -> String {
    let canvas = match &figure.chart {
        Chart::Bars { axis, bars } => bars_of(axis, bars),
        Chart::Stacked { axis, parts, bars } => stacked(axis, parts, bars),
        Chart::Funnel { x, y, points, target, limits, names } => funnel((x, y), points, *target, limits, names),
    };
    canvas.finish(&figure.caption, &figure.alt)
}

/// Greys and blues from light to dark, as many as there are parts: one hue, so that lightness alone tells them apart.
pub(crate) fn shades(parts: usize) -> Vec<String> {
    let (light, dark) = ([226.0, 236.0, 246.0], [8.0, 44.0, 92.0]);
    let shade = |at: usize| {
        let part = if parts > 1 { at as f64 / (parts - 1) as f64 } else { 0.5 };
        let mix = |light: f64, dark: f64| (light + (dark - light) * part).round() as u8;
        let [r, g, b] = [0, 1, 2].map(|own: usize| {
            mix(light.get(own).copied().unwrap_or_default(), dark.get(own).copied().unwrap_or_default())
        });
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    (0..parts).map(shade).collect()
}

/// Room for the names on the left.
fn margin<'n>(names: impl Iterator<Item = &'n str>) -> f64 {
    names.map(width).fold(60.0, f64::max).min(260.0) + 16.0
}

fn percent(value: f64) -> String {
    let text = format!("{:.1}", 100.0 * value);
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

fn bars_of(axis: &str, bars: &[Bar]) -> Canvas {
    let left = margin(bars.iter().map(|bar| bar.name.as_str()));
    let (top, bottom) = (10.0, 10.0 + ROW * bars.len() as f64);
    let mut canvas = Canvas::new(WIDTH, bottom + 50.0);
    let highest = |bar: &Bar| bar.interval.map(|(_, high)| high).into_iter().chain(bar.value).fold(0.0, f64::max);
    let scale = nice(bars.iter().map(highest).fold(0.0, f64::max));
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
            let middle = y + ROW / 2.0;
            canvas.line((place(low), middle), (place(high), middle), INK, 1.4);
            for tip in [low, high] {
                canvas.line((place(tip), middle - 4.0), (place(tip), middle + 4.0), INK, 1.4);
            }
            end = end.max(place(high));
        }
        canvas.text((end + 8.0, y + 20.0), Anchor::Start, INK, &bar.label);
    }
    canvas.line((left, top), (left, bottom), INK, 1.0);
    canvas.text((f64::midpoint(left, WIDTH - room), bottom + 40.0), Anchor::Middle, INK, axis);
    canvas
}

fn stacked(axis: &str, parts: &[String], bars: &[(String, Option<Vec<f64>>)]) -> Canvas {
    let left = margin(bars.iter().map(|(name, _)| name.as_str()));
    let right = WIDTH - 30.0;
    let shades = shades(parts.len());
    let mut places = Vec::with_capacity(parts.len());
    let (mut x, mut row) = (left, 0.0);
    for part in parts {
        let wide = width(part) + 40.0;
        if x > left && x + wide > right {
            (x, row) = (left, row + 1.0);
        }
        places.push((x, 10.0 + 22.0 * row));
        x += wide;
    }
    let top = 10.0 + 22.0 * (row + 1.0) + 8.0;
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

fn funnel(
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
    let (x_scale, y_scale) = (nice(largest), nice(high.min(1.0)));
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
        canvas.path(&line, dash);
    }
    canvas.path(&[place(0.0, target), place(x_scale.1, target)], "");
    points.iter().for_each(|(x, y)| canvas.dot(place(*x, *y)));
    let mut x = left;
    for (at, name) in names.iter().enumerate() {
        match at {
            0 => canvas.dot((x + 12.0, 20.0)),
            1 => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], ""),
            2 => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], "6 4"),
            _ => canvas.path(&[(x, 20.0), (x + 24.0, 20.0)], "2 3"),
        }
        canvas.text((x + 30.0, 24.0), Anchor::Start, INK, name);
        x += width(name) + 50.0;
    }
    canvas.text((f64::midpoint(left, right), bottom + 42.0), Anchor::Middle, INK, x_name);
    canvas.text((8.0, 48.0), Anchor::Start, INK, y_name);
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(chart: Chart) -> String {
        svg(&Figure { id: "x".into(), caption: "<c>".into(), alt: "a & b".into(), chart })
    }

    #[test]
    fn pictures_have_no_figure_that_is_none_and_words_stay_words() {
        let bar = |value| Bar { name: "<n>".into(), value, interval: None, label: "l".into() };
        let bars = drawn(Chart::Bars { axis: "x".into(), bars: vec![bar(Some(0.25)), bar(None)] });
        assert!(bars.contains("<title>&lt;c&gt;</title>") && bars.contains("<desc>a &amp; b</desc>"));
        assert_eq!(bars.matches(BAR).count(), 1, "a bar without a value is not drawn");
        let parts = vec!["a".to_owned(), "b".to_owned()];
        let rows = vec![("g".to_owned(), Some(vec![0.75, 0.25])), ("h".to_owned(), None)];
        let stacked = drawn(Chart::Stacked { axis: "x".into(), parts, bars: rows });
        assert!(stacked.contains("75%") && stacked.contains("25%"));
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        let chart = |points| Chart::Funnel {
            x: "x".into(),
            y: "y".into(),
            points,
            target: 0.1,
            limits: vec![[10.0, 0.0, 0.3, 0.0, 0.5]],
            names: names.clone(),
        };
        assert_eq!(drawn(chart(vec![(100.0, 0.12)])).matches("<circle").count(), 2, "a school and the legend");
        let empty = drawn(chart(Vec::new()));
        for svg in [bars, stacked, empty, drawn(Chart::Bars { axis: String::new(), bars: Vec::new() })] {
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
        }
    }

    #[test]
    fn shades_grow_darker() {
        let grey = |shade: &String| u32::from_str_radix(&shade[1..3], 16).unwrap();
        let list: Vec<u32> = shades(5).iter().map(grey).collect();
        assert!(list.windows(2).all(|pair| pair[0] > pair[1] + 30), "{list:?}");
        assert_eq!(shades(1).len(), 1);
    }
}
