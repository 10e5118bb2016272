//! The mean of the target in each category, drawn to the mean of all rows.

use super::Smooth;
use crate::parallel;

/// The target as numbers: one or several columns of zeros and ones, or one of real numbers.
pub(super) enum Numbers {
    /// For each row the class; each column is 1 for the rows of one class.
    Classes {
        codes: Vec<u32>,
        /// How many classes a code may name.
        n_classes: usize,
        /// The class of each column.
        columns: Vec<usize>,
    },
    Real(Vec<f64>),
}

/// Which rows are learned from.
#[derive(Clone, Copy)]
pub(super) enum Training<'a> {
    All,
    /// Those that are not of this fold.
    NotFold(&'a [u32], usize),
    /// These.
    Rows(&'a [usize]),
}

/// The mean and the variance of one column of the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub(super) mean: f64,
    variance: f64,
}

/// Rows whose sum is formed by itself, so that long sums lose no digits and threads share the work.
const BLOCK: usize = 1 << 12;

/// The same expression for each way to choose rows: `$rows` gives a row and whether it is learned from.
macro_rules! for_training {
    ($training:expr, $range:expr, |$row:ident, $used:ident| $body:expr) => {
        match $training {
            Training::All => {
                for $row in $range {
                    let $used = true;
                    $body
                }
            }
            Training::NotFold(fold_of, fold) => {
                let range = $range;
                for ($row, of) in range.clone().zip(&fold_of[range]) {
                    let $used = *of as usize != fold;
                    $body
                }
            }
            Training::Rows(rows) => {
                for &$row in &rows[$range] {
                    let $used = true;
                    $body
                }
            }
        }
    };
}

impl Numbers {
    fn n_rows(&self) -> usize {
        match self {
            Numbers::Classes { codes, .. } => codes.len(),
            Numbers::Real(values) => values.len(),
        }
    }

    /// How many rows a pass over what is learned from visits.
    fn n_training(&self, training: Training<'_>) -> usize {
        match training {
            Training::Rows(rows) => rows.len(),
            _ => self.n_rows(),
        }
    }

    /// The number of columns.
    pub(super) fn width(&self) -> usize {
        match self {
            Numbers::Classes { columns, .. } => columns.len(),
            Numbers::Real(_) => 1,
        }
    }

    /// Mean and variance of each column.
    pub(super) fn moments(&self, training: Training<'_>) -> Vec<Moments> {
        let n = self.n_training(training);
        match self {
            Numbers::Classes {
                codes,
                n_classes,
                columns,
            } => {
                let mut counts = vec![0u64; *n_classes];
                for_training!(training, 0..n, |row, used| counts[codes[row] as usize] +=
                    u64::from(used));
                let all = counts.iter().sum::<u64>() as f64;
                let of_class = |&class: &usize| {
                    let mean = counts[class] as f64 / all;
                    let variance = mean * (1.0 - mean);
                    Moments { mean, variance }
                };
                columns.iter().map(of_class).collect()
            }
            Numbers::Real(values) => {
                let sum = |of: &(dyn Fn(f64) -> f64 + Sync)| {
                    let parts = parallel::map_chunks(n, BLOCK, |range| {
                        let (mut sum, mut used_rows) = (0.0, 0u64);
                        for_training!(training, range, |row, used| {
                            sum += if used { of(values[row]) } else { 0.0 };
                            used_rows += u64::from(used);
                        });
                        (sum, used_rows)
                    });
                    let all: u64 = parts.iter().map(|p| p.1).sum();
                    parts.iter().map(|p| p.0).sum::<f64>() / all as f64
                };
                let mean = sum(&|v| v);
                let variance = sum(&|v| (v - mean) * (v - mean));
                vec![Moments { mean, variance }]
            }
        }
    }

    /// For each column of the target the encoding of each category; a code of `n_categories` is no category.
    pub(super) fn encodings(
        &self,
        codes: &[u32],
        n_categories: usize,
        training: Training<'_>,
        moments: &[Moments],
        smooth: Smooth,
    ) -> Vec<Vec<f64>> {
        let mut sums = self.sums(
            n_categories + 1,
            training,
            |row| codes[row] as usize,
            smooth,
        );
        for sums in &mut sums {
            sums.truncate(n_categories);
        }
        encodings(&sums, moments, smooth)
    }

