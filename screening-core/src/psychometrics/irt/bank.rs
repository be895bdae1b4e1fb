//! Items with known parameters, and answers read by their codes.

use serde::{Deserialize, Serialize};

use super::IrtError;
use crate::psychometrics::Responses;
use crate::stats::ItemParameters;

/// Mark of a missing answer among categories.
pub(crate) const NONE: u8 = u8::MAX;

/// One item with its codes, lowest first, and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankItem {
    /// Name, as in the table of answers.
    pub name: String,
    /// Code of each answer, in the order of the parameters.
    pub codes: Vec<i16>,
    /// The item response function.
    pub parameters: ItemParameters,
}

impl BankItem {
    /// An item whose answers are coded `lowest`, `lowest + 1`, ...
    pub fn new(name: impl Into<String>, lowest: i16, parameters: ItemParameters) -> Self {
        let categories = i16::try_from(parameters.categories()).unwrap_or(i16::MAX);
        let codes = (0..categories).map(|k| lowest.saturating_add(k)).collect();
        Self { name: name.into(), codes, parameters }
    }
}

/// Items with known parameters.
///
/// ```
/// use screening_core::psychometrics::irt::{BankItem, ItemBank};
/// use screening_core::stats::ItemParameters;
/// let bank = ItemBank::new(vec![
///     BankItem::new("1", 0, ItemParameters::Graded { a: 1.2, b: vec![-1.0, 0.5] }),
///     BankItem::new("2", 0, ItemParameters::Graded { a: 0.8, b: vec![0.0, 1.5] }),
/// ])?;
/// assert_eq!((bank.len(), bank.highest_sum()), (2, 4));
/// assert!(bank.information(0.0) > bank.information(4.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<BankItem>", into = "Vec<BankItem>")]
pub struct ItemBank {
    items: Vec<BankItem>,
}

impl TryFrom<Vec<BankItem>> for ItemBank {
    type Error = IrtError;

    fn try_from(items: Vec<BankItem>) -> Result<Self, IrtError> {
        Self::new(items)
    }
}

impl From<ItemBank> for Vec<BankItem> {
    fn from(bank: ItemBank) -> Self {
        bank.items
    }
}

impl ItemBank {
    /// Checks the items.
    ///
    /// # Errors
    /// No item, two of one name, parameters that make no model, codes that do not ascend or are too many or too few.
    pub fn new(items: Vec<BankItem>) -> Result<Self, IrtError> {
        if items.is_empty() {
            return Err(IrtError::Bank("there is none".to_owned()));
        }
        for (at, item) in items.iter().enumerate() {
            if items.iter().take(at).any(|earlier| earlier.name == item.name) {
                return Err(IrtError::Bank(format!("`{}` stands twice", item.name)));
            }
            item.parameters.check().map_err(|source| IrtError::Parameters { item: item.name.clone(), source })?;
            let categories = item.parameters.categories();
            let ascend = item.codes.windows(2).all(|pair| matches!(pair, [low, high] if low < high));
            if item.codes.len() != categories || !ascend || categories >= usize::from(NONE) {
                return Err(IrtError::Codes { item: item.name.clone(), codes: item.codes.len(), categories });
            }
        }
        Ok(Self { items })
    }

    /// Items whose parameters were just estimated and checked.
    pub(crate) fn assume_checked(items: Vec<BankItem>) -> Self {
        Self { items }
    }

    /// The item parameters of a scale of the method `item-response`; none for a scale of another method, or an unknown one.
    /// Names are the ids of the items, codes their keyed codes.
    ///
    /// # Errors
    /// Parameters that do not fit the codes.
    pub fn of_scale(definition: &crate::instrument::Definition, scale: &str) -> Result<Option<Self>, IrtError> {
        let found =
            definition.scales.iter().find(|own| own.id == scale).and_then(|own| own.response.as_ref().zip(Some(own)));
        let Some((response, scale)) = found else { return Ok(None) };
        let positions = definition.expand_items(&scale.items).unwrap_or_default();
        let item = |position: &usize| {
            let item = definition.items.get(*position)?;
            let mut codes: Vec<i16> = definition.options_of(item).iter().map(|option| i16::from(option.code)).collect();
            codes.sort_unstable();
            // A reversed item is turned by its ends, so its keyed codes are its codes where they are evenly spaced.
            let ends = codes.first().zip(codes.last()).map_or(0, |(low, high)| low + high);
            if item.reverse {
                codes = codes.iter().rev().map(|code| ends - code).collect();
            }
            let parameters = response.parameters.get(&item.id)?.clone();
            Some(BankItem { name: item.id.clone(), codes, parameters })
        };
        Self::new(positions.iter().filter_map(item).collect()).map(Some)
    }

