//! Many tests at once: of real answers, or of persons drawn from the model.

use rayon::prelude::*;
use serde::Serialize;

use super::{Cat, CatError};
use crate::psychometrics::Responses;
use crate::psychometrics::irt::NONE;
use crate::psychometrics::random::Stream;

/// One finished test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatWalk {
    /// Positions of the items in the bank, in the order asked.
    pub items: Vec<usize>,
    /// Categories answered, from 0.
    pub answers: Vec<usize>,
    /// Theta after each answer.
    pub thetas: Vec<f64>,
    /// Standard error after each answer.
    pub errors: Vec<f64>,
}

impl CatWalk {
    /// The last theta with its standard error; none when nothing was answered.
    pub fn last(&self) -> Option<(f64, f64)> {
        self.thetas.last().copied().zip(self.errors.last().copied())
    }
}

/// How a test does on persons whose theta is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatSimulation {
    /// Persons simulated.
    pub persons: usize,
    /// Seed of the answers.
    pub seed: u64,
    /// Mean number of items.
    pub mean_items: f64,
    /// Mean of estimated less true theta.
    pub bias: f64,
    /// Root of the mean squared difference of estimated and true theta.
    pub rmse: f64,
    /// Mean standard error at the end.
    pub mean_se: f64,
    /// Share of persons who ended below the target of the standard error; none without a target.
    pub reached: Option<f64>,
    /// Share of persons who saw each item, in the order of the bank.
    pub exposure: Vec<f64>,
    /// One walk a person.
    #[serde(skip)]
    pub walks: Vec<CatWalk>,
    /// Names of the items of the bank.
    pub names: Vec<String>,
}

impl Cat {
    /// The tests that persons with known answers would have had. An item that a person did not answer is passed over.
    ///
    /// # Errors
    /// Items that only the table or only the bank has; answers that are no code of their item.
    pub fn replay(&self, responses: &Responses, seed: u64) -> Result<Vec<CatWalk>, CatError> {
        let coded = self.bank.code(responses)?;
        let walk = |person: usize| {
            self.walk(Stream::new(seed, person as u64), |item, _| {
                coded.column(item).get(person).filter(|category| **category != NONE).map(|c| usize::from(*c))
            })
        };
        Ok((0..coded.persons).into_par_iter().map(walk).collect())
    }

    /// Draws answers of persons with given thetas.
    ///
    /// # Errors
    /// No theta, or one that is not finite.
    pub fn simulate(&self, thetas: &[f64], seed: u64) -> Result<CatSimulation, CatError> {
        if thetas.is_empty() || thetas.iter().any(|theta| !theta.is_finite()) {
            let (value, allowed) = (format!("{} thetas", thetas.len()), "at least one, all finite");
            return Err(CatError::Option { option: "thetas", value, allowed });
        }
        let walks: Vec<CatWalk> = thetas
            .par_iter()
            .enumerate()
            .map(|(person, theta)| {
                self.walk(Stream::new(seed, person as u64), |item, random| {
                    let probabilities = self.bank.items()[item].parameters.probabilities(*theta);
                    let mut left = random.uniform();
                    let hit = probabilities.iter().position(|p| {
                        left -= p;
                        left < 0.0
                    });
                    Some(hit.unwrap_or(probabilities.len() - 1))
                })
            })
            .collect();
        let n = thetas.len() as f64;
        let mut exposure = vec![0.0; self.bank.len()];
        walks.iter().flat_map(|walk| &walk.items).for_each(|item| exposure[*item] += 1.0);
        exposure.iter_mut().for_each(|share: &mut f64| *share /= n);
        let ends: Vec<(f64, f64, f64)> = walks
            .iter()
            .zip(thetas)
            .filter_map(|(walk, theta)| walk.last().map(|(estimate, se)| (estimate - theta, se, *theta)))
            .collect();
        let mean = |f: fn(&(f64, f64, f64)) -> f64| ends.iter().map(f).sum::<f64>() / n;
        let target = self.options.stopping.se;
        Ok(CatSimulation {
            persons: thetas.len(),
            seed,
            mean_items: walks.iter().map(|walk| walk.items.len()).sum::<usize>() as f64 / n,
            bias: mean(|end| end.0),
            rmse: mean(|end| end.0 * end.0).sqrt(),
            mean_se: mean(|end| end.1),
            reached: target.map(|target| ends.iter().filter(|end| end.1 <= target).count() as f64 / n),
            exposure,
            walks,
            names: self.bank.items().iter().map(|item| item.name.clone()).collect(),
        })
    }