    /// For each column of the target the sums over the rows of each of `n_slots` slots.
    fn sums(
        &self,
        n_slots: usize,
        training: Training<'_>,
        slot: impl Fn(usize) -> usize,
        smooth: Smooth,
    ) -> Vec<Vec<Sums>> {
        let n = self.n_training(training);
        match self {
            Numbers::Classes {
                codes: classes,
                n_classes,
                columns,
            } => {
                let k = *n_classes;
                let mut counts = vec![0u32; n_slots * k];
                for_training!(training, 0..n, |row, used| {
                    counts[slot(row) * k + classes[row] as usize] += u32::from(used);
                });
                columns.iter().map(|&c| of_class(&counts, k, c)).collect()
            }
            Numbers::Real(values) => {
                let mut sums = vec![Sums::default(); n_slots];
                for_training!(training, 0..n, |row, used| {
                    let sums = &mut sums[slot(row)];
                    sums.n += f64::from(u8::from(used));
                    sums.sum += if used { values[row] } else { 0.0 };
                });
                if matches!(smooth, Smooth::Auto) {
                    // The mean beside the squares about it: one place in memory for a row.
                    let means = sums.iter().map(|s| [s.sum / s.n, 0.0]);
                    let mut about: Vec<[f64; 2]> = means.collect();
                    for_training!(training, 0..n, |row, used| {
                        let [mean, squares] = &mut about[slot(row)];
                        let d = values[row] - *mean;
                        *squares += if used { d * d } else { 0.0 };
                    });
                    for (sums, [_, squares]) in sums.iter_mut().zip(about) {
                        sums.squares = squares;
                    }
                }
                vec![sums]
            }
        }
    }

    /// For each fold the encodings of what the other folds say, column by column of the target.
    ///
    /// Two passes over the rows give the sums of each fold, from which those of the others are put together. With as many
    /// categories as that the tables of all folds are longer than the rows, each fold has passes of its own.
    pub(super) fn cross_encodings(
        &self,
        codes: &[u32],
        n_categories: usize,
        fold_of: &[u32],
        moments: &[Vec<Moments>],
        smooth: Smooth,
    ) -> Vec<Vec<Vec<f64>>> {
        let n_folds = moments.len();
        let slots = (n_categories + 1).saturating_mul(n_folds);
        if slots > codes.len() {
            let of_fold = |fold: usize| {
                let training = Training::NotFold(fold_of, fold);
                self.encodings(codes, n_categories, training, &moments[fold], smooth)
            };
            return parallel::map(n_folds, of_fold);
        }
        // A category of a fold is a category by itself.
        let slot = |row: usize| codes[row] as usize * n_folds + fold_of[row] as usize;
        let mut sums = self.sums(slots, Training::All, slot, smooth);
        for sums in &mut sums {
            sums.truncate(n_categories * n_folds);
            sums.chunks_exact_mut(n_folds).for_each(of_others);
        }
        let of_fold = |fold: usize| {
            let others = sums.iter();
            let others = others.map(|s| s.iter().skip(fold).step_by(n_folds).copied().collect());
            let others: Vec<Vec<Sums>> = others.collect();
            encodings(&others, &moments[fold], smooth)
        };
        parallel::map(n_folds, of_fold)
    }

