//! A norm set that passed its checks.

use std::collections::HashMap;

use crate::hash::{citation, content_hash};
use crate::instrument::{Diagnostic, Diagnostics, Library};
use crate::place;

use super::check;
use super::model::{NormCellDef, NormGroup, NormScaleDef, NormSetDef};

/// A norm set that passed its checks.
///
/// ```
/// use screening_core::norms::NormSet;
/// let set = NormSet::from_toml(r#"
///     schema = 1
///     id = "example"
///     version = "1.0.0"
///     name = { en = "example", zh-CN = "示例" }
///     kind = "published"
///     population = { en = "pupils", zh-CN = "学生" }
///     [[scales]]
///     id = "phq-9.total"
///     direction = "higher-worse"
///     source = "S1"
///     [[cells]]
///     scale = "phq-9.total"
///     group = { sex = "female" }
///     n = 120
///     mean = 6.5
///     sd = 5
///     [sources.S1]
///     cite = "a paper"
///     kind = "paper"
/// "#)?;
/// assert!(set.citation().starts_with("example@1.0.0+"));
/// # Ok::<(), screening_core::instrument::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct NormSet {
    definition: NormSetDef,
    hash: String,
    /// Cells and omitted groups by scale id.
    by_scale: HashMap<String, ScaleIndex>,
}

/// What a set holds of one scale.
#[derive(Debug, Clone, Default)]
pub(super) struct ScaleIndex {
    pub(super) scale: usize,
    pub(super) cells: Vec<usize>,
    pub(super) omitted: Vec<usize>,
    /// Columns that all groups name; empty when some name others.
    pub(super) columns: Vec<String>,
    /// Cells and omitted groups by the values of these columns.
    pub(super) buckets: HashMap<Vec<String>, (Vec<usize>, Vec<usize>)>,
}

impl ScaleIndex {
    /// Sorts the groups by the columns that all of them name: with many schools only one bucket has to be looked at.
    fn sort(&mut self, definition: &NormSetDef) {
        let cells = self.cells.iter().filter_map(|at| Some((*at, &definition.cells.get(*at)?.group, true)));
        let omitted = self.omitted.iter().filter_map(|at| Some((*at, &definition.omitted.get(*at)?.group, false)));
        let groups: Vec<(usize, &NormGroup, bool)> = cells.chain(omitted).collect();
        let columns = |group: &NormGroup| {
            let mut names: Vec<String> = group.labels.keys().cloned().collect();
            names.sort();
            names
        };
        let first = groups.first().map(|(_, group, _)| columns(group)).unwrap_or_default();
        self.columns = if groups.iter().all(|(_, group, _)| columns(group) == first) { first } else { Vec::new() };
        for (at, group, is_cell) in groups {
            let key = self.columns.iter().map(|name| group.labels.get(name).cloned().unwrap_or_default()).collect();
            let (cells, omitted) = self.buckets.entry(key).or_default();
            if is_cell { cells.push(at) } else { omitted.push(at) }
        }
    }
}

impl NormSet {
    /// Reads and checks a norm file.
    ///
    /// # Errors
    /// All diagnostics, when at least one is an error.
    pub fn from_toml(text: &str) -> Result<Self, Diagnostics> {
        let definition: NormSetDef = toml::from_str(text).map_err(|error| {
            Diagnostics::of_toml(
                &error,
                "compare with the norm files of the library; a misspelt or unknown key is an error",
            )
        })?;
        let diagnostics = Diagnostics(check::check(&definition)).located(text);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let mut by_scale: HashMap<String, ScaleIndex> = HashMap::new();
        for (at, scale) in definition.scales.iter().enumerate() {
            by_scale.insert(scale.id.clone(), ScaleIndex { scale: at, ..ScaleIndex::default() });
        }
        for (at, cell) in definition.cells.iter().enumerate() {
            by_scale.entry(cell.scale.clone()).or_default().cells.push(at);
        }
        for (at, omitted) in definition.omitted.iter().enumerate() {
            by_scale.entry(omitted.scale.clone()).or_default().omitted.push(at);
        }
        by_scale.values_mut().for_each(|index| index.sort(&definition));
        Ok(Self { definition, hash: content_hash(text), by_scale })
    }

