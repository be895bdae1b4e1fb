//! Likelihood of whole patterns at many thetas: tables instead of item response functions.
//!
//! Neighbouring items are joined while all their joint answers fit into a small table, so that a pattern of 40 answers is a
//! sum of 20 or 10 rows instead of 40. The same rows take up expected counts on the way back.

use std::ops::Range;

use super::bank::{Coded, NONE};

/// Rows of one joint table; beyond, tables leave the cache.
const ROWS: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Slot {
    item: usize,
    stride: usize,
    categories: usize,
    /// Categories and, where answers are missing, one more.
    options: usize,
}

#[derive(Debug, Clone)]
struct Joint {
    slots: Vec<Slot>,
    offset: usize,
    rows: usize,
}

/// Which items stand in which joint table.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    joints: Vec<Joint>,
    rows: usize,
}

impl Layout {
    pub(crate) fn new(coded: &Coded) -> Self {
        let gaps: Vec<bool> = (0..coded.items()).map(|item| coded.column(item).contains(&NONE)).collect();
        let mut joints: Vec<Joint> = Vec::new();
        let mut offset = 0;
        for (item, categories) in coded.sizes.iter().copied().enumerate() {
            let options = categories + usize::from(gaps[item]);
            match joints.last_mut().filter(|joint| joint.rows * options <= ROWS) {
                Some(joint) => {
                    joint.slots.push(Slot { item, stride: joint.rows, categories, options });
                    offset += joint.rows * (options - 1);
                    joint.rows *= options;
                }
                None => {
                    let slots = vec![Slot { item, stride: 1, categories, options }];
                    joints.push(Joint { slots, offset, rows: options });
                    offset += options;
                }
            }
        }
        Self { joints, rows: offset }
    }

    /// Number of joint tables: length of a pattern in cells.
    pub(crate) fn width(&self) -> usize {
        self.joints.len()
    }

    /// Rows of all tables together.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Patterns of some persons as rows of the tables, person by person.
    pub(crate) fn cells(&self, coded: &Coded, start: usize, persons: usize) -> Vec<u32> {
        let width = self.width();
        let mut cells = vec![0; persons * width];
        for (at, joint) in self.joints.iter().enumerate() {
            for slot in &joint.slots {
                let column = &coded.column(slot.item)[start..start + persons];
                for (category, cell) in column.iter().zip(cells.iter_mut().skip(at).step_by(width)) {
                    let option = if *category == NONE { slot.categories } else { usize::from(*category) };
                    *cell += (option * slot.stride) as u32;
                }
            }
            cells.iter_mut().skip(at).step_by(width).for_each(|cell| *cell += joint.offset as u32);
        }
        cells
    }

    /// The joint tables from the log-probabilities of the items, `[item][category * nodes + node]`.
    pub(crate) fn table(&self, log_p: &[Vec<f64>], nodes: usize) -> Vec<f64> {
        let mut table = vec![0.0; self.rows * nodes];
        self.each(|row, item, category| {
            let from = &log_p[item][category * nodes..(category + 1) * nodes];
            table[row * nodes..(row + 1) * nodes].iter_mut().zip(from).for_each(|(to, from)| *to += from);
        });
        table
    }

    /// Counts of the joint tables as counts of the items, `[item][category * nodes + node]`.
    pub(crate) fn counts(&self, table: &[f64], sizes: &[usize], nodes: usize) -> Vec<Vec<f64>> {
        let mut counts: Vec<Vec<f64>> = sizes.iter().map(|size| vec![0.0; size * nodes]).collect();
        self.each(|row, item, category| {
            let from = &table[row * nodes..(row + 1) * nodes];
            let to = &mut counts[item][category * nodes..(category + 1) * nodes];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        });
        counts
    }

    /// Rows of one joint table among all rows.
    pub(crate) fn span(&self, joint: usize) -> Range<usize> {
        self.joints.get(joint).map_or(0..0, |joint| joint.offset..joint.offset + joint.rows)
    }

