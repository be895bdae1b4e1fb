//! The description of the synthetic district, read from its resource file.

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::Deserialize;

use super::error::ExampleError;

const RESOURCE: &str = include_str!("../../resources/example.toml");

/// The whole description.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    pub(super) schema: u32,
    pub(super) district: District,
    pub(super) earlier: Earlier,
    pub(super) interviews: Interviews,
    pub(super) kinds: Vec<Kind>,
    pub(super) rates: Rates,
    pub(super) records: Records,
    pub(super) survey: Survey,
    pub(super) names: Names,
    pub(super) latent: Latent,
    pub(super) instruments: IndexMap<String, Response>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct District {
    pub(super) title: Title,
    pub(super) name: String,
    pub(super) wave: String,
    pub(super) school_year: String,
    pub(super) semester: String,
    administered_on: toml::value::Datetime,
    pub(super) make_up_days_later: u8,
    pub(super) policy: String,
    pub(super) attempts: String,
    pub(super) class_name: String,
    pub(super) class_size: u64,
    pub(super) licence_note: String,
}

/// The wave before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Earlier {
    pub(super) title: Title,
    pub(super) wave: String,
    pub(super) school_year: String,
    pub(super) semester: String,
    administered_on: toml::value::Datetime,
    pub(super) stability: f64,
    pub(super) moved_in: f64,
    pub(super) norms: Vec<String>,
    pub(super) local_norms: Vec<String>,
}

/// Interviews after the wave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Interviews {
    pub(super) file: String,
    pub(super) days_later: u8,
    pub(super) most_raised: f64,
    pub(super) sample: f64,
    #[serde(rename = "trait")]
    pub(super) moved_by: String,
    pub(super) slope: f64,
    pub(super) half: f64,
    pub(super) cannot_say: f64,
    pub(super) not_held: f64,
    pub(super) roles: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Title {
    #[serde(rename = "zh-CN")]
    pub(super) zh_cn: String,
    pub(super) en: String,
}

/// One kind of school, with its battery and the form in which its answers arrive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Kind {
    pub(super) id: String,
    pub(super) school_name: String,
    pub(super) grades: Grades,
    pub(super) instruments: Vec<String>,
    pub(super) file: SurveyFile,
    pub(super) coding: Coding,
    #[serde(default)]
    pub(super) make_up: Option<MakeUpFile>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grades {
    pub(super) from: u8,
    pub(super) to: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SurveyFile {
    Xlsx,
    Csv,
}

impl SurveyFile {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MakeUpFile {
    Parquet,
    Csv,
}

impl MakeUpFile {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// What a survey platform writes into a cell: the option's words, its place on the form, or its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Coding {
    Text,
    Ordinal,
    Score,
}

impl Coding {
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ordinal => "ordinal",
            Self::Score => "score",
        }
    }
}

/// What is known beside the sheets, and what is decided.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Records {
    /// Share of the pupils with a telling record about whom somebody has decided.
    pub(super) decided: f64,
    pub(super) decided_by: Vec<String>,
    /// Each as often as it stands in the list; the same below.
    pub(super) tiers: Vec<String>,
    pub(super) reasons: Vec<String>,
    pub(super) kinds: Vec<RecordKind>,
}

/// One kind of record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RecordKind {
    pub(super) kind: String,
    /// Blank for a kind without sources.
    #[serde(default)]
    pub(super) source: String,
    pub(super) values: Vec<String>,
    /// Share of pupils at the middle of the first trait, and how it grows with the trait.
    pub(super) share: f64,
    pub(super) slope: f64,
    /// How many days before the wave it may lie.
    pub(super) days: u32,
    /// Values that somebody decides about.
    #[serde(default)]
    pub(super) decide: Vec<String>,
}