    /// A norm set made in memory. Its hash is that of [`Self::to_toml`].
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_definition(definition: &NormSetDef) -> Result<Self, Diagnostics> {
        Self::from_toml(&canonical(definition)?)
    }

    /// The text of the file of a set made in memory.
    ///
    /// # Errors
    /// When a value has no form in TOML.
    pub fn to_toml(&self) -> Result<String, Diagnostics> {
        canonical(&self.definition)
    }

    /// A norm set of the library inside the binary.
    #[cfg(feature = "bundled")]
    pub fn bundled(id: &str) -> Option<Result<Self, Diagnostics>> {
        Library::bundled_file(&format!("norms/{id}.toml")).map(Self::from_toml)
    }

    /// The definition.
    pub fn definition(&self) -> &NormSetDef {
        &self.definition
    }

    /// Id of the set.
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// `id@version+hash`, with the first 12 digits of the content hash: what results cite.
    pub fn citation(&self) -> String {
        citation(&self.definition.id, &self.definition.version, &self.hash)
    }

    /// A scale by its column.
    pub fn scale(&self, id: &str) -> Option<&NormScaleDef> {
        self.definition.scales.get(self.by_scale.get(id)?.scale)
    }

    /// A cell by its position in the file.
    pub fn cell(&self, at: usize) -> Option<&NormCellDef> {
        self.definition.cells.get(at)
    }

    /// The cells of a scale.
    pub fn cells_of(&self, scale: &str) -> impl Iterator<Item = &NormCellDef> {
        self.by_scale.get(scale).into_iter().flat_map(|index| &index.cells).filter_map(|at| self.cell(*at))
    }

    /// What results name: `<citation> <group>`, for example `guangdong-2026@1.0.0+0123456789ab sex=female grade=8`.
    pub fn cell_name(&self, at: usize) -> Option<String> {
        self.cell(at).map(|cell| format!("{} {}", self.citation(), cell.group))
    }

    pub(super) fn index(&self, scale: &str) -> Option<&ScaleIndex> {
        self.by_scale.get(scale)
    }

    /// Whether the set fits the definitions in use: each scale exists, and was built from the same version. Norms of another
    /// version of a key can be wrong without a sign, so that is an error; another hash at the same version is a warning.
    /// Scales of instruments that the library does not hold are passed over.
    pub fn check_against(&self, library: &Library) -> Diagnostics {
        let mut found = Vec::new();
        for (at, scale) in self.definition.scales.iter().enumerate() {
            let Some((instrument, id)) = scale.id.rsplit_once('.') else { continue };
            let Some(instrument) = library.get(instrument) else { continue };
            if instrument.scale_position(id).is_none() {
                let message = format!("`{}` has no scale `{id}`", instrument.citation());
                let help = "use the norm file that was made for this version";
                found.push(Diagnostic::error("reference", place!["scales", at, "id"], message, help));
                continue;
            }
            let Some(cited) = &scale.definition else { continue };
            let (wanted, current) = (cited.split('+').next().unwrap_or_default(), instrument.citation());
            let message = || format!("the norms of `{}` rest on {cited}, scores come from {current}", scale.id);
            let path = place!["scales", at, "definition"];
            if current.split('+').next() != Some(wanted) {
                let help = "build the norms again from scores of this version, or score with the version that is cited";
                found.push(Diagnostic::error("version", path, message(), help));
            } else if cited.contains('+') && *cited != current {
                let help = "check that the change does not touch any score, then cite the new hash";
                found.push(Diagnostic::warning("hash", path, message(), help));
            }
        }
        Diagnostics(found)
    }
}

fn canonical(definition: &NormSetDef) -> Result<String, Diagnostics> {
    toml::to_string(definition).map_err(|error| {
        Diagnostics(vec![Diagnostic::error(
            "format",
            Vec::new(),
            error.to_string(),
            "use plain ids and finite numbers",
        )])
    })
}
