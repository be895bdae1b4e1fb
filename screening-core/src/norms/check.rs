//! Checks of a norm file.

use std::collections::HashSet;

use crate::instrument::{Diagnostic, Place};
use crate::place;
use crate::stats::Decimal;

use super::model::{ModelDef, NORM_SCHEMA, NormCellDef, NormKind, NormSetDef, NormTable};

/// All findings on a definition.
pub(super) fn check(definition: &NormSetDef) -> Vec<Diagnostic> {
    let mut findings = Findings { definition, list: Vec::new() };
    findings.head();
    findings.scales();
    for (at, cell) in definition.cells.iter().enumerate() {
        findings.cell(at, cell);
    }
    findings.overlaps();
    findings.list
}

struct Findings<'a> {
    definition: &'a NormSetDef,
    list: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn error(&mut self, code: &'static str, path: Vec<Place>, message: impl Into<String>, help: &str) {
        self.list.push(Diagnostic::error(code, path, message, help));
    }

    fn head(&mut self) {
        let definition = self.definition;
        if definition.schema != NORM_SCHEMA {
            let message = format!("this engine reads schema {NORM_SCHEMA}, the file says {}", definition.schema);
            self.error("schema", place!["schema"], message, "use a matching engine, or convert the file");
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if definition.id.is_empty() || !definition.id.chars().all(plain) {
            let message = format!("`{}` is not a plain id", definition.id);
            self.error("id", place!["id"], message, "use lower-case letters, digits, `-` and `.`");
        }
        for (key, text) in [("name", &definition.name), ("population", &definition.population)] {
            if text.en.trim().is_empty() || text.zh_cn.trim().is_empty() {
                self.error("text", place![key], "a text is empty in one language", "give it in `en` and in `zh-CN`");
            }
        }
        if (definition.kind == NormKind::Local) != definition.built.is_some() {
            let help = "`built` belongs to local norms and only to them";
            self.error("built", place!["built"], "kind and `built` do not go together", help);
        }
    }

    fn scales(&mut self) {
        let definition = self.definition;
        let mut seen = HashSet::new();
        for (at, scale) in definition.scales.iter().enumerate() {
            if !scale.id.rsplit_once('.').is_some_and(|(instrument, id)| !instrument.is_empty() && !id.is_empty()) {
                let message = format!("`{}` is not of the form <instrument>.<scale>", scale.id);
                self.error("id", place!["scales", at, "id"], message, "write the column, for example phq-9.total");
            }
            if !seen.insert(scale.id.as_str()) {
                let message = format!("`{}` stands twice", scale.id);
                self.error("duplicate", place!["scales", at, "id"], message, "name each scale once");
            }
            if definition.kind == NormKind::Published && scale.source.is_none() {
                let help = "name the publication under `sources`";
                self.error("source", place!["scales", at, "source"], "a published norm needs its source", help);
            }
            let reliability = scale.reliability.as_ref();
            for key in scale.source.iter().chain(reliability.map(|r| &r.source)) {
                if !definition.sources.contains_key(key) {
                    let message = format!("there is no source `{key}`");
                    self.error("source", place!["scales", at], message, "add it under [sources]");
                }
            }
            if reliability.is_some_and(|r| r.value <= Decimal::ZERO || r.value >= Decimal::from_int(1)) {
                let path = place!["scales", at, "reliability", "value"];
                self.error("reliability", path, "a reliability lies between 0 and 1", "check the printed figure");
            }
        }
        if definition.scales.is_empty() {
            self.error("scales", place!["scales"], "no scale is named", "name at least one");
        }
        for (at, omitted) in definition.omitted.iter().enumerate() {
            if !seen.contains(omitted.scale.as_str()) {
                let message = format!("`{}` is no scale of this file", omitted.scale);
                self.error("reference", place!["omitted", at, "scale"], message, "add it under [[scales]]");
            }
        }
    }

    fn cell(&mut self, at: usize, cell: &NormCellDef) {
        if !self.definition.scales.iter().any(|scale| scale.id == cell.scale) {
            let message = format!("`{}` is no scale of this file", cell.scale);
            self.error("reference", place!["cells", at, "scale"], message, "add it under [[scales]]");
        }
        for (key, span) in [("ages", cell.group.ages), ("grades", cell.group.grades)] {
            if span.is_some_and(|span| span.from > span.to) {
                let help = "write the lower end as `from`";
                self.error("span", place!["cells", at, "group", key], "the range is upside down", help);
            }
        }
        if cell.sd.is_some_and(|sd| sd <= Decimal::ZERO) {
            let help = "check the printed table";
            self.error("norm", place!["cells", at, "sd"], "the standard deviation must be above 0", help);
        }
        if cell.mean.is_some() != cell.sd.is_some() {
            let help = "give both or neither";
            self.error("norm", place!["cells", at], "mean and SD belong together", help);
        }
        let empty = cell.mean.is_none() && cell.table.is_none() && cell.model.is_none();
        if empty && cell.unusable.is_none() {
            let help = "give mean and SD, a table, or a model";
            self.error("norm", place!["cells", at], "the cell says nothing", help);
        }
        if cell.table.is_some() && cell.model.is_some() {
            let help = "keep one of them";
            self.error("norm", place!["cells", at], "a table and a model would give two T scores", help);
        }
        let percents = cell.percentiles.iter().all(|entry| entry.p > 0.0 && entry.p < 100.0);
        if !percents || !ascending(cell.percentiles.iter().map(|entry| entry.p), true) {
            let help = "write each percent once, ascending, above 0 and below 100";
            self.error("percentiles", place!["cells", at, "percentiles"], "the percents are not in order", help);
        }
        if !ascending(cell.percentiles.iter().map(|entry| entry.value), false) {
            let help = "check the printed table";
            self.error("monotone", place!["cells", at, "percentiles"], "a higher percentile has a lower score", help);
        }
        if let Some(table) = &cell.table {
            self.table(at, table);
        }
        if let Some(model) = &cell.model {
            self.model(at, model);
        }
    }

    fn table(&mut self, at: usize, table: &NormTable) {
        let path = || place!["cells", at, "table"];
        if table.raw.is_empty() || !ascending(table.raw.iter().copied(), true) {
            let help = "write each raw score once, ascending";
            self.error("table", path(), "the raw scores are not in order", help);
        }
        if table.percentile.is_empty() && table.t.is_empty() {
            self.error("table", path(), "the table gives neither percentiles nor T scores", "add one of them");
        }
        let columns = [("percentile", &table.percentile), ("cumulative", &table.cumulative), ("t", &table.t)];
        for (name, column) in columns.into_iter().filter(|(_, column)| !column.is_empty()) {
            let path = || place!["cells", at, "table", name];
            if column.len() != table.raw.len() {
                let message = format!("{} values for {} raw scores", column.len(), table.raw.len());
                self.error("table", path(), message, "give one value for each raw score");
            }
            if !ascending(column.iter().copied(), false) {
                let message = format!("`{name}` falls while the raw score rises");
                self.error("monotone", path(), message, "check the printed table; raw scores ascend");
            }
            if name != "t" && column.iter().any(|value| !(0.0..=100.0).contains(value)) {
                self.error("table", path(), "a percent lies outside 0 to 100", "write percents, not shares");
            }
        }
        for (name, list) in [("at-most", &table.at_most), ("at-least", &table.at_least)] {
            if list.iter().any(|raw| !table.raw.contains(raw)) {
                let message = format!("`{name}` names a raw score that is not in the table");
                self.error("reference", place!["cells", at, "table", name], message, "use raw scores of the table");
            }
        }
    }

    fn model(&mut self, at: usize, model: &ModelDef) {
        let path = || place!["cells", at, "model"];
        let numbers = [model.from, model.to, model.min_t, model.max_t, model.min_raw, model.max_raw];
        let finite = numbers.iter().chain(&model.coefficients).all(|number| number.is_finite());
        let ordered = model.from < model.to && model.min_t < model.max_t && model.min_raw < model.max_raw;
        if !finite || !ordered {
            self.error("model", path(), "a range is empty or a number is not finite", "check the printed model");
        }
        if model.terms.is_empty() || model.terms.len() != model.coefficients.len() {
            self.error("model", path(), "terms and coefficients do not match", "give one coefficient for each term");
        }
        if model.terms.iter().flatten().any(|power| *power > 9) {
            self.error("model", path(), "a power above 9", "use a model of lower degree");
        }
        if finite && ordered && !super::continuous::violations(model).is_empty() {
            let help = "use another model: a higher raw score must never give a lower T";
            self.error("monotone", path(), "the model falls while T rises, within its own range", help);
        }
    }

    fn overlaps(&mut self) {
        let cells = &self.definition.cells;
        let mut clashes = Vec::new();
        // Only cells of one score, one sex and the same values of other columns can clash, as long as all name the same columns.
        let columns = |cell: &NormCellDef| cell.group.labels.keys().cloned().collect::<std::collections::BTreeSet<_>>();
        let uniform = cells.windows(2).all(|pair| columns(&pair[0]) == columns(&pair[1]));
        let mut seen: std::collections::HashMap<_, Vec<usize>> = std::collections::HashMap::new();
        for (at, cell) in cells.iter().enumerate() {
            let mut labels: Vec<_> = cell.group.labels.iter().filter(|_| uniform).collect();
            labels.sort();
            let earlier = seen.entry((cell.scale.as_str(), cell.group.sex, labels)).or_default();
            let clash = earlier.iter().find(|other| cells[**other].group.clashes(&cell.group));
            clashes.extend(clash.map(|other| (at, *other)));
            earlier.push(at);
        }
        for (at, other) in clashes {
            let message =
                format!("cells {} and {} of `{}` hold for the same people", other + 1, at + 1, cells[at].scale);
            self.error("norm-overlap", place!["cells", at, "group"], message, "make the groups disjoint");
        }
    }
}

/// Whether all are finite and in order.
fn ascending(mut values: impl Iterator<Item = f64>, strictly: bool) -> bool {
    let mut previous = f64::NEG_INFINITY;
    values.all(|value| {
        let fits = value.is_finite() && if strictly { value > previous } else { value >= previous };
        previous = value;
        fits
    })
}
