use nalgebra::DMatrix;
use thiserror::Error;

/// The mark of a missing answer inside a column of codes.
const MISSING: i16 = i16::MIN;

/// Answers of `n` persons to `k` items: whole codes, column by column, with holes.
///
/// ```
/// use screening_core::psychometrics::Responses;
///
/// let rows = [[Some(0), Some(3)], [Some(2), None], [Some(1), Some(1)]];
/// let responses = Responses::from_rows(["1", "2"], &rows)?;
/// assert_eq!((responses.persons(), responses.items()), (3, 2));
/// assert_eq!(responses.code(1, 1), None);
/// // Item 2 is keyed the other way; its options run from 0 to 3.
/// let keyed = responses.reversed(1, 0, 3)?;
/// assert_eq!(keyed.code(0, 1), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responses {
    names: Vec<String>,
    persons: usize,
    codes: Vec<i16>,
}

/// A table of answers that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResponsesError {
    /// No person or no item.
    #[error("the table has {persons} persons and {items} items; both must be at least one")]
    Empty {
        /// Rows given.
        persons: usize,
        /// Columns given.
        items: usize,
    },
    /// Rows or columns of different length.
    #[error("row or column {at} has {found} answers, {expected} were expected")]
    Ragged {
        /// Position, counted from zero.
        at: usize,
        /// Answers found.
        found: usize,
        /// Answers expected.
        expected: usize,
    },
    /// A code that is no small whole number.
    #[error("person {person}, item `{item}`: the code {code} lies outside -32767 to 32767")]
    Code {
        /// Position of the person, counted from zero.
        person: usize,
        /// Name of the item.
        item: String,
        /// The code.
        code: i64,
    },
    /// A code outside the stated range of its item.
    #[error("person {person}, item `{item}`: the code {code} lies outside the item's range {lowest} to {highest}")]
    Range {
        /// Position of the person, counted from zero.
        person: usize,
        /// Name of the item.
        item: String,
        /// The code.
        code: i16,
        /// Lowest code of the item.
        lowest: i16,
        /// Highest code of the item.
        highest: i16,
    },
    /// An item that the table does not have.
    #[error("there is no item at position {0}")]
    NoItem(usize),
}

impl Responses {
    /// Reads persons as rows.
    ///
    /// # Errors
    /// An empty or ragged table, a code that does not fit.
    pub fn from_rows<N, R>(names: impl IntoIterator<Item = N>, rows: &[R]) -> Result<Self, ResponsesError>
    where
        N: Into<String>,
        R: AsRef<[Option<i64>]>,
    {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut codes = vec![MISSING; names.len() * rows.len()];
        for (person, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != names.len() {
                return Err(ResponsesError::Ragged { at: person, found: row.len(), expected: names.len() });
            }
            for (item, code) in row.iter().enumerate() {
                codes[item * rows.len() + person] = pack(*code, person, &names[item])?;
            }
        }
        Self::whole(names, rows.len(), codes)
    }

    /// Reads items as columns.
    ///
    /// # Errors
    /// An empty or ragged table, a code that does not fit.
    pub fn from_columns<N, C>(names: impl IntoIterator<Item = N>, columns: &[C]) -> Result<Self, ResponsesError>
    where
        N: Into<String>,
        C: AsRef<[Option<i64>]>,
    {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != columns.len() {
            return Err(ResponsesError::Ragged { at: 0, found: columns.len(), expected: names.len() });
        }
        let persons = columns.first().map_or(0, |column| column.as_ref().len());
        let mut codes = Vec::with_capacity(persons * columns.len());
        for (item, column) in columns.iter().enumerate() {
            let column = column.as_ref();
            if column.len() != persons {
                return Err(ResponsesError::Ragged { at: item, found: column.len(), expected: persons });
            }
            for (person, code) in column.iter().enumerate() {
                codes.push(pack(*code, person, &names[item])?);
            }
        }
        Self::whole(names, persons, codes)
    }

    /// Reads items as columns of small codes, one an item; `i16::MIN` is not a code.
    ///
    /// # Errors
    /// An empty or ragged table, a code that does not fit.
    pub fn from_codes<N, C>(
        names: impl IntoIterator<Item = N>,
        persons: usize,
        columns: impl IntoIterator<Item = C>,
    ) -> Result<Self, ResponsesError>
    where
        N: Into<String>,
        C: IntoIterator<Item = Option<i16>>,
    {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut codes = Vec::with_capacity(names.len() * persons);
        let mut items = 0;
        for (item, column) in columns.into_iter().enumerate() {
            let name = names.get(item).map_or("", String::as_str);
            for (person, code) in column.into_iter().enumerate() {
                codes.push(pack(code.map(i64::from), person, name)?);
            }
            items += 1;
            if codes.len() != items * persons {
                let found = codes.len() - (items - 1) * persons;
                return Err(ResponsesError::Ragged { at: item, found, expected: persons });
            }
        }
        if items != names.len() {
            return Err(ResponsesError::Ragged { at: 0, found: items, expected: names.len() });
        }
        Self::whole(names, persons, codes)
    }

