//! A screening, and its policies made ready to be tried with other thresholds.

use crate::risk::Policy;
use crate::risk::simulate::{Person, SheetPart, Simulator};

use super::error::ScreeningError;
use super::input::{Pupil, ScreeningInput};
use super::match_up::{Fate, SheetRows};
use super::pipeline;
use super::result::ScreeningResult;

/// What [`rehearse`] gives.
#[derive(Debug)]
pub struct Rehearsal {
    /// The screening, as [`super::screen`] gives it.
    pub screening: ScreeningResult,
    /// Its policy.
    pub own: Simulator,
    /// The other policies, in their order.
    pub others: Vec<Simulator>,
}

/// Runs a screening and keeps what its policy, and others, read: before anything is released they can be tried with other
/// thresholds, and afterwards evaluated.
///
/// # Errors
/// As [`super::screen`]; the other policies have to fit batteries, norms and validity plan too, and need not be in force on the
/// day of the wave. A battery with further forms is refused: who is asked for one changes with the thresholds.
///
/// Records beside the sheets speak as in the screening; of pupils without a sheet they are left out.
///
/// ```
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::risk::simulate::Change;
/// use screening_core::screening::{Batch, Battery, ScreeningInput, WaveSettings, pupils_from_frame, rehearse};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let battery = Battery::from_toml(r#"
///     schema = 1
///     id = "mood"
///     version = "1.0.0"
///     name = { en = "mood", zh-CN = "情绪" }
///     grades = { from = 7, to = 9 }
///     instruments = ["gad-7"]
/// "#)?;
/// let roster = df!["student_id" => ["p1"], "school" => ["A"], "grade" => [7_i32]]?;
/// let mut sheets = df!["student_id" => ["p1"]]?;
/// for item in 1..=7 {
///     sheets.with_column(Column::new(format!("gad-7.{item}").into(), [2_i8]))?;
/// }
/// let rehearsal = rehearse(ScreeningInput {
///     roster: pupils_from_frame(&roster)?,
///     batches: vec![Batch { battery, sheets }],
///     wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
///     library: &library,
///     policy: &policy,
///     licences: Default::default(),
///     scoring: Default::default(),
///     interpretation: Default::default(),
/// }, &[])?;
/// let simulator = &rehearsal.own;
/// let before = simulator.run(&[])?.flagged;
/// // A threshold moved out of reach and down to the lowest score.
/// let first = simulator.thresholds().into_iter().find(|own| own.rule == "gad-7-highest-band").expect("a threshold");
/// let moved = |value| Change { rule: Some(first.rule.clone()), what: first.what.clone(), from: None, value };
/// assert!(simulator.run(&[moved(99.0)])?.flagged <= before);
/// assert_eq!(simulator.run(&[moved(0.0)])?.flagged, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rehearse(input: ScreeningInput<'_>, others: &[&Policy]) -> Result<Rehearsal, ScreeningError> {
    if let Some(batch) = input.batches.iter().find(|batch| !batch.battery.definition().further_forms.is_empty()) {
        return Err(ScreeningError::NotRehearsed { battery: batch.battery.id().to_owned() });
    }
    let roster = input.roster.clone();
    let own = input.policy;
    let mut kept =
        Kept { policies: others.to_vec(), parts: others.iter().map(|_| Vec::new()).collect(), own: Vec::new() };
    let screening = pipeline::run(input, Some(&mut kept))?;
    let ready = |policy: &Policy, parts: &[SheetPart]| Simulator::new(policy, parts, roster.iter().map(person));
    Ok(Rehearsal {
        own: ready(own, &kept.own),
        others: others.iter().zip(&kept.parts).map(|(policy, parts)| ready(policy, parts)).collect(),
        screening,
    })
}

fn person(pupil: &Pupil) -> Person<'_> {
    Person { school: &pupil.school, grade: pupil.grade, sex: pupil.sex }
}

/// What is kept of every batch.
pub(super) struct Kept<'a> {
    pub(super) policies: Vec<&'a Policy>,
    pub(super) own: Vec<SheetPart>,
    pub(super) parts: Vec<Vec<SheetPart>>,
}

/// Pupil of each row that was not rejected.
pub(super) fn pupils(rows: &SheetRows, fates: &[Fate]) -> Vec<Option<u32>> {
    let pupil = |(pupil, fate): (&Option<u32>, &Fate)| pupil.filter(|_| !matches!(fate, Fate::Rejected(_)));
    rows.pupils.iter().zip(fates).map(pupil).collect()
}
