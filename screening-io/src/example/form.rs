//! An instrument definition and the parameters of its answers, put together as a form that can be filled in.

use screening_core::instrument::model::{Definition, ItemDef, ItemKind, LicenceStatus, OptionDef};

use super::config::{Config, Group, Kind, Quantity, Response};
use super::error::ExampleError;

/// Step of the golden ratio: successive multiples scatter evenly over 0..1, so that neighbouring items of a scale differ.
const SCATTER: f64 = 0.618_033_988_749_894_9;

/// The forms that the pupils of one kind of school fill in, in order.
#[derive(Debug)]
pub(super) struct Battery {
    pub(super) kind: Kind,
    pub(super) forms: Vec<Form>,
}

impl Battery {
    /// All items with the id of their instrument.
    pub(super) fn items(&self) -> impl Iterator<Item = (&str, &FormItem)> {
        self.forms.iter().flat_map(|form| form.items.iter().map(|item| (form.id.as_str(), item)))
    }

    /// Number of questions.
    pub(super) fn len(&self) -> usize {
        self.forms.iter().map(|form| form.items.len()).sum()
    }
}

/// One instrument.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) id: String,
    pub(super) items: Vec<FormItem>,
    /// Share of a group's variance that is its own; group 0 is the rest of the items.
    pub(super) own: Vec<f64>,
    pub(super) lie: Option<LieKey>,
    /// Whether a job has to acknowledge the licence.
    pub(super) needs_licence: bool,
}

/// Items of the lie scale, and the score from which on a sheet fails it.
#[derive(Debug, Clone)]
pub(super) struct LieKey {
    pub(super) items: Vec<usize>,
    pub(super) at_least: i32,
}

#[derive(Debug, Clone)]
pub(super) struct FormItem {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) answer: AnswerKind,
}

#[derive(Debug, Clone)]
pub(super) enum AnswerKind {
    Choice(Choice),
    Amount(Amount),
}

/// A choice item with its graded-response parameters.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Options in the order of the form.
    pub(super) options: Vec<OptionDef>,
    /// Place on the form of each level, mildest first in the keyed direction.
    pub(super) ladder: Vec<usize>,
    pub(super) reverse: bool,
    pub(super) a: f64,
    pub(super) b: Vec<f64>,
    pub(super) latent: usize,
    pub(super) group: usize,
}

impl Choice {
    /// Highest code; the code of a wrong entry lies above it.
    pub(super) fn wrong_code(&self) -> i8 {
        self.options.iter().map(|option| option.code).max().unwrap_or(0).saturating_add(4)
    }

    /// Keyed value of the option at `place`, 0 for a place that is not on the form.
    pub(super) fn keyed(&self, place: usize) -> i32 {
        let codes = || self.options.iter().map(|option| i32::from(option.code));
        let code = codes().nth(place).unwrap_or(0);
        if self.reverse { codes().min().unwrap_or(0) + codes().max().unwrap_or(0) - code } else { code }
    }
}

/// A number or a clock time.
#[derive(Debug, Clone)]
pub(super) struct Amount {
    pub(super) clock: bool,
    pub(super) decimals: u8,
    pub(super) law: Quantity,
    pub(super) latent: usize,
    pub(super) elapsed: Option<Between>,
}

/// Places of the items between which time passes.
#[derive(Debug, Clone)]
pub(super) struct Between {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) less: Vec<usize>,
    pub(super) per: f64,
}

/// Builds the battery of one kind of school.
pub(super) fn battery<'a>(
    config: &Config,
    kind: &Kind,
    lookup: &dyn Fn(&str) -> Option<&'a Definition>,
) -> Result<Battery, ExampleError> {
    let forms = kind.instruments.iter().map(|id| {
        let definition = lookup(id).ok_or_else(|| ExampleError::UnknownInstrument { id: id.clone() })?;
        let response = config
            .instruments
            .get(id)
            .ok_or_else(|| ExampleError::description(format!("instruments.{id}"), "there is no such table"))?;
        Maker { config, definition, response }.form()
    });
    Ok(Battery { kind: kind.clone(), forms: forms.collect::<Result<_, _>>()? })
}

struct Maker<'a> {
    config: &'a Config,
    definition: &'a Definition,
    response: &'a Response,
}

