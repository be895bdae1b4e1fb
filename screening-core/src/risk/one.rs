//! One person's sheets at a time: what a policy proposes while the person is still there.

use polars::prelude::*;

use crate::answers::{Context, Missing};
use crate::instrument::ItemKind;
use crate::norms::{ApplyError, DeriveOptions, NormSet};
use crate::scoring::{ScoredSheets, Scores, Sheet};
use crate::validity::ValidityReport;

use super::condition::Leaf;
use super::engine::{Beside, EngineError, JudgedSheets, PolicyEngine, SheetSet};
use super::policy::Policy;
use super::proposal::Proposal;

/// One sheet of the person.
#[derive(Debug, Clone, Copy)]
pub struct OneSheet<'a> {
    /// The answers.
    pub sheet: &'a Sheet,
    /// Its scores.
    pub scores: &'a Scores<'a>,
    /// What a validity plan says of it ([`crate::validity::ValidityCheck::sheet`]); none without a plan.
    pub judged: Option<&'a ValidityReport>,
}

/// Why a policy cannot be applied to the sheets of a person.
#[derive(Debug, thiserror::Error)]
pub enum OneError {
    /// The policy does not fit what is at hand.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Derived scores cannot be computed.
    #[error("norms `{norms}`: {source}")]
    Norms {
        /// Id of the norm set.
        norms: String,
        /// Cause.
        source: ApplyError,
    },
    /// A frame of one row could not be built.
    #[error(transparent)]
    Frame(#[from] PolarsError),
}

/// Proposes a tier for one person from the sheets of one sitting, with the evidence.
///
/// The proposal is the same that [`PolicyEngine`] gives for a frame that holds this person; rules about earlier waves cannot
/// be decided here.
///
/// # Errors
/// As [`PolicyEngine::new`] and [`NormSet::apply`].
///
/// ```
/// use screening_core::answers::Context;
/// use screening_core::instrument::Library;
/// use screening_core::risk::{OneSheet, Policy, propose_one};
/// use screening_core::scoring::{Scorer, Sheet};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let scorer = Scorer::new(library.get("phq-9").expect("bundled"))?;
/// let sheet = Sheet::from_codes(scorer.instrument(), &[0, 0, 0, 0, 0, 0, 0, 0, 2])?;
/// let scores = scorer.score(&sheet, &Context::default());
/// let sheets = [OneSheet { sheet: &sheet, scores: &scores, judged: None }];
/// let proposal = propose_one(&policy, &sheets, &[], &Context::default())?;
/// assert_eq!((proposal.tier.as_str(), proposal.critical.len()), ("today", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn propose_one(
    policy: &Policy,
    sheets: &[OneSheet<'_>],
    norms: &[&NormSet],
    context: &Context,
) -> Result<Proposal, OneError> {
    let scored: Vec<ScoredSheets> = sheets.iter().map(|sheet| ScoredSheets::of_one(sheet.scores)).collect();
    let answers = answers(sheets)?;
    let judged: Vec<JudgedSheets<'_>> =
        sheets.iter().filter_map(|sheet| Some(JudgedSheets { report: sheet.judged?, rows: &[Some(0)] })).collect();
    let derived =
        if asks_for_norms(policy) { derived(&scored, norms, context)? } else { DataFrame::new(1, Vec::new())? };
    let beside = Beside { rows: &[Some(0)], derived: &derived, change: None, evidence: None };
    let set = SheetSet {
        scored: &scored,
        answers: Some(&answers),
        judged: &judged,
        beside: Some(beside),
        ..SheetSet::default()
    };
    let mut proposals = PolicyEngine::new(policy, set)?.run();
    if let Some(proposal) = proposals.list.pop() {
        return Ok(proposal);
    }
    let tier = proposals.tier(0).unwrap_or(&policy.definition().unflagged_tier);
    Ok(Proposal {
        row: 0,
        tier: tier.to_owned(),
        severity: policy.tier(tier).map_or(0, |tier| tier.severity),
        evidence: Vec::new(),
        undecided: Vec::new(),
        critical: Vec::new(),
        invalid: Vec::new(),
        doubtful: Vec::new(),
        prospects: Vec::new(),
    })
}

/// Whether a rule of a policy asks for a derived score.
fn asks_for_norms(policy: &Policy) -> bool {
    let mut found = false;
    for rule in &policy.definition().rules {
        rule.when.leaves(&mut |leaf| found |= matches!(leaf, Leaf::Norm { .. }));
    }
    found
}

/// The answers as columns of one row: rules look at some, and of the others it is told which are missing.
fn answers(sheets: &[OneSheet<'_>]) -> PolarsResult<DataFrame> {
    let mut columns = Vec::new();
    for one in sheets {
        let instrument = one.scores.instrument();
        for (at, item) in instrument.definition().items.iter().enumerate() {
            let missing = one.sheet.missing(instrument, at);
            let unit = if item.kind == ItemKind::Number { 10_f64.powi(i32::from(item.decimals)) } else { 1.0 };
            let code = match missing {
                Some(Missing::Skipped) => None,
                Some(kind) => Some(f64::from(kind.code())),
                None => one.sheet.answer(instrument, at).map(|stored| f64::from(stored) / unit),
            };
            columns.push(Column::new(instrument.item_column(at).into(), [code]));
        }
    }
    DataFrame::new(1, columns)
}

/// Derived scores by all sets that have a score of these sheets.
fn derived(scored: &[ScoredSheets], norms: &[&NormSet], context: &Context) -> Result<DataFrame, OneError> {
    let mut raw = person(context);
    for sheets in scored {
        raw.extend(sheets.to_frame()?.into_columns());
    }
    let raw = DataFrame::new(1, raw)?;
    let mut columns = Vec::new();
    for set in norms {
        match set.apply(&raw, &DeriveOptions::default()) {
            Ok(applied) => columns.extend(applied.columns),
            Err(ApplyError::NoScale { .. }) => {}
            Err(source) => return Err(OneError::Norms { norms: set.id().to_owned(), source }),
        }
    }
    Ok(DataFrame::new(1, columns)?)
}

fn person(context: &Context) -> Vec<Column> {
    vec![
        Column::new("sex".into(), [context.sex.map(crate::answers::Sex::word)]),
        Column::new("grade".into(), [context.grade.map(u32::from)]),
        Column::new("age_months".into(), [context.age_months.map(u32::from)]),
    ]
}

#[cfg(all(test, feature = "bundled"))]
mod tests {
    use polars::prelude::*;
    use proptest::prelude::*;

    use super::*;
    use crate::instrument::Library;
    use crate::scoring::{FrameOptions, Scorer};

    static LIBRARY: std::sync::LazyLock<Library> = std::sync::LazyLock::new(|| Library::bundled().unwrap());
    static SCORERS: std::sync::LazyLock<Vec<Scorer>> = std::sync::LazyLock::new(|| {
        let ids = ["phq-9", "gad-7", "mht", "scl-90", "psqi", "mssmhs"];
        ids.iter().map(|id| Scorer::new(LIBRARY.get(id).unwrap()).unwrap()).collect()
    });
    static POLICY: std::sync::LazyLock<Policy> =
        std::sync::LazyLock::new(|| Policy::bundled("district-default").unwrap().unwrap());

    /// A sheet and the frame of one row with the same answers.
    fn drawn(scorer: &Scorer, draws: &[u8]) -> (Sheet, DataFrame) {
        let instrument = scorer.instrument();
        let mut sheet = Sheet::blank(instrument);
        let mut columns = Vec::new();
        for (at, item) in instrument.definition().items.iter().enumerate() {
            let draw = draws[at % draws.len()];
            let name = PlSmallStr::from(instrument.item_column(at));
            let text = match item.kind {
                _ if draw.is_multiple_of(11) => None,
                ItemKind::Choice => {
                    let options = instrument.definition().options_of(item);
                    Some(options[usize::from(draw) % options.len()].code.to_string())
                }
                ItemKind::Number => Some(item.range.map_or_else(|| "1".to_owned(), |[low, _]| low.to_string())),
                ItemKind::Clock => Some(format!("{:02}:{:02}", draw % 24, draw % 60)),
            };
            if let Some(text) = &text {
                sheet.set(instrument, &item.id, text).unwrap();
            }
            columns.push(match item.kind {
                ItemKind::Clock => Column::new(name, [text]),
                _ => Column::new(name, [text.map(|text| text.parse::<f64>().unwrap())]),
            });
        }
        (sheet, DataFrame::new(1, columns).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// One person's proposal is that of the engine over a frame, evidence and words included.
        #[test]
        fn one_person_gets_the_proposal_of_a_frame(
            which in proptest::sample::subsequence((0..6_usize).collect::<Vec<_>>(), 1..=3),
            draws in proptest::collection::vec(any::<u8>(), 7..120),
        ) {
            let context = Context { sex: Some(crate::answers::Sex::Male), grade: Some(8), age_months: Some(170) };
            let chosen: Vec<&Scorer> = which.iter().map(|at| &SCORERS[*at]).collect();
            let (sheets, frames): (Vec<Sheet>, Vec<DataFrame>) =
                chosen.iter().map(|scorer| drawn(scorer, &draws)).unzip();
            let scores: Vec<Scores<'_>> =
                chosen.iter().zip(&sheets).map(|(scorer, sheet)| scorer.score(sheet, &context)).collect();
            let one: Vec<OneSheet<'_>> = sheets
                .iter()
                .zip(&scores)
                .map(|(sheet, scores)| OneSheet { sheet, scores, judged: None })
                .collect();
            let proposal = propose_one(&POLICY, &one, &[], &context).unwrap();

            let columns = frames.into_iter().flat_map(DataFrame::into_columns).collect();
            let answers = DataFrame::new(1, columns).unwrap();
            let options = FrameOptions::default();
            let scored: Vec<ScoredSheets> =
                chosen.iter().map(|scorer| scorer.score_with(&answers, &[context], &options).unwrap()).collect();
            let empty = DataFrame::new(1, Vec::new()).unwrap();
            let beside = Beside { rows: &[Some(0)], derived: &empty, change: None, evidence: None };
            let set = SheetSet {
                scored: &scored,
                answers: Some(&answers),
                beside: Some(beside),
                ..SheetSet::default()
            };
            let mut proposals = PolicyEngine::new(&POLICY, set).unwrap().run();
            prop_assert_eq!(proposals.tier(0), Some(proposal.tier.as_str()));
            if let Some(expected) = proposals.list.pop() {
                prop_assert_eq!(proposal, expected);
            }
        }
    }

    #[test]
    fn derived_scores_reach_the_rules() {
        let scorer = Scorer::new(LIBRARY.get("scl-90").unwrap()).unwrap();
        let set = NormSet::bundled("scl-90-cn-1986").unwrap().unwrap();
        let scale = &set.definition().scales[0].id;
        let text =
            include_str!("../../../instruments/policies/district-default.toml").split("[[rules]]").next().unwrap();
        let rule = format!(
            "[[rules]]\nid = \"high\"\ntier = \"today\"\ndescription = {{ en = \"x\", zh-CN = \"x\" }}\nsource = \"OWN\"\n\
             when = {{ norm = \"{scale}.z\", op = \">=\", value = -9 }}\n[sources.OWN]\ncite = \"x\"\nkind = \"own\"\n"
        );
        let policy = Policy::from_toml(&format!("{text}{rule}")).unwrap_or_else(|found| panic!("{found}"));
        let adult = Context { age_months: Some(20 * 12), ..Context::default() };
        let sheet = Sheet::from_codes(scorer.instrument(), &[2; 90]).unwrap();
        let scores = scorer.score(&sheet, &adult);
        let one = [OneSheet { sheet: &sheet, scores: &scores, judged: None }];
        assert!(matches!(propose_one(&policy, &one, &[], &adult), Err(OneError::Engine(EngineError::Norm { .. }))));
        let proposal = propose_one(&policy, &one, &[&set], &adult).unwrap();
        assert_eq!(proposal.tier, "today");
        assert_eq!(proposal.evidence.len(), 1);
    }
}
