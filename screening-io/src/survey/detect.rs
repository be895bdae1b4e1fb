//! Tells the layout of an export from its headings, or refuses it with the evidence.

use screening_core::instrument::{Language, Text};

use super::layout::Layout;
use super::registry::{layout, layouts};
use crate::error::{IoError, Problem, column_letter, shorten};
use crate::messages::say;
use crate::table::Table;

/// Unknown columns named for each layout.
const UNKNOWN_SHOWN: usize = 3;

/// The layout of an export, as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutReport {
    /// Layout id, as used in `layout = "..."`.
    pub layout: String,
    /// Name of the platform.
    pub name: Text,
    /// Question columns, those about the person included.
    pub questions: usize,
    /// What each metadata column is for, and its heading.
    pub metadata: Vec<(String, String)>,
    /// Headings of columns that hold one option of a multiple choice or text beside an answer; no item is read from
    /// them.
    pub set_aside: Vec<String>,
    /// How every known layout fits, as a table for people.
    pub evidence: Text,
}

/// Finds the layout of a table; `stated` is the id that the caller names.
pub(crate) fn detect(table: &Table, stated: Option<&str>) -> Result<(Layout, LayoutReport), IoError> {
    let candidates: Vec<Layout> = match stated {
        None => layouts().iter().map(|def| Layout::classify(table, def)).collect(),
        Some(id) => {
            let def = layout(id).ok_or_else(|| {
                let known: Vec<&str> = layouts().iter().map(|def| def.id.as_str()).collect();
                Problem::new("layout-name", table.place()).with("layout", id).with("known", known.join(", "))
            })?;
            vec![Layout::classify(table, def)]
        }
    };
    let evidence = describe(table, &candidates);
    let mut layout = choose(table, candidates, &evidence)?;
    layout.settle_parts(table)?;
    let report = LayoutReport {
        layout: layout.def.id.clone(),
        name: layout.def.name.clone(),
        questions: layout.questions.len(),
        metadata: layout
            .metadata
            .iter()
            .map(|(key, column)| ((*key).to_owned(), table.heading(*column).to_owned()))
            .collect(),
        set_aside: Vec::new(),
        evidence,
    };
    Ok((layout, report))
}

/// Of the layouts that fit, the one that knows most metadata columns; of equals, the one whose questions have a form
/// of their own.
fn choose(table: &Table, candidates: Vec<Layout>, evidence: &Text) -> Result<Layout, IoError> {
    let rank = |layout: &Layout| (layout.metadata.len(), !layout.def.is_plain());
    let best = candidates.iter().filter(|layout| layout.fits()).map(rank).max();
    let Some(best) = best else {
        return Err(closest(table, &candidates, evidence));
    };
    let mut found = candidates.into_iter().filter(|layout| layout.fits() && rank(layout) == best);
    let first = found.next();
    let others: Vec<String> = found.map(|layout| layout.def.id.clone()).collect();
    match first {
        Some(layout) if others.is_empty() => Ok(layout),
        Some(layout) => {
            let problem = Problem::new("layout-ambiguous", table.place()).detail(evidence.clone());
            Err(problem.with("first", &layout.def.id).with("others", others.join(", ")).into())
        }
        None => Err(Problem::new("layout-unknown", table.place()).detail(evidence.clone()).into()),
    }
}

/// Why no layout fits: a strange column among the questions of a known layout, or no layout at all.
fn closest(table: &Table, candidates: &[Layout], evidence: &Text) -> IoError {
    let nearly = candidates.iter().filter(|layout| layout.missing().is_empty() && !layout.questions.is_empty());
    let nearly = nearly.max_by_key(|layout| layout.metadata.len());
    if let Some(layout) = nearly
        && let Some(&column) = layout.unknown.first()
        && layout.questions.first().is_some_and(|question| question.column < column)
    {
        let problem = Problem::new("layout-heading", table.column_place(column));
        return problem.with("layout", &layout.def.id).into();
    }
    let found: Vec<&str> = table.headings().iter().take(7).map(String::as_str).collect();
    Problem::new("layout-unknown", table.place()).with("found", found.join(", ")).detail(evidence.clone()).into()
}

fn describe(table: &Table, candidates: &[Layout]) -> Text {
    let render = |language| candidates.iter().map(|layout| line(table, layout, language)).collect();
    Text { en: render(Language::En), zh_cn: render(Language::ZhCn) }
}

fn line(table: &Table, layout: &Layout, language: Language) -> String {
    let heading = |key: &str| {
        let column = layout.def.columns.iter().find(|column| column.key == key);
        column.and_then(|column| column.headings.first().or(column.suffixes.first())).cloned().unwrap_or_default()
    };
    let missing: Vec<String> = layout.missing().into_iter().map(heading).collect();
    let unknown: Vec<String> = layout
        .unknown
        .iter()
        .take(UNKNOWN_SHOWN)
        .map(|column| {
            let letter = column_letter(u32::try_from(*column).unwrap_or(u32::MAX));
            format!("{letter} {}", shorten(table.heading(*column), 16))
        })
        .collect();
    let counts = [layout.metadata.len(), layout.questions.len(), layout.unknown.len()].map(|count| count.to_string());
    let [known, questions, strange] = &counts;
    let mut out = say(
        "frame.layout.line",
        language,
        &[("name", layout.def.name.get(language)), ("id", &layout.def.id), ("known", known), ("questions", questions)],
    );
    if !missing.is_empty() {
        out.push_str(&say("frame.layout.missing", language, &[("headings", &missing.join(", "))]));
    }
    if !unknown.is_empty() {
        out.push_str(&say("frame.layout.unknown", language, &[("count", strange), ("headings", &unknown.join(", "))]));
    }
    out.push('\n');
    out
}
