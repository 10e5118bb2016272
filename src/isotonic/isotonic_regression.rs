//! Isotonic regression of a target on one feature.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, Axis};
use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Deserializer, Serialize};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::metrics;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::{RealTarget, RealTargets};
use crate::traits::{Estimator, FeatureNamesOut, Predict, Score, Transform};

use super::pool::{bounds, check_increasing, pool};

const NAME: &str = "IsotonicRegression";

/// Whether the function rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Increasing {
    /// It rises.
    #[default]
    Yes,
    /// It falls.
    No,
    /// The sign of Spearman's rank correlation decides: [`check_increasing`].
    Auto,
}

impl From<bool> for Increasing {
    fn from(rises: bool) -> Self {
        if rises {
            Increasing::Yes
        } else {
            Increasing::No
        }
    }
}

/// As a parameter by name also `true` and `false`.
fn by_name_or_flag<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Increasing, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected `yes`, `no`, `auto` or a boolean")]
    enum Given {
        Flag(bool),
        Named(Increasing),
    }
    if !deserializer.is_human_readable() {
        return Increasing::deserialize(deserializer);
    }
    Given::deserialize(deserializer).map(|given| match given {
        Given::Flag(rises) => rises.into(),
        Given::Named(increasing) => increasing,
    })
}

/// What is predicted outside the range of the training data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfBounds {
    /// NaN.
    #[default]
    Nan,
    /// The value of the nearer end.
    Clip,
    /// An error that names the first such row.
    Raise,
}

/// The monotonic function of one feature that is nearest to the target in squared error.
///
/// Finds values v at the distinct values of x, rising (or falling) with x, that minimise
/// ```text
/// Σᵢ sᵢ (yᵢ − v(xᵢ))²,     y_min ≤ v ≤ y_max
/// ```
/// and predicts by straight lines between them. It assumes no shape but that: use it where the direction of an effect is
/// known and nothing else, to calibrate probabilities, say. With little data it follows the noise in steps.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `y_min`, `y_max` | none | a number, y_min ≤ y_max | bounds of the values |
/// | `increasing` | `yes` | [`Increasing`], or `true` and `false` | |
/// | `out_of_bounds` | `nan` | [`OutOfBounds`] | what is predicted outside the range of the training data |
///
/// # Complexity
/// Time O(n log n) to sort, O(n) to pool, O(log n) for each prediction; memory O(n).
///
/// # Errors
/// `InvalidParameter`; `InvalidInput` for samples of more than one column, and for rows out of bounds with
/// [`OutOfBounds::Raise`]; `EmptyInput`, `NonFinite`, `ShapeMismatch`.
///
/// # Source
/// M. J. Best and N. Chakravarti, "Active set algorithms for isotonic regression", Mathematical Programming 47 (1990). Rows
/// of one x are replaced by their weighted mean first (J. de Leeuw, "Correctness of Kruskal's algorithms for monotone
/// regression with ties", Psychometrika 42, 1977); x that differ by less than 1e-15 (1e-6 in `f32`) count as one, as in
/// scikit-learn, whose numbers these are. Under `auto` the rank correlation counts weights here and does not there. Samples are
/// a matrix of one column: `x.insert_axis(Axis(1))`.
///
/// # Examples
/// ```
/// use fitwell::{isotonic::{IsotonicRegression, OutOfBounds}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0], [2.0], [3.0], [4.0]];
/// let model = IsotonicRegression::new().out_of_bounds(OutOfBounds::Clip).fit(&x, &array![1.0, 3.0, 2.0, 4.0])?;
/// assert_eq!(model.predict(&array![[0.0], [2.0], [3.5]])?, array![1.0, 2.5, 3.25]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsotonicRegression {
    #[serde(with = "crate::params::optional_number")]
    y_min: Option<f64>,
    #[serde(with = "crate::params::optional_number")]
    y_max: Option<f64>,
    #[serde(deserialize_with = "by_name_or_flag")]
    increasing: Increasing,
    out_of_bounds: OutOfBounds,
}

impl IsotonicRegression {
    /// Rising, without bounds; NaN outside the range of the training data.
    pub fn new() -> Self {
        Self::default()
    }

