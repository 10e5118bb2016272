//! Missing values from the nearest rows.

use std::fmt;

use ndarray::{Array2, ArrayRef2, Axis, s};
use serde::{Deserialize, Serialize};

use super::donors::{Donors, Near, nearest, nearest_of};
use super::missing::{Missing, MissingValues, increasing, names_out, with_missing};
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::names_or_numbers;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

const NAME: &str = "KnnImputer";

/// Receivers whose distances are held together.
const RECEIVERS: usize = 8;

/// What each neighbour counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnnWeights {
    /// All the same.
    #[default]
    Uniform,
    /// The inverse of its distance; neighbours at distance 0, where there are any, count alone.
    Distance,
}

/// Fills a missing value with the mean of that column over the nearest rows that have it.
///
/// The distance of two rows is over the columns that both have, scaled up to all of them:
///
/// ```text
/// d(x, z)² = p / |J| · Σ_{j in J} (xⱼ − zⱼ)²        J: columns missing in neither
/// ```
///
/// Rows at fit are the ones that give values. For each missing value the `n_neighbors` nearest of the rows that have the
/// column are averaged, all there are if they are fewer. A row that has no column in common with any of them gets the mean
/// of the column.
///
/// Distances mix the units of the columns: scale them first.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_neighbors` | 5 | at least 1 | rows averaged; more are smoother |
/// | `weights` | `uniform` | `uniform`, `distance` | what each of them counts |
/// | `missing_values` | NaN | NaN or finite | which number is missing |
/// | `add_indicator` | `false` | | adds, for each column with missing values at fit, a column that says where they were |
/// | `keep_empty_features` | `false` | | keeps columns in which everything is missing at fit, as zeros; without it they are dropped |
///
/// Sample weights are checked and not used, as in scikit-learn.
///
/// # Complexity
/// Time O(r n p) for r rows with missing values and n rows at fit, in vector instructions and all threads; the model holds
/// the n p values, `transform` beyond its result 8 n distances for each thread, never all r n.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for infinite values, and for NaN when another
/// number is what is missing; `ShapeMismatch` at transform; `Overflow` when the mean of a column is too large.
///
/// # Source
/// O. Troyanskaya et al. (2001), Missing value estimation methods for DNA microarrays. scikit-learn's `KNNImputer`, with the
/// metric `nan_euclidean` and its two named weights. Of rows at the same distance those that come first at fit are taken;
/// scikit-learn takes whichever its partial sort leaves in front. Differences are squared here, not expanded into products,
/// so that equal rows are at distance 0 exactly. A column kept by `keep_empty_features` has its name in the result
/// (scikit-learn leaves the name out).
///
/// # Examples
/// ```
/// use fitwell::{impute::KnnImputer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0, f64::NAN], [3.0, 4.0, 3.0], [f64::NAN, 6.0, 5.0], [8.0, 8.0, 7.0]];
/// let filled = KnnImputer::new().n_neighbors(2).fit_transform(&x)?;
/// assert_eq!(filled, array![[1.0, 2.0, 4.0], [3.0, 4.0, 3.0], [5.5, 6.0, 5.0], [8.0, 8.0, 7.0]]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "KNNImputer")]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnnImputer {
    n_neighbors: usize,
    weights: KnnWeights,
    #[serde(with = "crate::params::number")]
    missing_values: f64,
    add_indicator: bool,
    keep_empty_features: bool,
}

/// NaN as `missing_values` equals NaN.
impl PartialEq for KnnImputer {
    fn eq(&self, other: &Self) -> bool {
        let both_nan = self.missing_values.is_nan() && other.missing_values.is_nan();
        self.n_neighbors == other.n_neighbors
            && self.weights == other.weights
            && (both_nan || self.missing_values == other.missing_values)
            && self.add_indicator == other.add_indicator
            && self.keep_empty_features == other.keep_empty_features
    }
}

