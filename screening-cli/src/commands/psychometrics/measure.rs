//! Groups and criteria.

use screening_core::instrument::{Definition, Direction as Worse};
use screening_core::psychometrics::analysis::{self, CutOptions, DifMethods, FunctioningOptions};
use screening_core::psychometrics::dif::DifOptions;
use screening_core::psychometrics::roc::{CutCriterion, Direction};

use super::Read;
use super::print::{Facts, Found, show};
use crate::args::{DifArgs, DifMethodArg, RocArgs};
use crate::commands::Context;
use crate::fail::Failure;
use crate::texts::fill;

pub(super) fn dif(context: &Context, args: &DifArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let marks = read.sample.two_groups(&args.group, args.focal.as_deref(), args.reference.as_deref())?;
    let with = |method| args.methods.is_empty() || args.methods.contains(&method);
    let methods = DifMethods {
        mantel: with(DifMethodArg::Mantel),
        logistic: with(DifMethodArg::Logistic),
        irt: with(DifMethodArg::Irt),
    };
    let options = FunctioningOptions {
        dif: DifOptions { alpha: args.alpha, purify: args.purify, ..DifOptions::default() },
        methods,
        model: args.model.into(),
        cuts: if args.cuts.is_empty() && methods.irt { default_cuts(&read)? } else { args.cuts.clone() },
        tolerance: args.tolerance,
    };
    let found = analysis::functioning(read.sample.responses(), &marks.focal, &options).map_err(Failure::from_error)?;
    let mut facts = Facts::of(&read.sample);
    facts.note(fill("psychometrics-groups", context.language, &[marks.reference_value, marks.focal_value]));
    show(context, args.sample.output.as_deref(), &Found::new("dif", found, facts))
}

/// Where the bands of the default cut-off set begin, when the score is the plain sum of the items.
fn default_cuts(read: &Read) -> Result<Vec<i64>, Failure> {
    let definition = read.definition()?;
    let Some(id) = &read.sample.items().scale else { return Ok(Vec::new()) };
    if !is_plain_sum(definition, id) {
        return Ok(Vec::new());
    }
    let sets = definition.cutoffs.iter().filter(|set| set.default && set.when.is_none() && set.scales.contains(id));
    let steps = sets.flat_map(|set| &set.bands).filter_map(|band| band.from);
    Ok(steps.filter(|from| from.decimals() == 0).map(screening_core::stats::Decimal::mantissa).collect())
}

fn is_plain_sum(definition: &Definition, id: &str) -> bool {
    use screening_core::instrument::Method;
    definition.scales.iter().any(|scale| {
        scale.id == id && scale.method == Method::Sum && scale.multiplier.is_none() && scale.round.is_none()
    })
}

pub(super) fn roc(context: &Context, args: &RocArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let condition = read.sample.condition(&args.criterion, &args.positive)?;
    let scores = match &args.score {
        Some(column) => read.sample.numbers(column)?,
        None => read.sample.scores()?,
    };
    let criterion = match (args.least_sensitivity, args.least_specificity) {
        (Some(least), _) => CutCriterion::SensitivityAtLeast { least },
        (_, Some(least)) => CutCriterion::SpecificityAtLeast { least },
        _ => CutCriterion::Youden,
    };
    let direction = match args.direction {
        Some(direction) => direction.into(),
        None => direction_of(context, &read, args)?,
    };
    let options = CutOptions {
        direction,
        criterion,
        cut: args.cut,
        prevalences: args.prevalence.clone(),
        replicates: args.bootstrap,
        seed: args.seed,
        other: args.compare.as_ref().map(|column| read.sample.numbers(column)).transpose()?,
        partly_verified: args.partly_verified,
        ..CutOptions::default()
    };
    let found = analysis::roc(&scores, &condition, &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("roc", found, Facts::of(&read.sample)))
}

/// The worse end of the scale; a score without one needs `--direction`.
fn direction_of(context: &Context, read: &Read, args: &RocArgs) -> Result<Direction, Failure> {
    let scale = read.sample.items().scale.as_ref().filter(|_| args.score.is_none());
    let definition = read.definition()?;
    let found = scale.and_then(|id| definition.scales.iter().find(|scale| scale.id == *id));
    match found.map(|scale| scale.direction) {
        Some(Worse::HigherWorse) => Ok(Direction::Higher),
        Some(Worse::HigherBetter) => Ok(Direction::Lower),
        _ => Err(Failure::Message(fill("psychometrics-direction", context.language, &[]))),
    }
}
