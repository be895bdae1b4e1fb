//! Sheets that resemble a neighbour's.

use super::answers::{Answers, BLANK, is_answer};
use super::column::IndexColumn;
use super::error::ValidityError;
use super::long_string::Floor;

/// Resemblance to the sheet of another pupil in the same room: the largest share of equal answers.
///
/// ```text
/// match(a, b) = items answered alike / items that both answered
/// value(a)    = max over the sheets b of the same class of match(a, b)
/// ```
///
/// With [`Floor::Skip`] an item counts only when at least one of the two shows some difficulty: two pupils without any are
/// alike and did not copy. A pair with fewer than `fewest` such items is passed over. With `window` only sheets up to that
/// many places apart, in the order of the rows of a class, are neighbours; sort the rows by time of handing in, or by
/// seat. NaN for a sheet without class, without a pair to judge, or in a class with more than 400 sheets.
///
/// Unit: 0 to 1. Higher is worse, and says nothing of who copied from whom. Source: Kuriakose & Robbins 2016, Stat J IAOS
/// 32:283 (percent match). Default: doubtful from 0.95 of at least 20 items. The paper looks at .85 in long surveys with
/// varied questions; among pupils of one class, with answers of few options, that is often reached by chance.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, Floor, Neighbours};
/// let items = (1..=4).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2]).with_floor(0)).collect();
/// let answers = Answers::from_codes(items, vec![vec![2, 2, 0], vec![1, 1, 0], vec![0, 2, 0], vec![2, 2, 0]])?;
/// let index = Neighbours::new(Floor::Skip, 3, None)?;
/// let found = index.run(&answers, &[Some(7), Some(7), Some(7)])?;
/// assert_eq!(found.column.get(0), Some(0.75));
/// assert_eq!(found.partners[..2], [Some(1), Some(0)]);
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    floor: Floor,
    fewest: usize,
    window: Option<usize>,
}

/// What [`Neighbours`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Resemblance {
    /// The largest share of equal answers.
    pub column: IndexColumn,
    /// Row of the sheet that it is reached with; the first of several.
    pub partners: Vec<Option<usize>>,
}

/// Sheets of one class above which a class is taken for something else.
const LARGEST: usize = 400;

/// The answers of one sheet beside each other.
struct Rows {
    items: usize,
    codes: Vec<i8>,
    /// Code that is passed over when both have it; never an answer where there is none.
    floors: Vec<i8>,
}

impl Neighbours {
    /// Kind as written in plans.
    pub const KIND: &'static str = "neighbours";

    /// The index; `window` is the number of places on either side that are looked at, all when left out.
    ///
    /// # Errors
    /// When `fewest` or `window` is 0.
    pub fn new(floor: Floor, fewest: usize, window: Option<usize>) -> Result<Self, ValidityError> {
        if fewest == 0 || window == Some(0) {
            let value = format!("fewest {fewest}, window {window:?}");
            return Err(ValidityError::parameter(Self::KIND, "fewest", value, "one or more"));
        }
        Ok(Self { floor, fewest, window })
    }

    /// The value of every sheet; `classes` holds a number for each class, one entry a sheet.
    ///
    /// # Errors
    /// When there is not one class entry for each sheet.
    pub fn run(&self, answers: &Answers, classes: &[Option<u32>]) -> Result<Resemblance, ValidityError> {
        self.run_between(answers, classes, None)
    }

    /// The same where some pupils handed in several sheets: `persons` holds a number for each pupil, one entry a sheet, and
    /// two sheets of one pupil are no neighbours.
    ///
    /// # Errors
    /// When there is not one class and one pupil for each sheet.
    pub fn run_between(
        &self,
        answers: &Answers,
        classes: &[Option<u32>],
        persons: Option<&[u32]>,
    ) -> Result<Resemblance, ValidityError> {
        let rows = answers.rows();
        for (item, found) in [("class", classes.len()), ("student_id", persons.map_or(rows, <[u32]>::len))] {
            if found != rows {
                return Err(ValidityError::Length { item: item.to_owned(), expected: rows, found });
            }
        }
        let sheets = Rows::of(answers, self.floor);
        // Rows by class, in their own order within it.
        let mut order: Vec<u32> =
            (0..rows as u32).filter(|row| classes.get(*row as usize).is_some_and(Option::is_some)).collect();
        order.sort_by_key(|row| classes.get(*row as usize).copied().flatten());
        let rooms: Vec<&[u32]> = order.chunk_by(|a, b| classes[*a as usize] == classes[*b as usize]).collect();
        let found: Vec<Vec<(f64, u32)>> = over_rooms(&rooms, |room| self.room(&sheets, room, persons));
        let mut values = vec![f64::NAN; rows];
        let mut partners = vec![None; rows];
        for (room, best) in rooms.iter().zip(found) {
            for (row, (share, partner)) in room.iter().zip(best).filter(|(_, (share, _))| !share.is_nan()) {
                values[*row as usize] = share;
                partners[*row as usize] = Some(partner as usize);
            }
        }
        Ok(Resemblance { column: IndexColumn::new(Self::KIND, values), partners })
    }

