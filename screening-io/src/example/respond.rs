//! How a pupil fills in a form: the graded response model, and what people do instead of answering.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use statrs::function::logistic::logit;

use super::config::Rates;
use super::form::{Amount, AnswerKind, Choice, Form};
use super::latent::normal;
use super::summary::Summary;

const DAY: f64 = 1440.0;
const HALF_DAY: f64 = 720.0;

/// What stands in one cell of a sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// Left out.
    Blank,
    /// The option at this place on the form.
    Option(usize),
    /// A number, or minutes after midnight.
    Amount(f64),
    /// Something that is no answer to this question.
    Wrong,
}

/// How a pupil goes through the sheet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    /// Always the option at this share of the form's width.
    pub(super) straight: Option<f64>,
    /// Any option, without reading.
    pub(super) random: bool,
    /// Leaves very many questions out.
    pub(super) heavy_blank: bool,
    /// Writes bedtimes on a 12 h clock.
    pub(super) clock_slip: bool,
}

/// Fills in one form, appends its cells to `sheet` and counts what went wrong in `summary`.
pub(super) fn fill(
    form: &Form,
    traits: &[f64],
    style: Style,
    rates: &Rates,
    rng: &mut ChaCha8Rng,
    sheet: &mut Vec<Answer>,
    summary: &mut Summary,
) {
    let first = sheet.len();
    let own: Vec<f64> = form.own.iter().map(|_| normal(rng)).collect();
    let mut amounts: Vec<f64> = vec![0.0; form.items.len()];
    for (place, item) in form.items.iter().enumerate() {
        let mut slipped = false;
        let meant = match &item.answer {
            AnswerKind::Choice(choice) => Answer::Option(choose(choice, form, traits, &own, style, rng)),
            AnswerKind::Amount(amount) => {
                let value = draw_amount(amount, traits, &amounts, rng);
                if let Some(slot) = amounts.get_mut(place) {
                    *slot = value;
                }
                let (written, on_half_clock) = written_amount(amount, value, style);
                slipped = on_half_clock;
                Answer::Amount(written)
            }
        };
        let cell = spoil(meant, style, rates, rng, summary);
        summary.clock_slips += u64::from(slipped && cell == meant);
        sheet.push(cell);
    }
    if fails_lie_scale(form, sheet.get(first..).unwrap_or_default()) {
        summary.lie_failures += 1;
    }
}

/// The place on the form of the chosen option.
fn choose(choice: &Choice, form: &Form, traits: &[f64], own: &[f64], style: Style, rng: &mut ChaCha8Rng) -> usize {
    let count = choice.options.len();
    if let Some(share) = style.straight {
        return ((share * count as f64) as usize).min(count.saturating_sub(1));
    }
    if style.random {
        return rng.random_range(0..count.max(1));
    }
    let share = form.own.get(choice.group).copied().unwrap_or(0.0);
    let common = traits.get(choice.latent).copied().unwrap_or(0.0);
    let particular = own.get(choice.group).copied().unwrap_or(0.0);
    let level_of_trait = (1.0 - share).sqrt() * common + share.sqrt() * particular;
    // One logistic draw decides among all levels: P(level >= k) = logistic(a (trait - b[k])).
    let noise = logit(rng.random_range(f64::EPSILON..1.0));
    let level = choice.b.iter().filter(|&&b| choice.a * (level_of_trait - b) > noise).count();
    choice.ladder.get(level).copied().unwrap_or(0)
}

/// A number or clock time as it truly was; a clock time may run past 1440.
fn draw_amount(amount: &Amount, traits: &[f64], amounts: &[f64], rng: &mut ChaCha8Rng) -> f64 {
    let law = &amount.law;
    let latent = traits.get(amount.latent).copied().unwrap_or(0.0);
    let linear = law.mean + law.slope * latent + law.sd * normal(rng);
    let value = if law.exponential { linear.exp() } else { linear };
    let Some(between) = &amount.elapsed else {
        return in_steps(value.clamp(law.least, law.most), law.step);
    };
    let at = |place: usize| amounts.get(place).copied().unwrap_or(0.0);
    let in_between = (at(between.to) - at(between.from)).rem_euclid(DAY) / between.per;
    let less: f64 = between.less.iter().map(|&place| at(place)).sum::<f64>() / between.per;
    let most = law.most.min((in_between / law.step).floor() * law.step);
    in_steps((in_between - less + value).max(law.least), law.step).min(most)
}

fn in_steps(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}

/// The amount as the pupil writes it down, and whether a 12 h clock was used for an evening.
fn written_amount(amount: &Amount, value: f64, style: Style) -> (f64, bool) {
    if !amount.clock {
        return (value, false);
    }
    let clock = value.rem_euclid(DAY);
    // 12:xx stays 12:xx on a 12 h clock, and after midnight nothing changes.
    if style.clock_slip && amount.law.slip && clock >= HALF_DAY + 60.0 {
        return (clock - HALF_DAY, true);
    }
    (clock, false)
}

/// Leaves a cell out or writes something wrong into it, at the usual rates.
fn spoil(meant: Answer, style: Style, rates: &Rates, rng: &mut ChaCha8Rng, summary: &mut Summary) -> Answer {
    let blank = if style.heavy_blank { rates.blank_heavy_cell } else { rates.blank_cell };
    let draw: f64 = rng.random();
    summary.cells += 1;
    if draw < blank {
        summary.blank_cells += 1;
        Answer::Blank
    } else if draw < blank + rates.wrong_cell {
        summary.wrong_cells += 1;
        Answer::Wrong
    } else {
        meant
    }
}

fn fails_lie_scale(form: &Form, answers: &[Answer]) -> bool {
    let Some(lie) = &form.lie else { return false };
    let score: i32 = lie
        .items
        .iter()
        .map(|&place| match (form.items.get(place).map(|item| &item.answer), answers.get(place)) {
            (Some(AnswerKind::Choice(choice)), Some(Answer::Option(option))) => choice.keyed(*option),
            _ => 0,
        })
        .sum();
    score >= lie.at_least
}
