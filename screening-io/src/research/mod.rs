//! Answers of single items for research, without identities.
//!
//! [`export`] takes what [`read_job`](crate::job::read_job) read and what [`screen_job`](crate::job::screen_job) computed, and
//! gives a frame with one row for each sheet that counts. Who a pupil is, is replaced by a pseudonym made with a
//! [`ResearchKey`]: stable across waves, and nothing without the key. [`write_research`](crate::output::write_research) writes the
//! files.
//!
//! The frame is built from a list of what may go out, never by taking out what may not: a column that nobody thought of
//! stays inside.

mod data;
mod dictionary;
mod groups;
mod key;
mod pseudonym;
mod readme;
mod rows;
mod texts;

use std::collections::HashMap;

use polars::prelude::{Column, DataFrame, PolarsResult};
use screening_core::instrument::{Language, Text};
use screening_core::screening::ScreeningResult;
use serde::Serialize;

use crate::error::IoError;
use crate::job::JobInput;
use crate::sav::Dictionary;

pub use key::ResearchKey;
pub use rows::{Exclusion, Unit};

use pseudonym::Pseudonyms;

/// How much is given out.
#[derive(Debug, Clone)]
pub struct ResearchOptions {
    /// Fewest rows that may share school, grade, sex and age (and class).
    pub min_group: usize,
    /// Give out classes too, as pseudonyms.
    pub class: bool,
    /// Language of the labels in the SPSS file.
    pub language: Language,
}

impl Default for ResearchOptions {
    fn default() -> Self {
        Self { min_group: 5, class: false, language: Language::default() }
    }
}

/// A fact by which a pupil could be recognised, and in how many rows it was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Column.
    pub column: &'static str,
    /// Rows.
    pub rows: usize,
}

/// What is given out.
#[derive(Debug)]
pub struct ResearchExport {
    /// One row a sheet, in the order of the pseudonyms.
    pub data: DataFrame,
    /// One row for each column of `data`.
    pub dictionary: DataFrame,
    /// Labels for the SPSS file.
    pub labels: Dictionary,
    /// What is not in `data`: sheets, and pupils without a sheet.
    pub exclusions: Vec<Exclusion>,
    /// Sheets of the answer files.
    pub sheets_in: usize,
    /// Facts that were taken out of groups that were too small.
    pub suppressed: Vec<Suppressed>,
    /// What was removed and how, in both languages.
    pub readme: String,
    /// What the scores rest on, for the metadata of the files.
    pub facts: Vec<(String, String)>,
}

impl ResearchExport {
    /// The exclusions as a table: `unit` (`sheet`, `pupil`), `pupil`, `reason`, its words, and how many have the same reason.
    ///
    /// # Errors
    /// When polars cannot build the frame.
    pub fn exclusions_table(&self) -> PolarsResult<DataFrame> {
        let mut counts: HashMap<(Unit, &str), u64> = HashMap::new();
        for exclusion in &self.exclusions {
            *counts.entry((exclusion.unit, exclusion.reason.as_str())).or_default() += 1;
        }
        let all = || self.exclusions.iter();
        let words: Vec<Text> = all().map(|exclusion| texts::reason(&exclusion.reason)).collect();
        let alike = all().map(|e| counts.get(&(e.unit, e.reason.as_str())).copied().unwrap_or_default());
        let columns = vec![
            Column::new("unit".into(), all().map(|e| e.unit.word()).collect::<Vec<_>>()),
            Column::new("pupil".into(), all().map(|e| e.pupil.as_deref()).collect::<Vec<_>>()),
            Column::new("reason".into(), all().map(|e| e.reason.as_str()).collect::<Vec<_>>()),
            Column::new("reason_zh".into(), words.iter().map(|text| text.zh_cn.as_str()).collect::<Vec<_>>()),
            Column::new("reason_en".into(), words.iter().map(|text| text.en.as_str()).collect::<Vec<_>>()),
            Column::new("with_this_reason".into(), alike.collect::<Vec<_>>()),
        ];
        DataFrame::new(self.exclusions.len(), columns)
    }

    /// Sheets that are not in the data: `sheets_in` = rows of `data` + these.
    pub fn sheets_excluded(&self) -> usize {
        self.exclusions.iter().filter(|exclusion| exclusion.unit == Unit::Sheet).count()
    }
}

/// Puts the data for research together.
///
/// # Errors
/// When the sheets that were read and the result do not account for each other, or polars cannot build the frame.
///
/// ```no_run
/// use std::path::Path;
/// use screening_io::job::{read_job, screen_job};
/// use screening_io::output::write_research;
/// use screening_io::research::{ResearchKey, ResearchOptions, export};
/// let key = ResearchKey::read(Path::new("centre.key"))?;
/// let input = read_job(Path::new("screening.toml"), false, &|_| {})?;
/// let result = screen_job(&input, &|_| {})?;
/// let export = export(&input, &result, &key, &ResearchOptions::default())?;
/// assert_eq!(export.sheets_in, export.data.height() + export.sheets_excluded());
/// write_research(Path::new("research"), &export)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export(
    input: &JobInput,
    result: &ScreeningResult,
    key: &ResearchKey,
    options: &ResearchOptions,
) -> Result<ResearchExport, IoError> {
    let pseudonyms = Pseudonyms::new(key);
    let rows = rows::choose(input, result, &pseudonyms)?;
    let (data, suppressed) = data::build(input, result, &rows.used, &pseudonyms, options)?;
    let instruments = dictionary::instruments(input, &data);
    let dictionary = dictionary::table(&data, &instruments)?;
    let labels = dictionary::labels(&data, &instruments, options.language);
    let provenance = &result.summary.provenance;
    let mut export = ResearchExport {
        data,
        dictionary,
        labels,
        exclusions: rows.exclusions,
        sheets_in: rows.sheets_in,
        suppressed,
        readme: String::new(),
        facts: facts(result, &provenance.engine),
    };
    export.readme = readme::text_of(&export, input, result, options);
    Ok(export)
}

fn facts(result: &ScreeningResult, engine: &str) -> Vec<(String, String)> {
    let instruments = result.summary.provenance.instruments.iter().map(|instrument| instrument.citation.as_str());
    let instruments = serde_json::Value::from(instruments.collect::<Vec<_>>());
    vec![
        ("screening.engine".to_owned(), engine.to_owned()),
        ("screening.instruments".to_owned(), instruments.to_string()),
        ("screening.research".to_owned(), "1".to_owned()),
    ]
}
