//! The groups of a norm from the keys of a state.

use crate::answers::Sex;
use crate::instrument::Span;

use super::super::model::NormGroup;
use super::state::{By, Counts, GroupKey, MergeError, NormState, merge_counts};

/// Counts of a group that gets cells.
pub(super) struct Pool {
    pub(super) group: NormGroup,
    pub(super) enrolled: u64,
    pub(super) scales: Vec<Counts>,
}

/// A group of people by a key; none when a value is not known. The sex may be unknown where `pooled`: it is then left out.
fn group_of(by: &[By], key: &GroupKey, pooled: bool) -> Option<NormGroup> {
    let mut group = NormGroup::default();
    for (by, value) in by.iter().zip(key) {
        let one = |text: &str| text.parse::<u16>().ok().map(|value| Span { from: value, to: value });
        match (by, value) {
            (By::Sex, _) if pooled => {}
            (By::Sex, value) => group.sex = Some(Sex::parse(value.as_deref()?)?),
            (By::Grade, value) => group.grades = Some(one(value.as_deref()?)?),
            (By::Age, value) => group.ages = Some(one(value.as_deref()?)?),
            (By::Column(name), value) => {
                group.labels.insert(name.clone(), value.clone()?);
            }
        }
    }
    Some(group)
}

/// The groups of a state, in the order of their values; those over both sexes stand behind those by sex. With `whole`, an
/// axis is left out of the groups: all its values together.
pub(super) fn pools(state: &NormState, leave_out: Option<&By>) -> Result<Vec<Pool>, MergeError> {
    let by: Vec<By> = state.by.iter().filter(|by| Some(*by) != leave_out).cloned().collect();
    let kept: Vec<usize> = (0..state.by.len()).filter(|at| state.by.get(*at) != leave_out).collect();
    let by_sex = by.contains(&By::Sex);
    let mut pools: Vec<Pool> = Vec::new();
    for pooled in if by_sex { vec![false, true] } else { vec![false] } {
        let mut found: Vec<Pool> = Vec::new();
        for (key, counts) in &state.groups {
            let key: GroupKey = kept.iter().filter_map(|at| key.get(*at).cloned()).collect();
            let Some(group) = group_of(&by, &key, pooled) else { continue };
            let at = found.iter().position(|pool| pool.group == group).unwrap_or_else(|| {
                let scales = vec![Counts::new(); state.scales.len()];
                found.push(Pool { group, enrolled: 0, scales });
                found.len() - 1
            });
            let Some(pool) = found.get_mut(at) else { continue };
            pool.enrolled += counts.enrolled;
            for (into, from) in pool.scales.iter_mut().zip(&counts.scales) {
                merge_counts(into, from)?;
            }
        }
        found.sort_by_key(|pool| order(&pool.group));
        pools.extend(found);
    }
    Ok(pools)
}

fn order(group: &NormGroup) -> (u16, u16, u8, Vec<(String, String)>) {
    let sex = match group.sex {
        Some(Sex::Male) => 0,
        Some(Sex::Female) => 1,
        Some(Sex::Other) => 2,
        None => 3,
    };
    let from = |span: Option<Span>| span.map_or(0, |span| span.from);
    let labels = group.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    (from(group.grades), from(group.ages), sex, labels)
}