    /// Items of one joint table, each with its category as a function of the row within the table; none where the row
    /// stands for a missing answer.
    pub(crate) fn members(
        &self,
        joint: usize,
    ) -> impl Iterator<Item = (usize, impl Fn(usize) -> Option<usize> + Copy)> {
        let slots = self.joints.get(joint).map_or(&[][..], |joint| &joint.slots);
        slots.iter().map(|slot| {
            let Slot { item, stride, categories, options } = *slot;
            (item, move |row: usize| Some(row / stride % options).filter(|option| *option < categories))
        })
    }

    /// Every row of every table with each answer that it stands for.
    fn each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for joint in &self.joints {
            for row in 0..joint.rows {
                for slot in &joint.slots {
                    let option = row / slot.stride % slot.options;
                    if option < slot.categories {
                        visit(joint.offset + row, slot.item, option);
                    }
                }
            }
        }
    }
}

/// Turns `to` into the posterior of a pattern at the nodes and returns the log of its marginal probability.
pub(crate) fn posterior(cells: &[u32], table: &[f64], log_prior: &[f64], to: &mut [f64]) -> f64 {
    let nodes = log_prior.len();
    to.copy_from_slice(log_prior);
    let row = |cell: u32| &table[cell as usize * nodes..(cell as usize + 1) * nodes];
    let mut quads = cells.chunks_exact(4);
    for quad in &mut quads {
        // Four rows at once: the sum is read and written a quarter as often.
        let [a, b, c, d] = [row(quad[0]), row(quad[1]), row(quad[2]), row(quad[3])];
        for ((((to, a), b), c), d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *to += (a + b) + (c + d);
        }
    }
    for cell in quads.remainder() {
        to.iter_mut().zip(row(*cell)).for_each(|(to, from)| *to += from);
    }
    let highest = to.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut all = 0.0;
    for value in to.iter_mut() {
        let below = *value - highest;
        // Below exp(-60) a node adds nothing that a double could hold beside the highest.
        *value = if below < -60.0 { 0.0 } else { below.exp() };
        all += *value;
    }
    to.iter_mut().for_each(|value| *value /= all);
    highest + all.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::psychometrics::Responses;

    #[test]
    fn joint_tables_are_sums_over_items() {
        let rows: Vec<[Option<i64>; 7]> = (0..40)
            .map(|person: i64| {
                std::array::from_fn(|item| {
                    let code = (person * 7 + item as i64 * 5) % 11 % 4;
                    (person % 9 != item as i64).then_some(code)
                })
            })
            .collect();
        let responses = Responses::from_rows(["1", "2", "3", "4", "5", "6", "7"], &rows).unwrap();
        let mut coded = Coded::empty(40);
        for item in 0..7 {
            coded.push(responses.raw(item), &[0, 1, 2, 3], "x").unwrap();
        }
        let layout = Layout::new(&coded);
        assert_eq!((layout.width(), layout.rows()), (4, 25 * 3 + 5));
        let nodes = 3;
        let log_p: Vec<Vec<f64>> =
            (0..7).map(|item| (0..4 * nodes).map(|at| -0.1 - (item * 12 + at) as f64 / 50.0).collect()).collect();
        let table = layout.table(&log_p, nodes);
        let cells = layout.cells(&coded, 0, 40);
        let prior = [0.3_f64, 0.5, 0.2].map(f64::ln);
        let mut counts = vec![0.0; layout.rows() * nodes];
        for person in 0..40 {
            let own = &cells[person * layout.width()..(person + 1) * layout.width()];
            let mut found = [0.0; 3];
            let marginal = posterior(own, &table, &prior, &mut found);
            let logs: [f64; 3] = std::array::from_fn(|q| {
                prior[q] + coded.pattern(person).map(|(item, k)| log_p[item][k * nodes + q]).sum::<f64>()
            });
            let all = logs.iter().map(|log| log.exp()).sum::<f64>();
            assert!((marginal - all.ln()).abs() < 1e-13);
            for (q, (found, log)) in found.iter().zip(logs).enumerate() {
                assert!((found - log.exp() / all).abs() < 1e-14);
                own.iter().for_each(|cell| counts[*cell as usize * nodes + q] += found);
            }
        }
        let counts = layout.counts(&counts, &coded.sizes, nodes);
        for (item, counts) in counts.iter().enumerate() {
            let answered = coded.column(item).iter().filter(|category| **category != NONE).count() as f64;
            assert!((counts.iter().sum::<f64>() - answered).abs() < 1e-10);
        }
    }
}
