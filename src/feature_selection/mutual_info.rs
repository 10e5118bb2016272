//! Mutual information of each feature with the target, estimated from nearest neighbours.
//!
//! Two real variables: A. Kraskov, H. Stögbauer, P. Grassberger, "Estimating mutual information", Physical Review E 69 (2004),
//! equation 8. A real and a discrete one: B. C. Ross, "Mutual information between discrete and continuous data sets", PLoS
//! ONE 9 (2014). Two discrete ones: the sum over the table of their counts.
//!
//! Neighbours in the plane come from a k-d tree, those on the line from a sorted list, in which counting the values within a
//! distance starts at the value itself and doubles its stride.

use std::fmt;

use ndarray::{Array1, ArrayRef1, ArrayRef2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::neighbours::Tree;
use super::score::{FeatureScores, ScoreFunction};
use super::written::{count, written};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::params::{Hyperparameters, Value, describe};
use crate::special::digamma;
use crate::targets::{ClassTarget, RealTarget};
use crate::{check, parallel, random};

/// Which features are discrete. By name `"auto"`, a boolean, a list of booleans or a list of positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DiscreteFeatures {
    /// None: what a dense matrix holds counts as continuous, as in scikit-learn.
    #[default]
    Auto,
    /// All, or none.
    All(bool),
    /// Those where it is true.
    Mask(Vec<bool>),
    /// Those at the given positions.
    Indices(Vec<usize>),
}

impl From<bool> for DiscreteFeatures {
    fn from(all: bool) -> Self {
        DiscreteFeatures::All(all)
    }
}

impl From<Vec<bool>> for DiscreteFeatures {
    fn from(mask: Vec<bool>) -> Self {
        DiscreteFeatures::Mask(mask)
    }
}

impl From<Vec<usize>> for DiscreteFeatures {
    fn from(indices: Vec<usize>) -> Self {
        DiscreteFeatures::Indices(indices)
    }
}

impl<const N: usize> From<[bool; N]> for DiscreteFeatures {
    fn from(mask: [bool; N]) -> Self {
        DiscreteFeatures::Mask(mask.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for DiscreteFeatures {
    fn from(indices: [usize; N]) -> Self {
        DiscreteFeatures::Indices(indices.to_vec())
    }
}

impl DiscreteFeatures {
    fn write(&self) -> Value {
        match self {
            DiscreteFeatures::Auto => "auto".into(),
            DiscreteFeatures::All(all) => (*all).into(),
            DiscreteFeatures::Mask(mask) => mask.clone().into(),
            DiscreteFeatures::Indices(indices) => indices.clone().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" {
            return Some(DiscreteFeatures::Auto);
        }
        if let Some(all) = value.as_bool() {
            return Some(DiscreteFeatures::All(all));
        }
        let list = value.as_array()?;
        if !list.is_empty() && list.iter().all(Value::is_boolean) {
            let mask = list.iter().filter_map(Value::as_bool);
            return Some(DiscreteFeatures::Mask(mask.collect()));
        }
        let indices: Option<Vec<usize>> = list.iter().map(count).collect();
        indices.map(DiscreteFeatures::Indices)
    }

    fn mask(&self, name: &str, p: usize) -> Result<Vec<bool>> {
        let wrong = |expected: String, got: usize| {
            Error::invalid_parameter(name, "discrete_features", expected, got)
        };
        match self {
            DiscreteFeatures::Auto => Ok(vec![false; p]),
            DiscreteFeatures::All(all) => Ok(vec![*all; p]),
            DiscreteFeatures::Mask(mask) if mask.len() == p => Ok(mask.clone()),
            DiscreteFeatures::Mask(mask) => Err(wrong(
                format!("a boolean for each of the {p} features"),
                mask.len(),
            )),
            DiscreteFeatures::Indices(indices) => {
                let mut mask = vec![false; p];
                for &j in indices {
                    let expected = || format!("positions among the {p} features");
                    *mask.get_mut(j).ok_or_else(|| wrong(expected(), j))? = true;
                }
                Ok(mask)
            }
        }
    }
}
written!(
    DiscreteFeatures,
    "\"auto\", a boolean, a list of booleans or a list of positions"
);

macro_rules! estimator {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            discrete_features: DiscreteFeatures,
            n_neighbors: usize,
            random_state: u64,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    discrete_features: DiscreteFeatures::Auto,
                    n_neighbors: 3,
                    random_state: 0,
                }
            }
        }

