//! From evidence to a coding, or to a refusal.

use super::evidence::{Evidence, step_word};
use super::{Coding, Ground};
use crate::error::{Place, Problem};

/// A coding is told apart from another only when the other leaves at least this many times its misfits ...
const MARGIN: u64 = 10;
/// ... and at least one answer in this many: a single stray cell in a large file decides nothing.
const STRAY_SHARE: u64 = 1000;
/// Among so many answers somebody chooses the lowest option; where nobody has, the file may be shifted.
const ENOUGH_TO_MISS_THE_LOWEST: u64 = 1000;

/// What follows from the evidence.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Read it so.
    Use(Coding, Ground),
    /// These codings fit equally well and give different codes. Ordinals alone: the same answers may be scores that are one too
    /// high, and would then mean other options.
    Ambiguous(Vec<Coding>),
    /// No coding can be taken.
    Refuse(Problem),
}

/// Decides how the answers of an instrument are coded. `stated` is what the caller says; it is believed unless the
/// answers contradict it. `accept_strays` says that misfits were looked at and are single wrong cells.
pub(crate) fn decide(
    evidence: &Evidence,
    instrument: &str,
    place: Place,
    stated: Option<Coding>,
    accept_strays: bool,
) -> Verdict {
    if evidence.answers == 0 {
        return Verdict::Use(stated.unwrap_or(Coding::Score), Ground::NoAnswers);
    }
    let problem = |id| Problem::new(id, place).with("instrument", instrument).detail(evidence.describe());
    if let Some(stated) = stated {
        return match contradiction(evidence, stated).filter(|_| !accept_strays) {
            Some(found) => Verdict::Refuse(found.into_problem(problem, evidence, stated)),
            None => Verdict::Use(stated, Ground::Stated),
        };
    }
    let best = Coding::ALL.into_iter().min_by_key(|coding| evidence.misfits(*coding)).unwrap_or(Coding::Score);
    let fewest = telling(evidence, best);
    if evidence.misfits(best) * 10 > evidence.answers {
        return Verdict::Refuse(problem("coding-none"));
    }
    let rivals: Vec<Coding> =
        Coding::ALL.into_iter().filter(|coding| *coding != best && !is_excluded(evidence, *coding, fewest)).collect();
    if rivals.iter().any(|rival| !evidence.same(best, *rival)) {
        return Verdict::Ambiguous(std::iter::once(best).chain(rivals).collect());
    }
    // Of codings that read alike the score is the plainest to report.
    let (coding, ground) = match rivals.last() {
        None => (best, Ground::Answers),
        Some(rival) => (if *rival == Coding::Score { *rival } else { best }, Ground::Same),
    };
    if coding == Coding::Ordinal && ground == Ground::Answers && may_be_high_scores(evidence, fewest) {
        return Verdict::Ambiguous(vec![Coding::Ordinal]);
    }
    match shift(evidence, coding).filter(|_| !accept_strays) {
        Some(found) => Verdict::Refuse(found.into_problem(problem, evidence, coding)),
        None => Verdict::Use(coding, ground),
    }
}

impl Verdict {
    /// The message for candidates that nothing decides between.
    pub(crate) fn ambiguity(candidates: &[Coding]) -> &'static str {
        if candidates.len() > 1 { "coding-ambiguous" } else { "coding-turned" }
    }
}

/// Misfits that another coding or a shift would explain.
fn telling(evidence: &Evidence, coding: Coding) -> u64 {
    evidence.misfits(coding).saturating_sub(evidence.strays)
}

/// Whether ordinals may just as well be scores that are one too high and mean other options.
fn may_be_high_scores(evidence: &Evidence, fewest: u64) -> bool {
    let [high, _] = evidence.shifted;
    evidence.turned > 0 && !are_too_many(evidence, high.saturating_sub(evidence.strays), fewest)
}

fn is_excluded(evidence: &Evidence, coding: Coding, fewest: u64) -> bool {
    are_too_many(evidence, telling(evidence, coding), fewest)
}

/// Misfits that are no single stray cells, beside the fewest that any coding leaves.
fn are_too_many(evidence: &Evidence, misfits: u64, fewest: u64) -> bool {
    misfits >= (fewest * MARGIN).max(1) && misfits * STRAY_SHARE >= evidence.answers
}

/// What speaks against a coding.
enum Against {
    Other(Coding),
    Shift(usize),
    Nothing,
}

impl Against {
    fn into_problem(
        self,
        problem: impl FnOnce(&'static str) -> Problem,
        evidence: &Evidence,
        coding: Coding,
    ) -> Problem {
        let misfits = evidence.misfits(coding);
        match self {
            Self::Other(other) => problem("coding-contradicted")
                .with("coding", coding.word())
                .with("misfits", misfits)
                .with("other", other.word()),
            Self::Shift(index) => problem("coding-shifted")
                .with("coding", coding.word())
                .with("misfits", misfits)
                .with("step", step_word(index)),
            Self::Nothing => problem("coding-none"),
        }
    }
}

fn contradiction(evidence: &Evidence, stated: Coding) -> Option<Against> {
    let misfits = telling(evidence, stated);
    let other = Coding::ALL
        .into_iter()
        .find(|other| *other != stated && misfits > 0 && telling(evidence, *other) * MARGIN <= misfits);
    if let Some(other) = other {
        // For scales coded from 0 a shift and an ordinal reading are the same thing; the shift is the wider word.
        return Some(shift(evidence, stated).unwrap_or(Against::Other(other)));
    }
    shift(evidence, stated).or_else(|| (evidence.misfits(stated) * 2 > evidence.answers).then_some(Against::Nothing))
}

/// A shift by one that fits better than the coding itself, or a scale of numbers whose lowest option nobody chose.
fn shift(evidence: &Evidence, coding: Coding) -> Option<Against> {
    // Where ordinals and scores differ, "ordinal" is itself a statement about a shift.
    if coding == Coding::Text || !evidence.same(coding, Coding::Score) {
        return None;
    }
    let misfits = telling(evidence, coding);
    let better = evidence
        .shifted
        .iter()
        .position(|shifted| misfits > 0 && shifted.saturating_sub(evidence.strays) * MARGIN <= misfits);
    if let Some(index) = better {
        return Some(Against::Shift(index));
    }
    let lowest_unseen =
        evidence.shifted.first() == Some(&evidence.strays) && evidence.answers >= ENOUGH_TO_MISS_THE_LOWEST;
    (misfits == 0 && lowest_unseen).then_some(Against::Shift(0))
}
