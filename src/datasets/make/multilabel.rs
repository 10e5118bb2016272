//! Samples with several labels.

use ndarray::{Array1, Array2, Axis};
use rand_chacha::ChaCha8Rng;

use super::settings::setters;
use super::{filled, too_large, zeros};
use crate::check;
use crate::error::{Error, Result};
use crate::random::{self, WeightedIndex};

const NAME: &str = "make_multilabel_classification";

/// Every word takes time: a mean that no machine gets through is a mistake.
const MAX_LENGTH: u64 = 1 << 32;

/// Bags of words about several subjects at once; set up with the methods of [`MakeMultilabelClassification`], then
/// [`build`](MakeMultilabelClassification::build).
///
/// ```
/// use fitwell::datasets::make_multilabel_classification;
///
/// let (x, y) = make_multilabel_classification().n_samples(50).n_classes(4).allow_unlabeled(false).build()?;
/// assert_eq!((x.dim(), y.dim()), ((50, 20), (50, 4)));
/// assert!(y.rows().into_iter().all(|labels| labels.iter().any(|&l| l)));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_multilabel_classification() -> MakeMultilabelClassification {
    MakeMultilabelClassification::default()
}

/// Settings of [`make_multilabel_classification`].
///
/// | setting | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `n_samples` | 100 | at least 1 | |
/// | `n_features` | 20 | at least 1 | words |
/// | `n_classes` | 5 | at least 1 | labels |
/// | `n_labels` | 2 | at least 0; at least 1 without unlabeled samples | mean number of labels before it is bounded |
/// | `length` | 50 | at least 1 | mean number of words of a sample |
/// | `allow_unlabeled` | true | | whether a sample may have no label |
/// | `random_state` | 0 | | |
///
/// For each sample: the number of labels is drawn from the Poisson distribution of mean `n_labels`, given that it is at
/// most `n_classes` (and at least 1 without unlabeled samples); so many different classes are drawn one after the other in
/// proportion to the probabilities of the classes; the number of words is drawn from the Poisson distribution of mean
/// `length`, given that it is not 0; so many words are drawn from the mixture of the words' probabilities in those classes
/// (all words equally for a sample without labels). A feature counts how often its word was drawn.
///
/// scikit-learn draws numbers of labels until one is in range and never returns when none can be; this draws from the
/// same distribution directly.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeMultilabelClassification {
    n_samples: usize,
    n_features: usize,
    n_classes: usize,
    n_labels: usize,
    length: usize,
    allow_unlabeled: bool,
    random_state: u64,
}

impl Default for MakeMultilabelClassification {
    fn default() -> Self {
        MakeMultilabelClassification {
            n_samples: 100,
            n_features: 20,
            n_classes: 5,
            n_labels: 2,
            length: 50,
            allow_unlabeled: true,
            random_state: 0,
        }
    }
}

/// Word counts, labels, probabilities of the classes and of the words in them.
type Bags = (Array2<f64>, Array2<bool>, Array1<f64>, Array2<f64>);

impl MakeMultilabelClassification {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The number of words.
        n_features: usize,
        /// The number of labels there are.
        n_classes: usize,
        /// The mean number of labels of a sample, before it is bounded.
        n_labels: usize,
        /// The mean number of words of a sample.
        length: usize,
        /// Whether a sample may have no label.
        allow_unlabeled: bool,
        /// The seed.
        random_state: u64,
    }

    /// Word counts (n_samples, n_features) and whether a sample has a label, (n_samples, n_classes).
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Array2<bool>)> {
        self.build_with_distributions().map(|(x, y, _, _)| (x, y))
    }

    /// As [`build`](Self::build), the probability of each class (n_classes), and that of each word in each class
    /// (n_features, n_classes).
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with_distributions(&self) -> Result<Bags> {
        self.check()?;
        let mut rng = random::generator(self.random_state);
        let mut p_classes = zeros(NAME, self.n_classes, 1)?.column(0).to_owned();
        let mut p_words = zeros(NAME, self.n_features, self.n_classes)?;
        let mut x = zeros(NAME, self.n_samples, self.n_features)?;
        // In (0, 1], so that no class and no word is impossible.
        let mut positive = || 1.0 - random::uniform(&mut rng);
        p_classes.iter_mut().for_each(|p| *p = positive());
        p_words.iter_mut().for_each(|p| *p = positive());
        p_classes /= p_classes.sum();
        p_words /= &p_words.sum_axis(Axis(0));

        let n_labels = self.label_counts()?;
        let mut y = filled(NAME, self.n_samples, self.n_classes, false)?;
        for (mut words, mut labels) in x.rows_mut().into_iter().zip(y.rows_mut()) {
            let mut open = p_classes.to_vec();
            let mut mixture = vec![0.0; self.n_features];
            for _ in 0..n_labels.sample(&mut rng) {
                let class = WeightedIndex::new(&open)?.sample(&mut rng);
                open[class] = 0.0;
                labels[class] = true;
                mixture
                    .iter_mut()
                    .zip(p_words.column(class))
                    .for_each(|(m, p)| *m += p);
            }
            if mixture[0] <= 0.0 {
                mixture.fill(1.0);
            }
            let mixture = WeightedIndex::new(&mixture)?;
            for _ in 0..not_zero_poisson(self.length as f64, &mut rng) {
                words[mixture.sample(&mut rng)] += 1.0;
            }
        }
        Ok((x, y, p_classes, p_words))
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_samples", self.n_samples, 1)?;
        check::count(NAME, "n_features", self.n_features, 1)?;
        check::count(NAME, "n_classes", self.n_classes, 1)?;
        check::count(NAME, "length", self.length, 1)?;
        if !self.allow_unlabeled && self.n_labels == 0 {
            let expected = "at least 1 without unlabeled samples";
            return Err(Error::invalid_parameter(NAME, "n_labels", expected, 0));
        }
        if self.length as u64 > MAX_LENGTH {
            return Err(too_large(NAME, self.n_samples as u64, self.length as u64));
        }
        Ok(())
    }

    /// The Poisson distribution over the numbers of labels that are allowed: λⁿ / n!, up to a factor.
    fn label_counts(&self) -> Result<WeightedIndex> {
        let log_mean = (self.n_labels as f64).ln();
        let mut log_weights = Vec::with_capacity(self.n_classes + 1);
        let mut log_weight = 0.0;
        for n in 0..=self.n_classes {
            if n > 0 {
                log_weight += log_mean - (n as f64).ln();
            }
            log_weights.push(log_weight);
        }
        if !self.allow_unlabeled {
            log_weights[0] = f64::NEG_INFINITY;
        }
        let greatest = log_weights
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log_weights.iter().map(|w| (w - greatest).exp()).collect();
        WeightedIndex::new(&weights)
    }
}