/// Shares of what goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rates {
    pub(super) out_of_scope: f64,
    pub(super) refused: f64,
    pub(super) withdrawn: f64,
    pub(super) absent: f64,
    pub(super) unexplained: f64,
    pub(super) make_up: f64,
    pub(super) straight_line: f64,
    pub(super) too_fast: f64,
    pub(super) too_fast_random: f64,
    pub(super) duplicate: f64,
    pub(super) unknown_id: f64,
    pub(super) blank_cell: f64,
    pub(super) blank_heavy_sheet: f64,
    pub(super) blank_heavy_cell: f64,
    pub(super) wrong_cell: f64,
    pub(super) clock_slip: f64,
    pub(super) class_with_namesakes: f64,
    pub(super) male: f64,
    pub(super) overage: f64,
    pub(super) scope_reasons: Vec<String>,
}

impl Rates {
    /// Every share by name, for checking.
    fn shares(&self) -> [(&'static str, f64); 19] {
        [
            ("out-of-scope", self.out_of_scope),
            ("refused", self.refused),
            ("withdrawn", self.withdrawn),
            ("absent", self.absent),
            ("unexplained", self.unexplained),
            ("make-up", self.make_up),
            ("straight-line", self.straight_line),
            ("too-fast", self.too_fast),
            ("too-fast-random", self.too_fast_random),
            ("duplicate", self.duplicate),
            ("unknown-id", self.unknown_id),
            ("blank-cell", self.blank_cell),
            ("blank-heavy-sheet", self.blank_heavy_sheet),
            ("blank-heavy-cell", self.blank_heavy_cell),
            ("wrong-cell", self.wrong_cell),
            ("clock-slip", self.clock_slip),
            ("class-with-namesakes", self.class_with_namesakes),
            ("male", self.male),
            ("overage", self.overage),
        ]
    }
}

/// The fixed words of a survey export.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Survey {
    pub(super) metadata: Vec<String>,
    pub(super) numbering: String,
    pub(super) student_id: String,
    pub(super) seconds: String,
    pub(super) sources: Vec<String>,
    pub(super) source_detail: String,
    pub(super) address: String,
    pub(super) blank_text: String,
    pub(super) blank_ordinal: i32,
    pub(super) wrong_text: String,
    pub(super) wrong_clock: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) surnames: String,
    pub(super) given: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latent {
    pub(super) correlation: Vec<Vec<f64>>,
    pub(super) traits: Vec<Trait>,
}

/// A latent trait: how it varies between schools and classes, and how its mean moves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Trait {
    pub(super) id: String,
    pub(super) school_sd: f64,
    pub(super) class_sd: f64,
    pub(super) girls: f64,
    pub(super) girls_from: u8,
    pub(super) per_grade: f64,
}

/// How one instrument is answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    #[serde(rename = "trait")]
    pub(super) latent: String,
    pub(super) a: f64,
    pub(super) b: Vec<f64>,
    #[serde(default)]
    pub(super) spread: f64,
    #[serde(default)]
    pub(super) own: f64,
    #[serde(default)]
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) items: IndexMap<String, Override>,
    #[serde(default)]
    pub(super) quantities: IndexMap<String, Quantity>,
    #[serde(default)]
    pub(super) lie: Option<Lie>,
}

/// Parameters of the items of one scale.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) scale: String,
    #[serde(rename = "trait", default)]
    pub(super) latent: Option<String>,
    #[serde(default)]
    pub(super) a: Option<f64>,
    #[serde(default)]
    pub(super) b: Option<Vec<f64>>,
    #[serde(default)]
    pub(super) own: Option<f64>,
}

/// Parameters of one item; its thresholds are taken as they stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    #[serde(rename = "trait", default)]
    pub(super) latent: Option<String>,
    #[serde(default)]
    pub(super) a: Option<f64>,
    #[serde(default)]
    pub(super) b: Option<Vec<f64>>,
}

