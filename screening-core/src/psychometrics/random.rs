//! Random numbers of a stated seed: the same on every machine, whatever the number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::stats::normal_quantile;

/// One stream of a seed. Tasks that run side by side take a stream each.
#[derive(Debug)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// Uniform in the open interval (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A position below `count`; the bias of the multiplication is below `count / 2^64`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// Standard normal.
    pub(crate) fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform()).unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |stream| -> Vec<usize> {
            let mut stream = Stream::new(7, stream);
            (0..200).map(|_| stream.below(10)).collect()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!((0..10).all(|value| draw(1).contains(&value)));
        let mut stream = Stream::new(7, 0);
        let normals: Vec<f64> = (0..2000).map(|_| stream.normal()).collect();
        assert!((normals.iter().sum::<f64>() / 2000.0).abs() < 0.1);
        let shares: Vec<f64> = (0..2000).map(|_| stream.uniform()).collect();
        assert!(shares.iter().all(|share| *share > 0.0 && *share < 1.0));
        assert!((shares.iter().sum::<f64>() / 2000.0 - 0.5).abs() < 0.03);
    }
}