        impl $name {
            /// Continuous features, three neighbours, seed 0.
            pub fn new() -> Self {
                Self::default()
            }

            /// Which features are discrete.
            #[must_use]
            pub fn discrete_features(mut self, which: impl Into<DiscreteFeatures>) -> Self {
                self.discrete_features = which.into();
                self
            }

            /// The number of neighbours: more lower the variance of the estimate and raise its bias.
            #[must_use]
            pub fn n_neighbors(mut self, n: usize) -> Self {
                self.n_neighbors = n;
                self
            }

            /// The seed of the noise that parts equal values.
            #[must_use]
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }

            fn estimate<F: Float>(&self, x: &ArrayRef2<F>, target: &Target<'_>) -> Result<FeatureScores> {
                self.check()?;
                let discrete = self.discrete_features.mask(Self::NAME, x.ncols())?;
                let settings = Settings {
                    name: Self::NAME,
                    n_neighbors: self.n_neighbors,
                    seed: self.random_state,
                };
                settings.estimate(x, &discrete, target).map(FeatureScores::new)
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_neighbors", self.n_neighbors, 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }
    };
}

estimator! {
    /// The mutual information of each feature with the classes, in nats; zero for independent ones.
    ///
    /// It sees every kind of dependence, not only differences of means, and needs more rows for it.
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `discrete_features` | auto (none) | all, none, a mask, positions | features whose values are categories |
    /// | `n_neighbors` | 3 | at least 1 | more lower the variance of the estimate and raise its bias |
    /// | `random_state` | 0 | | seed of the noise that parts equal values |
    ///
    /// Continuous features are divided by their standard deviation, and noise of 10⁻¹⁰ parts their ties; the noise is of
    /// another generator than scikit-learn's, so that estimates agree exactly where there are no ties. Rows of a class with
    /// one row are left out. Estimates below zero are zero. Features are estimated side by side on rayon's threads.
    ///
    /// # Complexity
    /// Time O(n log n) for each feature, memory O(n) for each thread.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidInput` when every class has one row.
    /// Sample weights are not used, as in scikit-learn.
    ///
    /// # Source
    /// Kraskov, Stögbauer and Grassberger (2004); Ross (2014).
    MutualInfoClassif
}

estimator! {
    /// The mutual information of each feature with a real target, in nats; zero for independent ones.
    ///
    /// It sees every kind of dependence, not only the linear, and needs more rows for it. Settings, noise and cost are those
    /// of [`MutualInfoClassif`]; the target is scaled and parted as the features are. The plane of feature and target is
    /// searched through a k-d tree.
    ///
    /// # Errors
    /// `InvalidParameter`, also when `n_neighbors` is not below the number of rows; `EmptyInput`, `NonFinite`,
    /// `ShapeMismatch`; `InvalidInput` when every value of a discrete feature is there once. Sample weights are not used, as
    /// in scikit-learn.
    MutualInfoRegression
}

/// [`MutualInfoClassif`] at its defaults.
///
/// # Errors
/// As [`MutualInfoClassif`] says.
///
/// ```
/// use fitwell::feature_selection::mutual_info_classif;
///
/// let iris = fitwell::datasets::load_iris()?;
/// let mi = mutual_info_classif(&iris.x, &iris.target)?;
/// assert!(mi[2] > 0.9 && mi[3] > 0.9 && mi[1] < 0.4);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mutual_info_classif<F: Float, Y: ClassTarget + ?Sized>(
    x: &ArrayRef2<F>,
    y: &Y,
) -> Result<Array1<f64>> {
    MutualInfoClassif::new().scores(x, y)
}

