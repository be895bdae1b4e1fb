//! Cross tables of two items.

use super::super::{EstimationError, Responses};

/// Answers of one item as positions among its categories.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    /// The codes seen, ascending.
    pub(crate) codes: Vec<i16>,
    /// Position among the codes; their number for a missing answer.
    pub(crate) index: Vec<u8>,
    /// Persons in each category.
    pub(crate) counts: Vec<u64>,
}

/// Most categories that a cross table takes; one more value marks a missing answer.
pub(crate) const MOST: usize = 255;

impl Levels {
    /// The levels of an item, over the persons kept.
    pub(crate) fn of(responses: &Responses, item: usize, keep: Option<&[bool]>) -> Result<Self, EstimationError> {
        let raw = responses.raw(item);
        let kept = |person: usize| keep.is_none_or(|keep| keep[person]);
        let mut place: Vec<u16> = vec![u16::MAX; 1 << 16];
        let mut codes = Vec::new();
        for (person, code) in raw.iter().enumerate() {
            let slot = &mut place[usize::from(*code as u16)];
            if *slot == u16::MAX && *code != Responses::MISSING && kept(person) {
                *slot = 0;
                codes.push(*code);
            }
        }
        codes.sort_unstable();
        if codes.len() > MOST {
            let item = responses.names()[item].clone();
            return Err(EstimationError::TooManyCategories { item, found: codes.len(), most: MOST });
        }
        for (at, code) in codes.iter().enumerate() {
            place[usize::from(*code as u16)] = at as u16;
        }
        let missing = codes.len() as u8;
        let mut counts = vec![0; codes.len() + 1];
        let index = raw.iter().enumerate().map(|(person, code)| {
            let at = place[usize::from(*code as u16)];
            let at = if kept(person) && at != u16::MAX { at as u8 } else { missing };
            counts[usize::from(at)] += 1;
            at
        });
        let index = index.collect();
        counts.pop();
        Ok(Self { codes, index, counts })
    }

    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Persons who answered.
    pub(crate) fn answered(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Counts of two items, with a last row and column for missing answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrossTable {
    rows: usize,
    columns: usize,
    counts: Vec<u32>,
}

impl CrossTable {
    pub(crate) fn of(a: &Levels, b: &Levels) -> Self {
        let (rows, columns) = (a.len(), b.len());
        let stride = columns + 1;
        let cells = (rows + 1) * stride;
        // Four tables, filled in turn: neighbours who gave the same answers do not wait for each other.
        let lanes = if cells <= 1024 { 4 } else { 1 };
        let mut counts = vec![0_u32; lanes * cells];
        if lanes == 4 {
            let (first, rest) = counts.split_at_mut(cells);
            let (second, rest) = rest.split_at_mut(cells);
            let (third, fourth) = rest.split_at_mut(cells);
            let at = |a: u8, b: u8| usize::from(a) * stride + usize::from(b);
            let (fours_a, fours_b) = (a.index.chunks_exact(4), b.index.chunks_exact(4));
            let (left_a, left_b) = (fours_a.remainder(), fours_b.remainder());
            for (x, y) in fours_a.zip(fours_b) {
                first[at(x[0], y[0])] += 1;
                second[at(x[1], y[1])] += 1;
                third[at(x[2], y[2])] += 1;
                fourth[at(x[3], y[3])] += 1;
            }
            left_a.iter().zip(left_b).for_each(|(x, y)| first[at(*x, *y)] += 1);
            for cell in 0..cells {
                first[cell] += second[cell] + third[cell] + fourth[cell];
            }
            counts.truncate(cells);
        } else {
            for (x, y) in a.index.iter().zip(&b.index) {
                counts[usize::from(*x) * stride + usize::from(*y)] += 1;
            }
        }
        Self { rows, columns, counts }
    }

    /// Categories of the first item.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Categories of the second item.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Persons in a cell; the last row and column hold those who did not answer.
    pub(crate) fn get(&self, row: usize, column: usize) -> u32 {
        self.counts[row * (self.columns + 1) + column]
    }

    /// Counts of those who answered both, row by row.
    pub(crate) fn answered(&self) -> Vec<f64> {
        let mut cells = Vec::with_capacity(self.rows * self.columns);
        for row in 0..self.rows {
            cells.extend((0..self.columns).map(|column| f64::from(self.get(row, column))));
        }
        cells
    }
}

/// Sums of the rows and of the columns of a table, row by row.
pub(crate) fn margins(cells: &[f64], columns: usize) -> (Vec<f64>, Vec<f64>) {
    let mut across = vec![0.0; columns];
    let rows = cells.chunks_exact(columns.max(1)).map(|row| {
        across.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
        row.iter().sum()
    });
    (rows.collect(), across)
}

/// Spearman's rank correlation of a table: Pearson's of the mean ranks. NaN where one side does not vary.
pub(crate) fn spearman(cells: &[f64], columns: usize) -> f64 {
    let (rows, across) = margins(cells, columns);
    let n: f64 = rows.iter().sum();
    // Ranks about their mean: with ties the mean of the places.
    let ranks = |counts: &[f64]| -> Vec<f64> {
        let mut below = 0.0;
        let centred = counts.iter().map(|count| {
            let rank = below + (count - n) / 2.0;
            below += count;
            rank
        });
        centred.collect()
    };
    let (x, y) = (ranks(&rows), ranks(&across));
    let square = |ranks: &[f64], counts: &[f64]| ranks.iter().zip(counts).map(|(r, n)| r * r * n).sum::<f64>();
    let product: f64 = cells
        .chunks_exact(columns.max(1))
        .zip(&x)
        .map(|(row, x)| x * row.iter().zip(&y).map(|(n, y)| n * y).sum::<f64>())
        .sum();
    product / (square(&x, &rows).sqrt() * square(&y, &across).sqrt())
}

/// Kendall's tau-b of a table: concordant less discordant pairs, over the geometric mean of the pairs not tied on one side.
pub(crate) fn kendall(cells: &[f64], columns: usize) -> f64 {
    let (rows, across) = margins(cells, columns);
    let mut above = vec![0.0; columns];
    let mut balance = 0.0;
    for row in cells.chunks_exact(columns.max(1)) {
        let total: f64 = above.iter().sum();
        let mut left = 0.0;
        for (cell, higher) in row.iter().zip(&above) {
            balance += cell * (left - (total - left - higher));
            left += higher;
        }
        above.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
    }
    let n: f64 = rows.iter().sum();
    let untied = |counts: &[f64]| (n * n - counts.iter().map(|count| count * count).sum::<f64>()) / 2.0;
    balance / (untied(&rows) * untied(&across)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_person_is_counted_once() {
        let rows: Vec<[Option<i64>; 2]> =
            (0..23).map(|i| [(i % 7 != 0).then_some(i % 3), (i % 5 != 0).then_some(10 * (i % 4))]).collect();
        let responses = Responses::from_rows(["a", "b"], &rows).unwrap();
        let [a, b] = [0, 1].map(|item| Levels::of(&responses, item, None).unwrap());
        assert_eq!((a.codes.as_slice(), b.codes.as_slice()), (&[0, 1, 2][..], &[0, 10, 20, 30][..]));
        let table = CrossTable::of(&a, &b);
        for x in 0..=3 {
            for y in 0..=4 {
                let here = rows
                    .iter()
                    .filter(|[p, q]| p.map_or(3, |p| p as usize) == x && q.map_or(4, |q| q as usize / 10) == y);
                assert_eq!(table.get(x, y), here.count() as u32, "{x} {y}");
            }
        }
    }

    #[test]
    fn rank_correlations_of_a_small_table() {
        // Agresti (2002), Analysis of Ordinal Categorical Data, job satisfaction by income: tau-b 0.152.
        let cells = [1.0, 3.0, 10.0, 6.0, 2.0, 3.0, 10.0, 7.0, 1.0, 6.0, 14.0, 12.0, 0.0, 1.0, 9.0, 11.0];
        assert!((kendall(&cells, 4) - 0.152).abs() < 5e-4, "{}", kendall(&cells, 4));
        let people = |of: fn(usize) -> usize| -> Vec<f64> {
            cells.iter().enumerate().flat_map(|(at, n)| vec![of(at) as f64; *n as usize]).collect()
        };
        let ranks = [people(|at| at / 4), people(|at| at % 4)].map(|side| crate::stats::mean_ranks(&side));
        let mean = f64::midpoint(ranks[0].len() as f64, 1.0);
        let sum =
            |a: usize, b: usize| ranks[a].iter().zip(&ranks[b]).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
        let direct = sum(0, 1) / (sum(0, 0) * sum(1, 1)).sqrt();
        assert!((spearman(&cells, 4) - direct).abs() < 1e-14, "{direct}");
        assert!((spearman(&[3.0, 0.0, 0.0, 5.0], 2) - 1.0).abs() < 1e-15);
        assert!(spearman(&[3.0, 5.0], 2).is_nan() && kendall(&[3.0, 5.0], 2).is_nan());
    }

    #[test]
    fn more_codes_than_a_byte_has_are_refused() {
        let rows: Vec<[Option<i64>; 1]> = (0..300).map(|i| [Some(i)]).collect();
        let error = Levels::of(&Responses::from_rows(["a"], &rows).unwrap(), 0, None).unwrap_err();
        assert_eq!(error, EstimationError::TooManyCategories { item: "a".to_owned(), found: 300, most: 255 });
    }
}
