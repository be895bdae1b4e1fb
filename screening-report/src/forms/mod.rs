//! Lists and forms for those who work with pupils: identities stand in them, and so they are for named persons only.

mod letters;
mod lists;
mod pictures;
mod pupil;
mod referral;

use std::collections::BTreeMap;

use screening_core::validity::ValidityPlan;

pub use letters::{Reader, Whose, letters};
pub use lists::{invalid_list, key_list, make_up_list};
pub use pupil::{pupil_page, pupil_page_over};
pub use referral::referral;

use crate::error::{ReportError, refuse};
use crate::source::{Results, texts};
use crate::survey::{due, grade_name};
use crate::writer::Writer;

/// How pupils are named in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// The first character of the name and the last digits of the id: enough for somebody who knows the class.
    #[default]
    Masked,
    /// In full, for the person in charge.
    Full,
}

/// Names of pupils by student id, and how they are shown. Without names there is no column of names.
///
/// ```
/// use screening_report::{Names, Naming};
/// let names = Names::new([("20260017".to_owned(), "王小明".to_owned())], Naming::Masked);
/// assert_eq!((names.id("20260017"), names.name("20260017")), ("****0017".to_owned(), "王＊＊".to_owned()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: BTreeMap<String, String>,
    naming: Naming,
}

impl Names {
    /// Names of pupils.
    pub fn new(names: impl IntoIterator<Item = (String, String)>, naming: Naming) -> Self {
        Self { names: names.into_iter().collect(), naming }
    }

    /// Whether any name is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A student id as it is shown: masked, all but the last four signs (of a short id, all but the last).
    pub fn id(&self, id: &str) -> String {
        if self.naming == Naming::Full {
            return id.to_owned();
        }
        let length = id.chars().count();
        let shown = if length > 5 { 4 } else { 1 };
        id.chars().enumerate().map(|(at, sign)| if at + shown < length { '*' } else { sign }).collect()
    }

    /// The name as it is shown; blank when it is not known.
    pub fn name(&self, id: &str) -> String {
        let Some(name) = self.names.get(id) else { return String::new() };
        if self.naming == Naming::Full {
            return name.clone();
        }
        let mut signs = name.chars();
        let first: String = signs.next().into_iter().collect();
        if signs.next().is_some() { format!("{first}＊＊") } else { first }
    }
}

/// The rows of the wanted school, or of all, by school.
fn schools<'r>(results: &'r Results, school: Option<&str>) -> Result<Vec<(&'r str, Vec<usize>)>, ReportError> {
    let names = results.schools();
    if let Some(wanted) = school
        && !names.iter().any(|name| name == wanted)
    {
        return Err(refuse("school", &[("school", wanted), ("known", &names.join(", "))]));
    }
    let mut lists: Vec<(&str, Vec<usize>)> = names.iter().map(|name| (name.as_str(), Vec::new())).collect();
    for (row, at) in results.pupils.school.iter().enumerate() {
        if let Some((_, list)) = lists.get_mut(*at as usize) {
            list.push(row);
        }
    }
    lists.retain(|(name, _)| school.is_none_or(|wanted| wanted == *name));
    Ok(lists)
}

/// The row of a pupil.
fn row_of(results: &Results, id: &str) -> Result<usize, ReportError> {
    let found = results.pupils.ids.iter().position(|own| own == id);
    found.ok_or_else(|| refuse("pupil", &[("pupil", id)]))
}

/// Rules that spoke against the sheets of pupils, in words.
struct FiredRules {
    /// By instrument: short name, and the ids that fired, row by row.
    instruments: Vec<(String, String, Vec<Option<String>>)>,
    plan: Option<ValidityPlan>,
}

impl FiredRules {
    fn of(results: &Results) -> Result<Self, ReportError> {
        let mut instruments = Vec::new();
        for fact in &results.summary.provenance.instruments {
            let column = format!("{}.validity.fired", fact.id);
            if results.frame.column(&column).is_ok() {
                let name = results.library.get(&fact.id).map(|own| own.definition().abbreviation.clone());
                instruments.push((fact.id.clone(), name.unwrap_or_default(), texts(&results.frame, &column)?));
            }
        }
        // The texts of another version could say something else than what was judged.
        let cited = results.summary.provenance.validity.as_deref();
        let id = cited.and_then(|cited| cited.split('@').next());
        let plan = id.and_then(ValidityPlan::bundled).and_then(Result::ok);
        Ok(Self { instruments, plan: plan.filter(|plan| Some(plan.citation().as_str()) == cited) })
    }

    /// The rules that fired for a pupil: of each instrument what they mean.
    fn row(&self, results: &Results, w: &Writer, row: usize) -> Vec<String> {
        let (between, after) = (w.say("frame.list", &[]), w.say("frame.colon", &[]));
        let told = self.instruments.iter().filter_map(|(id, name, fired)| {
            let ids = fired.get(row)?.as_deref().filter(|ids| !ids.is_empty())?;
            let meanings = ids.split(", ").map(|rule| self.meaning(results, w, id, rule));
            // Whole sentences and parts of some stand side by side.
            let meanings: Vec<String> = meanings.map(|own| own.trim_end_matches(['。', '.']).to_owned()).collect();
            Some(format!("{name}{after}{}", meanings.join(&between)))
        });
        told.collect()
    }

    fn meaning(&self, results: &Results, w: &Writer, instrument: &str, rule: &str) -> String {
        let own = results.library.get(instrument);
        let own = own.and_then(|own| own.definition().validity.iter().find(|def| def.id == rule));
        if let Some(def) = own {
            return w.pick(&def.meaning).to_owned();
        }
        let plan = self.plan.as_ref().and_then(|plan| plan.definition().rules.iter().find(|def| def.id == rule));
        plan.map_or_else(|| rule.to_owned(), |def| w.pick(&def.meaning).to_owned())
    }
}

/// Grade and class of a row.
fn class_of(results: &Results, w: &Writer, row: usize) -> String {
    let grade = results.pupils.grade.get(row).copied().unwrap_or(0);
    let class = results.pupils.class.get(row).map_or("", String::as_str);
    format!("{} {class}", grade_name(w, grade)).trim_end().to_owned()
}

/// Wave and day below the title.
fn subtitle(results: &Results, w: &Writer) -> Vec<String> {
    vec![w.say("title.wave", &[("wave", results.wave())])]
}

/// Tier of a row with its time limit.
fn tier_of(results: &Results, row: usize) -> Option<&screening_core::risk::TierDef> {
    let at = results.pupils.tier.get(row).copied().flatten()?;
    results.policy.tier(&results.tiers.values.get(usize::from(at))?.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_leave_little_and_full_leaves_all() {
        let list = [("1".to_owned(), "王".to_owned()), ("123456".to_owned(), "Ada Byron".to_owned())];
        let masked = Names::new(list.clone(), Naming::Masked);
        assert_eq!((masked.id("1"), masked.name("1")), ("1".to_owned(), "王".to_owned()));
        assert_eq!((masked.id("123456"), masked.name("123456")), ("**3456".to_owned(), "A＊＊".to_owned()));
        assert_eq!((masked.id("p17"), masked.name("p17")), ("**7".to_owned(), String::new()));
        assert_eq!(masked.id(""), "");
        let full = Names::new(list, Naming::Full);
        assert_eq!((full.id("123456"), full.name("123456")), ("123456".to_owned(), "Ada Byron".to_owned()));
    }
}
