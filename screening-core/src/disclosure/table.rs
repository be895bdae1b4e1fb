//! Tables to be released, and tables as they may be shown.

use serde::Serialize;

use super::Marks;
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// A table that is asked for: which levels of which dimensions are crossed, and of whom.
///
/// Dimensions that are not named are summed over. The level `all` of a dimension is its margin.
///
/// ```
/// use screening_core::disclosure::TableSpec;
/// let spec = TableSpec::new("tiers").axis("place", &["all", "school"]).axis("result", &["all", "tier"]).within("result", "status", &["valid"]);
/// assert_eq!(spec.id(), "tiers");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSpec {
    pub(super) id: String,
    pub(super) axes: Vec<(String, Vec<String>)>,
    pub(super) within: Vec<(String, String, Vec<String>)>,
}

impl TableSpec {
    /// A table of everybody, without axes: one cell.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), axes: Vec::new(), within: Vec::new() }
    }

    /// Crosses with levels of a dimension.
    #[must_use]
    pub fn axis(mut self, dimension: &str, levels: &[&str]) -> Self {
        self.axes.push((dimension.to_owned(), levels.iter().map(|level| (*level).to_owned()).collect()));
        self
    }

    /// Counts only people of one group; the level `all` of an axis over the same dimension then means that group.
    #[must_use]
    pub fn within(mut self, dimension: &str, level: &str, label: &[&str]) -> Self {
        let label = label.iter().map(|name| (*name).to_owned()).collect();
        self.within.push((dimension.to_owned(), level.to_owned(), label));
        self
    }

    /// Id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The dimensions of its axes, in the order of [`CellView::group`].
    pub fn axes(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|(dimension, _)| dimension.as_str())
    }
}

/// What is shown of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// The count.
    Value(u64),
    /// Below the threshold: primary suppression.
    Small,
    /// Withheld so that a small count cannot be worked out: complementary suppression. What this tells of the count itself
    /// says [`Marks`].
    Withheld,
}

impl Shown {
    /// The count, where it is shown.
    pub fn value(self) -> Option<u64> {
        match self {
            Self::Value(count) => Some(count),
            Self::Small | Self::Withheld => None,
        }
    }

    /// The text of a cell: the count, "<10", or the sign of a withheld count.
    ///
    /// ```
    /// use screening_core::disclosure::Shown;
    /// assert_eq!(Shown::Small.text(10).en, "<10");
    /// assert_eq!(Shown::Value(12).text(10).zh_cn, "12");
    /// ```
    pub fn text(self, threshold: u32) -> Text {
        match self {
            Self::Value(count) => Text { en: count.to_string(), zh_cn: count.to_string() },
            Self::Small => say("suppressed.small", &[("threshold", Fill::Same(&threshold.to_string()))]),
            Self::Withheld => say("suppressed.withheld", &[]),
        }
    }

    /// The share of this count in another one; none unless both are shown and the base is not zero.
    ///
    /// ```
    /// use screening_core::disclosure::Shown;
    /// assert_eq!(Shown::Value(12).share_of(Shown::Value(48)), Some(0.25));
    /// assert_eq!(Shown::Small.share_of(Shown::Value(48)), None);
    /// ```
    pub fn share_of(self, base: Self) -> Option<f64> {
        let (part, whole) = (self.value()?, base.value()?);
        (whole > 0).then(|| part as f64 / whole as f64)
    }

    /// A figure (mean, share, interval) that was computed from the people of this cell: given on only where the count is shown
    /// and somebody was counted.
    ///
    /// ```
    /// use screening_core::disclosure::Shown;
    /// assert_eq!(Shown::Value(48).figure(7.5), Some(7.5));
    /// assert_eq!(Shown::Withheld.figure(7.5), None);
    /// ```
    pub fn figure<T>(self, figure: T) -> Option<T> {
        self.value().filter(|count| *count > 0).map(|_| figure)
    }
}

/// One cell of a protected table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellView {
    /// For each axis the level and the names of the group; the level `all` has none.
    pub group: Vec<(String, Vec<String>)>,
    /// What is shown.
    pub shown: Shown,
}

impl CellView {
    /// The names of the group on an axis, joined.
    pub fn name(&self, axis: usize) -> String {
        self.group.get(axis).map(|(_, names)| names.join(" / ")).unwrap_or_default()
    }

    /// The cell in words, for messages.
    pub(super) fn describe(&self) -> String {
        let part = |(level, names): &(String, Vec<String>)| {
            if names.is_empty() { level.clone() } else { format!("{level} {}", names.join(" / ")) }
        };
        self.group.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// A table as it may be shown. It holds no count that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProtectedTable {
    /// What was asked for.
    pub spec: TableSpec,
    /// What the mark of a withheld cell tells.
    pub marks: Marks,
    /// The cells, the last axis fastest.
    pub cells: Vec<CellView>,
}

impl ProtectedTable {
    /// What is shown of a group: for each axis the names, none for the margin.
    pub fn get(&self, group: &[&[&str]]) -> Option<Shown> {
        let same = |cell: &&CellView| {
            cell.group.len() == group.len()
                && cell.group.iter().zip(group).all(|((_, names), wanted)| names.iter().eq(wanted.iter()))
        };
        self.cells.iter().find(same).map(|cell| cell.shown)
    }

    /// The cells of those to whom a grouping of the last axis applies (its name is `yes`), with the name of the first axis where
    /// there is another, and the level.
    pub(crate) fn holding(&self) -> impl Iterator<Item = (String, &str, Shown)> {
        self.cells.iter().filter_map(|cell| {
            let (level, names) = cell.group.last()?;
            let place = if cell.group.len() > 1 { cell.name(0) } else { String::new() };
            names.first().is_some_and(|name| name == "yes").then_some((place, level.as_str(), cell.shown))
        })
    }

    /// Cells that are shown, small and withheld.
    pub fn tally(&self) -> (usize, usize, usize) {
        self.cells.iter().fold((0, 0, 0), |(shown, small, withheld), cell| match cell.shown {
            Shown::Value(_) => (shown + 1, small, withheld),
            Shown::Small => (shown, small + 1, withheld),
            Shown::Withheld => (shown, small, withheld + 1),
        })
    }
}