    /// The least value.
    #[must_use]
    pub fn y_min(mut self, y_min: f64) -> Self {
        self.y_min = Some(y_min);
        self
    }

    /// The greatest value.
    #[must_use]
    pub fn y_max(mut self, y_max: f64) -> Self {
        self.y_max = Some(y_max);
        self
    }

    /// Whether the function rises: `true`, `false` or [`Increasing::Auto`].
    #[must_use]
    pub fn increasing(mut self, increasing: impl Into<Increasing>) -> Self {
        self.increasing = increasing.into();
        self
    }

    /// What is predicted outside the range of the training data.
    #[must_use]
    pub fn out_of_bounds(mut self, out_of_bounds: OutOfBounds) -> Self {
        self.out_of_bounds = out_of_bounds;
        self
    }
}

impl Hyperparameters for IsotonicRegression {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        bounds(NAME, self.y_min, self.y_max)
    }
}

impl fmt::Display for IsotonicRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// One column.
fn one_column<F>(x: &ArrayRef2<F>) -> Result<()> {
    if x.ncols() == 1 {
        return Ok(());
    }
    Err(Error::invalid_input(
        "X",
        format!("isotonic regression takes one feature, X has {}", x.ncols()),
    ))
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for IsotonicRegression {
    type Fitted = FittedIsotonicRegression<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        one_column(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let (column, weights) = (x.column(0), y.sample_weight());
        let increasing = match self.increasing {
            Increasing::Yes => true,
            Increasing::No => false,
            Increasing::Auto => check_increasing(&column, y.values(), weights)?,
        };
        let mut points: Vec<(f64, f64, f64)> = Vec::with_capacity(x.nrows());
        for (i, (x, y)) in column.iter().zip(y.values()).enumerate() {
            let w = weights.map_or(1.0, |w| w[i]);
            if w > 0.0 {
                points.push((x.f64(), y.f64(), w));
            }
        }
        let (x, points) = distinct(points, if F::NAME == "f32" { 1e-6 } else { 1e-15 });
        let low = self.y_min.unwrap_or(f64::NEG_INFINITY);
        let high = self.y_max.unwrap_or(f64::INFINITY);
        let mut values = pool(&points, increasing);
        for v in &mut values {
            *v = v.max(low).min(high);
        }
        // Of a run of equal values the ends are enough.
        let last = values.len() - 1;
        let needed = |i: &usize| {
            let i = *i;
            i == 0 || i == last || values[i] != values[i - 1] || values[i] != values[i + 1]
        };
        let kept: Vec<usize> = (0..values.len()).filter(needed).collect();
        let model = FittedIsotonicRegression {
            x_thresholds: kept.iter().map(|&i| F::of(x[i])).collect(),
            y_thresholds: kept.iter().map(|&i| F::of(values[i])).collect(),
            increasing,
            out_of_bounds: self.out_of_bounds,
        };
        check::learned(NAME, "a value", &model.y_thresholds)?;
        Ok(model)
    }
}

/// Distinct x, ascending, with the mean of y and the sum of the weights of each. At least one point is needed.
fn distinct(mut points: Vec<(f64, f64, f64)>, apart: f64) -> (Vec<f64>, Vec<(f64, f64)>) {
    let order = |a: &(f64, f64, f64), b: &(f64, f64, f64)| {
        (a.0.total_cmp(&b.0))
            .then(a.1.total_cmp(&b.1))
            .then(a.2.total_cmp(&b.2))
    };
    if !points.is_sorted_by(|a, b| order(a, b).is_le()) {
        points.par_sort_unstable_by(order);
    }
    let mut x = Vec::with_capacity(points.len());
    let mut means: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for (at, y, w) in points {
        match (x.last(), means.last_mut()) {
            (Some(current), Some(mean)) if at - current < apart => {
                mean.1 += w;
                mean.0 += (y - mean.0) * (w / mean.1);
            }
            _ => {
                x.push(at);
                means.push((y, w));
            }
        }
    }
    (x, means)
}

/// What [`IsotonicRegression`] learned. It predicts, and as a transformer gives the predictions as a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedIsotonicRegression<F = f64> {
    x_thresholds: Array1<F>,
    y_thresholds: Array1<F>,
    increasing: bool,
    out_of_bounds: OutOfBounds,
}