/// A number of the Poisson distribution that is not 0. The mean is at least 1: two draws in three succeed.
fn not_zero_poisson(mean: f64, rng: &mut ChaCha8Rng) -> u64 {
    loop {
        let n = random::poisson(mean, rng);
        if n > 0 {
            return n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_lengths_follow_their_distributions() -> Result<()> {
        let maker = make_multilabel_classification()
            .n_samples(4000)
            .n_labels(2)
            .n_classes(3)
            .length(20);
        let (x, y, p_classes, p_words) = maker.clone().build_with_distributions()?;
        assert_eq!((x.dim(), y.dim()), ((4000, 20), (4000, 3)));
        assert!((p_classes.sum() - 1.0).abs() < 1e-12);
        assert!(
            p_words
                .sum_axis(Axis(0))
                .iter()
                .all(|s| (s - 1.0).abs() < 1e-12)
        );
        // Poisson of mean 2, given at most 3: weights 1, 2, 2, 4/3.
        let mut counts = [0.0; 4];
        for labels in y.rows() {
            counts[labels.iter().filter(|&&l| l).count()] += 1.0;
        }
        for (count, weight) in counts.iter().zip([1.0, 2.0, 2.0, 4.0 / 3.0]) {
            let p = weight / (19.0 / 3.0);
            assert!(
                f64::abs(count - 4000.0 * p) < 5.0 * f64::sqrt(4000.0 * p * (1.0 - p)),
                "{counts:?}"
            );
        }
        let lengths = x.sum_axis(Axis(1));
        assert!(lengths.iter().all(|&n| n >= 1.0));
        assert!((lengths.mean().unwrap() - 20.0).abs() < 5.0 * f64::sqrt(20.0 / 4000.0));
        // The words of samples with one label are those of its class.
        let alone: Vec<usize> = (0..4000)
            .filter(|&i| y.row(i).iter().filter(|&&l| l).count() == 1 && y[[i, 0]])
            .collect();
        let words = x.select(Axis(0), &alone).sum_axis(Axis(0));
        let total = words.sum();
        for (count, &p) in words.iter().zip(p_words.column(0)) {
            assert!(
                (count - total * p).abs() < 5.0 * f64::sqrt(total * p),
                "{count} of {total}, p = {p}"
            );
        }
        assert_eq!(maker.build()?, maker.build()?);
        assert_ne!(maker.build()?.0, maker.random_state(1).build()?.0);
        Ok(())
    }

    #[test]
    fn impossible_label_counts_still_come_to_an_end() -> Result<()> {
        // Drawing until in range would take longer than the age of the universe here.
        let (_, y) = make_multilabel_classification()
            .n_labels(1_000_000)
            .build()?;
        assert!(y.iter().all(|&l| l));
        let (x, y) = make_multilabel_classification().n_labels(0).build()?;
        assert!(y.iter().all(|&l| !l) && x.sum() > 0.0);
        let few = make_multilabel_classification()
            .n_labels(1)
            .allow_unlabeled(false);
        assert!(
            few.build()?
                .1
                .rows()
                .into_iter()
                .all(|r| r.iter().any(|&l| l))
        );
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let refused = |maker: MakeMultilabelClassification| maker.build().unwrap_err().to_string();
        let new = make_multilabel_classification;
        assert!(refused(new().n_samples(0)).contains("`n_samples`"));
        assert!(refused(new().n_features(0)).contains("`n_features`"));
        assert!(refused(new().n_classes(0)).contains("`n_classes`"));
        assert!(refused(new().length(0)).contains("`length`"));
        assert!(refused(new().length(1 << 40)).contains("limit"));
        assert!(refused(new().n_labels(0).allow_unlabeled(false)).contains("`n_labels`"));
        assert!(refused(new().n_samples(usize::MAX)).contains("limit"));
    }
}
