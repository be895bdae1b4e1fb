//! `screening run`

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use screening_core::instrument::Language;
use screening_core::screening::WaveAudit;
use screening_io::CodingReport;
use screening_io::job::{JobResult, Step, run_job};
use screening_io::output::write_outputs;
use screening_report::{Names, Naming, Results, Settings, write_reports};

use super::{Context, print_json};
use crate::args::RunCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &RunCommand) -> Result<(), Failure> {
    let progress = Progress::new(context);
    let done = run_job(&command.job, command.names, &|step| progress.step(&step))?;
    progress.step(&Step::Writing);
    let mut written = write_outputs(&command.out, &done.screening, &done.policy, &done.rejected, &done.names, &|_| {})
        .map_err(Failure::from_error)?;
    written.extend(reports(command, &done)?);
    progress.finish();
    if context.json {
        return print_json(&done.screening.summary);
    }
    overview(context, &done);
    println!();
    for path in written {
        println!("  {}", path.display());
    }
    println!("\n{}", say("not-a-diagnosis", context.language));
    Ok(())
}

/// The reports that the job asks for. Names stand in lists only where they were asked for, and masked.
fn reports(command: &RunCommand, done: &JobResult) -> Result<Vec<PathBuf>, Failure> {
    let Some(wanted) = &done.job.reports else { return Ok(Vec::new()) };
    let base = command.job.parent().unwrap_or(Path::new(""));
    let settings = wanted.settings.as_ref().map(|path| Settings::read(&base.join(path))).transpose()?;
    let settings = Settings { language: wanted.language, ..settings.unwrap_or_default() };
    let results = Results::from_screening(&done.screening, done.library.clone(), done.policy.clone())?;
    let names = Names::new(done.names.clone(), Naming::Masked);
    Ok(write_reports(&results, &settings, &names, wanted, &command.out)?)
}