    fn walk(&self, random: Stream, mut answer: impl FnMut(usize, &mut Stream) -> Option<usize>) -> CatWalk {
        let mut walk = CatWalk { items: Vec::new(), answers: Vec::new(), thetas: Vec::new(), errors: Vec::new() };
        let mut session = self.session_of(random);
        while let Some(item) = session.offered() {
            let Some(category) = session.draw(|random| answer(item, random)) else {
                session.close(item);
                continue;
            };
            session.take(item, category);
            let state = session.state();
            walk.items.push(item);
            walk.answers.push(category);
            walk.thetas.push(state.theta);
            walk.errors.push(state.se);
        }
        walk
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CatOptions, Stopping};
    use super::*;
    use crate::psychometrics::irt::{BankItem, ItemBank};
    use crate::stats::ItemParameters;

    fn cat(randomesque: usize) -> Cat {
        let items = (0..40).map(|item| {
            let b = f64::from(item) / 10.0 - 2.0;
            BankItem::new(format!("q{item}"), 1, ItemParameters::Graded { a: 1.8, b: vec![b, b + 0.7] })
        });
        let stopping = Stopping { se: Some(0.4), max_items: Some(15), ..Stopping::default() };
        let options = CatOptions { randomesque, stopping, ..CatOptions::default() };
        Cat::new(ItemBank::new(items.collect()).unwrap(), options).unwrap()
    }

    #[test]
    fn thetas_come_back_and_seeds_repeat() {
        let thetas: Vec<f64> = (0..120).map(|person| f64::from(person) / 40.0 - 1.5).collect();
        let (first, again) = (cat(1).simulate(&thetas, 3).unwrap(), cat(1).simulate(&thetas, 3).unwrap());
        assert_eq!(first, again);
        assert!(first.bias.abs() < 0.15 && first.rmse < 0.55, "{first}");
        assert!(first.mean_items < 15.0 && first.reached.unwrap() > 0.5, "{first}");
        // Drawing among several spreads the load.
        let spread = cat(6).simulate(&thetas, 3).unwrap();
        let most = |of: &CatSimulation| of.exposure.iter().copied().fold(0.0, f64::max);
        assert_eq!(most(&first), 1.0);
        assert!(most(&spread) < 0.9, "{spread}");
        assert_ne!(spread.walks, cat(6).simulate(&thetas, 4).unwrap().walks);
    }

    #[test]
    fn holes_are_passed_over_and_wrong_answers_refused() {
        let cat = cat(1);
        let names: Vec<String> = (0..40).map(|item| format!("q{item}")).collect();
        let hole = |item: usize| (item != 18).then_some(2);
        let rows: Vec<Vec<Option<i64>>> =
            vec![(0..40).map(|_| Some(2)).collect(), (0..40).map(hole).collect(), vec![None; 40]];
        let walks = cat.replay(&Responses::from_rows(names, &rows).unwrap(), 1).unwrap();
        let first = walks[0].items[0];
        assert!(walks.iter().take(2).all(|walk| walk.last().unwrap().1 <= 0.4 || walk.items.len() == 15));
        assert!(first == 18 || walks[1].items[0] == first);
        assert!(!walks[1].items.contains(&18));
        assert_eq!(walks[2].last(), None);

        let mut session = cat.session(1);
        let item = session.next_item().unwrap().name.clone();
        assert!(matches!(session.answer(&item, 0), Err(CatError::Answer { .. })));
        session.answer(&item, 3).unwrap();
        assert!(matches!(session.answer(&item, 3), Err(CatError::Item(_))));
        assert!(matches!(session.skip("none"), Err(CatError::Item(_))));
        assert!(Cat::new(cat.bank().clone(), CatOptions { randomesque: 0, ..CatOptions::default() }).is_err());
        assert!(cat.simulate(&[f64::NAN], 1).is_err());
    }
}
