//! Static checks of a definition: everything that can be said without computing a score.
//!
//! What needs the compiled plan (reachable ranges, examples, probes) is in [`crate::scoring::prove`].

mod cutoffs;
mod items;
mod norms;
mod response;
mod scales;
mod tables;

use std::collections::HashSet;

use super::diagnostic::{Diagnostic, Place};
use super::expr::Expr;
use super::model::Definition;
use crate::place;

/// All static findings on a definition.
pub(super) fn check(definition: &Definition) -> Vec<Diagnostic> {
    let mut findings = Findings { definition, list: Vec::new() };
    findings.header();
    items::check(&mut findings);
    scales::check(&mut findings);
    cutoffs::check(&mut findings);
    scales::check_rules(&mut findings);
    norms::check(&mut findings);
    findings.references();
    findings.list
}

/// The definition under check and what was found so far.
struct Findings<'a> {
    definition: &'a Definition,
    list: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn error(&mut self, code: &'static str, path: Vec<Place>, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Diagnostic::error(code, path, message, help));
    }

    fn warn(&mut self, code: &'static str, path: Vec<Place>, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Diagnostic::warning(code, path, message, help));
    }

    fn header(&mut self) {
        let definition = self.definition;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if definition.id.is_empty() || !definition.id.chars().all(plain) {
            self.error(
                "id",
                place!["id"],
                format!("`{}` is not a plain id", definition.id),
                "use lower-case letters, digits, `-` and `.`",
            );
        }
        if definition.construct.is_empty() {
            self.error(
                "construct",
                place!["construct"],
                "no construct is named",
                "name at least one topic, for example \"depression\"",
            );
        }
        for (key, span) in [("ages", definition.ages), ("grades", definition.grades)] {
            if span.is_some_and(|s| s.from > s.to) {
                self.error("span", place![key], "the range is upside down", "write the lower end as `from`");
            }
        }
        if definition.grades.is_some_and(|g| g.to > 12) {
            self.error("span", place!["grades"], "school grades run from 1 to 12", "write senior high school as 10-12");
        }
        if definition.examples.len() < 3 {
            self.warn(
                "examples",
                place!["examples"],
                "fewer than three worked examples",
                "add examples at the ends and near a cut-off",
            );
        }
        self.texts();
    }

    fn texts(&mut self) {
        let definition = self.definition;
        let mut texts = vec![(place!["name"], &definition.name), (place!["recall"], &definition.recall)];
        texts.extend(definition.items.iter().enumerate().map(|(at, item)| (place!["items", at, "label"], &item.label)));
        texts.extend(
            definition.scales.iter().enumerate().map(|(at, scale)| (place!["scales", at, "name"], &scale.name)),
        );
        texts.extend(definition.bands.iter().map(|(id, band)| (place!["bands", id, "label"], &band.label)));
        texts.extend(
            definition.flags.iter().enumerate().map(|(at, flag)| (place!["flags", at, "meaning"], &flag.meaning)),
        );
        let blank: Vec<_> = texts
            .into_iter()
            .filter(|(_, t)| t.en.trim().is_empty() || t.zh_cn.trim().is_empty())
            .map(|(path, _)| path)
            .collect();
        for path in blank {
            self.error("text", path, "a text is empty in one language", "give it in `en` and in `zh-CN`");
        }
    }

    /// Parses an expression and checks that everything it names exists. Returns the expression when it can be read.
    fn expression(&mut self, path: &[Place], text: &str) -> Option<Expr> {
        let expr = match Expr::parse(text) {
            Ok(expr) => expr,
            Err(e) => {
                let message = format!("{} (at character {} of `{text}`)", e.message, e.at + 1);
                self.error("expression", path.to_vec(), message, e.help);
                return None;
            }
        };
        let mut unknown = Vec::new();
        expr.walk(&mut |part| match part {
            Expr::Item(id) if !self.definition.items.iter().any(|item| item.id == *id) => {
                unknown.push((format!("there is no item `{id}`"), "items are written q1, q2, ... after their ids"));
            }
            Expr::Scale(id) if !self.definition.scales.iter().any(|scale| scale.id == *id) => {
                unknown.push((
                    format!("there is no scale `{id}`"),
                    "use a scale id of this file; items are written q1, q2, ...",
                ));
            }
            _ => {}
        });
        for (message, help) in unknown {
            self.error("reference", path.to_vec(), message, help);
        }
        Some(expr)
    }

    /// Sources, evidence tables: every key must exist.
    fn references(&mut self) {
        let definition = self.definition;
        let mut cited: Vec<(Vec<Place>, &String)> = Vec::new();
        cited.extend(definition.licence.source.iter().map(|s| (place!["licence", "source"], s)));
        cited.extend(definition.loinc.iter().filter_map(|l| l.source.as_ref()).map(|s| (place!["loinc", "source"], s)));
        for (at, item) in definition.items.iter().enumerate() {
            cited.extend(item.source.iter().map(|s| (place!["items", at, "source"], s)));
        }
        for (at, scale) in definition.scales.iter().enumerate() {
            cited.extend(scale.source.iter().map(|s| (place!["scales", at, "source"], s)));
            cited.extend(scale.missing_source.iter().map(|s| (place!["scales", at, "missing-source"], s)));
        }
        cited.extend(definition.cutoffs.iter().enumerate().map(|(at, c)| (place!["cutoffs", at, "source"], &c.source)));
        cited.extend(definition.flags.iter().enumerate().map(|(at, f)| (place!["flags", at, "source"], &f.source)));
        cited.extend(
            definition.validity.iter().enumerate().map(|(at, v)| (place!["validity", at, "source"], &v.source)),
        );
        cited.extend(definition.norms.iter().map(|(id, n)| (place!["norms", id, "source"], &n.source)));
        cited.extend(
            definition.reference.iter().enumerate().map(|(at, r)| (place!["reference", at, "source"], &r.source)),
        );
        cited.extend(
            definition.reliability.iter().enumerate().map(|(at, r)| (place!["reliability", at, "source"], &r.source)),
        );
        cited.extend(
            definition.accuracy.iter().enumerate().map(|(at, a)| (place!["accuracy", at, "source"], &a.source)),
        );
        let mut used = HashSet::new();
        for (path, key) in cited {
            if definition.sources.contains_key(key) {
                used.insert(key.clone());
            } else {
                self.error("source", path, format!("there is no source `{key}`"), "add it under [sources]");
            }
        }
        let scale_paths = definition
            .reference
            .iter()
            .enumerate()
            .map(|(at, r)| (place!["reference", at, "scale"], &r.scale))
            .chain(
                definition.reliability.iter().enumerate().map(|(at, r)| (place!["reliability", at, "scale"], &r.scale)),
            )
            .chain(definition.accuracy.iter().enumerate().map(|(at, a)| (place!["accuracy", at, "scale"], &a.scale)));
        let unknown: Vec<_> = scale_paths
            .filter(|(_, id)| !definition.scales.iter().any(|s| s.id == **id))
            .map(|(p, id)| (p, id.clone()))
            .collect();
        for (path, id) in unknown {
            self.error("reference", path, format!("there is no scale `{id}`"), "use a scale id of this file");
        }
    }

    /// Reports every id that occurs twice.
    fn unique<'i>(&mut self, list: &'static str, ids: impl Iterator<Item = &'i String>) {
        let mut seen = HashSet::new();
        let twice: Vec<_> =
            ids.enumerate().filter(|(_, id)| !seen.insert(id.as_str())).map(|(at, id)| (at, id.clone())).collect();
        for (at, id) in twice {
            self.error(
                "duplicate",
                place![list, at, "id"],
                format!("the id `{id}` is used twice"),
                "give each entry an id of its own",
            );
        }
    }
}