    /// The items.
    pub fn items(&self) -> &[BankItem] {
        &self.items
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Never true: a bank has at least one item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Highest sum of categories counted from 0.
    pub fn highest_sum(&self) -> usize {
        self.items.iter().map(|item| item.parameters.categories() - 1).sum()
    }

    /// Fisher information of the whole test at theta. Its inverse root is the standard error of a maximum likelihood score.
    pub fn information(&self, theta: f64) -> f64 {
        self.items.iter().map(|item| item.parameters.information(theta)).sum()
    }

    /// Expected sum of categories counted from 0: the test characteristic curve.
    pub fn expected_sum(&self, theta: f64) -> f64 {
        self.items.iter().map(|item| item.parameters.expected(theta)).sum()
    }

    /// The items on another metric, `theta* = scale theta + shift`.
    ///
    /// # Errors
    /// A scale that is not positive, or figures that are not finite.
    pub fn rescaled(&self, scale: f64, shift: f64) -> Result<Self, IrtError> {
        if !(scale.is_finite() && scale > 0.0 && shift.is_finite()) {
            return Err(IrtError::option(
                "scale",
                format!("{scale} (shift {shift})"),
                "a positive scale, a finite shift",
            ));
        }
        let turn = |item: &BankItem| BankItem { parameters: item.parameters.rescaled(scale, shift), ..item.clone() };
        Self::new(self.items.iter().map(turn).collect())
    }

    /// Categories of the answers, items in the order of the bank.
    ///
    /// # Errors
    /// Items that only one of the two has, and answers that are no code of their item.
    pub(crate) fn code(&self, responses: &Responses) -> Result<Coded, IrtError> {
        if let Some(name) = responses.names().iter().find(|name| self.items.iter().all(|item| item.name != **name)) {
            return Err(IrtError::Unmatched { item: name.clone(), missing: "among the answers but not in the bank" });
        }
        let missing = "in the bank but not among the answers";
        let mut coded = Coded::empty(responses.persons());
        for item in &self.items {
            let column = responses.names().iter().position(|name| *name == item.name);
            let column = column.ok_or_else(|| IrtError::Unmatched { item: item.name.clone(), missing })?;
            coded.push(responses.raw(column), &item.codes, &item.name)?;
        }
        Ok(coded)
    }
}

/// Answers as categories counted from 0, column by column; [`NONE`] where there is none.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    pub(crate) persons: usize,
    /// Number of categories of each item.
    pub(crate) sizes: Vec<usize>,
    columns: Vec<Vec<u8>>,
}

impl Coded {
    pub(crate) fn empty(persons: usize) -> Self {
        Self { persons, sizes: Vec::new(), columns: Vec::new() }
    }

    /// Adds one item.
    pub(crate) fn push(&mut self, answers: &[i16], codes: &[i16], name: &str) -> Result<(), IrtError> {
        // Codes are few and near each other: a table from the lowest code on.
        let lowest = codes.first().copied().unwrap_or(0);
        let span = codes.last().map_or(0, |last| i32::from(*last) - i32::from(lowest)) as usize;
        let mut place = vec![NONE; span + 1];
        for (category, code) in codes.iter().enumerate() {
            place[(i32::from(*code) - i32::from(lowest)) as usize] = category as u8;
        }
        let mut column = Vec::with_capacity(answers.len());
        for (person, code) in answers.iter().enumerate() {
            if *code == Responses::MISSING {
                column.push(NONE);
                continue;
            }
            let at = usize::try_from(i32::from(*code) - i32::from(lowest)).ok();
            match at.and_then(|at| place.get(at)).filter(|category| **category != NONE) {
                Some(category) => column.push(*category),
                None => {
                    let (item, codes) = (name.to_owned(), codes.to_vec());
                    return Err(IrtError::Answer { person, item, code: *code, codes });
                }
            }
        }
        self.sizes.push(codes.len());
        self.columns.push(column);
        Ok(())
    }

    /// Some of the persons, in the order given.
    pub(crate) fn subset(&self, persons: &[usize]) -> Self {
        let pick = |column: &Vec<u8>| persons.iter().filter_map(|person| column.get(*person).copied()).collect();
        Self { persons: persons.len(), sizes: self.sizes.clone(), columns: self.columns.iter().map(pick).collect() }
    }

    /// Number of different categories that some persons used.
    pub(crate) fn used(&self, item: usize, persons: &[usize]) -> usize {
        let mut seen = vec![false; self.sizes.get(item).copied().unwrap_or(0)];
        for category in persons.iter().filter_map(|person| self.column(item).get(*person)) {
            if let Some(seen) = seen.get_mut(usize::from(*category)) {
                *seen = true;
            }
        }
        seen.into_iter().filter(|seen| *seen).count()
    }

    pub(crate) fn items(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn column(&self, item: usize) -> &[u8] {
        self.columns.get(item).map_or(&[], Vec::as_slice)
    }

    /// The answered items of one person, with their categories.
    pub(crate) fn pattern(&self, person: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(move |(item, column)| {
            column.get(person).filter(|category| **category != NONE).map(|category| (item, usize::from(*category)))
        })
    }

    /// The sum of categories, for persons who answered everything.
    pub(crate) fn sum(&self, person: usize) -> Option<usize> {
        let mut sum = 0;
        for column in &self.columns {
            let category = *column.get(person)?;
            if category == NONE {
                return None;
            }
            sum += usize::from(category);
        }
        Some(sum)
    }
}
