//! The norm set of a state.

use indexmap::IndexMap;
use serde::Serialize;

use crate::instrument::model::{ReliabilityDef, SourceDef};
use crate::instrument::{Diagnostics, Direction, Library, Text, Version};
use crate::scoring::ENGINE_VERSION;
use crate::stats::PlottingPosition;

use super::super::continuous::{ContinuousError, ContinuousOptions, LocationSample, fit_continuous};
use super::super::model::{
    Axis, BuiltDef, InputDef, NORM_SCHEMA, NormCellDef, NormGroup, NormKind, NormReliability, NormScaleDef, NormSetDef,
    OmitReason, OmittedDef, ReliabilityKind, TableT,
};
use super::super::set::NormSet;
use super::cell::cell;
use super::groups::{Pool, pools};
use super::state::{By, MergeError, NormState, blocks};

/// How a norm set is made of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalOptions {
    /// Smallest number of people of a cell.
    pub min_n: u64,
    /// The rows are the whole population, so that sampling errors shrink with the share that was tested.
    pub finite_population: bool,
    /// How ranks become proportions.
    pub position: PlottingPosition,
    /// Largest degree of the log-linear smoothing; below 2 tables are not smoothed.
    pub max_degree: u8,
    /// Percents of the list of percentiles, ascending.
    pub percentiles: Vec<f64>,
    /// Level of the intervals.
    pub level: f64,
    /// Continuous norms over grade or age, instead of cells for each.
    pub continuous: Option<(Axis, ContinuousOptions)>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            min_n: 30,
            finite_population: false,
            position: PlottingPosition::RankIt,
            max_degree: 6,
            percentiles: vec![2.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0],
            level: 0.95,
            continuous: None,
        }
    }
}

/// What is said of the set in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalMeta {
    /// Id of the set.
    pub id: String,
    /// Version.
    pub version: Version,
    /// Name.
    pub name: Text,
    /// The people.
    pub population: Text,
    /// Region.
    pub region: Option<String>,
    /// Year of the data.
    pub year: Option<u16>,
    /// Files the scores came from.
    pub inputs: Vec<InputDef>,
    /// The scores of the state, in any order.
    pub scales: Vec<LocalScale>,
}

/// What is known of a score beside its counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LocalScale {
    /// Column `<instrument>.<scale>`.
    pub id: String,
    /// Which end is worse.
    pub direction: Direction,
    /// Lowest and highest possible score.
    pub range: Option<(f64, f64)>,
    /// Definition that gave the scores.
    pub definition: Option<String>,
    /// Reliability with its source.
    pub reliability: Option<(NormReliability, SourceDef)>,
}

/// Why no norm set was made.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A score of the state is not described.
    #[error("`{0}` is in the counts but not described; give its direction and range")]
    Undescribed(String),
    /// An option is out of range.
    #[error("{0}")]
    Option(&'static str),
    /// No group is large enough.
    #[error(
        "no group has {min_n} people with a score (rows: {rows}, used: {used}); group by fewer columns, or merge more schools"
    )]
    NoCell {
        /// Smallest number of people.
        min_n: u64,
        /// Rows.
        rows: u64,
        /// Rows used.
        used: u64,
    },
    /// Continuous norms need their axis among the groups.
    #[error("a continuous norm over {0} needs {0} among the columns of the groups")]
    Axis(&'static str),
    /// Options of the continuous norm.
    #[error(transparent)]
    Continuous(#[from] ContinuousError),
    /// Sums left their range.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The finished set does not pass its checks.
    #[error("{0}")]
    Set(Diagnostics),
}

impl LocalScale {
    /// A score of an instrument of a library: direction, range, and the most cautious published coefficient of consistency
    /// (the lowest alpha; one of the norm's region before others). None when the library has no such scale, or its values
    /// are words.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// use screening_core::norms::LocalScale;
    /// let scale = LocalScale::of(&Library::bundled()?, "phq-9.total", Some("CN")).unwrap();
    /// assert_eq!(scale.range, Some((0.0, 27.0)));
    /// assert!(scale.reliability.is_some());
    /// # Ok::<(), screening_core::instrument::LibraryError>(())
    /// ```
    pub fn of(library: &Library, column: &str, region: Option<&str>) -> Option<Self> {
        let (instrument, id) = column.rsplit_once('.')?;
        let instrument = library.get(instrument)?;
        let definition = instrument.definition();
        let scale = definition.scales.iter().find(|scale| scale.id == id && scale.values.is_empty())?;
        let reliability = cautious(&definition.reliability, id, region).and_then(|(published, value)| {
            let source = definition.sources.get(&published.source)?.clone();
            let key = format!("{}.{}", definition.id, published.source);
            Some((NormReliability { value, kind: ReliabilityKind::Alpha, source: key }, source))
        });
        Some(Self {
            id: column.to_owned(),
            direction: scale.direction,
            range: scale.range.map(|[low, high]| (low.to_f64(), high.to_f64())),
            definition: Some(instrument.citation()),
            reliability,
        })
    }
}

/// The lowest published alpha of a scale, of the region where there is one.
fn cautious<'a>(
    published: &'a [ReliabilityDef],
    scale: &str,
    region: Option<&str>,
) -> Option<(&'a ReliabilityDef, crate::stats::Decimal)> {
    // `CN` is the region of `CN-44` too.
    let near = |entry: &ReliabilityDef| match (&entry.region, region) {
        (Some(own), Some(wanted)) => {
            wanted == own || wanted.strip_prefix(own.as_str()).is_some_and(|r| r.starts_with('-'))
        }
        _ => false,
    };
    let of = |local: bool| {
        let entries = published.iter().filter(|entry| entry.scale == scale && (!local || near(entry)));
        let alphas = entries.filter_map(|entry| Some((entry, entry.alpha?.lowest())));
        alphas.min_by(|a, b| a.1.cmp(&b.1))
    };
    of(true).or_else(|| of(false))
}

