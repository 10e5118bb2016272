//! Folds of whole groups, plain and stratified.

use serde::{Deserialize, Serialize};

use super::folds::{even_parts, k_fold, stratified_classes};
use super::splitter::{CrossValidator, Split, Splits, by_part, groups_of, made_lazily, splitter};
use crate::check;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;

/// Folds of whole groups: the rows of a group are on one side of every split, and in exactly one test fold.
///
/// Groups come with the target, [`Targets::grouped`]. Without `shuffle` the folds are scikit-learn's, row for row: groups
/// fall to the folds from the largest to the smallest, each to the fold with the fewest rows so far, so that folds have
/// about as many rows. With it, the groups are drawn at random, and folds have as many groups, not rows.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 5 | the number of folds, at least 2, at most the number of groups |
/// | `shuffle` | false | whether groups are drawn at random |
/// | `random_state` | 0 | the seed, if groups are drawn |
///
/// # Errors
/// `InvalidInput` for a target without groups or with fewer groups than folds; `ShapeMismatch` when there is not one for
/// each row.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, GroupKFold};
/// use fitwell::prelude::*;
///
/// let groups = Labels::from([0, 0, 2, 2, 3, 3]);
/// let folds = GroupKFold::new().n_splits(2).split(6, &().grouped(&groups))?;
/// assert_eq!(folds[0].test, [0, 1, 4, 5]);
/// assert_eq!(folds[1].test, [2, 3]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct GroupKFold {
    n_splits: usize,
    shuffle: bool,
    random_state: u64,
}

/// Folds of whole groups that keep the proportions of the classes as well as groups allow.
///
/// Groups come with the target, [`Targets::grouped`]. Groups fall to the folds from the one whose class counts differ most
/// to the one where they differ least, each to the fold where it leaves the classes' shares most even between the folds:
/// the least mean over the classes of the standard deviation of the shares over the folds. Of equal folds it is the one
/// with the fewest rows. Without `shuffle` the folds are scikit-learn's, row for row; with it, the order of groups whose
/// counts differ equally is drawn at random, nothing else.
///
/// A class with fewer rows than folds is missing from some test folds: that is a line in the log. If all classes have
/// fewer rows than folds, it is an error. Where a few groups hold most rows a fold may get none: cross-validation then
/// refuses it.
///
/// Settings as [`GroupKFold`]'s. Time O(groups · folds² · classes).
///
/// # Errors
/// As [`GroupKFold`]; `InvalidInput` for a target that is not of classes.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, StratifiedGroupKFold};
/// use fitwell::prelude::*;
///
/// let y = Labels::from([0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/// let groups = Labels::from([1, 1, 2, 2, 3, 3, 3, 4, 5, 5, 5, 5, 6, 6, 7, 8, 8]);
/// let folds = StratifiedGroupKFold::new().n_splits(3).split(17, &y.grouped(&groups))?;
/// assert_eq!(folds[0].test, [4, 5, 6, 12, 13, 14]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Source
/// scikit-learn, `StratifiedGroupKFold`, after a note by J. Wasikowski.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct StratifiedGroupKFold {
    n_splits: usize,
    shuffle: bool,
    random_state: u64,
}

k_fold!(GroupKFold);
k_fold!(StratifiedGroupKFold);

/// Each row's fold, given each group's.
fn of_rows(groups: &Labels, fold_of_group: &[usize], n_splits: usize) -> Splits {
    let parts = groups.codes().iter().map(|&g| fold_of_group[g as usize]);
    by_part(parts.collect(), n_splits)
}

impl GroupKFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let groups = groups_of(Self::NAME, n_samples, y)?;
        let counts = groups.counts();
        enough_groups(self.n_splits, counts.len())?;
        let mut fold_of = vec![0; counts.len()];
        if self.shuffle {
            let mut rng = random::generator(self.random_state);
            let order = random::permutation(counts.len(), &mut rng);
            for (fold, range) in even_parts(order.len(), self.n_splits).enumerate() {
                order[range].iter().for_each(|&group| fold_of[group] = fold);
            }
        } else {
            // Ascending by size, equal ones in order, then all of it reversed: scikit-learn's order.
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&group| counts[group]);
            let mut rows = vec![0usize; self.n_splits];
            for group in order.into_iter().rev() {
                let lightest = (0..rows.len()).min_by_key(|&k| rows[k]).unwrap_or(0);
                rows[lightest] += counts[group];
                fold_of[group] = lightest;
            }
        }
        Ok(of_rows(&groups, &fold_of, self.n_splits))
    }
}