impl Default for KnnImputer {
    fn default() -> Self {
        KnnImputer {
            n_neighbors: 5,
            weights: KnnWeights::Uniform,
            missing_values: f64::NAN,
            add_indicator: false,
            keep_empty_features: false,
        }
    }
}

impl KnnImputer {
    /// The mean of five neighbours.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows are averaged.
    #[must_use]
    pub fn n_neighbors(mut self, n_neighbors: usize) -> Self {
        self.n_neighbors = n_neighbors;
        self
    }

    /// What each neighbour counts.
    #[must_use]
    pub fn weights(mut self, weights: KnnWeights) -> Self {
        self.weights = weights;
        self
    }

    /// Which number is missing: NaN, or another.
    #[must_use]
    pub fn missing_values(mut self, missing_values: f64) -> Self {
        self.missing_values = missing_values;
        self
    }

    /// Whether to add, for each column with missing values at fit, a column of 0 and 1 that says where values are missing.
    #[must_use]
    pub fn add_indicator(mut self, add_indicator: bool) -> Self {
        self.add_indicator = add_indicator;
        self
    }

    /// Whether to keep columns in which everything is missing at fit, as zeros.
    #[must_use]
    pub fn keep_empty_features(mut self, keep_empty_features: bool) -> Self {
        self.keep_empty_features = keep_empty_features;
        self
    }
}

impl Hyperparameters for KnnImputer {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_neighbors", self.n_neighbors, 1)?;
        MissingValues::from(self.missing_values).check(NAME)
    }
}

impl fmt::Display for KnnImputer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for KnnImputer {
    type Fitted = FittedKnnImputer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let missing = Missing::new(self.missing_values);
        missing.check(x)?;
        let donors = Donors::new(x, missing);
        let means: Vec<Option<F>> = (0..x.ncols()).map(|j| mean(donors.feature(j))).collect();
        check::learned(NAME, "the mean", means.iter().flatten())?;
        let indicated = if self.add_indicator {
            with_missing(&missing.counts(x))
        } else {
            Vec::new()
        };
        Ok(FittedKnnImputer {
            settings: self.clone(),
            donors,
            means,
            indicated,
        })
    }
}

/// The mean of the observed values, `None` without any.
fn mean<F: Float>(values: &[F]) -> Option<F> {
    let observed = || values.iter().filter(|v| !v.is_nan()).map(|v| v.f64());
    let n = observed().count() as f64;
    if n == 0.0 {
        return None;
    }
    let sum: f64 = observed().sum();
    // Large numbers are divided before they are added.
    let mean = if sum.is_finite() {
        sum / n
    } else {
        observed().map(|v| v / n).sum()
    };
    Some(F::of(mean))
}

/// The rows that [`KnnImputer`] takes values from.
///
/// ```
/// use fitwell::{impute::KnnImputer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 10.0], [2.0, 20.0], [f64::NAN, 40.0]];
/// let model = KnnImputer::new().n_neighbors(1).add_indicator(true).fit(&x, &())?;
/// assert_eq!(model.feature_names_out(None)?, ["x0", "x1", "missingindicator_x0"]);
/// assert_eq!(model.transform(&array![[f64::NAN, 19.0]])?, array![[2.0, 19.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKnnImputer<F: Float> {
    settings: KnnImputer,
    donors: Donors<F>,
    /// For rows without any column in common; `None` for a column without values.
    means: Vec<Option<F>>,
    indicated: Vec<usize>,
}

