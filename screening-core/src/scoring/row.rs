//! The row driver: one sheet.

use crate::answers::{Context, Tri};
use crate::instrument::model::{BandLabel, CutoffDef, FlagDef, ScaleDef, ValidityDef};
use crate::instrument::{Evidence, Instrument, Language, Verdict};

use super::machine::{Ends, Single, norm_cell};
use super::plan::{CutoffPlan, Plan, ScalePlan, belongs};
use super::{Scorer, Sheet};

/// Band of a lane: position in the plan's list, or one of the two reasons for having none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Band {
    /// Position in [`ScalePlan::band_ids`].
    Known(u8),
    /// The possible scores lie in different bands.
    CannotSay,
    /// No cut-off set serves this person, or the scale has none.
    NoSet,
}

/// One scale of one sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ScaleResult {
    lo: i64,
    hi: i64,
    den: i64,
    missing: u16,
    band: Band,
    cutoff: Option<u16>,
    norm_cell: Option<u16>,
}

const BLANK: ScaleResult =
    ScaleResult { lo: 0, hi: 0, den: 1, missing: 0, band: Band::NoSet, cutoff: None, norm_cell: None };

/// The results of one sheet: a buffer that can be filled again and again.
#[derive(Debug, Clone)]
pub struct Scores<'s> {
    scorer: &'s Scorer,
    machine: Single,
    scales: Vec<ScaleResult>,
    flags: Vec<Tri>,
    validity: Vec<Tri>,
    context: Context,
    answered: usize,
}

impl Scorer {
    /// An empty buffer for [`Self::score_into`].
    pub fn buffer(&self) -> Scores<'_> {
        Scores {
            scorer: self,
            machine: Single::new(&self.plan),
            scales: vec![BLANK; self.plan.scales.len()],
            flags: vec![Tri::Unknown; self.plan.flags.len()],
            validity: vec![Tri::Unknown; self.plan.validity.len()],
            context: Context::default(),
            answered: 0,
        }
    }

    /// Scores one sheet into a buffer of this scorer, without allocating.
    ///
    /// ```
    /// use screening_core::answers::Context;
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::{Scorer, Sheet};
    /// let library = Library::bundled()?;
    /// let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
    /// let mut scores = scorer.buffer();
    /// for code in 0..=3 {
    ///     let sheet = Sheet::from_codes(scorer.instrument(), &[code; 7])?;
    ///     scorer.score_into(&sheet, &Context::default(), &mut scores);
    ///     assert_eq!(scores.scale("total").unwrap().value(), Some(f64::from(code) * 7.0));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn score_into<'s>(&'s self, sheet: &Sheet, context: &Context, scores: &mut Scores<'s>) {
        let plan = &self.plan;
        scores.scorer = self;
        scores.context = *context;
        scores.machine.run(plan, sheet, context);
        scores.answered =
            if scores.machine.is_complete() && sheet.wide.is_empty() { sheet.narrow.len() } else { answered(sheet) };
        for (scale, result) in plan.scales.iter().zip(&mut scores.scales) {
            *result = scale_result(plan, &scores.machine, scale, context);
        }
        for (&reg, flag) in plan.flags.iter().zip(&mut scores.flags) {
            *flag = scores.machine.ends(reg).truth_value();
        }
        for (&reg, rule) in plan.validity.iter().zip(&mut scores.validity) {
            *rule = scores.machine.ends(reg).truth_value();
        }
    }
}

fn answered(sheet: &Sheet) -> usize {
    let narrow = sheet.narrow.iter().filter(|&&code| !super::plan::is_missing(code)).count();
    narrow + sheet.wide.iter().filter(|&&value| crate::answers::wide_kind(value).is_none()).count()
}

#[inline]
fn scale_result(plan: &Plan, machine: &Single, scale: &ScalePlan, context: &Context) -> ScaleResult {
    let den = machine.denominator(scale.val);
    let Ends { lo, hi } = machine.ends(scale.val.reg);
    let serves = |cutoff: &CutoffPlan| cutoff.group.as_ref().is_none_or(|group| belongs(group, context) == Some(true));
    let cutoff = scale.cutoffs.iter().position(serves);
    ScaleResult {
        lo,
        hi,
        den,
        missing: scale.reduction.map_or(0, |r| machine.missing_of(r)),
        band: band(scale, cutoff, lo, hi, den),
        cutoff: cutoff.map(|c| scale.cutoffs[c].index as u16),
        norm_cell: scale
            .norm
            .and_then(|norm| norm_cell(plan, norm, context).map(|cell| plan.norms[norm].cells[cell].index as u16)),
    }
}

