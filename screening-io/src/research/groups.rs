//! k-anonymity over the facts by which a pupil could be recognised.

use std::collections::BTreeMap;

/// Stands for a fact that is not known or was taken out.
pub(super) const BLANK: u32 = 0;

/// Takes facts out until no combination of them is shared by fewer than `least` rows, and gives how many cells of each
/// column were taken out.
///
/// `columns` hold numbers for the values, [`BLANK`] for none, in the order in which they are given up. A group is all rows
/// with the same numbers, blanks included: nobody who knows a pupil's facts finds a group of fewer rows. Step by step the
/// rows of groups that are too small lose the next column; where they then meet others in a large enough group they keep
/// the rest. Rows that have lost everything are a group as well: while it is too small, rows of others join it.
///
/// No row goes. With fewer than `least` rows in all everything is blank in the end.
pub(super) fn suppress(columns: &mut [Vec<u32>], least: usize) -> Vec<usize> {
    let mut taken = vec![0; columns.len()];
    for step in 0..columns.len() {
        for rows in groups(columns).into_values().filter(|rows| rows.len() < least) {
            blank(columns, step, &rows, &mut taken);
        }
    }
    loop {
        let mut found = groups(columns);
        let everything_gone = found.remove(&vec![BLANK; columns.len()]).unwrap_or_default();
        if everything_gone.is_empty() || everything_gone.len() >= least {
            return taken;
        }
        let needed = least - everything_gone.len();
        // From a group that stays large enough without them, or else a whole group.
        let spare = found.values().filter(|rows| rows.len() >= least + needed).min_by_key(|rows| rows.len());
        let joining: Vec<usize> = match spare {
            Some(rows) => rows.iter().take(needed).copied().collect(),
            None => found.into_values().min_by_key(Vec::len).unwrap_or_default(),
        };
        if joining.is_empty() {
            return taken;
        }
        for step in 0..columns.len() {
            blank(columns, step, &joining, &mut taken);
        }
    }
}

/// Rows by their facts. The order of the map makes the result the same every time.
fn groups(columns: &[Vec<u32>]) -> BTreeMap<Vec<u32>, Vec<usize>> {
    let height = columns.first().map_or(0, Vec::len);
    let mut groups: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
    for row in 0..height {
        let facts = columns.iter().map(|column| column.get(row).copied().unwrap_or(BLANK)).collect();
        groups.entry(facts).or_default().push(row);
    }
    groups
}

fn blank(columns: &mut [Vec<u32>], step: usize, rows: &[usize], taken: &mut [usize]) {
    let (Some(column), Some(taken)) = (columns.get_mut(step), taken.get_mut(step)) else { return };
    for row in rows {
        if let Some(cell) = column.get_mut(*row)
            && *cell != BLANK
        {
            *cell = BLANK;
            *taken += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_group_loses_as_little_as_it_can() {
        // Age, school. One pupil of school 1 is older; without the age the row is one of five.
        let mut columns = vec![vec![12, 12, 12, 12, 15], vec![1, 1, 1, 1, 1]];
        // Alone without its age, so the school goes too; then it is alone again, and another row joins it.
        assert_eq!(suppress(&mut columns, 2), [2, 2]);
        assert_eq!(columns, [vec![0, 12, 12, 12, 0], vec![0, 1, 1, 1, 0]]);
        let mut columns = vec![vec![12, 12, 13, 14, 15], vec![1, 1, 1, 1, 1]];
        assert_eq!(suppress(&mut columns, 2), [3, 0]);
        assert_eq!(columns, [vec![12, 12, 0, 0, 0], vec![1; 5]]);
    }

    #[test]
    fn a_single_blank_row_is_hidden_among_others() {
        let mut columns = vec![vec![12, 12, 13, 13, 13, 15], vec![1, 1, 2, 2, 2, 3]];
        let taken = suppress(&mut columns, 2);
        // The row of school 3 loses both facts, and a row of the group that can spare one joins it.
        assert_eq!(taken, [2, 2]);
        assert_eq!(columns, [vec![12, 12, 0, 13, 13, 0], vec![1, 1, 0, 2, 2, 0]]);
    }

    proptest! {
        #[test]
        fn no_group_is_small_and_nothing_is_invented(
            rows in prop::collection::vec(prop::array::uniform4(0_u32..4), 0..60),
            least in 1_usize..8,
        ) {
            let before: Vec<Vec<u32>> = (0..4).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
            let mut after = before.clone();
            let taken = suppress(&mut after, least);
            for (facts, members) in groups(&after) {
                let everything_gone = facts.iter().all(|fact| *fact == BLANK);
                let whole = everything_gone && members.len() == rows.len();
                prop_assert!(members.len() >= least || whole, "{facts:?} {members:?}");
            }
            for (column, taken) in taken.iter().enumerate() {
                let changed = before[column].iter().zip(&after[column]).filter(|(a, b)| a != b);
                prop_assert!(changed.clone().all(|(_, b)| *b == BLANK));
                prop_assert_eq!(changed.count(), *taken);
            }
        }
    }
}
