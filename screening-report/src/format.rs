//! How numbers are written, in one place.

use screening_core::disclosure::Shown;
use screening_core::instrument::Language;

/// Writes numbers in the language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    language: Language,
    threshold: u32,
}

/// What stands where a figure cannot be given.
pub const NONE: &str = "—";

impl Format {
    /// For a language and the threshold of suppression.
    pub fn new(language: Language, threshold: u32) -> Self {
        Self { language, threshold }
    }

    /// A count, in groups of three digits.
    ///
    /// ```
    /// use screening_core::instrument::Language;
    /// use screening_report::Format;
    /// assert_eq!(Format::new(Language::En, 10).count(1_234_567), "1,234,567");
    /// ```
    pub fn count(self, count: u64) -> String {
        let digits = count.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    /// A count that may be suppressed.
    pub fn shown(self, shown: Shown) -> String {
        match shown.value() {
            Some(count) => self.count(count),
            None => shown.text(self.threshold).get(self.language).to_owned(),
        }
    }

    /// A share as a percentage with one decimal.
    ///
    /// ```
    /// use screening_core::instrument::Language;
    /// use screening_report::Format;
    /// assert_eq!(Format::new(Language::ZhCn, 10).share(Some(0.1234)), "12.3%");
    /// assert_eq!(Format::new(Language::ZhCn, 10).share(None), "—");
    /// ```
    pub fn share(self, share: Option<f64>) -> String {
        share
            .filter(|share| share.is_finite())
            .map_or_else(|| NONE.to_owned(), |share| format!("{:.1}%", 100.0 * share))
    }

    /// An interval of a share.
    pub fn share_interval(self, interval: Option<(f64, f64)>) -> String {
        let ends = interval.map(|(low, high)| (format!("{:.1}", 100.0 * low), format!("{:.1}%", 100.0 * high)));
        self.ends(ends)
    }

    /// An interval of a score.
    pub fn interval(self, interval: Option<(f64, f64)>, decimals: usize) -> String {
        self.ends(interval.map(|(low, high)| (minus(format!("{low:.decimals$}")), minus(format!("{high:.decimals$}")))))
    }

    fn ends(self, ends: Option<(String, String)>) -> String {
        let Some((low, high)) = ends else { return NONE.to_owned() };
        let (low, high) = (minus(low), minus(high));
        match self.language {
            Language::ZhCn => format!("{low}～{high}"),
            Language::En => format!("{low} to {high}"),
        }
    }

    /// A number with a fixed number of decimals.
    pub fn number(self, value: Option<f64>, decimals: usize) -> String {
        let value = value.filter(|value| value.is_finite());
        value.map_or_else(|| NONE.to_owned(), |value| minus(format!("{value:.decimals$}")))
    }

    /// A score: whole where it is whole, otherwise two decimals.
    pub fn score(self, value: Option<f64>) -> String {
        let whole = value.is_some_and(|value| value.fract() == 0.0);
        self.number(value, if whole { 0 } else { 2 })
    }

    /// A difference of shares, in percentage points.
    pub fn points(self, difference: Option<f64>) -> String {
        self.number(difference.map(|difference| 100.0 * difference), 1)
    }

    /// A probability of a test.
    ///
    /// ```
    /// use screening_core::instrument::Language;
    /// use screening_report::Format;
    /// assert_eq!(Format::new(Language::En, 10).probability(Some(0.0004)), "<0.001");
    /// ```
    pub fn probability(self, p: Option<f64>) -> String {
        match p.filter(|p| p.is_finite()) {
            None => NONE.to_owned(),
            Some(p) if p < 0.001 => "<0.001".to_owned(),
            Some(p) => format!("{p:.3}"),
        }
    }
}

/// The minus sign that lines up with digits; a rounded zero has none.
fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.' | '%')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        let (zh, en) = (Format::new(Language::ZhCn, 10), Format::new(Language::En, 10));
        assert_eq!(zh.share_interval(Some((0.0512, 0.2))), "5.1～20.0%");
        assert_eq!(en.share_interval(Some((0.0512, 0.2))), "5.1 to 20.0%");
        assert_eq!(en.interval(Some((-1.25, 0.5)), 1), "\u{2212}1.2 to 0.5");
        assert_eq!(en.interval(None, 1), NONE);
        assert_eq!(en.number(Some(-0.001), 1), "0.0");
        assert_eq!((en.score(Some(12.0)), en.score(Some(1.256))), ("12".to_owned(), "1.26".to_owned()));
        assert_eq!(zh.shown(Shown::Small), "<10");
        assert_eq!(
            (zh.count(0), zh.count(999), zh.count(1000)),
            ("0".to_owned(), "999".to_owned(), "1,000".to_owned())
        );
        assert_eq!(en.number(Some(f64::NAN), 1), NONE);
        assert_eq!(en.probability(Some(0.05)), "0.050");
    }
}