impl<F: Float> FittedIsotonicRegression<F> {
    /// The values of x between which lines are drawn, ascending: scikit-learn's `X_thresholds_`.
    #[doc(alias = "X_thresholds_")]
    pub fn x_thresholds(&self) -> ArrayView1<'_, F> {
        self.x_thresholds.view()
    }

    /// The values there.
    pub fn y_thresholds(&self) -> ArrayView1<'_, F> {
        self.y_thresholds.view()
    }

    /// The least x of the training data.
    pub fn x_min(&self) -> F {
        self.x_thresholds[0]
    }

    /// The greatest x of the training data.
    pub fn x_max(&self) -> F {
        self.x_thresholds[self.x_thresholds.len() - 1]
    }

    /// Whether the function rises.
    pub fn increasing(&self) -> bool {
        self.increasing
    }

    /// What is predicted outside the range of the training data.
    pub fn out_of_bounds(&self) -> OutOfBounds {
        self.out_of_bounds
    }

    /// The number of features: 1.
    pub fn n_features_in(&self) -> usize {
        1
    }

    fn at(&self, x: F) -> F {
        let (xs, ys) = (&self.x_thresholds, &self.y_thresholds);
        if xs.len() == 1 {
            return ys[0];
        }
        let x = match self.out_of_bounds {
            OutOfBounds::Clip => x.max(self.x_min()).min(self.x_max()),
            _ if x < self.x_min() || x > self.x_max() => return F::nan(),
            _ => x,
        };
        let Some(xs) = xs.as_slice() else {
            return F::nan(); // owned arrays are slices
        };
        let high = xs.partition_point(|v| *v < x).clamp(1, xs.len() - 1);
        let low = high - 1;
        let (x0, y0) = (xs[low].f64(), ys[low].f64());
        let slope = (ys[high].f64() - y0) / (xs[high].f64() - x0);
        // Rounding must not lead beyond the value of the next threshold.
        let value = slope * (x.f64() - x0) + y0;
        let (a, b) = (y0.min(ys[high].f64()), y0.max(ys[high].f64()));
        F::of(value.max(a).min(b))
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedIsotonicRegression<F> {
    type Output = Array1<F>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        check::same_width(x, 1)?;
        if self.out_of_bounds == OutOfBounds::Raise && self.x_thresholds.len() > 1 {
            let outside = |v: &F| *v < self.x_min() || *v > self.x_max();
            if let Some(row) = x.iter().position(outside) {
                let reason = format!(
                    "row {row} is {}, outside [{}, {}]",
                    x[[row, 0]],
                    self.x_min(),
                    self.x_max()
                );
                return Err(Error::invalid_input("X", reason));
            }
        }
        let column = x.column(0);
        let parts = parallel::map_chunks(x.nrows(), 1 << 14, |rows| {
            rows.map(|i| self.at(column[i])).collect::<Vec<F>>()
        });
        Ok(Array1::from(parts.concat()))
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedIsotonicRegression<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        Ok(self.predict(x)?.insert_axis(Axis(1)))
    }
}

impl<F: Float> FeatureNamesOut for FittedIsotonicRegression<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        if let Some(names) = input
            && names.len() != 1
        {
            return Err(Error::shape("number of feature names", 1, names.len()));
        }
        Ok(vec!["isotonicregression0".into()])
    }
}