fn enough_groups(n_splits: usize, n_groups: usize) -> Result<()> {
    if n_groups >= n_splits {
        return Ok(());
    }
    let reason = format!("there are {n_groups}, fewer than the {n_splits} folds");
    Err(Error::invalid_input("groups", reason))
}

impl StratifiedGroupKFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let (n_splits, other) = (self.n_splits, "GroupKFold");
        let groups = groups_of(Self::NAME, n_samples, y)?;
        let classes = stratified_classes(Self::NAME, other, n_splits, n_samples, y, 1)?;
        let (n_groups, n_classes) = (groups.classes().len(), classes.classes().len());
        enough_groups(n_splits, n_groups)?;

        // Class counts of each group, in the order in which equal groups are taken.
        let order = if self.shuffle {
            random::permutation(n_groups, &mut random::generator(self.random_state))
        } else {
            (0..n_groups).collect()
        };
        let mut counts = vec![vec![0.0; n_classes]; n_groups];
        for (&group, &class) in groups.codes().iter().zip(classes.codes()) {
            counts[group as usize][class as usize] += 1.0;
        }
        let mut taken: Vec<(f64, usize)> = order
            .iter()
            .map(|&group| (deviation(&counts[group]), group))
            .collect();
        taken.sort_by(|a, b| b.0.total_cmp(&a.0));

        let totals: Vec<f64> = classes.counts().into_iter().map(|c| c as f64).collect();
        let mut folds = vec![vec![0.0; n_classes]; n_splits];
        let mut fold_of = vec![0; n_groups];
        for (_, group) in taken {
            let best = best_fold(&mut folds, &totals, &counts[group]);
            add(&mut folds[best], &counts[group], 1.0);
            fold_of[group] = best;
        }
        Ok(of_rows(&groups, &fold_of, self.n_splits))
    }
}

fn add(fold: &mut [f64], group: &[f64], sign: f64) {
    for (f, g) in fold.iter_mut().zip(group) {
        *f += sign * g;
    }
}

/// The fold in which a group leaves the shares of the classes most even.
///
/// Ties are decided by the last bits of these numbers. They are computed as NumPy computes them, in its order, so that ties
/// fall as scikit-learn's.
fn best_fold(folds: &mut [Vec<f64>], totals: &[f64], group: &[f64]) -> usize {
    let (mut best, mut least, mut fewest) = (0, f64::INFINITY, f64::INFINITY);
    for k in 0..folds.len() {
        add(&mut folds[k], group, 1.0);
        let uneven = unevenness(folds, totals);
        add(&mut folds[k], group, -1.0);
        let rows: f64 = folds[k].iter().sum();
        let close = (uneven - least).abs() <= 1e-8 + 1e-5 * least.abs() && least.is_finite();
        if uneven < least || close && rows < fewest {
            (best, least, fewest) = (k, uneven, rows);
        }
    }
    best
}

/// The mean over the classes of the standard deviation over the folds of the class's share in each fold.
fn unevenness(folds: &[Vec<f64>], totals: &[f64]) -> f64 {
    let n = folds.len() as f64;
    let deviations: Vec<f64> = totals
        .iter()
        .enumerate()
        .map(|(class, total)| {
            let shares: Vec<f64> = folds.iter().map(|fold| fold[class] / total).collect();
            if totals.len() == 1 {
                return deviation(&shares);
            }
            // Down the rows of a matrix NumPy sums one after the other.
            let mean = shares.iter().sum::<f64>() / n;
            let squares = shares.iter().map(|s| (s - mean) * (s - mean));
            (squares.sum::<f64>() / n).sqrt()
        })
        .collect();
    pairwise_sum(&deviations) / deviations.len() as f64
}

/// The standard deviation of neighbouring values, as NumPy's `std`.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = pairwise_sum(values) / n;
    let squares: Vec<f64> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
    (pairwise_sum(&squares) / n).sqrt()
}

/// The sum in NumPy's order: eight sums side by side up to 128 values, halves beyond that.
fn pairwise_sum(values: &[f64]) -> f64 {
    const BLOCK: usize = 128;
    if values.len() < 8 {
        return values.iter().sum();
    }
    if values.len() <= BLOCK {
        let (eights, rest) = values.split_at(values.len() - values.len() % 8);
        let mut r = [0.0; 8];
        for chunk in eights.chunks_exact(8) {
            for (r, v) in r.iter_mut().zip(chunk) {
                *r += v;
            }
        }
        let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        return rest.iter().fold(sum, |sum, v| sum + v);
    }
    let half = values.len() / 2;
    let (left, right) = values.split_at(half - half % 8);
    // At most 57 levels deep, one for each bit of the length.
    pairwise_sum(left) + pairwise_sum(right)
}
