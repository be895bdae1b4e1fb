//! Several tests at once.

/// Holm's adjusted probabilities, in the order given: the smallest times the number of tests, the next times one fewer, and so
/// on, never falling and never above 1. The chance of any false finding among all tests then stays below the level. What is not
/// a number (a test that could not be made) stays so and is not counted. Holm 1979, Scand J Stat 6:65.
///
/// ```
/// use screening_core::stats::holm;
/// let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
/// let expected = [0.03, 0.06, 0.06, 0.02];
/// assert!(adjusted.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
/// ```
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = probabilities.iter().copied().enumerate().filter(|(_, p)| !p.is_nan()).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut adjusted = vec![f64::NAN; probabilities.len()];
    let tests = order.len();
    let mut largest: f64 = 0.0;
    for (rank, (at, p)) in order.into_iter().enumerate() {
        largest = largest.max((tests - rank) as f64 * p).min(1.0);
        if let Some(slot) = adjusted.get_mut(at) {
            *slot = largest;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn tests_that_were_not_made_do_not_count() {
        let adjusted = holm(&[f64::NAN, 0.03, 0.9, 0.02]);
        assert!(adjusted[0].is_nan());
        assert!((adjusted[1] - 0.06).abs() < 1e-12 && (adjusted[3] - 0.06).abs() < 1e-12);
        assert!((adjusted[2] - 0.9).abs() < 1e-12);
        assert!(holm(&[]).is_empty());
    }
}