/// [`MutualInfoRegression`] at its defaults.
///
/// # Errors
/// As [`MutualInfoRegression`] says.
///
/// ```
/// use fitwell::feature_selection::{f_regression, mutual_info_regression};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((200, 1), |(i, _)| i as f64 / 100.0 - 1.0);
/// let y = x.column(0).mapv(|v| v * v); // no correlation, full dependence
/// assert!(f_regression(&x, &y)?.scores()[0] < 0.1);
/// assert!(mutual_info_regression(&x, &y)?[0] > 2.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mutual_info_regression<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Array1<f64>> {
    MutualInfoRegression::new().scores(x, y)
}

impl MutualInfoClassif {
    /// The mutual information of the columns of `x` (n_samples, n_features) with the classes.
    ///
    /// # Errors
    /// As the type says.
    pub fn scores<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<Array1<f64>> {
        Ok(self.score_features(x, y)?.scores().clone())
    }
}

impl MutualInfoRegression {
    /// The mutual information of the columns of `x` (n_samples, n_features) with `y`.
    ///
    /// # Errors
    /// As the type says.
    pub fn scores<F: Float>(&self, x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Array1<f64>> {
        Ok(self.score_features(x, y)?.scores().clone())
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> ScoreFunction<F, Y> for MutualInfoClassif {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        self.estimate(x, &Target::Classes(y.labels().codes()))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> ScoreFunction<F, Y> for MutualInfoRegression {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let y: Vec<f64> = y.values().iter().map(|v| v.f64()).collect();
        let y = prepared(
            ArrayView1::from(&y),
            &mut random::stream(self.random_state, 0),
        );
        self.estimate(x, &Target::Real(Sorted::new(y)))
    }
}

/// What features are compared with.
enum Target<'a> {
    Classes(&'a [u32]),
    Real(Sorted),
}

struct Settings {
    name: &'static str,
    n_neighbors: usize,
    seed: u64,
}

impl Settings {
    fn estimate<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        discrete: &[bool],
        target: &Target<'_>,
    ) -> Result<Array1<f64>> {
        let (n, p) = x.dim();
        if matches!(target, Target::Real(_)) && discrete.contains(&false) && self.n_neighbors >= n {
            let expected = format!("below {n}, the number of rows");
            return Err(Error::invalid_parameter(
                self.name,
                "n_neighbors",
                expected,
                self.n_neighbors,
            ));
        }
        let psi: Vec<f64> = (0..=n).map(|m| digamma(m as f64)).collect();
        let of_feature = |j: usize| -> Result<f64> {
            let column = || prepared(x.column(j), &mut random::stream(self.seed, 1 + j as u64));
            let found = match (target, discrete[j]) {
                (Target::Classes(y), true) => Some(of_codes(&codes(x.column(j)), y)),
                (Target::Classes(y), false) => {
                    real_and_codes(&Sorted::new(column()), y, self.n_neighbors, &psi)
                }
                (Target::Real(y), true) => {
                    real_and_codes(y, &codes(x.column(j)), self.n_neighbors, &psi)
                }
                (Target::Real(y), false) => {
                    Some(of_reals(&Sorted::new(column()), y, self.n_neighbors, &psi))
                }
            };
            found.ok_or_else(|| {
                let reason = "every class, or value of a discrete feature, is there once";
                Error::invalid_input(format!("feature {j}"), reason)
            })
        };
        parallel::map(p, of_feature).into_iter().collect()
    }
}

/// The values divided by their standard deviation, with a little noise.
fn prepared<F: Float>(
    values: ArrayView1<'_, F>,
    rng: &mut random::rand_chacha::ChaCha8Rng,
) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|v| v.f64()).collect();
    let n = values.len() as f64;
    // A power of two first, so that squares stay in range.
    let most = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let unit = super::sums::unit(most);
    let mean = values.iter().map(|v| v * unit).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v * unit - mean).powi(2)).sum();
    let deviation = (squares / n).sqrt() / unit;
    if deviation >= 10.0 * f64::EPSILON && deviation.is_finite() {
        for v in &mut values {
            *v /= deviation;
        }
    }
    let size = (values.iter().map(|v| v.abs()).sum::<f64>() / n).max(1.0);
    for v in &mut values {
        *v += 1e-10 * size * random::standard_normal(rng);
    }
    values
}

