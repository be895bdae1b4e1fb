//! `screening policies list`

use super::super::{Context, print_json};
use super::bundled;
use crate::fail::Failure;
use crate::table;
use crate::texts::say;

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let language = context.language;
    let policies = bundled();
    if context.json {
        let list = policies.iter().map(|policy| {
            let d = policy.definition();
            serde_json::json!({
                "id": d.id, "version": d.version, "hash": policy.hash(), "name": d.name, "population": d.population,
                "grades": d.grades, "rules": d.rules.len(), "tiers": d.tiers.len(),
                "error_rates": d.error_rates.len(),
            })
        });
        return print_json(&list.collect::<Vec<_>>());
    }
    let headings = ["id", "name", "grades", "rules", "error-rates", "population"].map(|id| say(id, language));
    let rows = policies.iter().map(|policy| {
        let d = policy.definition();
        vec![
            d.id.clone(),
            d.name.get(language).to_owned(),
            format!("{}-{}", d.grades.from, d.grades.to),
            d.rules.len().to_string(),
            d.error_rates.len().to_string(),
            d.population.get(language).to_owned(),
        ]
    });
    println!("{}", table::list(&headings, rows.collect()));
    Ok(())
}
