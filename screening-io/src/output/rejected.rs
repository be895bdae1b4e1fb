//! Everything that was not used, in one list.

use std::borrow::Cow;
use std::io::Write;

use screening_core::instrument::{Language, Text};
use screening_core::screening::{Rejection, RejectionKind, ScreeningResult, SheetPlace, Superseded};

use super::guard::guarded;
use super::stage::Failure;
use super::texts::text;
use crate::error::{Problem, Rejected};

/// The word of `kind` for a sheet that another one replaces.
pub(super) const SUPERSEDED: &str = "superseded";

const HEADINGS: [&str; 12] = [
    "kind",
    "source_file",
    "sheet",
    "row",
    "column",
    "value",
    "reason",
    "why_zh",
    "why_en",
    "to_do_zh",
    "to_do_en",
    "battery",
];

/// One line.
struct Line<'a> {
    kind: &'static str,
    file: &'a str,
    sheet: &'a str,
    row: String,
    column: Cow<'a, str>,
    value: &'a str,
    reason: &'a str,
    why: Text,
    to_do: Text,
    battery: &'a str,
}

/// What was told while reading, then what was told while screening, then the sheets that others replace.
pub(super) fn write(writer: &mut impl Write, result: &ScreeningResult, reading: &[Rejected]) -> Result<(), Failure> {
    writer.write_all("\u{feff}".as_bytes())?;
    let mut csv = csv::Writer::from_writer(writer);
    csv.write_record(HEADINGS)?;
    let lines = reading
        .iter()
        .map(told_while_reading)
        .chain(result.rejected.iter().map(told_while_screening))
        .chain(result.superseded.iter().map(replaced));
    for line in lines {
        let fields: [&str; 12] = [
            line.kind,
            line.file,
            line.sheet,
            &line.row,
            &line.column,
            line.value,
            line.reason,
            &line.why.zh_cn,
            &line.why.en,
            &line.to_do.zh_cn,
            &line.to_do.en,
            line.battery,
        ];
        csv.write_record(fields.map(guarded).iter().map(AsRef::<str>::as_ref))?;
    }
    csv.flush()?;
    Ok(())
}

/// The word of `kind` for what the pipeline rejects.
pub(super) fn kind_word(kind: RejectionKind) -> &'static str {
    match kind {
        RejectionKind::Sheet => "sheet",
        RejectionKind::Value => "value",
        RejectionKind::Record => "record",
    }
}

fn told_while_reading(rejected: &Rejected) -> Line<'_> {
    let Rejected { scope, problem } = rejected;
    let place = &problem.place;
    let column = match &place.heading {
        Some(heading) => Cow::Borrowed(heading.as_str()),
        None => Cow::Owned(place.letter().unwrap_or_default()),
    };
    Line {
        kind: scope.word(),
        file: &place.file,
        sheet: place.sheet.as_deref().unwrap_or_default(),
        row: place.row.map(|row| row.to_string()).unwrap_or_default(),
        column,
        value: problem.value.as_deref().unwrap_or_default(),
        reason: problem.id,
        why: Text { zh_cn: why(problem, Language::ZhCn), en: why(problem, Language::En) },
        to_do: Text { zh_cn: problem.advice(Language::ZhCn), en: problem.advice(Language::En) },
        battery: "",
    }
}

fn why(problem: &Problem, language: Language) -> String {
    let why = problem.why(language);
    match &problem.detail {
        Some(detail) => format!("{why}\n{}", detail.get(language).trim_end()),
        None => why,
    }
}

fn told_while_screening(rejection: &Rejection) -> Line<'_> {
    let (why, to_do) = advice_apart(&rejection.text);
    Line {
        kind: kind_word(rejection.kind),
        column: Cow::Borrowed(&rejection.column),
        value: &rejection.value,
        reason: rejection.reason,
        why,
        to_do,
        ..at(&rejection.place)
    }
}

fn replaced(superseded: &Superseded) -> Line<'_> {
    let counts = &superseded.counts;
    let row = counts.row.to_string();
    let to_do = if counts.file.is_empty() {
        text("superseded.counts-battery", &[("battery", &counts.battery), ("row", &row)])
    } else {
        text("superseded.counts", &[("file", &counts.file), ("row", &row)])
    };
    Line {
        kind: SUPERSEDED,
        column: Cow::Borrowed("student_id"),
        value: &superseded.student_id,
        reason: SUPERSEDED,
        why: superseded.text.clone(),
        to_do,
        ..at(&superseded.place)
    }
}

/// A line that says where, and nothing else yet.
fn at(place: &SheetPlace) -> Line<'_> {
    Line {
        kind: "",
        file: &place.file,
        sheet: "",
        row: place.row.to_string(),
        column: Cow::Borrowed(""),
        value: "",
        reason: "",
        why: own("", ""),
        to_do: own("", ""),
        battery: &place.battery,
    }
}

fn own(zh_cn: &str, en: &str) -> Text {
    Text { zh_cn: zh_cn.to_owned(), en: en.to_owned() }
}

/// The engine tells reason and advice in one sentence, the advice last. Where one language has no second half, the
/// sentence stays whole in both.
fn advice_apart(sentence: &Text) -> (Text, Text) {
    let join = text("join.list", &[]);
    let zh = sentence.zh_cn.rsplit_once(&join.zh_cn);
    let en = sentence.en.rsplit_once(&join.en);
    match (zh, en) {
        (Some((why_zh, do_zh)), Some((why_en, do_en))) => (own(why_zh, why_en), own(do_zh, do_en)),
        _ => (sentence.clone(), own("", "")),
    }
}