impl NormState {
    /// The norm set of the counts. Groups whose value on an axis is not known have no cell of their own; where sex is one of the
    /// axes, everyone also counts in the ungendered cells. Groups that are too small are listed in
    /// [`NormSetDef::omitted`], without their number.
    ///
    /// # Errors
    /// When an option is out of range, a score is not described, or no group is large enough.
    ///
    /// ```
    /// use screening_core::instrument::{Direction, Text, Version};
    /// use screening_core::norms::{By, LocalMeta, LocalOptions, LocalScale, NormState, Record};
    /// let mut state = NormState::new(vec![By::Grade], &["phq-9.total".to_owned()], None);
    /// for raw in (0..28).cycle().take(200) {
    ///     state.add(&Record { group: &[Some("7")], raw: &[Some(f64::from(raw))], weight: None, used: true })?;
    /// }
    /// let meta = LocalMeta {
    ///     id: "district".into(), version: Version::new(1, 0, 0), region: None, year: Some(2026), inputs: Vec::new(),
    ///     name: Text { en: "district".into(), zh_cn: "本区".into() },
    ///     population: Text { en: "pupils of grade 7".into(), zh_cn: "七年级学生".into() },
    ///     scales: vec![LocalScale {
    ///         id: "phq-9.total".into(), direction: Direction::HigherWorse, range: Some((0.0, 27.0)), definition: None, reliability: None,
    ///     }],
    /// };
    /// let set = state.finish(&meta, &LocalOptions::default()).unwrap();
    /// assert_eq!(set.definition().cells[0].n, Some(200));
    /// # Ok::<(), screening_core::norms::MergeError>(())
    /// ```
    pub fn finish(&self, meta: &LocalMeta, options: &LocalOptions) -> Result<NormSet, LocalError> {
        check(options)?;
        let described = |id: &String| meta.scales.iter().find(|scale| scale.id == *id);
        let scales: Vec<&LocalScale> = self
            .scales
            .iter()
            .map(|id| described(id).ok_or_else(|| LocalError::Undescribed(id.clone())))
            .collect::<Result<_, _>>()?;
        let (cells, omitted) = match &options.continuous {
            None => self.cells(&scales, options)?,
            Some((axis, continuous)) => self.models(&scales, *axis, continuous, options)?,
        };
        if cells.is_empty() {
            return Err(LocalError::NoCell { min_n: options.min_n, rows: self.rows, used: self.used });
        }
        let definition = self.definition(meta, options, &scales, cells, omitted);
        NormSet::from_definition(&definition).map_err(LocalError::Set)
    }

    fn cells(&self, scales: &[&LocalScale], options: &LocalOptions) -> Result<Parts, LocalError> {
        let (mut cells, mut omitted) = (Vec::new(), Vec::new());
        let pools = pools(self, None)?;
        for (at, scale) in scales.iter().enumerate() {
            for pool in &pools {
                let Some(counts) = pool.scales.get(at) else { continue };
                match cell(scale, &pool.group, pool.enrolled, counts, self.weight.is_some(), options) {
                    Ok(cell) => cells.push(cell),
                    Err(reason) => omitted.push(omit(scale, &pool.group, reason)),
                }
            }
        }
        Ok((cells, omitted))
    }

