//! `screening change`

use screening_core::change::{
    ChangeOptions, ChangeReport, Comparison, Course, GivenReliability, SpreadChoice, compare,
};
use screening_core::instrument::{Language, Library};
use screening_io::output::write_change;
use screening_io::read_wave;

use super::{Context, print_json};
use crate::args::{ChangeCommand, SpreadArg};
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &ChangeCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let waves = command.waves.iter().map(|path| read_wave(path)).collect::<Result<Vec<_>, _>>()?;
    let options = options(command);
    let report = compare(&waves, &library, &options).map_err(Failure::from_error)?;
    let written = write_change(&command.out, &waves, &report, &options)?;
    if context.json {
        return print_json(&serde_json::json!({
            "judge": options.judge(),
            "comparisons": report.comparisons,
            "refused": report.refused,
            "files": written,
        }));
    }
    overview(context.language, &library, &report);
    println!();
    for path in written {
        println!("  {}", path.display());
    }
    println!("\n{}", say("change-not-a-verdict", context.language));
    Ok(())
}

fn options(command: &ChangeCommand) -> ChangeOptions {
    let reliability = command
        .reliability
        .iter()
        .map(|(scale, value, source)| (scale.clone(), GivenReliability { value: *value, source: source.clone() }));
    ChangeOptions {
        reliability: reliability.collect(),
        spread: match command.sd {
            SpreadArg::Wave => SpreadChoice::Wave,
            SpreadArg::Published => SpreadChoice::Published,
        },
        region: command.region.clone(),
        judge: command.judge.clone(),
        ..ChangeOptions::default()
    }
}

/// Counts by scale, what they rest on, and what was refused.
fn overview(language: Language, library: &Library, report: &ChangeReport) {
    let mut headings = ["scale", "change-waves", "change-compared"].map(|id| say(id, language)).to_vec();
    headings.extend(screening_core::change::Outcome::ALL.map(|outcome| outcome.name().get(language).to_owned()));
    let courses = [Course::NewOnset, Course::Persistent, Course::Recovered];
    headings.extend(courses.map(|course| course.name().get(language).to_owned()));
    let rows = report.comparisons.iter().map(|comparison| {
        let counts = &comparison.counts;
        let outcomes = [counts.improved, counts.unchanged, counts.deteriorated];
        let judged = counts.improved + counts.unchanged + counts.deteriorated > 0;
        let mut cells = vec![
            name(library, comparison, language),
            format!("{} → {}", comparison.from_wave, comparison.to_wave),
            counts.compared.to_string(),
        ];
        cells.extend(outcomes.map(|count| if judged { count.to_string() } else { "-".to_owned() }));
        cells.extend(courses.map(|course| counts.course.get(course.word()).map_or("-".to_owned(), u32::to_string)));
        cells
    });
    println!("{}", table(&headings, rows.collect()));
    for comparison in &report.comparisons {
        basis(language, library, comparison);
    }
    for refusal in &report.refused {
        let scale = refusal.scale.as_ref().map(|scale| format!(".{scale}")).unwrap_or_default();
        let waves = match &refusal.from_wave {
            Some(from) => format!("{from} → {}", refusal.to_wave),
            None => refusal.to_wave.clone(),
        };
        let what = format!("{}{scale}, {waves}", refusal.instrument);
        println!("{}", fill("change-refused", language, &[what, refusal.why.get(language).to_owned()]));
    }
}

fn name(library: &Library, comparison: &Comparison, language: Language) -> String {
    let id = comparison.instrument.split('@').next().unwrap_or_default();
    let found = library.get(id).and_then(|instrument| {
        let definition = instrument.definition();
        let scale = definition.scales.iter().find(|scale| scale.id == comparison.scale)?;
        Some(format!("{} {}", definition.abbreviation, scale.name.get(language)))
    });
    found.unwrap_or_else(|| format!("{id}.{}", comparison.scale))
}

fn basis(language: Language, library: &Library, comparison: &Comparison) {
    let (scale, basis) = (name(library, comparison, language), &comparison.basis);
    if let (Some(spread), Some(reliability), Some(change)) = (&basis.spread, &basis.reliability, basis.smallest_change)
    {
        let values = [
            scale.clone(),
            format!("{change:.2}"),
            format!("{:.2}", spread.sd),
            spread.source.get(language).to_owned(),
            format!("{:.2}", reliability.value),
            reliability.kind.to_owned(),
            reliability.source.clone(),
        ];
        println!("{}", fill("change-basis", language, &values));
    }
    for (index, why) in &basis.refused {
        println!(
            "{}",
            fill("change-index-refused", language, &[scale.clone(), (*index).to_owned(), why.get(language).to_owned()])
        );
    }
}
