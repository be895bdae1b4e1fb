//! A battery for a grade, with reasons.

use std::cmp::Reverse;

use serde::Serialize;

use crate::instrument::{Definition, Evidence, Informant, Instrument, Library, LicenceStatus};

use super::filter::{Fit, fit, has_data_of, minutes};

/// What a battery is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// School grade, 1 to 12.
    pub grade: u8,
    /// Constructs to cover, the most important first.
    pub constructs: Vec<String>,
    /// Time for the whole battery, in minutes.
    pub minutes: u32,
    /// Who answers.
    pub informant: Informant,
    /// Instruments that must be in it.
    pub with: Vec<String>,
}

/// One instrument of a proposal and why it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// Instrument id.
    pub id: String,
    /// Wanted constructs that it covers.
    pub covers: Vec<String>,
    /// How it fits the grade.
    pub fit: Fit,
    /// How well it is established.
    pub evidence: Evidence,
    /// Whether Chinese cut-offs, norms or means are in the definition.
    pub chinese_data: bool,
    /// Licence; anything but free must be settled before use.
    pub licence: LicenceStatus,
    /// Minutes to answer.
    pub minutes: u32,
    /// Whether the minutes are estimated from the number of items.
    pub minutes_estimated: bool,
    /// What else was possible for the same construct, the best first, at most three.
    pub instead: Vec<String>,
}

/// Why a construct is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyUncovered {
    /// All instruments for it are made for other ages or another informant.
    NoneForGrade,
    /// The time does not suffice.
    NoTime,
}

/// A construct without an instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The construct.
    pub construct: String,
    /// Why.
    pub why: WhyUncovered,
    /// Instruments that were looked at: with their ages in the first case, their minutes in the second.
    pub looked_at: Vec<String>,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recommendation {
    /// Grade it is for.
    pub grade: u8,
    /// The instruments, in the order of the wish.
    pub instruments: Vec<Proposed>,
    /// Minutes in all.
    pub minutes: u32,
    /// What could not be covered.
    pub uncovered: Vec<Uncovered>,
}

/// Why nothing is proposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecommendError {
    /// No such grade.
    #[error("grade {0}: school grades run from 1 to 12")]
    Grade(u8),
    /// Nobody measures this.
    #[error("`{construct}` is no construct of the library; known are {known}")]
    Construct {
        /// The word.
        construct: String,
        /// Known words.
        known: String,
    },
    /// No such instrument.
    #[error("there is no instrument `{0}`; `screening instruments list` names them")]
    Instrument(String),
    /// An instrument that must be in it is made for other people.
    #[error("`{id}` is not used in grade {grade} (ages {from}-{to}): it is made for {made_for}; leave it out")]
    OutOfAge {
        /// Instrument.
        id: String,
        /// Grade.
        grade: u8,
        /// Youngest pupils of the grade.
        from: u16,
        /// Oldest pupils of the grade.
        to: u16,
        /// Ages of the instrument.
        made_for: String,
    },
    /// The instruments that must be in it take longer than there is time.
    #[error("the instruments that must be in the battery take {needed} minutes, more than the {minutes} there are")]
    Time {
        /// Minutes needed.
        needed: u32,
        /// Minutes there are.
        minutes: u32,
    },
}

/// Proposes a battery: for each construct the instrument that fits the grade best, then has the better evidence, Chinese
/// data, the freer licence and the shorter form, within the time. An instrument made for other ages is never proposed.
///
/// # Errors
/// When the grade, a construct or an instrument does not exist, or an instrument that must be in it is out of age.
///
/// ```
/// use screening_core::catalogue::{Wish, recommend};
/// use screening_core::instrument::{Informant, Library};
/// let library = Library::bundled()?;
/// let constructs = ["depression", "anxiety"].map(str::to_owned).to_vec();
/// let wish = Wish { grade: 8, constructs, minutes: 20, informant: Informant::SelfReport, with: Vec::new() };
/// let proposal = recommend(&library, &wish)?;
/// assert!(proposal.minutes <= 20 && proposal.uncovered.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recommend(library: &Library, wish: &Wish) -> Result<Recommendation, RecommendError> {
    if !(1..=12).contains(&wish.grade) {
        return Err(RecommendError::Grade(wish.grade));
    }
    for construct in &wish.constructs {
        known(library, construct)?;
    }
    let mut chosen: Vec<Proposed> = Vec::new();
    for id in &wish.with {
        chosen.push(demanded(library, wish, id)?);
    }
    let needed = total(&chosen);
    if needed > wish.minutes {
        return Err(RecommendError::Time { needed, minutes: wish.minutes });
    }
    let mut uncovered = Vec::new();
    for construct in &wish.constructs {
        if chosen.iter().any(|proposed| proposed.covers.contains(construct)) {
            continue;
        }
        let left = wish.minutes - total(&chosen);
        match best(library, wish, construct, left) {
            Ok(proposed) => chosen.push(proposed),
            Err(why) => uncovered.push(why),
        }
    }
    Ok(Recommendation { grade: wish.grade, minutes: total(&chosen), instruments: chosen, uncovered })
}

