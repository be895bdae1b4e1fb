//! The form of a state in files, checked when it is read: it may come from elsewhere.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::stats::FixedSum;

use super::state::{By, Counts, GroupCounts, GroupKey, NormState, RawKey, Tally};

/// The form of a state in files. JSON has text keys only, so groups are a list.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    schema: u32,
    by: Vec<By>,
    scales: Vec<String>,
    weight: Option<String>,
    rows: u64,
    used: u64,
    set_aside: IndexMap<String, u64>,
    groups: Vec<StoredGroup>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGroup {
    key: GroupKey,
    enrolled: u64,
    scales: Vec<Vec<(f64, Tally)>>,
}

const STATE_SCHEMA: u32 = 1;

impl From<NormState> for Stored {
    fn from(state: NormState) -> Self {
        let group = |(key, group): (GroupKey, GroupCounts)| StoredGroup {
            key,
            enrolled: group.enrolled,
            scales: group
                .scales
                .into_iter()
                .map(|counts| counts.into_iter().map(|(raw, t)| (raw.0, t)).collect())
                .collect(),
        };
        Self {
            schema: STATE_SCHEMA,
            by: state.by,
            scales: state.scales,
            weight: state.weight,
            rows: state.rows,
            used: state.used,
            set_aside: state.set_aside,
            groups: state.groups.into_iter().map(group).collect(),
        }
    }
}

impl TryFrom<Stored> for NormState {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        if stored.schema != STATE_SCHEMA {
            return Err(format!("this engine reads states of schema {STATE_SCHEMA}, the file says {}", stored.schema));
        }
        let mut state = Self::new(stored.by, &stored.scales, stored.weight);
        for group in stored.groups {
            if group.key.len() != state.by.len() || group.scales.len() != state.scales.len() {
                return Err("a group has another number of columns or scales than the state; build it again".to_owned());
            }
            let mut counts = GroupCounts { enrolled: group.enrolled, scales: Vec::new() };
            for scale in group.scales {
                if scale.iter().any(|(raw, tally)| !raw.is_finite() || tally.n == 0) {
                    return Err("a raw score is not finite or has no people; build the state again".to_owned());
                }
                let listed = scale.len();
                let scale: Counts = scale.into_iter().map(|(raw, tally)| (RawKey::new(raw), tally)).collect();
                if scale.len() != listed {
                    return Err("a raw score stands twice; build the state again".to_owned());
                }
                let n = scale.values().try_fold(0_u64, |sum, tally| sum.checked_add(tally.n));
                if n.is_none_or(|n| n > group.enrolled) {
                    return Err("a score has more people than the group; build the state again".to_owned());
                }
                let weightless = |tally: &Tally| state.weight.is_some() && tally.weight == FixedSum::ZERO;
                if scale.values().any(weightless) {
                    return Err("a raw score has people without weight; build the state again".to_owned());
                }
                counts.scales.push(scale);
            }
            if state.groups.insert(group.key, counts).is_some() {
                return Err("a group stands twice; build the state again".to_owned());
            }
        }
        (state.rows, state.used, state.set_aside) = (stored.rows, stored.used, stored.set_aside);
        Ok(state)
    }
}