/// Parameters of a number or a clock time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quantity {
    #[serde(rename = "trait", default)]
    pub(super) latent: Option<String>,
    pub(super) mean: f64,
    pub(super) slope: f64,
    pub(super) sd: f64,
    #[serde(default)]
    pub(super) exponential: bool,
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) step: f64,
    #[serde(default)]
    pub(super) slip: bool,
    #[serde(default)]
    pub(super) elapsed: Option<Elapsed>,
}

/// The time between two clock items.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Elapsed {
    pub(super) from: String,
    pub(super) to: String,
    #[serde(default)]
    pub(super) less: Vec<String>,
    pub(super) per: f64,
}

/// The scale that tells an implausibly good self-portrait, and from which score on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Lie {
    pub(super) scale: String,
    pub(super) at_least: i32,
}

impl Config {
    /// The bundled description.
    pub(super) fn bundled() -> Result<Self, ExampleError> {
        Self::read(RESOURCE)
    }

    /// Reads and checks a description.
    pub(super) fn read(text: &str) -> Result<Self, ExampleError> {
        let config: Self = toml::from_str(text).map_err(Box::new)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ExampleError> {
        let wrong = |place: &str, why: &str| Err(ExampleError::description(place, why));
        if self.schema != 1 {
            return wrong("schema", "only 1 is known");
        }
        if self.kinds.is_empty() {
            return wrong("kinds", "at least one kind of school is needed");
        }
        for kind in &self.kinds {
            if kind.grades.from > kind.grades.to {
                return wrong(&format!("kinds.{}.grades", kind.id), "`from` is above `to`");
            }
        }
        if !(1..=90).contains(&self.district.class_size) {
            return wrong("district.class-size", "must be 1 to 90");
        }
        for (name, share) in self.rates.shares() {
            if !(0.0..=1.0).contains(&share) {
                return wrong(&format!("rates.{name}"), "a share lies between 0 and 1");
            }
        }
        for (name, share) in [("stability", self.earlier.stability), ("moved-in", self.earlier.moved_in)] {
            if !(0.0..=1.0).contains(&share) {
                return wrong(&format!("earlier.{name}"), "must lie between 0 and 1");
            }
        }
        let own = &self.interviews;
        for (name, share) in [
            ("most-raised", own.most_raised),
            ("sample", own.sample),
            ("cannot-say", own.cannot_say),
            ("not-held", own.not_held),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return wrong(&format!("interviews.{name}"), "a share lies between 0 and 1");
            }
        }
        if own.roles.is_empty() {
            return wrong("interviews.roles", "at least one role is needed");
        }
        if self.earlier_day()? >= self.administered_on()? {
            return wrong("earlier.administered-on", "must lie before that of the district");
        }
        if self.survey.sources.is_empty() || self.rates.scope_reasons.is_empty() {
            return wrong("survey.sources, rates.scope-reasons", "at least one entry is needed in each");
        }
        self.administered_on().map(|_| ())
    }

    /// First day of the wave.
    pub(super) fn administered_on(&self) -> Result<Date, ExampleError> {
        day("district.administered-on", self.district.administered_on)
    }

    /// First day of the wave before.
    pub(super) fn earlier_day(&self) -> Result<Date, ExampleError> {
        day("earlier.administered-on", self.earlier.administered_on)
    }

    /// Place of a trait in the list of traits.
    pub(super) fn trait_index(&self, id: &str) -> Result<usize, ExampleError> {
        self.latent
            .traits
            .iter()
            .position(|t| t.id == id)
            .ok_or_else(|| ExampleError::description(format!("trait = \"{id}\""), "no such entry in latent.traits"))
    }

    /// Every instrument that some kind of school uses, once, in order of first use.
    pub(super) fn instrument_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for id in self.kinds.iter().flat_map(|kind| &kind.instruments) {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }
}

fn day(place: &str, written: toml::value::Datetime) -> Result<Date, ExampleError> {
    written.to_string().parse().map_err(|error: jiff::Error| ExampleError::description(place, error.to_string()))
}