/// Values, and where each stands in their order.
struct Sorted {
    values: Vec<f64>,
    sorted: Vec<f64>,
    /// The row of each place in the order.
    order: Vec<u32>,
    /// The place of each row in the order.
    place: Vec<u32>,
}

impl Sorted {
    fn new(values: Vec<f64>) -> Self {
        let mut pairs: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut place = vec![0; values.len()];
        for (at, (_, row)) in (0..).zip(&pairs) {
            place[*row as usize] = at;
        }
        Sorted {
            sorted: pairs.iter().map(|p| p.0).collect(),
            order: pairs.iter().map(|p| p.1).collect(),
            values,
            place,
        }
    }
}

/// How many of the sorted values are within `radius` of the one at `at`, itself among them.
fn within(sorted: &[f64], at: usize, radius: f64) -> usize {
    let here = sorted[at];
    let right = reach(sorted.len() - 1 - at, |d| sorted[at + d] - here <= radius);
    let left = reach(at, |d| here - sorted[at - d] <= radius);
    left + 1 + right
}

/// The largest d up to `most` that is inside, where all below it are.
fn reach(most: usize, inside: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut stride) = (0, 1);
    while low + stride <= most && inside(low + stride) {
        low += stride;
        stride *= 2;
    }
    // The answer is from `low` to below `low + stride`.
    let mut high = (low + stride).min(most + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if inside(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Two real variables (Kraskov).
fn of_reals(x: &Sorted, y: &Sorted, k: usize, psi: &[f64]) -> f64 {
    let n = x.values.len();
    let tree = Tree::new(&x.values, &y.values);
    let mut nearest = Vec::with_capacity(k);
    let mut sum = 0.0;
    for &row in &x.order {
        let row = row as usize;
        // Below the distance of the neighbour of rank k.
        let radius = less(tree.distance(row, k, &mut nearest));
        let (nx, ny) = (
            within(&x.sorted, x.place[row] as usize, radius),
            within(&y.sorted, y.place[row] as usize, radius),
        );
        sum += psi[nx] + psi[ny];
    }
    (psi[n] + psi[k] - sum / n as f64).max(0.0)
}

/// The next number towards zero.
fn less(distance: f64) -> f64 {
    if distance > 0.0 {
        distance.next_down()
    } else {
        0.0
    }
}

/// A real variable and a discrete one (Ross); `None` when every category is there once.
fn real_and_codes(values: &Sorted, codes: &[u32], k: usize, psi: &[f64]) -> Option<f64> {
    let n_codes = codes.iter().max().map_or(0, |&m| m as usize + 1);
    let mut counts = vec![0usize; n_codes];
    for &code in codes {
        counts[code as usize] += 1;
    }
    // In the order of the values: all whose category is there more than once, and those of each category.
    let mut starts = Vec::with_capacity(n_codes);
    let mut next = 0;
    for &count in &counts {
        starts.push(next);
        next += count;
    }
    let mut ends = starts.clone();
    let mut of_code = vec![(0.0, 0usize); codes.len()];
    let mut all = Vec::with_capacity(codes.len());
    for (&value, &row) in values.sorted.iter().zip(&values.order) {
        let code = codes[row as usize] as usize;
        if counts[code] > 1 {
            of_code[ends[code]] = (value, all.len());
            ends[code] += 1;
            all.push(value);
        }
    }
    if all.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    for (code, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 1) {
        let members = &of_code[starts[code]..starts[code] + count];
        let k = k.min(count - 1);
        for (i, &(value, place)) in members.iter().enumerate() {
            // The k nearest are a run around i.
            let (mut left, mut right, mut distance) = (i, i, 0.0);
            for _ in 0..k {
                let before = left.checked_sub(1).map(|l| value - members[l].0);
                let after = members.get(right + 1).map(|m| m.0 - value);
                match (before, after) {
                    (Some(b), Some(a)) if b <= a => (left, distance) = (left - 1, b),
                    (Some(b), None) => (left, distance) = (left - 1, b),
                    (_, Some(a)) => (right, distance) = (right + 1, a),
                    (None, None) => break,
                }
            }
            sum += psi[k] - psi[count] - psi[within(&all, place, less(distance))];
        }
    }
    let n = all.len();
    Some((psi[n] + sum / n as f64).max(0.0))
}

/// A code for each distinct value.
fn codes<F: Float>(values: ArrayView1<'_, F>) -> Vec<u32> {
    let mut pairs: Vec<(f64, u32)> = values.iter().map(|v| v.f64() + 0.0).zip(0..).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut codes = vec![0; pairs.len()];
    let mut code = 0;
    for i in 0..pairs.len() {
        if i > 0 && pairs[i].0 > pairs[i - 1].0 {
            code += 1;
        }
        codes[pairs[i].1 as usize] = code;
    }
    codes
}

/// Two discrete variables.
fn of_codes(x: &[u32], y: &[u32]) -> f64 {
    let count = |codes: &[u32]| {
        let mut counts = vec![0u64; codes.iter().max().map_or(0, |&m| m as usize + 1)];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts
    };
    let (of_x, of_y) = (count(x), count(y));
    let mut cells: Vec<u64> = x
        .iter()
        .zip(y)
        .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b))
        .collect();
    cells.sort_unstable();
    let n = x.len() as f64;
    let sum: f64 = cells
        .chunk_by(|a, b| a == b)
        .map(|cell| {
            let (a, b) = (cell[0] >> 32, cell[0] & u64::from(u32::MAX));
            let (nx, ny) = (of_x[a as usize] as f64, of_y[b as usize] as f64);
            let m = cell.len() as f64;
            let part = m / n * (m * n / (nx * ny)).ln();
            if part.abs() < f64::EPSILON { 0.0 } else { part }
        })
        .sum();
    sum.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use ndarray::{Array2, array};

    fn noise(n: usize, p: usize) -> Array2<f64> {
        let mut rng = random::generator(6);
        Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
    }

    /// Kraskov's estimate from the definition.
    fn plain(x: &[f64], y: &[f64], k: usize) -> f64 {
        let n = x.len();
        let mut sum = 0.0;
        for i in 0..n {
            let mut distances: Vec<f64> = (0..n)
                .filter(|&j| j != i)
                .map(|j| (x[i] - x[j]).abs().max((y[i] - y[j]).abs()))
                .collect();
            distances.sort_by(f64::total_cmp);
            let closer = |v: &[f64]| {
                v.iter()
                    .filter(|w| (v[i] - **w).abs() < distances[k - 1])
                    .count()
            };
            sum += digamma(closer(x) as f64) + digamma(closer(y) as f64);
        }
        digamma(n as f64) + digamma(k as f64) - sum / n as f64
    }

    #[test]
    fn two_reals_follow_the_definition() {
        for n in [2, 5, 40, 333] {
            let data = noise(n, 2);
            let (x, e) = (data.column(0).to_vec(), data.column(1));
            let y: Vec<f64> = x.iter().zip(e).map(|(x, e)| x * x + 0.3 * e).collect();
            for k in [1, 3, 7] {
                if k < n {
                    let psi: Vec<f64> = (0..=n).map(|m| digamma(m as f64)).collect();
                    let expected = plain(&x, &y, k).max(0.0);
                    let got = of_reals(&Sorted::new(x.clone()), &Sorted::new(y.clone()), k, &psi);
                    assert!((got - expected).abs() < 1e-13, "{n} {k}: {got} {expected}");
                }
            }
        }
    }

    #[test]
    fn correlated_normals_have_a_known_information() {
        // −½ ln(1 − ρ²)
        let data = noise(20_000, 2);
        for rho in [0.0f64, 0.6, 0.9] {
            let y = rho * &data.column(0) + (1.0 - rho * rho).sqrt() * &data.column(1);
            let mi = mutual_info_regression(&data.slice(ndarray::s![.., ..1]), &y).unwrap()[0];
            let expected = -0.5 * (1.0 - rho * rho).ln();
            assert!((mi - expected).abs() < 0.02, "{rho}: {mi} {expected}");
        }
    }

    #[test]
    fn discrete_variables_give_the_entropy_of_what_they_share() {
        let y = Labels::from_iter((0..400).map(|i| i % 4));
        let x = Array2::from_shape_fn((400, 3), |(i, j)| match j {
            0 => (i % 4) as f64,
            1 => (i % 2) as f64,
            _ => (i / 4 % 2) as f64,
        });
        let mi = MutualInfoClassif::new()
            .discrete_features(true)
            .scores(&x, &y)
            .unwrap();
        for (got, expected) in mi.iter().zip([4f64.ln(), 2f64.ln(), 0.0]) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
        // A normal whose mean tells the class apart.
        let mut apart = noise(400, 1);
        apart
            .column_mut(0)
            .iter_mut()
            .enumerate()
            .for_each(|(i, v)| *v += (100 * (i % 4)) as f64);
        let mi = mutual_info_classif(&apart, &y).unwrap()[0];
        assert!((mi - 4f64.ln()).abs() < 1e-2, "{mi}");
    }

    #[test]
    fn ties_and_constants_are_no_trouble() {
        let x = Array2::from_shape_fn(
            (3000, 2),
            |(i, j)| if j == 0 { 5.0 } else { (i % 3) as f64 },
        );
        let y = Array1::from_shape_fn(3000, |i| (i % 3) as f64);
        let mi = mutual_info_regression(&x, &y).unwrap();
        assert!(mi[0] < 0.1 && mi[1] > 1.0, "{mi}");
        let labels = Labels::from_iter((0..3000).map(|i| i % 3));
        let mi = mutual_info_classif(&x, &labels).unwrap();
        assert!(mi[0] < 0.1 && (mi[1] - 3f64.ln()).abs() < 0.1, "{mi}");
        let of = |seed| {
            let function = MutualInfoClassif::new().random_state(seed);
            function.scores(&x, &labels).unwrap()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn what_cannot_be_estimated_is_refused() {
        let x = noise(3, 2);
        let e = mutual_info_regression(&x, &array![1.0, 2.0, 4.0]).unwrap_err();
        assert_eq!(
            e.to_string(),
            "`n_neighbors` of `MutualInfoRegression` must be below 3, the number of rows, got 3"
        );
        let e = mutual_info_classif(&x, &Labels::from([0, 1, 2])).unwrap_err();
        assert!(e.to_string().contains("is there once"), "{e}");
        let y = Labels::from([0, 1, 1]);
        for wrong in [vec![2usize], vec![usize::MAX]] {
            let function = MutualInfoClassif::new().discrete_features(wrong);
            assert!(function.scores(&x, &y).is_err());
        }
        let function = MutualInfoClassif::new().discrete_features(vec![true]);
        let e = function.scores(&x, &y).unwrap_err().to_string();
        assert!(
            e.contains("a boolean for each of the 2 features, got 1"),
            "{e}"
        );
        assert!(
            MutualInfoClassif::new()
                .n_neighbors(0)
                .scores(&x, &y)
                .is_err()
        );
        // A class of one row is left out; one class says nothing.
        assert!(mutual_info_classif(&x, &y).is_ok());
        let alone = mutual_info_classif(&noise(50, 1), &Labels::from(vec![1; 50])).unwrap();
        assert!(alone[0] < 1e-14, "{alone}");
    }
}
