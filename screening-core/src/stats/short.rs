//! Numbers as people write them.

/// A number with at most so many decimals and no zeros behind the last one that counts.
///
/// ```
/// use screening_core::stats::short;
/// assert_eq!([short(2.50, 2), short(3.0, 2), short(100.0, 0), short(-0.001, 2)], ["2.5", "3", "100", "0"]);
/// ```
pub fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0" } else { text }.to_owned()
}