/// The band of the range from `lo` to `hi`.
#[inline]
pub(crate) fn band(scale: &ScalePlan, cutoff: Option<usize>, lo: i64, hi: i64, den: i64) -> Band {
    let Some(cutoff) = cutoff.map(|c| &scale.cutoffs[c]) else { return Band::NoSet };
    let step = |value: i64| {
        if scale.val.per_lane() {
            let above =
                |&(num, per): &(i64, i64)| i128::from(value) * i128::from(per) >= i128::from(num) * i128::from(den);
            cutoff.exact.iter().filter(|start| above(start)).count()
        } else {
            cutoff.starts.iter().filter(|&&start| value >= start).count()
        }
    };
    let low = step(lo);
    let high = if hi == lo { low } else { step(hi) };
    if low == high { Band::Known(cutoff.bands[low]) } else { Band::CannotSay }
}

/// Why a score has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Answers that the missing rule needs are not there.
    MissingAnswers,
    /// No norm serves this person (sex, age or grade unknown or outside the norm's population).
    NoNorm,
    /// The formula has no value for these answers.
    Undefined,
}

/// One scale of one sheet, for reading.
#[derive(Debug, Clone, Copy)]
pub struct ScaleView<'a> {
    scores: &'a Scores<'a>,
    at: usize,
}

/// One flag of one sheet.
#[derive(Debug, Clone, Copy)]
pub struct FlagView<'a> {
    /// Its definition.
    pub definition: &'a FlagDef,
    /// Raised, not raised, or cannot say.
    pub state: Tri,
}

/// One validity rule of one sheet.
#[derive(Debug, Clone, Copy)]
pub struct ValidityView<'a> {
    /// Its definition.
    pub definition: &'a ValidityDef,
    /// Fired, not fired, or cannot say.
    pub state: Tri,
}

impl Scores<'_> {
    /// The instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.scorer.instrument
    }

    /// The scorer.
    pub fn scorer(&self) -> &Scorer {
        self.scorer
    }

    /// Context it was scored with.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// A scale by id.
    pub fn scale(&self, id: &str) -> Option<ScaleView<'_>> {
        self.scorer.instrument.scale_position(id).map(|at| ScaleView { scores: self, at })
    }

    /// All scales in the order of the definition.
    pub fn scales(&self) -> impl Iterator<Item = ScaleView<'_>> {
        (0..self.scales.len()).map(move |at| ScaleView { scores: self, at })
    }

    /// All flags.
    pub fn flags(&self) -> impl Iterator<Item = FlagView<'_>> {
        let definitions = &self.scorer.instrument.definition().flags;
        definitions.iter().zip(&self.flags).map(|(definition, &state)| FlagView { definition, state })
    }

    /// All validity rules.
    pub fn validity(&self) -> impl Iterator<Item = ValidityView<'_>> {
        let definitions = &self.scorer.instrument.definition().validity;
        definitions.iter().zip(&self.validity).map(|(definition, &state)| ValidityView { definition, state })
    }

    /// The gravest verdict of the rules that surely fired.
    pub fn verdict(&self) -> Option<Verdict> {
        self.validity().filter(|rule| rule.state.is_yes()).map(|rule| rule.definition.verdict).max()
    }

    /// Answered items of the whole sheet.
    pub fn answered(&self) -> usize {
        self.answered
    }
}

