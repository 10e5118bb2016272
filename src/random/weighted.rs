//! Positions drawn in proportion to weights.

use rand::Rng;

use super::uniform;
use crate::error::{Error, ErrorKind, Result};

/// Draws positions with probabilities proportional to weights.
///
/// Building takes O(n), each draw O(log n). The sums run in the order of the weights, so the draws are the same on every
/// machine. A position of weight zero is never drawn.
///
/// ```
/// use fitwell::random::{self, WeightedIndex};
///
/// let choice = WeightedIndex::new(&[0.0, 1.0, 3.0])?;
/// let mut rng = random::generator(0);
/// let drawn: Vec<usize> = (0..4000).map(|_| choice.sample(&mut rng)).collect();
/// let twos = drawn.iter().filter(|&&i| i == 2).count();
/// assert!(!drawn.contains(&0) && (2900..3100).contains(&twos));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedIndex {
    /// Running sums of the weights; the last one is the total.
    cumulative: Vec<f64>,
    /// The last position of positive weight.
    last: usize,
}

impl WeightedIndex {
    /// A choice among the positions of `weights`.
    ///
    /// # Errors
    /// `EmptyInput` without weights; `NonFinite` for a weight that is NaN or infinite; `InvalidInput` when a weight is
    /// negative or all are zero; `Overflow` when their sum is not finite.
    pub fn new(weights: &[f64]) -> Result<Self> {
        let what = || "weights of a choice".to_string();
        if weights.is_empty() {
            return Err(ErrorKind::EmptyInput { what: what() }.into());
        }
        let mut total = 0.0;
        let mut last = None;
        let mut cumulative = Vec::with_capacity(weights.len());
        for (row, &value) in weights.iter().enumerate() {
            if !value.is_finite() {
                let (what, column) = (what(), None);
                return Err(ErrorKind::NonFinite {
                    what,
                    row,
                    column,
                    value,
                }
                .into());
            }
            if value < 0.0 {
                return Err(Error::invalid_input(
                    what(),
                    format!("row {row} is negative: {value}"),
                ));
            }
            if value > 0.0 {
                last = Some(row);
            }
            total += value;
            cumulative.push(total);
        }
        if !total.is_finite() {
            let (estimator, what) = ("WeightedIndex".into(), "the sum of the weights".into());
            return Err(ErrorKind::Overflow { estimator, what }.into());
        }
        let last = last.ok_or_else(|| Error::invalid_input(what(), "all are zero"))?;
        Ok(WeightedIndex { cumulative, last })
    }

    /// The number of positions.
    pub fn len(&self) -> usize {
        self.cumulative.len()
    }

    /// Whether there are no positions: never, as [`new`](Self::new) refuses them.
    pub fn is_empty(&self) -> bool {
        self.cumulative.is_empty()
    }

    /// One position.
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> usize {
        let total = self.cumulative[self.cumulative.len() - 1];
        let mark = uniform(rng) * total;
        // Rounding can lift the mark to the total itself: the last position of positive weight then.
        self.cumulative
            .partition_point(|&sum| sum <= mark)
            .min(self.last)
    }
}