    /// One model for each group without the axis.
    fn models(
        &self,
        scales: &[&LocalScale],
        axis: Axis,
        continuous: &ContinuousOptions,
        options: &LocalOptions,
    ) -> Result<Parts, LocalError> {
        let (by, name) = match axis {
            Axis::Age => (By::Age, "age"),
            Axis::Grade => (By::Grade, "grade"),
        };
        if !self.by.contains(&by) {
            return Err(LocalError::Axis(name));
        }
        // People of completed years of age stand in the middle of their year.
        let shift = if axis == Axis::Age { 0.5 } else { 0.0 };
        let continuous = ContinuousOptions { position: options.position, margin: shift, ..*continuous };
        let (mut cells, mut omitted) = (Vec::new(), Vec::new());
        let (groups, places) = (pools(self, Some(&by))?, pools(self, None)?);
        for (at, scale) in scales.iter().enumerate() {
            for group in &groups {
                let own = places.iter().filter(|pool| without(&pool.group, axis) == group.group);
                let samples: Vec<LocationSample> = own
                    .filter_map(|pool| sample(pool, at, axis, shift, self.weight.is_some(), options.min_n))
                    .collect();
                if samples.is_empty() {
                    omitted.push(omit(scale, &group.group, OmitReason::TooFew));
                    continue;
                }
                match fit_continuous(axis, &samples, &continuous) {
                    Ok(fit) => cells.push(NormCellDef {
                        scale: scale.id.clone(),
                        group: group.group.clone(),
                        n: Some(fit.n.round() as u64),
                        model: Some(fit.model),
                        ..NormCellDef::default()
                    }),
                    Err(ContinuousError::Options) => return Err(ContinuousError::Options.into()),
                    Err(ContinuousError::NotMonotone { .. }) => {
                        omitted.push(omit(scale, &group.group, OmitReason::NotMonotone));
                    }
                    Err(_) => omitted.push(omit(scale, &group.group, OmitReason::NoModel)),
                }
            }
        }
        Ok((cells, omitted))
    }

    fn definition(
        &self,
        meta: &LocalMeta,
        options: &LocalOptions,
        scales: &[&LocalScale],
        cells: Vec<NormCellDef>,
        omitted: Vec<OmittedDef>,
    ) -> NormSetDef {
        let mut sources: IndexMap<String, SourceDef> = IndexMap::new();
        for (reliability, source) in scales.iter().filter_map(|scale| scale.reliability.as_ref()) {
            sources.insert(reliability.source.clone(), source.clone());
        }
        let scale = |scale: &&LocalScale| NormScaleDef {
            id: scale.id.clone(),
            definition: scale.definition.clone(),
            direction: scale.direction,
            table_t: TableT::Normalised,
            round: None,
            reliability: scale.reliability.as_ref().map(|(reliability, _)| reliability.clone()),
            source: None,
        };
        NormSetDef {
            schema: NORM_SCHEMA,
            id: meta.id.clone(),
            version: meta.version.clone(),
            name: meta.name.clone(),
            kind: NormKind::Local,
            population: meta.population.clone(),
            region: meta.region.clone(),
            year: meta.year,
            built: Some(BuiltDef {
                engine: ENGINE_VERSION.to_owned(),
                by: self.by.iter().map(|by| by.name().to_owned()).collect(),
                min_n: options.min_n,
                rows: self.rows,
                used: self.used,
                set_aside: self.set_aside.clone(),
                weight: self.weight.clone(),
                finite_population: options.finite_population,
                position: options.position,
                level: options.level,
                max_degree: options.max_degree,
                inputs: meta.inputs.clone(),
            }),
            scales: scales.iter().map(scale).collect(),
            cells,
            omitted,
            notes: Vec::new(),
            sources,
        }
    }
}

type Parts = (Vec<NormCellDef>, Vec<OmittedDef>);

fn omit(scale: &LocalScale, group: &NormGroup, reason: OmitReason) -> OmittedDef {
    OmittedDef { scale: scale.id.clone(), group: group.clone(), reason }
}

fn without(group: &NormGroup, axis: Axis) -> NormGroup {
    match axis {
        Axis::Age => NormGroup { ages: None, ..group.clone() },
        Axis::Grade => NormGroup { grades: None, ..group.clone() },
    }
}

/// The people at one place on the axis; none when they are too few.
fn sample(pool: &Pool, at: usize, axis: Axis, shift: f64, weighted: bool, min_n: u64) -> Option<LocationSample> {
    let span = match axis {
        Axis::Age => pool.group.ages,
        Axis::Grade => pool.group.grades,
    }?;
    let counts = pool.scales.get(at)?;
    let n: u64 = counts.values().map(|tally| tally.n).sum();
    (n >= min_n.max(2)).then(|| LocationSample { at: f64::from(span.from) + shift, blocks: blocks(counts, weighted) })
}

fn check(options: &LocalOptions) -> Result<(), LocalError> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(LocalError::Option("the level of an interval lies between 0 and 1, for example 0.95"));
    }
    if options.max_degree > 10 {
        return Err(LocalError::Option("log-linear smoothing goes up to degree 10; 6 is usual"));
    }
    let rising = options.percentiles.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || options.percentiles.iter().any(|p| !(*p > 0.0 && *p < 100.0)) {
        return Err(LocalError::Option("percentiles ascend and lie above 0 and below 100"));
    }
    Ok(())
}
