//! A synthetic school district: roster, answer files in the forms in which they really arrive, and the job that reads them.
//!
//! Everything is drawn at random from a seed. There is no real pupil behind any row. What the district looks like (schools,
//! batteries, rates, parameters of the answers) is data in `resources/example.toml`; this module knows no instrument.
//!
//! - Answers follow a graded response model over correlated latent traits with random effects of school and class.
//! - Absence, refusals, straight-lining, lie-scale failures, blanks, wrong codes, duplicate sheets, mistyped ids and
//!   namesakes are added at usual rates, and each is counted in the [`Summary`].
//! - After the wave the pupils with the most raised answers and a sample of the others are interviewed.
//! - With two waves most pupils have sat the wave before in the grade below, with correlated traits.
//! - The same parameters and definitions give the same bytes. Memory does not grow with the number of pupils.
//!
//! ```
//! use screening_io::example::{ExampleError, ExampleParams, generate, instrument_ids};
//!
//! // The instruments whose definitions the caller has to provide.
//! assert!(!instrument_ids()?.is_empty());
//!
//! // Without a library nothing is written, and the error says which definition is missing.
//! let params = ExampleParams::new("district", 2500, 1);
//! let refused = generate(&params, &|_| None, &|_| {});
//! assert!(matches!(refused, Err(ExampleError::UnknownInstrument { .. })));
//! # Ok::<(), ExampleError>(())
//! ```

mod canonical;
mod config;
mod district;
mod earlier;
mod error;
mod form;
mod interviews;
mod job;
mod latent;
mod people;
mod records;
mod respond;
mod roster;
mod summary;
mod survey;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use screening_core::instrument::model::Definition;

use config::Config;
use district::District;
pub use error::ExampleError;
use form::Battery;
use latent::LatentModel;
use people::People;
pub use summary::{AnswerFile, Summary};

/// Size of a school when the number of schools is left open.
const USUAL_SCHOOL: u64 = 840;
/// Classes and pupils have two digits in a student id.
const MOST_CLASSES: u64 = 99;
/// Schools have five digits in a student id.
const MOST_SCHOOLS: u32 = 89_999;

/// What district to make, and where.
#[derive(Debug, Clone)]
pub struct ExampleParams {
    /// Pupils on the roster.
    pub pupils: u64,
    /// Schools; left out = about one for each 840 pupils, and at least one of each kind.
    pub schools: Option<u32>,
    /// Seed of all random draws.
    pub seed: u64,
    /// Waves, 1 or 2: with 2 the wave before is written as well, into a folder of its own, and the job uses it.
    pub waves: u8,
    /// Folder to write into; it is made when missing, and files of the same names are replaced.
    pub out: PathBuf,
    /// What stands behind the name of the district, to tell it from others.
    pub district: Option<String>,
    /// How the sheets of the day arrive.
    pub answers: AnswerForm,
}

/// How the sheets of the day arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerForm {
    /// As exports of a survey platform, a file a school.
    #[default]
    Exports,
    /// As tables with canonical columns, a parquet file a battery.
    Tables,
}

impl ExampleParams {
    /// A district of `pupils` pupils with the usual number of schools.
    ///
    /// ```
    /// use screening_io::example::ExampleParams;
    /// let params = ExampleParams::new("examples/district", 2500, 2026);
    /// assert_eq!(params.schools, None);
    /// ```
    pub fn new(out: impl Into<PathBuf>, pupils: u64, seed: u64) -> Self {
        Self { pupils, schools: None, seed, waves: 2, out: out.into(), district: None, answers: AnswerForm::default() }
    }
}

/// How far the work has come; reported after every class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Pupils done.
    pub pupils_done: u64,
    /// Pupils in all.
    pub pupils: u64,
    /// School at work, from 1.
    pub school: u32,
    /// Schools in all.
    pub schools: u32,
}

/// The instruments that the example district uses, in order of first use.
///
/// # Errors
/// When the bundled description does not read.
pub fn instrument_ids() -> Result<Vec<String>, ExampleError> {
    Ok(Config::bundled()?.instrument_ids().into_iter().map(str::to_owned).collect())
}

/// Writes a synthetic district into `params.out`: `roster.csv`, `answers/`, `evidence/` and `decisions.csv` (what is known beside
/// the sheets, and what was decided), `interviews.csv` (what came of the interviews after the wave), `screening.toml`, `report.toml`
/// (settings of the reports) and `README.md`; with two waves
/// also a folder with roster, answers and job of the wave before.
///
/// `lookup` gives the definition of an instrument by id; items, options and reversed items are taken from it. `progress`
/// is called after every class.
///
/// # Errors
/// When a definition is missing or does not fit the description, when the pupils do not fit the schools, or when a file
/// cannot be written. Nothing is written before definitions and sizes have been checked.
pub fn generate<'a>(
    params: &ExampleParams,
    lookup: &dyn Fn(&str) -> Option<&'a Definition>,
    progress: &dyn Fn(Progress),
) -> Result<Summary, ExampleError> {
    let mut config = Config::bundled()?;
    if let Some(name) = &params.district {
        config.district.name = format!("{} {name}", config.district.name);
    }
    generate_with(&config, params, lookup, progress)
}

fn generate_with<'a>(
    config: &Config,
    params: &ExampleParams,
    lookup: &dyn Fn(&str) -> Option<&'a Definition>,
    progress: &dyn Fn(Progress),
) -> Result<Summary, ExampleError> {
    let batteries: Vec<Battery> =
        config.kinds.iter().map(|kind| form::battery(config, kind, lookup)).collect::<Result<_, _>>()?;
    let schools = number_of_schools(config, params)?;
    let district = District {
        config,
        batteries: &batteries,
        latent: LatentModel::new(config)?,
        people: People::new(config)?,
        params,
        first_day: config.administered_on()?,
    };
    let summary = district.write(schools, progress)?;
    write(&params.out.join("screening.toml"), &job::job(&district, &summary))?;
    if let Some(before) = &summary.earlier {
        let path = params.out.join(&config.earlier.wave).join("screening.toml");
        write(&path, &job::earlier_job(config, &batteries, config.earlier_day()?, before))?;
    }
    write(&params.out.join("report.toml"), job::REPORT)?;
    write(&params.out.join("README.md"), &job::readme(config, params, &summary))?;
    Ok(summary)
}

fn write(path: &Path, text: &str) -> Result<(), ExampleError> {
    std::fs::write(path, text).map_err(ExampleError::write(path))
}

/// The number of schools asked for, or the usual one; checked against what a student id has room for.
fn number_of_schools(config: &Config, params: &ExampleParams) -> Result<u32, ExampleError> {
    let kinds = config.kinds.len() as u64;
    let usual = u32::try_from((params.pupils / USUAL_SCHOOL).max(kinds)).unwrap_or(u32::MAX);
    let schools = params.schools.unwrap_or(usual);
    let grades = config.kinds.iter().map(|kind| u64::from(kind.grades.to - kind.grades.from) + 1);
    let most = grades.clone().min().unwrap_or(1) * MOST_CLASSES * config.district.class_size;
    let least = grades.max().unwrap_or(1);
    let many = u64::from(schools);
    let fits = (1..=MOST_SCHOOLS).contains(&schools) && params.pupils >= least * many && params.pupils <= most * many;
    if fits { Ok(schools) } else { Err(ExampleError::Size { pupils: params.pupils, schools, least, most }) }
}