impl Maker<'_> {
    fn form(&self) -> Result<Form, ExampleError> {
        let (group_of, rank_of) = self.groups()?;
        let mut items = Vec::with_capacity(self.definition.items.len());
        for (place, item) in self.definition.items.iter().enumerate() {
            let group = group_of.get(place).copied().unwrap_or(0);
            let rank = rank_of.get(place).copied().unwrap_or(0);
            let answer = match item.kind {
                ItemKind::Choice => AnswerKind::Choice(self.choice(item, group, rank)?),
                ItemKind::Number | ItemKind::Clock => AnswerKind::Amount(self.amount(item, place)?),
            };
            items.push(FormItem { id: item.id.clone(), topic: item.label.zh_cn.clone(), answer });
        }
        for id in self.response.items.keys().chain(self.response.quantities.keys()) {
            self.place(id)?;
        }
        let own = std::iter::once(self.response.own)
            .chain(self.response.groups.iter().map(|group| group.own.unwrap_or(self.response.own)))
            .collect();
        let lie = match &self.response.lie {
            Some(lie) => Some(LieKey { items: self.scale_items(&lie.scale)?, at_least: lie.at_least }),
            None => None,
        };
        let needs_licence = self.definition.licence.status != LicenceStatus::Free;
        Ok(Form { id: self.definition.id.clone(), items, own, lie, needs_licence })
    }

    /// Group of each item (0 = none named), and its rank within the group.
    fn groups(&self) -> Result<(Vec<usize>, Vec<usize>), ExampleError> {
        let count = self.definition.items.len();
        let mut group_of = vec![0; count];
        for (index, group) in self.response.groups.iter().enumerate() {
            for place in self.scale_items(&group.scale)? {
                if let Some(slot) = group_of.get_mut(place) {
                    *slot = index + 1;
                }
            }
        }
        let mut seen = vec![0; self.response.groups.len() + 1];
        let rank_of = group_of.iter().map(|&group| {
            seen.get_mut(group).map_or(0, |next: &mut usize| {
                *next += 1;
                *next
            })
        });
        let rank_of = rank_of.collect();
        Ok((group_of, rank_of))
    }

    fn choice(&self, item: &ItemDef, group: usize, rank: usize) -> Result<Choice, ExampleError> {
        let set = item.options.as_deref().unwrap_or("default");
        let options = self
            .definition
            .option_sets
            .get(set)
            .filter(|options| !options.is_empty())
            .ok_or_else(|| self.wrong(&item.id, format!("the definition has no answer options `{set}`")))?;
        let named = group.checked_sub(1).and_then(|index| self.response.groups.get(index));
        let single = self.response.items.get(&item.id);
        let shift = self.response.spread * ((rank as f64 * SCATTER).fract() - 0.5);
        let b = match single.and_then(|own| own.b.as_ref()) {
            Some(b) => b.clone(),
            None => {
                named.and_then(|g: &Group| g.b.as_ref()).unwrap_or(&self.response.b).iter().map(|b| b + shift).collect()
            }
        };
        if b.len() + 1 != options.len() {
            let why = format!("{} options need {} thresholds, `b` holds {}", options.len(), options.len() - 1, b.len());
            return Err(self.wrong(&item.id, why));
        }
        let latent = single
            .and_then(|own| own.latent.as_deref())
            .or_else(|| named.and_then(|g| g.latent.as_deref()))
            .unwrap_or(&self.response.latent);
        Ok(Choice {
            ladder: ladder(options, item.reverse),
            options: options.clone(),
            reverse: item.reverse,
            a: single.and_then(|own| own.a).or_else(|| named.and_then(|g| g.a)).unwrap_or(self.response.a),
            b,
            latent: self.config.trait_index(latent)?,
            group,
        })
    }

    fn amount(&self, item: &ItemDef, place: usize) -> Result<Amount, ExampleError> {
        let law = self
            .response
            .quantities
            .get(&item.id)
            .ok_or_else(|| self.wrong(&item.id, "a number or clock item needs an entry in `quantities`"))?;
        if !(law.step > 0.0 && law.least <= law.most) {
            return Err(self.wrong(&item.id, "`step` must be positive and `least` not above `most`"));
        }
        let elapsed = match &law.elapsed {
            Some(elapsed) => {
                let earlier = |id: &String| match self.place(id)? {
                    other if other < place => Ok(other),
                    _ => Err(self.wrong(&item.id, format!("`elapsed` may name earlier items only, not {id}"))),
                };
                Some(Between {
                    from: earlier(&elapsed.from)?,
                    to: earlier(&elapsed.to)?,
                    less: elapsed.less.iter().map(earlier).collect::<Result<_, _>>()?,
                    per: elapsed.per,
                })
            }
            None => None,
        };
        Ok(Amount {
            clock: item.kind == ItemKind::Clock,
            decimals: item.decimals,
            latent: self.config.trait_index(law.latent.as_deref().unwrap_or(&self.response.latent))?,
            law: law.clone(),
            elapsed,
        })
    }

    /// Places of the items of a scale; an entry such as `1-9` is a range over the order of the items.
    fn scale_items(&self, scale: &str) -> Result<Vec<usize>, ExampleError> {
        let definition = self
            .definition
            .scales
            .iter()
            .find(|candidate| candidate.id == scale)
            .ok_or_else(|| self.wrong(scale, "the definition has no such scale"))?;
        let mut places = Vec::new();
        for entry in &definition.items {
            match entry.split_once('-') {
                Some((first, last)) => {
                    places.extend(self.place(first.trim())?..=self.place(last.trim())?);
                }
                None => places.push(self.place(entry)?),
            }
        }
        Ok(places)
    }

    fn place(&self, id: &str) -> Result<usize, ExampleError> {
        self.definition
            .items
            .iter()
            .position(|item| item.id == id)
            .ok_or_else(|| self.wrong(id, "the definition has no such item"))
    }

    fn wrong(&self, part: &str, why: impl Into<String>) -> ExampleError {
        ExampleError::description(format!("instruments.{}: {part}", self.definition.id), why)
    }
}

/// Places on the form from the mildest to the most marked answer, in the keyed direction.
fn ladder(options: &[OptionDef], reverse: bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..options.len()).collect();
    places.sort_by_key(|&place| options.get(place).map_or(0, |option| option.code));
    if reverse {
        places.reverse();
    }
    places
}