/// A bar on a terminal, plain lines otherwise, nothing for machines.
pub(super) struct Progress<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        let bar = (!context.json && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(1);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { context, bar }
    }

    pub(super) fn step(&self, step: &Step) {
        let language = self.context.language;
        let (text, place) = match step {
            Step::Against { waves } => (fill("step-against", language, &[waves.to_string()]), None),
            Step::Roster => (say("step-roster", language), None),
            Step::Answers { file, number, of } => {
                let counts = [number.to_string(), of.to_string(), file.display().to_string()];
                (fill("step-answers", language, &counts), Some((*number as u64 - 1, *of as u64)))
            }
            Step::Screening { sheets } => (fill("step-screening", language, &[sheets.to_string()]), None),
            Step::Writing => (say("step-writing", language), None),
        };
        match &self.bar {
            Some(bar) => {
                if let Some((at, of)) = place {
                    bar.set_length(of);
                    bar.set_position(at);
                }
                bar.set_message(text);
            }
            None if !self.context.json => eprintln!("{text}"),
            None => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Coverage by school, tiers, and what was not taken over.
fn overview(context: &Context, done: &JobResult) {
    let language = context.language;
    let summary = &done.screening.summary;
    println!("{} · {} · {}", done.job.title.get(language), done.job.district, done.job.wave);
    println!("{}", fill("overview-policy", language, &[done.policy.citation()]));
    println!("{}", files(context, done));
    println!("{}", coverage(context, done));
    let rows = summary.tiers.iter().map(|tier| {
        let share = format!("{:.1} %", 100.0 * f64::from(tier.pupils) / f64::from(summary.coverage.enrolled().max(1)));
        let step = done.policy.tier(&tier.id).map(|t| t.next_step.get(language).to_owned()).unwrap_or_default();
        vec![tier.name.get(language).to_owned(), tier.pupils.to_string(), share, step]
    });
    let headings = ["tier", "pupils", "share", "next-step"].map(|id| say(id, language));
    println!("{}", table(&headings, rows.collect()));
    let counts = [
        summary.rows.read.to_string(),
        summary.rows.used.to_string(),
        summary.rows.superseded.to_string(),
        summary.rows.rejected.to_string(),
        (done.rejected.len() as u64 + summary.rows.values_rejected).to_string(),
    ];
    println!("{}", fill("overview-rows", language, &counts));
    println!(
        "{}",
        fill("overview-critical", language, &[summary.critical.to_string(), summary.stray_critical.to_string()])
    );
    if let Some(evidence) = &summary.evidence {
        let counts = [evidence.read, evidence.used, evidence.rejected].map(|count| count.to_string());
        println!("{}", fill("overview-evidence", language, &counts));
    }
    for form in &summary.forms {
        let counts = [form.asked, form.handed_in, form.due, form.cannot_say].map(|count| count.to_string());
        let facts: Vec<String> = [form.form.clone(), form.battery.clone()].into_iter().chain(counts).collect();
        println!("{}", fill("overview-forms", language, &facts));
    }
    if let Some(agreement) = &summary.agreement {
        let counts = [agreement.decided, agreement.same, agreement.higher, agreement.lower, agreement.open];
        println!("{}", fill("overview-decisions", language, &counts.map(|count| count.to_string())));
    }
    audit(language, &summary.audit);
}

/// What the auditor found and did not stop at: lesser findings, and certain ones that somebody accepted.
fn audit(language: Language, audit: &WaveAudit) {
    if !audit.findings.is_empty() {
        println!("{}", fill("overview-audit", language, &[audit.findings.len().to_string()]));
    }
    for found in &audit.findings {
        println!("{}", found.describe().get(language));
        if let Some(reason) = &found.accepted {
            println!("    {}", fill("overview-accepted", language, std::slice::from_ref(reason)));
        }
    }
    for unused in &audit.unused {
        let text = format!("{} {}", unused.finding(), unused.instrument());
        println!("{}", fill("overview-unused", language, &[text]));
    }
}

/// How each answer file was read: its layout, the codings, and by what its pupils were found.
fn files(context: &Context, done: &JobResult) -> String {
    let language = context.language;
    let rows = done.files.iter().map(|file| {
        let layout = file.layout.as_ref().map_or_else(|| "-".to_owned(), |layout| layout.name.get(language).to_owned());
        let coding = |report: &CodingReport| {
            format!("{} ({})", report.coding.word(), say(&format!("found-{}", report.found_by.word()), language))
        };
        let mut codings: Vec<String> = file.codings.iter().map(coding).collect();
        codings.dedup();
        let matched = file.matching.matched.iter().map(|(by, count)| format!("{} {count}", by.word()));
        vec![
            file.file.display().to_string(),
            layout,
            codings.join(", "),
            format!("{} / {}", file.rows_read, file.rows_in),
            matched.collect::<Vec<_>>().join(", "),
            file.matching.unmatched.to_string(),
        ]
    });
    let headings = ["file", "layout", "coding", "rows-read", "matched-by", "unmatched"].map(|id| say(id, language));
    table(&headings, rows.collect())
}

fn coverage(context: &Context, done: &JobResult) -> String {
    use screening_core::coverage::{Level, Status};
    let language = context.language;
    let mut headings = vec![say("school", language), say("enrolled", language)];
    headings.extend(Status::ALL.iter().map(|status| status.name().get(language).to_owned()));
    let rows =
        done.screening.coverage.rows().iter().filter(|row| matches!(row.level, Level::District | Level::School)).map(
            |row| {
                let name = if row.level == Level::District {
                    say("district", language)
                } else {
                    row.school.clone().unwrap_or_default()
                };
                let mut cells = vec![name, row.counts.enrolled().to_string()];
                cells.extend(Status::ALL.iter().map(|status| row.counts.get(*status).to_string()));
                cells
            },
        );
    table(&headings, rows.collect())
}