impl<'a> ScaleView<'a> {
    fn result(&self) -> &'a ScaleResult {
        &self.scores.scales[self.at]
    }

    /// The scale's definition.
    pub fn definition(&self) -> &'a ScaleDef {
        &self.scores.scorer.instrument.definition().scales[self.at]
    }

    /// The value, or `None` when the answers do not determine it. For a rule with words, the place of the word.
    pub fn value(&self) -> Option<f64> {
        let result = self.result();
        (result.lo == result.hi).then(|| result.lo as f64 / result.den as f64)
    }

    /// The value as an exact fraction `(numerator, denominator)`.
    pub fn fraction(&self) -> Option<(i64, i64)> {
        let result = self.result();
        (result.lo == result.hi).then_some((result.lo, result.den))
    }

    /// Lowest and highest value that the missing answers can still give.
    pub fn bounds(&self) -> (f64, f64) {
        let result = self.result();
        (result.lo as f64 / result.den as f64, result.hi as f64 / result.den as f64)
    }

    /// The word of a rule scale.
    pub fn word(&self) -> Option<&'a str> {
        let (num, _) = self.fraction()?;
        self.definition().values.get_index(usize::try_from(num).ok()?).map(|(word, _)| word.as_str())
    }

    /// Items of the scale, for scales computed straight from items.
    pub fn items(&self) -> usize {
        self.scores.scorer.plan.scales[self.at].items.len()
    }

    /// Answered items of the scale.
    pub fn answered(&self) -> usize {
        self.items() - usize::from(self.result().missing)
    }

    /// Items of the scale without an answer, as positions in the definition and in the order of the scale: `items() - answered()`
    /// of them. What a skip rule answers, or what stands for a blank, is answered. `sheet` is the sheet that was scored.
    ///
    /// ```
    /// use screening_core::answers::Context;
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::{Scorer, Sheet};
    /// let library = Library::bundled()?;
    /// let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
    /// let mut sheet = Sheet::from_codes(scorer.instrument(), &[1; 7])?;
    /// sheet.set(scorer.instrument(), "3", "")?;
    /// let scores = scorer.score(&sheet, &Context::default());
    /// let total = scores.scale("total").expect("a scale of this instrument");
    /// assert_eq!(total.missing_items(&sheet).collect::<Vec<_>>(), [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn missing_items(&self, sheet: &'a Sheet) -> impl Iterator<Item = usize> + use<'a> {
        let scores = self.scores;
        let plan = &scores.scorer.plan;
        // A formula over single items counts none as missing.
        let counted = if self.result().missing == 0 { &[][..] } else { &plan.scales[self.at].items[..] };
        counted.iter().copied().filter(move |&item| scores.machine.lacks(plan, sheet, item))
    }

    /// Band id, `None` when it cannot be said or no set serves this person.
    pub fn band_id(&self) -> Option<&'a str> {
        match self.result().band {
            Band::Known(at) => Some(&self.scores.scorer.plan.scales[self.at].band_ids[usize::from(at)]),
            Band::CannotSay | Band::NoSet => None,
        }
    }

    /// Whether bands exist for this person but the possible scores lie in different ones.
    pub fn band_undecided(&self) -> bool {
        self.result().band == Band::CannotSay
    }

    /// Band with its texts and level.
    pub fn band(&self) -> Option<&'a BandLabel> {
        self.scores.scorer.instrument.definition().bands.get(self.band_id()?)
    }

    /// The cut-off set that was used.
    pub fn cutoff(&self) -> Option<&'a CutoffDef> {
        self.scores.scorer.instrument.definition().cutoffs.get(usize::from(self.result().cutoff?))
    }

    /// How well the score and its band are established: the weaker of the key and the cut-off set in use.
    pub fn evidence(&self) -> Evidence {
        let definition = self.scores.scorer.instrument.definition();
        let key = definition.scale_evidence(self.definition());
        self.cutoff().map_or(key, |set| key.max(definition.cutoff_evidence(set)))
    }

    /// Position of the norm cell that was used, in the definition's norm.
    pub fn norm_cell(&self) -> Option<usize> {
        self.result().norm_cell.map(usize::from)
    }

    /// Why there is no value.
    pub fn reason(&self) -> Option<Reason> {
        if self.value().is_some() {
            return None;
        }
        let plan = &self.scores.scorer.plan;
        let scale = &plan.scales[self.at];
        let unserved = plan.lacks_table(scale, &self.scores.context);
        if unserved || (scale.norm.is_some() && self.norm_cell().is_none()) {
            return Some(Reason::NoNorm);
        }
        let complete = self.scores.answered == plan.items.len();
        Some(if complete { Reason::Undefined } else { Reason::MissingAnswers })
    }

    /// Name in a language.
    pub fn name(&self, language: Language) -> &'a str {
        self.definition().name.get(language)
    }
}