    /// For each fold mean and variance of each column over the rows of the other folds.
    pub(super) fn cross_moments(&self, fold_of: &[u32], n_folds: usize) -> Vec<Vec<Moments>> {
        let n = self.n_rows();
        let mut sums: Vec<Vec<Sums>> = match self {
            Numbers::Classes {
                codes,
                n_classes,
                columns,
            } => {
                let k = *n_classes;
                let mut counts = vec![0u32; n_folds * k];
                for (&class, &fold) in codes.iter().zip(fold_of) {
                    counts[fold as usize * k + class as usize] += 1;
                }
                columns.iter().map(|&c| of_class(&counts, k, c)).collect()
            }
            Numbers::Real(values) => {
                let chunk = BLOCK.max(n_folds);
                // The sum over the rows of each fold of a number of the row.
                let total = |of: &(dyn Fn(f64, usize) -> f64 + Sync)| {
                    let parts = parallel::map_chunks(n, chunk, |rows| {
                        let mut sums = vec![0.0; n_folds];
                        for (&value, &fold) in values[rows.clone()].iter().zip(&fold_of[rows]) {
                            sums[fold as usize] += of(value, fold as usize);
                        }
                        sums
                    });
                    let mut all = vec![0.0; n_folds];
                    for part in &parts {
                        all.iter_mut()
                            .zip(part)
                            .for_each(|(all, part)| *all += part);
                    }
                    all
                };
                let (ns, of_values) = (total(&|_, _| 1.0), total(&|value, _| value));
                let means: Vec<f64> = of_values.iter().zip(&ns).map(|(s, n)| s / n).collect();
                let squares = total(&|value, fold| {
                    let d = value - means[fold];
                    d * d
                });
                let each = ns.iter().zip(&of_values).zip(&squares);
                let each = each.map(|((&n, &sum), &squares)| Sums { n, sum, squares });
                vec![each.collect()]
            }
        };
        sums.iter_mut().for_each(|folds| of_others(folds));
        let moments = |of: &Sums| Moments {
            mean: of.sum / of.n,
            variance: of.squares / of.n,
        };
        let of_fold = |fold: usize| sums.iter().map(|of| moments(&of[fold])).collect();
        (0..n_folds).map(of_fold).collect()
    }
}

/// The sums of each slot, counted for each class, of the column that is 1 for one class.
fn of_class(counts: &[u32], n_classes: usize, class: usize) -> Vec<Sums> {
    let of_slot = |counts: &[u32]| {
        let n = counts.iter().map(|&c| f64::from(c)).sum::<f64>();
        Sums::of_ones(n, f64::from(counts[class]))
    };
    counts.chunks_exact(n_classes).map(of_slot).collect()
}

/// The sums of each fold give way to those of all other folds together.
fn of_others(folds: &mut [Sums]) {
    let mut after = vec![Sums::default(); folds.len()];
    for fold in (1..folds.len()).rev() {
        after[fold - 1] = folds[fold].and(after[fold]);
    }
    let mut before = Sums::default();
    for (fold, after) in folds.iter_mut().zip(after) {
        let own = *fold;
        *fold = before.and(after);
        before = before.and(own);
    }
}

/// What is known of the target in a category: the number of rows, the sum, and the sum of squared differences from the
/// mean.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    /// Of `n` rows, so many are one, the others zero.
    fn of_ones(n: f64, ones: f64) -> Self {
        let mean = if n > 0.0 { ones / n } else { 0.0 };
        let squares = ones * (1.0 - mean) * (1.0 - mean) + (n - ones) * mean * mean;
        let sum = ones;
        Sums { n, sum, squares }
    }

    /// Of both: squares about the common mean (Chan, Golub and LeVeque 1983).
    fn and(self, other: Sums) -> Sums {
        if self.n == 0.0 {
            return other;
        }
        if other.n == 0.0 {
            return self;
        }
        let n = self.n + other.n;
        let apart = self.sum / self.n - other.sum / other.n;
        Sums {
            n,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares + apart * apart * (self.n * other.n / n),
        }
    }
}

/// The encoding of each category, column by column of the target.
fn encodings(sums: &[Vec<Sums>], moments: &[Moments], smooth: Smooth) -> Vec<Vec<f64>> {
    let of_column = |(sums, moments): (&Vec<Sums>, &Moments)| {
        let each = sums.iter();
        each.map(|s| encoding(smooth, *moments, s.n, s.sum, s.squares))
            .collect()
    };
    sums.iter().zip(moments).map(of_column).collect()
}

