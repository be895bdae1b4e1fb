//! Latent traits: correlated in the pupil, shared in part by school and class.

use nalgebra::DMatrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::config::{Config, Trait};
use super::error::ExampleError;

/// Draws trait values.
///
/// trait = school effect + class effect + sqrt(1 - school variance - class variance) x (L z) + shift of the group, where
/// L is the Cholesky factor of the correlation matrix and z is standard normal. So a trait has variance 1 within a group.
#[derive(Debug)]
pub(super) struct LatentModel {
    traits: Vec<Trait>,
    factor: DMatrix<f64>,
}

/// What moves the mean of a pupil's traits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) grade: u8,
    pub(super) girl: bool,
}

impl LatentModel {
    pub(super) fn new(config: &Config) -> Result<Self, ExampleError> {
        let traits = config.latent.traits.clone();
        let rows = &config.latent.correlation;
        let place = "latent.correlation";
        if rows.len() != traits.len() || rows.iter().any(|row| row.len() != traits.len()) {
            return Err(ExampleError::description(place, "one row and one column are needed for each trait"));
        }
        let matrix = DMatrix::from_row_iterator(traits.len(), traits.len(), rows.iter().flatten().copied());
        let factor = matrix
            .cholesky()
            .ok_or_else(|| ExampleError::description(place, "the matrix is not positive definite"))?
            .unpack();
        for entry in &traits {
            if entry.school_sd.powi(2) + entry.class_sd.powi(2) >= 1.0 {
                let place = format!("latent.traits.{}", entry.id);
                return Err(ExampleError::description(place, "schools and classes take all of the variance"));
            }
        }
        Ok(Self { traits, factor })
    }

    /// Effects of one school.
    pub(super) fn school(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        self.traits.iter().map(|entry| entry.school_sd * normal(rng)).collect()
    }

    /// Effects of one class, those of its school included.
    pub(super) fn class(&self, school: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        self.traits.iter().zip(school).map(|(entry, school)| school + entry.class_sd * normal(rng)).collect()
    }

    /// Traits of one pupil of a class.
    pub(super) fn pupil(&self, class: &[f64], person: Person, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let correlated = self.correlated(rng);
        let scaled = self.traits.iter().zip(class).zip(correlated);
        scaled
            .map(|((entry, class), value)| {
                let within = (1.0 - entry.school_sd.powi(2) - entry.class_sd.powi(2)).sqrt();
                class + within * value + entry.shift(person)
            })
            .collect()
    }

    /// Traits of the same pupil at another wave: with `r` the stability and e a new draw, what the pupil differs by from the
    /// class, d = sqrt(1 - school variance - class variance) (L z), becomes r d + sqrt(1 - r^2) e.
    pub(super) fn at_other_wave(
        &self,
        class: &[f64],
        (now, then): (Person, Person),
        traits: &[f64],
        stability: f64,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let fresh = self.correlated(rng);
        let known = self.traits.iter().zip(class).zip(traits).zip(fresh);
        known
            .map(|(((entry, class), value), fresh)| {
                let within = (1.0 - entry.school_sd.powi(2) - entry.class_sd.powi(2)).sqrt();
                let own = value - class - entry.shift(now);
                class + stability * own + (1.0 - stability.powi(2)).sqrt() * within * fresh + entry.shift(then)
            })
            .collect()
    }

    fn correlated(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let z: Vec<f64> = self.traits.iter().map(|_| normal(rng)).collect();
        self.factor.row_iter().map(|row| row.iter().zip(&z).map(|(l, z)| l * z).sum::<f64>()).collect()
    }
}

impl Trait {
    /// What sex and grade add to the mean.
    fn shift(&self, person: Person) -> f64 {
        let girls = if person.girl && person.grade >= self.girls_from { self.girls } else { 0.0 };
        girls + self.per_grade * (f64::from(person.grade) - 4.0)
    }
}

/// One standard normal draw.
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}
