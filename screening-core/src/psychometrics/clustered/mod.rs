//! Pupils come in schools: how alike they are, what that costs, and figures of small groups.

mod compare;
mod components;
mod proportion;
mod robust;

pub use compare::{AdjustedWald, GroupComparison, GroupDifference, GroupMean};
pub use components::{ClusterFigures, VarianceComponents};
pub use proportion::{ProportionInterval, proportion_interval};
pub use robust::{ClusterMean, ClusterProportion};

use indexmap::IndexMap;

use super::EstimationError;

/// Values of one cluster.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) n: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

/// Clusters in the order of their first person, and the persons left out (no number, no cluster).
pub(super) fn groups<S: AsRef<str>>(values: &[f64], clusters: &[S]) -> Result<(Vec<Group>, usize), EstimationError> {
    if values.len() != clusters.len() {
        let (expected, found) = (values.len().to_string(), clusters.len().to_string());
        return Err(EstimationError::Shape { what: "the clusters of the persons", expected, found });
    }
    let mut lists: IndexMap<&str, Vec<f64>> = IndexMap::new();
    let there = values.iter().zip(clusters).filter(|(value, name)| value.is_finite() && !name.as_ref().is_empty());
    let mut used = 0;
    for (value, name) in there {
        lists.entry(name.as_ref()).or_default().push(*value);
        used += 1;
    }
    let groups = lists.into_iter().map(|(name, list)| {
        let n = list.len() as f64;
        let mean = list.iter().sum::<f64>() / n;
        let squares = list.iter().map(|value| (value - mean).powi(2)).sum();
        Group { name: name.to_owned(), n, mean, squares }
    });
    let groups: Vec<Group> = groups.collect();
    if groups.len() < 2 {
        return Err(EstimationError::TooFewPersons {
            method: "an analysis by clusters",
            needed: 2,
            found: groups.len(),
        });
    }
    Ok((groups, values.len() - used))
}