/// The encoding of a category of `n` rows whose target has this sum and this sum of squared differences from its mean.
fn encoding(smooth: Smooth, all: Moments, n: f64, sum: f64, squares: f64) -> f64 {
    match smooth {
        Smooth::Rows(rows) if n + rows == 0.0 => all.mean,
        Smooth::Rows(rows) => (rows * all.mean + sum) / (rows + n),
        Smooth::Auto => {
            let between = all.variance * n;
            let weight = between / (between + squares / n);
            // No row, or no variance at all.
            if weight.is_nan() {
                return all.mean;
            }
            weight * (sum / n) + (1.0 - weight) * all.mean
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_folds_are_the_sums_of_their_rows() {
        let n = 300;
        let fold_of: Vec<u32> = (0..n).map(|i| i as u32 * 7 % 3).collect();
        // Category 5 is none; category 4 occurs in one fold only; category 3 never.
        let code = |i: usize| match i * i % 11 {
            0 => 5,
            1 if fold_of[i] == 1 => 4,
            r => r as u32 % 3,
        };
        let codes: Vec<u32> = (0..n).map(code).collect();
        let real = Numbers::Real((0..n).map(|i| 1e6 + (i as f64 * 0.7).sin()).collect());
        let classes = Numbers::Classes {
            codes: (0..n).map(|i| (i * 5 % 7 % 3) as u32).collect(),
            n_classes: 3,
            columns: vec![0, 2],
        };
        for target in [real, classes] {
            for smooth in [Smooth::Auto, Smooth::Rows(2.0), Smooth::Rows(0.0)] {
                let moments = target.cross_moments(&fold_of, 3);
                for (fold, ours) in moments.iter().enumerate() {
                    let expected = target.moments(Training::NotFold(&fold_of, fold));
                    for (a, b) in ours.iter().zip(&expected) {
                        assert!(
                            (a.mean - b.mean).abs() <= 1e-15 * b.mean.abs(),
                            "{a:?} {b:?}"
                        );
                        assert!(
                            (a.variance - b.variance).abs() <= 1e-10 * b.variance,
                            "{a:?} {b:?}"
                        );
                    }
                }
                let cross = target.cross_encodings(&codes, 5, &fold_of, &moments, smooth);
                for (fold, ours) in cross.iter().enumerate() {
                    let training = Training::NotFold(&fold_of, fold);
                    let expected = target.encodings(&codes, 5, training, &moments[fold], smooth);
                    for (a, b) in ours.iter().flatten().zip(expected.iter().flatten()) {
                        assert!((a - b).abs() <= 1e-14 * b.abs().max(1e-300), "{a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn small_sums_by_hand() {
        // Category 0 has 1, 3; category 1 has 8; category 2 no row; the last row is of no category.
        let target = Numbers::Real(vec![1.0, 8.0, 3.0, 4.0]);
        let codes = [0, 1, 0, 3];
        let moments = target.moments(Training::All);
        assert_eq!((moments[0].mean, moments[0].variance), (4.0, 6.5));
        let plain = target.encodings(&codes, 3, Training::All, &moments, 2.0.into());
        assert_eq!(plain, [[(8.0 + 4.0) / 4.0, (8.0 + 8.0) / 3.0, 4.0]]);
        let none = target.encodings(&codes, 3, Training::All, &moments, 0.0.into());
        assert_eq!(none, [[2.0, 8.0, 4.0]]);
        // Weight 13 / (13 + 2 / 2) for category 0, 1 for category 1, whose target does not vary.
        let auto = target.encodings(&codes, 3, Training::All, &moments, Smooth::Auto);
        let expected = 13.0 / 14.0 * 2.0 + 1.0 / 14.0 * 4.0;
        assert!((auto[0][0] - expected).abs() < 1e-15);
        assert_eq!(auto[0][1..], [8.0, 4.0]);
    }

    #[test]
    fn classes_are_columns_of_zeros_and_ones() {
        let codes = vec![0, 1, 2, 1, 0, 1];
        let categories = [0, 0, 1, 1, 1, 0];
        let classes = Numbers::Classes {
            codes: codes.clone(),
            n_classes: 3,
            columns: vec![0, 1, 2],
        };
        for smooth in [Smooth::Auto, Smooth::Rows(1.5), Smooth::Rows(0.0)] {
            for training in [
                Training::All,
                Training::NotFold(&[0, 1, 0, 1, 0, 1], 1),
                Training::Rows(&[0, 2, 4]),
            ] {
                let moments = classes.moments(training);
                let ours = classes.encodings(&categories, 2, training, &moments, smooth);
                for (class, ours) in ours.iter().enumerate() {
                    let real = codes
                        .iter()
                        .map(|&c| f64::from(u8::from(c as usize == class)));
                    let real = Numbers::Real(real.collect());
                    let moments = real.moments(training);
                    let expected = real.encodings(&categories, 2, training, &moments, smooth);
                    for (a, b) in ours.iter().zip(&expected[0]) {
                        assert!((a - b).abs() < 1e-14, "{a} {b}");
                    }
                }
            }
        }
    }
}
