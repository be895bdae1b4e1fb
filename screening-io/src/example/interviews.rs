//! What came of the interviews after the wave: a file on which `screening evaluate` can be tried.
//!
//! A school talks with the pupils whose answers are raised most and with a random sample of the others, so whether a pupil was
//! interviewed depends on the sheet alone. Whether support is needed depends on the trait behind the answers:
//! P(need) = logistic(slope x (trait - half)).

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::function::logistic::logistic;

use super::config::{Config, Interviews as Description};
use super::error::ExampleError;
use super::form::{AnswerKind, Battery};
use super::respond::Answer;
use super::survey::csv_writer;

const HEADER: [&str; 4] = ["student_id", "date", "outcome", "interviewer_role"];

/// Writes the file, school by school.
pub(super) struct Interviews<'a> {
    description: &'a Description,
    writer: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    seed: u64,
    first_day: Date,
    /// Place of the trait that need depends on.
    trait_at: usize,
    school: Vec<Seen>,
    rows: u64,
}

/// A pupil of the school at work who has a sheet.
struct Seen {
    student_id: String,
    /// Mean level of the answers, 0 to 1.
    raised: f64,
    behind: f64,
}

impl<'a> Interviews<'a> {
    pub(super) fn create(folder: &Path, config: &'a Config, seed: u64, wave: Date) -> Result<Self, ExampleError> {
        let description = &config.interviews;
        let path = folder.join(&description.file);
        let trait_at = config.trait_index(&description.moved_by)?;
        let mut writer = csv_writer(&path)?;
        writer.write_record(HEADER).map_err(ExampleError::csv(&path))?;
        let first_day = wave.saturating_add(i64::from(description.days_later).days());
        Ok(Self { description, writer, path, seed, first_day, trait_at, school: Vec::new(), rows: 0 })
    }

    /// A pupil whose sheet came in.
    pub(super) fn see(&mut self, student_id: &str, battery: &Battery, answers: &[Answer], traits: &[f64]) {
        let raised = raised(battery, answers, self.trait_at);
        let behind = traits.get(self.trait_at).copied().unwrap_or(0.0);
        self.school.push(Seen { student_id: student_id.to_owned(), raised, behind });
    }

    /// Holds the interviews of the school.
    pub(super) fn leave(&mut self, school: u32) -> Result<(), ExampleError> {
        // A stream of its own: the other draws stay what they are without interviews.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::MAX - u64::from(school));
        let own = self.description;
        let mut seen = std::mem::take(&mut self.school);
        let mut order: Vec<f64> = seen.iter().map(|pupil| pupil.raised).collect();
        order.sort_by(|a, b| b.total_cmp(a));
        let most = (order.len() as f64 * own.most_raised).ceil() as usize;
        let least = order.get(most.saturating_sub(1)).copied().unwrap_or(f64::INFINITY);
        for pupil in seen.drain(..) {
            let sampled = rng.random_bool(own.sample);
            let need = rng.random_bool(logistic(own.slope * (pupil.behind - own.half)));
            let (unclear, missed) = (rng.random_bool(own.cannot_say), rng.random_bool(own.not_held));
            let (day, role) = (rng.random_range(0..12_i64), rng.random_range(0..own.roles.len().max(1)));
            if pupil.raised < least && !sampled {
                continue;
            }
            let outcome = match (missed, unclear, need) {
                (true, ..) => "not-held",
                (_, true, _) => "cannot-say",
                (.., true) => "needs-support",
                _ => "no-need",
            };
            let date = self.first_day.saturating_add(day.days()).to_string();
            let role = own.roles.get(role).map_or("", String::as_str);
            let row = [pupil.student_id.as_str(), &date, outcome, role];
            self.writer.write_record(row).map_err(ExampleError::csv(&self.path))?;
            self.rows += 1;
        }
        Ok(())
    }

    /// Completes the file and says how many interviews it holds.
    pub(super) fn finish(mut self) -> Result<u64, ExampleError> {
        self.writer.flush().map_err(ExampleError::write(&self.path))?;
        Ok(self.rows)
    }
}

/// Mean level of the answers that the trait moves, as a share of the highest.
fn raised(battery: &Battery, answers: &[Answer], trait_at: usize) -> f64 {
    let level = |((_, item), answer): ((_, &super::form::FormItem), &Answer)| {
        let (AnswerKind::Choice(choice), Answer::Option(place)) = (&item.answer, answer) else { return None };
        let level = choice.ladder.iter().position(|own| own == place)?;
        let highest = choice.ladder.len().checked_sub(1).filter(|highest| *highest > 0)?;
        (choice.latent == trait_at).then(|| level as f64 / highest as f64)
    };
    let levels: Vec<f64> = battery.items().zip(answers).filter_map(level).collect();
    if levels.is_empty() { 0.0 } else { levels.iter().sum::<f64>() / levels.len() as f64 }
}