    fn whole(names: Vec<String>, persons: usize, codes: Vec<i16>) -> Result<Self, ResponsesError> {
        if persons == 0 || names.is_empty() {
            return Err(ResponsesError::Empty { persons, items: names.len() });
        }
        Ok(Self { names, persons, codes })
    }

    /// Number of persons, `n`.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// Number of items, `k`.
    pub fn items(&self) -> usize {
        self.names.len()
    }

    /// Names of the items, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// One answer; `None` when it is missing or outside the table.
    pub fn code(&self, person: usize, item: usize) -> Option<i16> {
        if person >= self.persons {
            return None;
        }
        self.codes.get(item * self.persons + person).copied().filter(|code| *code != MISSING)
    }

    /// The answers to one item, person by person. Empty when there is no such item.
    pub fn column(&self, item: usize) -> impl ExactSizeIterator<Item = Option<i16>> + Clone + '_ {
        self.raw(item).iter().map(|code| (*code != MISSING).then_some(*code))
    }

    /// The stored codes of one item; missing answers are [`Self::MISSING`].
    pub(crate) fn raw(&self, item: usize) -> &[i16] {
        let start = item.min(self.items()) * self.persons;
        self.codes.get(start..start + self.persons).unwrap_or_default()
    }

    /// The mark of a missing answer in [`Self::raw`].
    pub(crate) const MISSING: i16 = MISSING;

    /// Different codes seen in one item, ascending.
    pub fn categories(&self, item: usize) -> Vec<i16> {
        let mut seen: Vec<i16> = self.column(item).flatten().collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    /// Turns one item: `lowest + highest - code`, by the range of the instrument.
    ///
    /// # Errors
    /// No such item, or a code outside the range.
    pub fn reversed(&self, item: usize, lowest: i16, highest: i16) -> Result<Self, ResponsesError> {
        if item >= self.items() {
            return Err(ResponsesError::NoItem(item));
        }
        let mut turned = self.clone();
        let start = item * self.persons;
        for (person, code) in turned.codes[start..start + self.persons].iter_mut().enumerate() {
            if *code == MISSING {
                continue;
            }
            if !(lowest..=highest).contains(code) {
                let item = self.names[item].clone();
                return Err(ResponsesError::Range { person, item, code: *code, lowest, highest });
            }
            // In i32: the sum of the two ends may leave i16, the turned code cannot.
            *code = (i32::from(lowest) + i32::from(highest) - i32::from(*code)) as i16;
        }
        Ok(turned)
    }

    /// A table of some of the items, in the order given.
    ///
    /// # Errors
    /// A position that is no item, or none at all.
    pub fn select(&self, items: &[usize]) -> Result<Self, ResponsesError> {
        if let Some(wrong) = items.iter().find(|item| **item >= self.items()) {
            return Err(ResponsesError::NoItem(*wrong));
        }
        let names = items.iter().map(|item| self.names[*item].clone()).collect();
        let codes = items.iter().flat_map(|item| self.raw(*item)).copied().collect();
        Self::whole(names, self.persons, codes)
    }

    /// A table of some of the persons, in their order.
    ///
    /// # Errors
    /// No person is kept, or there is not one mark a person.
    pub fn persons_where(&self, keep: &[bool]) -> Result<Self, ResponsesError> {
        if keep.len() != self.persons {
            return Err(ResponsesError::Ragged { at: 0, found: keep.len(), expected: self.persons });
        }
        let kept = (0..self.items())
            .flat_map(|item| self.raw(item).iter().zip(keep).filter(|(_, keep)| **keep).map(|(code, _)| *code));
        let codes = kept.collect();
        Self::whole(self.names.clone(), keep.iter().filter(|keep| **keep).count(), codes)
    }

    /// Positions of the persons who answered every item.
    pub fn complete(&self) -> Vec<usize> {
        (0..self.persons).filter(|person| (0..self.items()).all(|item| self.raw(item)[*person] != MISSING)).collect()
    }

    /// The table as numbers, `n x k`; missing answers are NaN.
    pub fn to_matrix(&self) -> DMatrix<f64> {
        let values = self.codes.iter().map(|code| if *code == MISSING { f64::NAN } else { f64::from(*code) });
        DMatrix::from_iterator(self.persons, self.items(), values)
    }
}

fn pack(code: Option<i64>, person: usize, item: &str) -> Result<i16, ResponsesError> {
    let Some(code) = code else { return Ok(MISSING) };
    match i16::try_from(code) {
        Ok(small) if small != MISSING => Ok(small),
        _ => Err(ResponsesError::Code { person, item: item.to_owned(), code }),
    }
}