    fn room(&self, sheets: &Rows, room: &[u32], persons: Option<&[u32]>) -> Vec<(f64, u32)> {
        let same_person = |a: u32, b: u32| {
            persons.is_some_and(|persons| {
                persons.get(a as usize).zip(persons.get(b as usize)).is_some_and(|(first, second)| first == second)
            })
        };
        let mut best = vec![(f64::NAN, 0); room.len()];
        if room.len() > LARGEST {
            return best;
        }
        let window = self.window.unwrap_or(room.len());
        for (at, a) in room.iter().enumerate() {
            for (apart, b) in room.iter().enumerate().skip(at + 1).take(window) {
                if same_person(*a, *b) {
                    continue;
                }
                let (equal, judged) = sheets.compare(*a as usize, *b as usize);
                if (judged as usize) < self.fewest {
                    continue;
                }
                let share = f64::from(equal) / f64::from(judged);
                for (place, partner) in [(at, *b), (apart, *a)] {
                    if best[place].0.is_nan() || best[place].0 < share {
                        best[place] = (share, partner);
                    }
                }
            }
        }
        best
    }
}

impl Rows {
    fn of(answers: &Answers, floor: Floor) -> Self {
        let choices = answers.choices();
        let (items, columns) = (choices.len(), answers.columns(&choices));
        let code = |item: &usize| answers.items().get(*item).and_then(super::AnswerItem::floor);
        let floors = choices.iter().map(|item| code(item).filter(|_| floor == Floor::Skip).unwrap_or(BLANK)).collect();
        let mut codes = vec![BLANK; answers.rows() * items];
        for (place, column) in columns.iter().enumerate() {
            codes.iter_mut().skip(place).step_by(items.max(1)).zip(*column).for_each(|(to, code)| *to = *code);
        }
        Self { items, codes, floors }
    }

    /// Items answered alike, and items that count.
    fn compare(&self, a: usize, b: usize) -> (u16, u16) {
        let row = |row: usize| self.codes.get(row * self.items..(row + 1) * self.items).unwrap_or(&[]);
        let (mut equal, mut judged) = (0_u16, 0_u16);
        for ((a, b), floor) in row(a).iter().zip(row(b)).zip(&self.floors) {
            let same = a == b;
            let counts = is_answer(*a) && is_answer(*b) && !(same && a == floor);
            judged += u16::from(counts);
            equal += u16::from(counts && same);
        }
        (equal, judged)
    }
}

fn over_rooms<T: Send>(rooms: &[&[u32]], each: impl Fn(&[u32]) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "frame")]
    {
        use rayon::prelude::*;
        rooms.par_iter().map(|room| each(room)).collect()
    }
    #[cfg(not(feature = "frame"))]
    rooms.iter().map(|room| each(room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    fn answers(sheets: &[[i8; 4]]) -> Answers {
        let items = (1..=4).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2]).with_floor(0)).collect();
        Answers::from_codes(items, (0..4).map(|item| sheets.iter().map(|sheet| sheet[item]).collect()).collect())
            .unwrap()
    }

    #[test]
    fn sheets_of_other_classes_and_of_no_class_are_not_neighbours() {
        let answers = answers(&[[1, 2, 1, 2], [1, 2, 1, 2], [1, 2, 1, 2], [2, 1, 2, 1]]);
        let index = Neighbours::new(Floor::Count, 2, None).unwrap();
        let found = index.run(&answers, &[Some(1), Some(2), None, Some(1)]).unwrap();
        assert_eq!((0..4).map(|row| found.column.get(row)).collect::<Vec<_>>(), [Some(0.0), None, None, Some(0.0)]);
        assert!(index.run(&answers, &[Some(1)]).is_err());
        assert!(Neighbours::new(Floor::Count, 0, None).is_err() && Neighbours::new(Floor::Count, 1, Some(0)).is_err());
    }

    #[test]
    fn the_window_counts_places_within_the_class() {
        let answers = answers(&[[1, 2, 1, 2], [0, 0, 0, 1], [1, 2, 1, 2], [1, 2, 1, 1]]);
        let classes = [Some(1), Some(1), Some(9), Some(1)];
        let near = Neighbours::new(Floor::Count, 2, Some(1)).unwrap().run(&answers, &classes).unwrap();
        let all = Neighbours::new(Floor::Count, 2, None).unwrap().run(&answers, &classes).unwrap();
        assert_eq!((near.column.get(0), near.partners[0]), (Some(0.0), Some(1)));
        assert_eq!((all.column.get(0), all.partners[0]), (Some(0.75), Some(3)));
    }

    #[test]
    fn a_pupil_with_two_sheets_did_not_copy_from_himself() {
        let answers = answers(&[[2, 1, 1, 2], [2, 1, 1, 2], [1, 0, 1, 2]]);
        let index = Neighbours::new(Floor::Skip, 1, None).unwrap();
        let found = index.run_between(&answers, &[Some(1); 3], Some(&[7, 7, 8])).unwrap();
        assert_eq!((found.column.get(0), found.partners[0]), (Some(0.5), Some(2)));
        assert_eq!(index.run(&answers, &[Some(1); 3]).unwrap().column.get(0), Some(1.0));
        assert!(index.run_between(&answers, &[Some(1); 3], Some(&[7])).is_err());
    }

    #[test]
    fn two_pupils_without_difficulty_did_not_copy() {
        let answers = answers(&[[0, 0, 0, 0], [0, 0, 0, 0], [-128, 0, 1, 1]]);
        let classes = [Some(1); 3];
        let skip = Neighbours::new(Floor::Skip, 1, None).unwrap().run(&answers, &classes).unwrap();
        assert_eq!((skip.column.get(0), skip.column.get(2)), (Some(0.0), Some(0.0)));
        let fewest = Neighbours::new(Floor::Skip, 3, None).unwrap().run(&answers, &classes).unwrap();
        assert_eq!(fewest.column.get(0), None);
        let count = Neighbours::new(Floor::Count, 1, None).unwrap().run(&answers, &classes).unwrap();
        assert_eq!((count.column.get(0), count.column.get(2)), (Some(1.0), Some(1.0 / 3.0)));
    }
}