fn total(chosen: &[Proposed]) -> u32 {
    chosen.iter().map(|proposed| proposed.minutes).sum()
}

fn known(library: &Library, construct: &str) -> Result<(), RecommendError> {
    let mut known: Vec<&str> =
        library.iter().flat_map(|i| i.definition().construct.iter().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&construct) {
        return Ok(());
    }
    Err(RecommendError::Construct { construct: construct.to_owned(), known: known.join(", ") })
}

fn demanded(library: &Library, wish: &Wish, id: &str) -> Result<Proposed, RecommendError> {
    let instrument = library.get(id).ok_or_else(|| RecommendError::Instrument(id.to_owned()))?;
    if fit(instrument.definition(), wish.grade) == Fit::Outside {
        let ages = super::grade_ages(wish.grade);
        return Err(RecommendError::OutOfAge {
            id: id.to_owned(),
            grade: wish.grade,
            from: ages.from,
            to: ages.to,
            made_for: made_for(instrument.definition()),
        });
    }
    Ok(propose(instrument, wish, Vec::new()))
}

fn made_for(definition: &Definition) -> String {
    match (definition.ages, definition.grades) {
        (_, Some(grades)) => format!("grades {}-{}", grades.from, grades.to),
        (Some(ages), None) => format!("ages {}-{}", ages.from, ages.to),
        (None, None) => String::new(),
    }
}

fn propose(instrument: &Instrument, wish: &Wish, instead: Vec<String>) -> Proposed {
    let d = instrument.definition();
    let (minutes, minutes_estimated) = minutes(d);
    Proposed {
        id: d.id.clone(),
        covers: wish.constructs.iter().filter(|wanted| d.construct.contains(wanted)).cloned().collect(),
        fit: fit(d, wish.grade),
        evidence: d.evidence,
        chinese_data: has_data_of(d, "CN"),
        licence: d.licence.status,
        minutes,
        minutes_estimated,
        instead,
    }
}

fn best(library: &Library, wish: &Wish, construct: &String, left: u32) -> Result<Proposed, Uncovered> {
    let measures: Vec<&Instrument> = library.iter().filter(|i| i.definition().construct.contains(construct)).collect();
    let mut suitable: Vec<&Instrument> = measures
        .iter()
        .copied()
        .filter(|i| i.definition().informant == wish.informant)
        .filter(|i| matches!(fit(i.definition(), wish.grade), Fit::Whole | Fit::Part))
        .collect();
    if suitable.is_empty() {
        let looked_at = measures.iter().map(|i| format!("{} ({})", i.id(), made_for(i.definition()))).take(8).collect();
        return Err(Uncovered { construct: construct.clone(), why: WhyUncovered::NoneForGrade, looked_at });
    }
    suitable.sort_by_cached_key(|i| rank(i.definition(), wish, construct));
    let mut in_time = suitable.iter().filter(|i| minutes(i.definition()).0 <= left);
    match in_time.next() {
        Some(first) => {
            let instead = in_time.take(3).map(|i| i.id().to_owned()).collect();
            Ok(propose(first, wish, instead))
        }
        None => {
            let looked_at =
                suitable.iter().map(|i| format!("{} ({} min)", i.id(), minutes(i.definition()).0)).take(8).collect();
            Err(Uncovered { construct: construct.clone(), why: WhyUncovered::NoTime, looked_at })
        }
    }
}

/// The smaller, the better.
fn rank(d: &Definition, wish: &Wish, construct: &String) -> impl Ord + use<> {
    let licence = match d.licence.status {
        LicenceStatus::Free => 0,
        LicenceStatus::Permission => 1,
        LicenceStatus::Unclear => 2,
        LicenceStatus::Proprietary => 3,
    };
    let covered = wish.constructs.iter().filter(|wanted| d.construct.contains(wanted)).count();
    (
        // Made for this construct, not one of many.
        d.construct.first() != Some(construct),
        fit(d, wish.grade),
        d.evidence,
        d.cutoffs.is_empty(),
        !has_data_of(d, "CN"),
        licence,
        Reverse(covered),
        minutes(d).0,
        d.id.clone(),
    )
}
