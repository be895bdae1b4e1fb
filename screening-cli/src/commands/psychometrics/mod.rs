//! `screening psychometrics`

mod measure;
mod model;
mod print;
mod theta;

use std::path::Path;

use screening_core::instrument::{Definition, Instrument, Library};
use screening_core::psychometrics::analysis::{
    self, ClusterOptions, CorrelationOptions, FactorOptions, ReliabilityOptions,
};
use screening_io::Sample;

use super::{Context, answers};
use crate::args::{
    ClusterArgs, CorrelationArgs, FactorArgs, Psychometrics, PsychometricsCommand, ReliabilityArgs, SampleArgs,
};
use crate::fail::Failure;
use print::{Facts, Found, show};

pub(crate) fn run(context: &Context, command: &PsychometricsCommand) -> Result<(), Failure> {
    match &command.what {
        Psychometrics::Items(args) => items(context, args),
        Psychometrics::Reliability(args) => reliability(context, args),
        Psychometrics::Correlations(args) => correlations(context, args),
        Psychometrics::Factors(args) => factors(context, args),
        Psychometrics::Cfa(args) => model::structure(context, args),
        Psychometrics::Invariance(args) => model::invariance(context, args),
        Psychometrics::Irt(args) => theta::irt(context, args),
        Psychometrics::Dif(args) => measure::dif(context, args),
        Psychometrics::Roc(args) => measure::roc(context, args),
        Psychometrics::Clusters(args) => clusters(context, args),
        Psychometrics::Cat(args) => theta::cat(context, args),
    }
}

/// The answers of a file with the instrument they belong to.
struct Read {
    library: Library,
    id: String,
    sample: Sample,
}

impl Read {
    fn of(context: &Context, args: &SampleArgs) -> Result<Self, Failure> {
        Self::of_file(context, args, &args.answers.input)
    }

    /// The same columns in another file.
    fn of_file(context: &Context, args: &SampleArgs, path: &Path) -> Result<Self, Failure> {
        let library = context.library()?;
        let instrument = super::instruments::find(context, &library, &args.answers.instrument)?;
        let id = instrument.id().to_owned();
        let packs = answers::wording(&args.answers, &library)?;
        let set = answers::read_file(&args.answers, path, instrument, &packs, args.accept_strays)?;
        if !context.json {
            for rejected in &set.rejected {
                eprintln!("{}", rejected.problem.render(context.language));
            }
        }
        let name = path.display().to_string();
        let sample = Sample::of(&name, set, instrument, args.scale.as_deref(), &args.items)?;
        Ok(Self { library, id, sample })
    }

    fn instrument(&self) -> Result<&Instrument, Failure> {
        self.library.get(&self.id).ok_or_else(|| Failure::Message(self.id.clone()))
    }

    fn definition(&self) -> Result<&Definition, Failure> {
        Ok(self.instrument()?.definition())
    }
}

fn items(context: &Context, args: &SampleArgs) -> Result<(), Failure> {
    let read = Read::of(context, args)?;
    let found = analysis::items(read.sample.responses(), read.sample.range()).map_err(Failure::from_error)?;
    show(context, args.output.as_deref(), &Found::new("items", found, Facts::of(&read.sample)))
}

fn reliability(context: &Context, args: &ReliabilityArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let retest = match &args.retest {
        Some(path) => {
            let second = Read::of_file(context, &args.sample, path)?;
            Some(read.sample.retest(&second.sample, &args.by)?)
        }
        None => None,
    };
    let options = ReliabilityOptions {
        level: args.level,
        group_factors: args.group_factors,
        seed: args.seed,
        strata: read.sample.strata(read.definition()?),
        retest,
    };
    let found = analysis::reliability(read.sample.responses(), &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("reliability", found, Facts::of(&read.sample)))
}

fn correlations(context: &Context, args: &CorrelationArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let options = CorrelationOptions {
        method: args.matrix.method.into(),
        missing: args.matrix.missing(),
        standard_errors: args.standard_errors,
    };
    let found = analysis::correlations(read.sample.responses(), &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("correlations", found, Facts::of(&read.sample)))
}

fn factors(context: &Context, args: &FactorArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let correlations = CorrelationOptions {
        method: args.matrix.method.into(),
        missing: args.matrix.missing(),
        ..CorrelationOptions::default()
    };
    let options = FactorOptions {
        correlations,
        factors: args.factors,
        extraction: args.extraction.into(),
        rotation: args.rotation.into(),
        samples: args.samples,
        seed: args.seed,
    };
    let found = analysis::factors(read.sample.responses(), &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("factors", found, Facts::of(&read.sample)))
}

fn clusters(context: &Context, args: &ClusterArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let options = ClusterOptions { level: args.level, from: args.from };
    let groups = read.sample.groups(&args.cluster)?;
    let found = analysis::clusters(&read.sample.scores()?, &groups, &options).map_err(Failure::from_error)?;
    show(context, args.sample.output.as_deref(), &Found::new("clusters", found, Facts::of(&read.sample)))
}
