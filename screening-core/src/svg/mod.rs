//! What every drawing as SVG needs: words that stay words, and axes with round steps.

mod canvas;

pub use canvas::{Anchor, Canvas, FONTS, GRID, INK, Mark, nice};

/// Text that stands for itself in XML and HTML. Signs that XML does not have become blanks.
///
/// ```
/// assert_eq!(screening_core::svg::escaped("a < \"b\" & c\u{7}"), "a &lt; &quot;b&quot; &amp; c ");
/// ```
pub fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            own if own.is_control() => out.push(' '),
            own => out.push(own),
        }
    }
    out
}

/// About how wide a text of 13 pixels is: Chinese characters are as wide as high, others a little more than half of it.
///
/// ```
/// assert_eq!(screening_core::svg::width("图"), 13.0);
/// ```
pub fn width(words: &str) -> f64 {
    words.chars().map(|letter| if letter.is_ascii() { 7.2 } else { 13.0 }).sum()
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`, which is positive and finite.
///
/// ```
/// use screening_core::svg::round_step;
/// assert_eq!((round_step(15.0), round_step(0.2), round_step(6.0)), (20.0, 0.2, 10.0));
/// ```
pub fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(least)
}

/// Places of the marks of an axis from zero to `end`, at most 21.
///
/// ```
/// assert_eq!(screening_core::svg::ticks(2.0, 4.0).collect::<Vec<_>>(), [0.0, 2.0, 4.0]);
/// ```
pub fn ticks(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..=((end / step).round() as usize).min(20)).map(move |at| at as f64 * step)
}