impl<F: Float> FittedKnnImputer<F> {
    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.means.len()
    }

    /// The number of rows at fit.
    pub fn n_samples_fit(&self) -> usize {
        self.donors.n_donors()
    }

    /// The columns that have an indicator: those with missing values at fit, if `add_indicator` is set.
    pub fn indicator_features(&self) -> &[usize] {
        &self.indicated
    }

    fn kept(&self) -> Vec<usize> {
        let keep = self.settings.keep_empty_features;
        (0..self.means.len())
            .filter(|&j| keep || self.means[j].is_some())
            .collect()
    }

    fn missing(&self) -> Missing<F> {
        Missing::new(self.settings.missing_values)
    }

    /// The missing values of some rows, row by row; columns without values at fit are left out.
    fn fill(&self, x: &ArrayRef2<F>, rows: &[usize], scale: F, enough: &[usize]) -> Vec<F> {
        let missing = self.missing();
        let known: Vec<Vec<(usize, F)>> = rows
            .iter()
            .map(|&i| Donors::known(x.row(i), missing))
            .collect();
        let mut distances = self.donors.room(rows.len());
        self.donors.distances(&known, scale, &mut distances);
        let stride = distances.len() / rows.len().max(1);
        let (mut nearby, mut found) = (Vec::new(), Vec::new());
        let mut filled = Vec::new();
        for (&i, distances) in rows.iter().zip(distances.chunks_exact(stride.max(1))) {
            let distances = &distances[..self.donors.n_donors()];
            let row = x.row(i);
            let lacking = || (0..row.len()).filter(|&j| missing.is(row[j]));
            // One search for all columns that are there often enough.
            let common = lacking()
                .filter(|&j| self.means[j].is_some())
                .map(|j| enough[j]);
            match common.filter(|&n| n > 0).max() {
                Some(n) => nearest(distances, n, &mut nearby),
                None => nearby.clear(),
            }
            for j in lacking() {
                if let Some(mean) = self.means[j] {
                    let values = self.donors.feature(j);
                    self.neighbours(values, distances, &nearby, &mut found);
                    filled.push(self.average(values, &found).unwrap_or(mean));
                }
            }
        }
        filled
    }

    /// The nearest donors that have a value, nearest first.
    fn neighbours(
        &self,
        values: &[F],
        distances: &[F],
        nearby: &[Near<F>],
        found: &mut Vec<Near<F>>,
    ) {
        let k = self.settings.n_neighbors;
        found.clear();
        let with_value = nearby.iter().filter(|(_, i)| !values[*i as usize].is_nan());
        found.extend(with_value.take(k));
        if found.len() < k {
            found.clear();
            let each = distances.iter().zip(values).zip(0u32..);
            let there = each.filter(|((d, v), _)| !d.is_nan() && !v.is_nan());
            found.extend(there.map(|((d, _), i)| (*d, i)));
            nearest_of(found, k);
        }
    }

    /// The weighted mean of the neighbours' values; `None` without neighbours.
    fn average(&self, values: &[F], found: &[Near<F>]) -> Option<F> {
        if found.is_empty() {
            return None;
        }
        let weight = |d: F| match self.settings.weights {
            KnnWeights::Uniform => 1.0,
            KnnWeights::Distance => 1.0 / d.f64().sqrt(),
        };
        // Where some are at distance 0, those alone; where all are infinitely far, all alike.
        let some_here = found.iter().any(|(d, _)| weight(*d).is_infinite());
        let all_far = found.iter().all(|(d, _)| weight(*d) == 0.0);
        let weight = |d: F| match (some_here, all_far) {
            (true, _) => f64::from(u8::from(weight(d).is_infinite())),
            (_, true) => 1.0,
            _ => weight(d),
        };
        let total: f64 = found.iter().map(|(d, _)| weight(*d)).sum();
        let share = |(d, i): &Near<F>| weight(*d) / total * values[*i as usize].f64();
        let sum: f64 = match self.settings.weights {
            // A sum of whole numbers is exact.
            KnnWeights::Uniform => {
                let sum: f64 = found.iter().map(|(_, i)| values[*i as usize].f64()).sum();
                if sum.is_finite() {
                    sum / total
                } else {
                    found.iter().map(share).sum()
                }
            }
            KnnWeights::Distance => found.iter().map(share).sum(),
        };
        Some(F::of(sum))
    }

    /// How many of the nearest rows to look at for a column so that enough of them have it; 0 where that would be so many
    /// that its own rows are looked through instead.
    fn enough(&self) -> Vec<usize> {
        let (n, k) = (self.donors.n_donors(), self.settings.n_neighbors);
        let each = (0..self.means.len()).map(|j| {
            let there = self
                .donors
                .feature(j)
                .iter()
                .filter(|v| !v.is_nan())
                .count();
            let expected = k.saturating_mul(n) / there.max(1);
            let enough = expected.saturating_add(expected / 2).saturating_add(8);
            if enough > n / 8 && n > 256 { 0 } else { enough }
        });
        each.collect()
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedKnnImputer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.n_features_in())?;
        let missing = self.missing();
        missing.check(x)?;
        let kept = self.kept();
        let mut out = parallel::zeros((x.nrows(), kept.len() + self.indicated.len()));
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            for (i, mut out) in block.rows_mut().into_iter().enumerate() {
                let row = x.row(first + i);
                for (out, &j) in out.iter_mut().zip(&kept) {
                    if self.means[j].is_some() {
                        *out = row[j];
                    }
                }
            }
        });
        let lacks = |i: &usize| {
            let mut row = x.row(*i).into_iter().zip(&self.means);
            row.any(|(v, mean)| mean.is_some() && missing.is(*v))
        };
        let receivers: Vec<usize> = (0..x.nrows()).filter(lacks).collect();
        if !receivers.is_empty() {
            let (scale, enough) = (self.donors.scale(), self.enough());
            let filled = parallel::map_chunks(receivers.len(), RECEIVERS, |range| {
                self.fill(x, &receivers[range], scale, &enough)
            });
            let mut filled = filled.into_iter().flatten();
            for &i in &receivers {
                let mut out = out.row_mut(i);
                for (out, &j) in out.iter_mut().zip(&kept) {
                    if self.means[j].is_some()
                        && missing.is(x[[i, j]])
                        && let Some(v) = filled.next()
                    {
                        *out = v;
                    }
                }
            }
        }
        let mut indicators = out.slice_mut(s![.., kept.len()..]);
        if indicators.len_of(Axis(1)) > 0 {
            missing.indicate(x, &self.indicated, &mut indicators);
        }
        Ok(out)
    }
}

