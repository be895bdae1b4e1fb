//! The workbooks for the people who act: an overview, a list a school and the answers that are nobody's; and, apart from all
//! results, who is still to be reached.

mod lists;
mod make_up;
mod overview;
mod page;
mod sheet_names;
mod style;

use std::collections::{BTreeMap, HashMap};
use std::io::{Seek, Write};

use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use screening_core::coverage::{Level, Status};
use screening_core::risk::Policy;
use screening_core::screening::{PupilProposal, ScreeningResult};

use super::stage::Failure;
use super::texts::text;
use sheet_names::SheetNames;
use style::Style;

pub(super) use make_up::{make_up_frame, write_make_up};
pub(super) use page::{print_wide, write_text};
pub(super) use style::{base_format, framed_format, heading_format};

/// What all sheets draw on.
struct Source<'a> {
    result: &'a ScreeningResult,
    policy: &'a Policy,
    /// Names by student id; empty when names are not wanted.
    names: &'a BTreeMap<String, String>,
    style: Style,
}

/// One school with its list.
struct School<'a> {
    name: &'a str,
    sheet: String,
    enrolled: u32,
    valid: u32,
    /// Pupils by tier, in the order of [`Policy::tiers`].
    tiers: Vec<u32>,
    /// Pupils with a critical answer.
    critical: u32,
    listed: Vec<&'a PupilProposal>,
}

impl School<'_> {
    /// Pupils about whom no sheet says anything.
    fn without_tier(&self) -> u32 {
        self.enrolled.saturating_sub(self.tiers.iter().copied().sum())
    }
}

/// Names of the sheets that are no school's.
struct CommonSheets {
    overview: String,
    stray: String,
    /// Only where a battery has further forms.
    forms: Option<String>,
    /// Only where decisions are recorded.
    agreement: Option<String>,
}

/// Writes the workbook.
pub(super) fn write(
    writer: &mut (impl Write + Seek + Send),
    result: &ScreeningResult,
    policy: &Policy,
    names: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let source = Source { result, policy, names, style: Style::new(policy) };
    // The common sheets are named first, so that no school can take their names.
    let mut sheet_names = SheetNames::default();
    let common = CommonSheets {
        overview: sheet_names.take(&text("sheet.overview", &[]).zh_cn),
        stray: sheet_names.take(&text("sheet.stray", &[]).zh_cn),
        forms: (!result.summary.forms.is_empty()).then(|| sheet_names.take(&text("sheet.forms", &[]).zh_cn)),
        agreement: result.summary.agreement.is_some().then(|| sheet_names.take(&text("sheet.agreement", &[]).zh_cn)),
    };
    let schools = schools(&source, &mut sheet_names)?;
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(result.summary.wave.date)?);
    overview::write(&mut workbook, &source, &schools, &common)?;
    for school in &schools {
        lists::school(&mut workbook, &source, school, &mut sheet_names)?;
    }
    lists::stray(&mut workbook, &source, &common.stray, &mut sheet_names)?;
    if let Some(sheet) = &common.forms {
        lists::forms(&mut workbook, &source, sheet, &mut sheet_names)?;
    }
    if let Some(sheet) = &common.agreement {
        lists::agreement(&mut workbook, &source, sheet, &mut sheet_names)?;
    }
    workbook.save_to_writer(writer)?;
    Ok(())
}

/// The day of the wave stands for the day of writing: the same screening gives the same bytes.
fn properties(day: Date) -> Result<DocProperties, XlsxError> {
    let (year, month, day) = (day.year(), day.month(), day.day());
    // A workbook knows no day before 1900.
    let created = ExcelDateTime::from_ymd(year.max(1900) as u16, month as u8, day as u8)?;
    Ok(DocProperties::new().set_creation_datetime(&created))
}

/// All schools of the roster, those without anybody to list included.
fn schools<'a>(source: &Source<'a>, sheet_names: &mut SheetNames) -> Result<Vec<School<'a>>, Failure> {
    let tiers: Vec<&str> = source.policy.tiers().map(|tier| tier.id.as_str()).collect();
    let rows = source.result.coverage.rows().iter();
    let mut schools = Vec::new();
    for row in rows.filter(|row| row.level == Level::School) {
        let name = row.school.as_deref().unwrap_or_default();
        schools.push(School {
            name,
            sheet: sheet_names.take(&shown(name)),
            enrolled: row.counts.enrolled(),
            valid: row.counts.get(Status::Valid),
            tiers: vec![0; tiers.len()],
            critical: 0,
            listed: Vec::new(),
        });
    }
    let by_name: HashMap<&str, usize> = schools.iter().enumerate().map(|(at, school)| (school.name, at)).collect();
    count_tiers(source, &tiers, &by_name, &mut schools)?;
    // Proposals come most urgent first, and keep that order in every school.
    for proposal in &source.result.proposals {
        let at = by_name.get(proposal.school.as_str());
        let Some(school) = at.and_then(|at| schools.get_mut(*at)) else {
            continue;
        };
        let critical = !proposal.proposal.critical.is_empty();
        school.critical += u32::from(critical);
        if critical || proposal.proposal.tier != source.policy.definition().unflagged_tier {
            school.listed.push(proposal);
        }
    }
    Ok(schools)
}

/// Counts from the results and not from the proposals, which leave out pupils about whom there is nothing to say.
fn count_tiers(
    source: &Source<'_>,
    tiers: &[&str],
    by_name: &HashMap<&str, usize>,
    schools: &mut [School<'_>],
) -> Result<(), Failure> {
    let frame = &source.result.results;
    let words = frame.column("tier")?.cast(&polars::prelude::DataType::String)?;
    for (school, tier) in frame.column("school")?.str()?.iter().zip(words.str()?.iter()) {
        let school = by_name.get(school.unwrap_or_default());
        let tier = tiers.iter().position(|id| Some(*id) == tier);
        let count =
            school.and_then(|at| schools.get_mut(*at)).zip(tier).and_then(|(school, tier)| school.tiers.get_mut(tier));
        if let Some(count) = count {
            *count += 1;
        }
    }
    Ok(())
}

/// The name of a school for people.
fn shown(school: &str) -> String {
    if school.trim().is_empty() { text("sheet.no-school", &[]).zh_cn } else { school.to_owned() }
}