impl<F: Float, Y: RealTargets<F, Dim = ndarray::Ix1> + ?Sized> Score<ArrayRef2<F>, Y>
    for FittedIsotonicRegression<F>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<F: Float> Model for FittedIsotonicRegression<F> {
    fn type_name() -> String {
        format!("FittedIsotonicRegression<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let n = self.x_thresholds.len();
        ensure::at_least("number of thresholds", n, 1)?;
        ensure::equal("length of `y_thresholds`", self.y_thresholds.len(), n)?;
        ensure::finite("x_thresholds", &self.x_thresholds)?;
        ensure::finite("y_thresholds", &self.y_thresholds)?;
        let rising = |v: &Array1<F>| v.windows(2).into_iter().all(|w| w[0] <= w[1]);
        ensure::sorted("x_thresholds", &self.x_thresholds.to_vec())?;
        let falls = self.y_thresholds.mapv(|v| -v);
        let monotonic = if self.increasing {
            rising(&self.y_thresholds)
        } else {
            rising(&falls)
        };
        ensure::that(monotonic, || "`y_thresholds` is not monotonic".into())
    }
}

impl<F: Float> fmt::Display for FittedIsotonicRegression<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.x_thresholds.len();
        write!(
            f,
            "FittedIsotonicRegression({n} thresholds over [{}, {}], {})",
            self.x_min(),
            self.x_max(),
            if self.increasing { "rising" } else { "falling" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use ndarray::array;

    #[test]
    fn ties_are_their_mean_and_weights_are_repetitions() {
        let x = array![[1.0], [2.0], [2.0], [3.0], [0.5]];
        let y = array![1.0f64, 4.0, 2.0, 2.5, 7.0];
        let w = array![2.0, 1.0, 3.0, 1.0, 0.0];
        let rows = [0, 0, 1, 2, 2, 2, 3];
        let weighted = IsotonicRegression::new().fit(&x, &y.weighted(&w)).unwrap();
        let repeated = IsotonicRegression::new()
            .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
            .unwrap();
        assert_eq!(weighted.x_thresholds(), repeated.x_thresholds());
        for (a, b) in weighted.y_thresholds().iter().zip(repeated.y_thresholds()) {
            assert!((a - b).abs() < 1e-14);
        }
        assert_eq!(weighted.x_min(), 1.0);
    }

    #[test]
    fn outside_is_what_was_asked_for() {
        let (x, y) = (array![[0.0f64], [1.0]], array![1.0, 3.0]);
        let far = array![[0.5], [-1.0], [2.0]];
        let fit = |o| {
            IsotonicRegression::new()
                .out_of_bounds(o)
                .fit(&x, &y)
                .unwrap()
        };
        let nan = fit(OutOfBounds::Nan).predict(&far).unwrap();
        assert!(nan[0] == 2.0 && nan[1].is_nan() && nan[2].is_nan());
        assert_eq!(
            fit(OutOfBounds::Clip).predict(&far).unwrap(),
            array![2.0, 1.0, 3.0]
        );
        let e = fit(OutOfBounds::Raise).predict(&far).unwrap_err();
        assert_eq!(e.to_string(), "X: row 1 is -1, outside [0, 1]");
        // One value is predicted everywhere.
        let one = IsotonicRegression::new()
            .fit(&array![[2.0]], &array![5.0])
            .unwrap();
        assert_eq!(one.predict(&far).unwrap(), array![5.0, 5.0, 5.0]);
    }

    #[test]
    fn the_direction_is_found() {
        let x = array![[1.0], [2.0], [3.0], [4.0]];
        let auto = IsotonicRegression::new().increasing(Increasing::Auto);
        let falling = auto.fit(&x, &array![9.0, 5.0, 6.0, 1.0]).unwrap();
        assert!(!falling.increasing());
        assert_eq!(falling.predict(&x).unwrap(), array![9.0, 5.5, 5.5, 1.0]);
        assert!(
            auto.fit(&x, &array![1.0, 5.0, 4.0, 8.0])
                .unwrap()
                .increasing()
        );
        assert!(auto.fit(&array![[1.0, 2.0]], &array![1.0]).is_err());
    }

    #[test]
    fn the_direction_has_the_names_of_both_worlds() {
        use crate::params::Params;
        let of =
            |value: serde_json::Value| IsotonicRegression::new().with_value("increasing", value);
        for (value, expected) in [
            (serde_json::json!(false), Increasing::No),
            (serde_json::json!(true), Increasing::Yes),
            (serde_json::json!("auto"), Increasing::Auto),
            (serde_json::json!("no"), Increasing::No),
        ] {
            assert_eq!(
                of(value).unwrap(),
                IsotonicRegression::new().increasing(expected)
            );
        }
        let refused = of(serde_json::json!("down")).unwrap_err().to_string();
        assert!(
            refused.contains("increasing") && refused.contains("auto"),
            "{refused}"
        );
    }
}