impl<F: Float> FeatureNamesOut for FittedKnnImputer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = names_or_numbers(input, self.n_features_in())?;
        let kept = self.kept();
        let is_kept = |j: usize| kept.binary_search(&j).is_ok();
        Ok(names_out(&names, is_kept, &self.indicated))
    }
}

impl<F: Float> fmt::Display for FittedKnnImputer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, p) = (self.n_samples_fit(), self.n_features_in());
        write!(f, "{} fitted on {n} rows of {p} columns", self.settings)
    }
}

impl<F: Float> Model for FittedKnnImputer<F> {
    fn type_name() -> String {
        format!("FittedKnnImputer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings
            .check()
            .map_err(|e| crate::Error::model_file(e.to_string()))?;
        let p = self.donors.n_features();
        ensure::equal("number of means", self.means.len(), p)?;
        for (j, mean) in self.means.iter().enumerate() {
            let empty = self.donors.feature(j).iter().all(|v| v.is_nan());
            ensure::that(mean.is_none() == empty, || {
                format!("column {j}: a mean without values, or values without a mean")
            })?;
        }
        ensure::finite("means", self.means.iter().flatten())?;
        ensure::that(increasing(&self.indicated, p), || {
            "indicators are not increasing column numbers".into()
        })?;
        ensure::that(
            self.settings.add_indicator || self.indicated.is_empty(),
            || "indicators without add_indicator".into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::random;
    use crate::traits::FitTransform;
    use ndarray::array;

    const NAN: f64 = f64::NAN;

    fn holes(n: usize, p: usize, share: f64) -> Array2<f64> {
        let mut rng = random::generator(9);
        Array2::from_shape_simple_fn((n, p), || {
            let v = random::standard_normal(&mut rng);
            if random::uniform(&mut rng) < share {
                NAN
            } else {
                v
            }
        })
    }

    /// The definition, value by value.
    fn by_hand(fit: &Array2<f64>, x: &Array2<f64>, k: usize, weights: KnnWeights) -> Array2<f64> {
        let mut out = x.clone();
        for ((i, j), v) in x.indexed_iter().filter(|(_, v)| v.is_nan()) {
            assert!(v.is_nan());
            let mut donors: Vec<(f64, f64)> = Vec::new();
            for z in fit.rows().into_iter().filter(|z| !z[j].is_nan()) {
                let both: Vec<f64> = (x.row(i).iter().zip(z))
                    .filter(|(a, b)| !a.is_nan() && !b.is_nan())
                    .map(|(a, b)| (a - b).powi(2))
                    .collect();
                if !both.is_empty() {
                    let mean = both.iter().sum::<f64>() / both.len() as f64;
                    donors.push(((mean * x.ncols() as f64).sqrt(), z[j]));
                }
            }
            donors.sort_by(|a, b| a.0.total_cmp(&b.0));
            donors.truncate(k);
            let weight = |d: f64| {
                if weights == KnnWeights::Uniform {
                    1.0
                } else {
                    1.0 / d
                }
            };
            let total: f64 = donors.iter().map(|d| weight(d.0)).sum();
            let sum: f64 = donors.iter().map(|d| weight(d.0) * d.1).sum();
            out[[i, j]] = if donors.is_empty() {
                let there = fit.column(j).iter().filter(|v| !v.is_nan()).count();
                fit.column(j).iter().filter(|v| !v.is_nan()).sum::<f64>() / there as f64
            } else {
                sum / total
            };
        }
        out
    }

    #[test]
    fn it_is_the_definition() {
        for (n, p, share) in [(40, 4, 0.3), (700, 5, 0.2), (900, 3, 0.9), (400, 6, 0.05)] {
            let fit = holes(n, p, share);
            // The same numbers, moved: no row is one of the others.
            let x = holes(60, p, 0.4).mapv(|v| 1.1 * v + 0.01);
            for weights in [KnnWeights::Uniform, KnnWeights::Distance] {
                for k in [1, 5, 50] {
                    let model = KnnImputer::new().n_neighbors(k).weights(weights);
                    let model = model.fit(&fit, &()).unwrap();
                    let expected = by_hand(&fit, &x, k, weights);
                    let far = (&model.transform(&x).unwrap() - &expected).mapv(f64::abs);
                    assert!(far.iter().all(|&d| d < 1e-12), "{n} {p} {share} {k} {far}");
                }
            }
        }
    }

    #[test]
    fn equal_rows_count_alone_and_ties_go_to_the_first() {
        let fit = array![[0.0, 1.0], [1.0, 10.0], [1.0, 20.0], [2.0, 100.0]];
        let x = array![[1.0, NAN]];
        let by_distance = KnnImputer::new()
            .weights(KnnWeights::Distance)
            .n_neighbors(3);
        let filled = by_distance.fit(&fit, &()).unwrap().transform(&x).unwrap();
        assert_eq!(filled[[0, 1]], 15.0);
        let three = KnnImputer::new().n_neighbors(3).fit(&fit, &()).unwrap();
        assert_eq!(three.transform(&x).unwrap()[[0, 1]], 31.0 / 3.0);
    }

    #[test]
    fn rows_and_columns_without_values() {
        let fit = array![
            [1.0, NAN, NAN],
            [NAN, NAN, 3.0],
            [NAN, NAN, 5.0],
            [7.0, NAN, NAN]
        ];
        let x = array![[1.0, 2.0, NAN], [NAN, NAN, NAN], [1.0, 1.0, 1.0]];
        let model = KnnImputer::new().fit(&fit, &()).unwrap();
        assert_eq!(
            model.transform(&x).unwrap(),
            array![[1.0, 4.0], [4.0, 4.0], [1.0, 1.0]]
        );
        assert_eq!(model.feature_names_out(None).unwrap(), ["x0", "x2"]);
        let all = KnnImputer::new()
            .keep_empty_features(true)
            .add_indicator(true);
        let model = all.fit(&fit, &()).unwrap();
        // A column without values at fit is 0, whatever it holds now.
        assert_eq!(
            model.transform(&x).unwrap(),
            array![
                [1.0, 0.0, 4.0, 0.0, 0.0, 1.0],
                [4.0, 0.0, 4.0, 1.0, 1.0, 1.0],
                [1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
            ]
        );
        assert_eq!(
            model.feature_names_out(None).unwrap()[3],
            "missingindicator_x0"
        );
        let empty = KnnImputer::new()
            .fit_transform(&array![[NAN, NAN]])
            .unwrap();
        assert_eq!(empty.dim(), (1, 0));
    }

    #[test]
    fn complete_rows_stay_and_another_number_may_be_missing() {
        let x = holes(50, 3, 0.0);
        assert_eq!(KnnImputer::new().fit_transform(&x).unwrap(), x);
        let x = holes(50, 3, 0.3);
        let coded = x.mapv(|v| if v.is_nan() { -99.0 } else { v });
        let by_code = KnnImputer::new().missing_values(-99.0);
        assert_eq!(
            by_code.fit_transform(&coded).unwrap(),
            KnnImputer::new().fit_transform(&x).unwrap()
        );
        assert!(by_code.fit(&x, &()).is_err());
        assert!(KnnImputer::new().n_neighbors(0).fit(&x, &()).is_err());
        assert!(
            KnnImputer::new()
                .missing_values(f64::INFINITY)
                .fit(&x, &())
                .is_err()
        );
    }

    #[test]
    fn extreme_values_stay_finite() {
        for size in [1e300, 1e-200] {
            let x = holes(60, 4, 0.3).mapv(|v| v * size);
            for weights in [KnnWeights::Uniform, KnnWeights::Distance] {
                let model = KnnImputer::new().weights(weights).fit(&x, &()).unwrap();
                let filled = model.transform(&x).unwrap();
                assert!(filled.iter().all(|v| v.is_finite()));
                let plain = KnnImputer::new().weights(weights);
                let plain = plain.fit_transform(&x.mapv(|v| v / size)).unwrap();
                let far = (&filled.mapv(|v| v / size) - &plain).mapv(f64::abs);
                assert!(far.iter().all(|&d| d < 1e-12));
                let far_away = array![[size * 1e7, NAN, NAN, NAN]];
                assert!(
                    model
                        .transform(&far_away)
                        .unwrap()
                        .iter()
                        .all(|v| v.is_finite())
                );
            }
        }
    }

    #[test]
    fn threads_files_and_names() {
        let x = holes(700, 6, 0.2);
        let model = KnnImputer::new().add_indicator(true).fit(&x, &()).unwrap();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| model.transform(&x).unwrap())
        };
        assert_eq!(with(1), with(8));
        assert_eq!(
            FittedKnnImputer::<f64>::from_json(&model.to_json().unwrap()).unwrap(),
            model
        );
        assert_eq!(
            FittedKnnImputer::<f64>::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        let broken = FittedKnnImputer {
            means: vec![None; 6],
            ..model
        };
        assert!(broken.validate().is_err());
        let by_name = KnnImputer::new().with_param("weights", "distance").unwrap();
        assert_eq!(by_name, KnnImputer::new().weights(KnnWeights::Distance));
        assert_eq!(KnnImputer::new().to_string(), "KnnImputer()");
    }
}
