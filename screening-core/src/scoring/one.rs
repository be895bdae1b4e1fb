//! One scored sheet as the one row of scored sheets, for what runs over rows.

use super::row::Scores;
use super::sheets::{BAND_CANNOT_SAY, BAND_NO_SET, ScaleColumn, ScoredSheets, Values};
use crate::answers::Tri;

fn code(state: Tri) -> Vec<u8> {
    vec![match state {
        Tri::No => 0,
        Tri::Yes => 1,
        Tri::Unknown => 2,
    }]
}

impl ScoredSheets {
    /// The results of one sheet as a frame of one row would have them.
    pub(crate) fn of_one(scores: &Scores<'_>) -> Self {
        let scorer = scores.scorer();
        let column = |(at, view): (usize, super::ScaleView<'_>)| {
            let plan = &scorer.plan.scales[at];
            let value = view.value();
            let (low, high) = view.bounds();
            let band = || {
                let id = view.band_id();
                let known = id.and_then(|id| plan.band_ids.iter().position(|own| own == id));
                let none = if view.band_undecided() { BAND_CANNOT_SAY } else { BAND_NO_SET };
                vec![known.map_or(none, |known| known as u8)]
            };
            ScaleColumn {
                values: Values::F64(vec![value.unwrap_or(f64::NAN)]),
                any_null: value.is_none(),
                missing: vec![u8::try_from(view.items() - view.answered()).unwrap_or(u8::MAX)],
                counted: plan.reduction.is_some(),
                bounds: vec![[low as f32, high as f32]],
                bands: if plan.cutoffs.is_empty() { Vec::new() } else { band() },
                bands_undecided: view.band_undecided(),
                norm_cells: match plan.norm {
                    Some(_) => vec![view.norm_cell().map_or(0, |cell| cell as u16 + 1)],
                    None => Vec::new(),
                },
            }
        };
        let missing = scorer.instrument.definition().items.len() - scores.answered();
        Self {
            instrument: scorer.instrument.clone(),
            plan: scorer.plan.clone(),
            rows: 1,
            scales: scores.scales().enumerate().map(column).collect(),
            flags: scores.flags().map(|flag| code(flag.state)).collect(),
            validity: scores.validity().map(|rule| code(rule.state)).collect(),
            missing: vec![u16::try_from(missing).unwrap_or(u16::MAX)],
            issues: Vec::new(),
        }
    }
}
