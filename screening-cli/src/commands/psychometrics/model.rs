//! Confirmatory factor models.

use screening_core::psychometrics::CfaModel;
use screening_core::psychometrics::analysis::{self, StructureOptions};

use super::Read;
use super::print::{Facts, Found, show};
use crate::args::{CfaArgs, InvarianceArgs, ModelArgs};
use crate::commands::Context;
use crate::fail::Failure;
use crate::texts::fill;

pub(super) fn structure(context: &Context, args: &CfaArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let options = options(context, &read, &args.model)?;
    let found = analysis::structure(read.sample.responses(), &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("cfa", found, Facts::of(&read.sample)))
}

pub(super) fn invariance(context: &Context, args: &InvarianceArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let options = options(context, &read, &args.model)?;
    let groups = read.sample.groups(&args.group)?;
    let found = analysis::invariance(read.sample.responses(), &groups, &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("invariance", found, Facts::of(&read.sample)))
}

fn options(context: &Context, read: &Read, args: &ModelArgs) -> Result<StructureOptions, Failure> {
    let definition = read.definition()?;
    let factors = if args.factors.is_empty() {
        read.sample.factors(definition)
    } else {
        let of = |(name, items): &(String, String)| {
            let names: Vec<String> = items.split(',').map(|item| item.trim().to_owned()).collect();
            let positions = definition.expand_items(&names).map_err(|item| {
                Failure::Message(fill("psychometrics-no-item", context.language, &[name.clone(), item]))
            })?;
            Ok((name.clone(), positions.iter().map(|at| definition.items[*at].id.clone()).collect::<Vec<String>>()))
        };
        args.factors.iter().map(of).collect::<Result<Vec<_>, Failure>>()?
    };
    // A factor and an item cannot share a name.
    let clash = |name: &String| factors.iter().any(|(_, items)| items.contains(name));
    let factors: Vec<(String, Vec<String>)> = factors
        .iter()
        .map(|(name, items)| (if clash(name) { format!("f_{name}") } else { name.clone() }, items.clone()))
        .collect();
    let mut model = if args.bifactor { CfaModel::bifactor("g", factors) } else { CfaModel::new(factors) };
    model.orthogonal |= args.orthogonal;
    model.residual_covariances.clone_from(&args.residual);
    Ok(StructureOptions { model, estimator: args.estimator.into() })
}
