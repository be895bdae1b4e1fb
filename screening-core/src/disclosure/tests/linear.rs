//! A plain two-phase simplex with Bland's rule, for the attacker alone.

/// `rows x = sums`, `0 <= x <= upper`; an upper bound may be infinite.
pub(super) struct Program {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) sums: Vec<f64>,
    pub(super) upper: Vec<f64>,
}

/// The largest value of `goal x`; none when nothing is feasible.
pub(super) fn optimum(program: &Program, goal: &[f64]) -> Option<f64> {
    let n = program.upper.len();
    // A bound that is not there needs no row.
    let bounded: Vec<usize> = (0..n).filter(|at| program.upper[*at].is_finite()).collect();
    let (equal, all) = (program.rows.len(), program.rows.len() + bounded.len());
    // Columns: x, slack of each upper bound, an artificial variable a row, the right side.
    let slacks = bounded.len();
    let width = n + slacks + all + 1;
    let mut tableau = vec![vec![0.0; width]; all];
    for (at, row) in tableau.iter_mut().enumerate() {
        if at < equal {
            row[..n].copy_from_slice(&program.rows[at]);
            row[width - 1] = program.sums[at];
        } else {
            row[bounded[at - equal]] = 1.0;
            row[n + at - equal] = 1.0;
            row[width - 1] = program.upper[bounded[at - equal]];
        }
        if row[width - 1] < 0.0 {
            row.iter_mut().for_each(|value| *value = -*value);
        }
        row[n + slacks + at] = 1.0;
    }
    let mut basis: Vec<usize> = (0..all).map(|at| n + slacks + at).collect();
    let mut phase = vec![0.0; width];
    phase[n + slacks..width - 1].fill(-1.0);
    if climb(&mut tableau, &mut basis, &phase, width - 1) < -1e-6 {
        return None;
    }
    let mut costs = vec![0.0; width];
    costs[..n].copy_from_slice(goal);
    // Artificial variables that stayed in the basis are zero, and none may enter again.
    Some(climb(&mut tableau, &mut basis, &costs, n + slacks))
}

fn climb(tableau: &mut [Vec<f64>], basis: &mut [usize], costs: &[f64], enter: usize) -> f64 {
    let right = costs.len() - 1;
    loop {
        let reduced = |column: usize| -> f64 {
            costs[column] - tableau.iter().zip(basis.iter()).map(|(row, own)| costs[*own] * row[column]).sum::<f64>()
        };
        let Some(column) = (0..enter).find(|column| !basis.contains(column) && reduced(*column) > 1e-9) else {
            return tableau.iter().zip(basis.iter()).map(|(row, own)| costs[*own] * row[right]).sum();
        };
        let ratios = tableau.iter().enumerate().filter(|(_, row)| row[column] > 1e-9);
        let ratios = ratios.map(|(at, row)| (row[right] / row[column], basis[at], at));
        let Some((_, _, pivot)) = ratios.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))) else {
            return f64::INFINITY;
        };
        let scale = tableau[pivot][column];
        tableau[pivot].iter_mut().for_each(|value| *value /= scale);
        let row = tableau[pivot].clone();
        for (at, other) in tableau.iter_mut().enumerate() {
            let factor = other[column];
            if at != pivot && factor != 0.0 {
                other.iter_mut().zip(&row).for_each(|(value, own)| *value -= factor * own);
            }
        }
        basis[pivot] = column;
    }
}
