//! Columns become smooth bumps: bases of B-splines.

mod knots;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

pub use self::knots::Knots;
use super::b_spline::Basis;
use super::columnwise::no_infinity;
use super::order::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, linalg, parallel};

/// Knots of a column that are not refused.
const MOST_KNOTS: usize = 1 << 20;
/// Degrees that are not refused.
const MOST_DEGREE: usize = 100;

/// What a [`SplineTransformer`] does with values beyond the first and the last knot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extrapolation {
    /// An error that names the value.
    Error,
    /// The bases keep the value they have at the end of the range.
    #[default]
    Constant,
    /// The bases go on along their tangents at the end of the range.
    Linear,
    /// The polynomials at the end of the range go on.
    Continue,
    /// The range repeats: the last knot is the first again. Values, slopes and further derivatives agree there.
    Periodic,
}

/// What a [`SplineTransformer`] does with NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleMissing {
    /// An error that names the position.
    #[default]
    Error,
    /// Zeros in all columns of the feature.
    Zeros,
}

/// Replaces each column by a basis of B-splines: smooth bumps, each over a few neighbouring knots.
///
/// A linear model on them is a smooth curve of each column, piecewise a polynomial of the given degree that joins at the
/// knots. Within the range of the knots the bases of a column sum to one, so that one of them is superfluous beside an
/// intercept: `include_bias(false)` leaves out the last.
///
/// With k knots t₁ ... tₖ and degree d there are k + d − 1 bases a column, k − 1 of them for periodic ones. d more knots
/// are added at each end, at the distance of the two outermost; the module of the kernel has the recursion.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_knots` | 5 | 2 to 1,048,576 | knots of a column, both ends counted; ignored for given knots |
/// | `degree` | 3 | 0 to 100 | of the polynomials: 1 gives hats, 3 curves without visible joints |
/// | `knots` | `uniform` | `uniform`, `quantile`, `{"given": [[..], ..]}` | where they are |
/// | `extrapolation` | `constant` | `error`, `constant`, `linear`, `continue`, `periodic` | values beyond the knots |
/// | `include_bias` | `true` | | keep the last basis of each column |
/// | `order` | `C` | `C`, `F` | memory layout of the result |
/// | `handle_missing` | `error` | `error`, `zeros` | NaN at fit and at transform |
///
/// # Sample weights
/// Quantiles are weighted: the least value with at least the share q of the weight up to it, where without weights they
/// lie between values, as in scikit-learn. So weights of one are not the same as none. `uniform` leaves out rows of weight
/// zero.
///
/// # Complexity
/// To fit: one pass for uniform knots, O(n) a column for quantiles. To transform: O(d²) a value. The memory beyond the
/// input is the output; quantiles take up to sixteen columns at a time.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `TooFewSamples` for one row; `NonFinite`; `ShapeMismatch`; `InvalidInput` for a value
/// beyond the knots with `extrapolation` `error`; `Overflow`; `TooLarge` for a result of more than 2³⁰ values, 64 for each of X.
///
/// # Source
/// C. de Boor (1972), "On calculating with B-splines"; P. H. C. Eilers, B. D. Marx (1996), "Flexible smoothing with
/// B-splines and penalties", for the spacing of the added knots. scikit-learn's `SplineTransformer` gives the same numbers
/// and names (`x0_sp_0`), with these differences: for degree 0 `constant` keeps the value of the end (there: zeros below,
/// an error above); `linear` with degree 0 or 1 uses the ends of each column's own range (there: a wrong range from the
/// second column on); quantiles of a column without values put its knots at 0 (there: NaN). `bsplines_` is
/// [`knots`](FittedSplineTransformer::knots) and [`degree`](FittedSplineTransformer::degree) here, and results are dense.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::SplineTransformer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0], [4.0]];
/// let hats = SplineTransformer::new().degree(1).n_knots(3).fit(&x, &())?;
/// assert_eq!(
///     hats.transform(&x)?,
///     array![[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]
/// );
/// assert_eq!(hats.feature_names_out(None)?, ["x0_sp_0", "x0_sp_1", "x0_sp_2"]);
/// # Ok::<(), Error>(())
/// ```
///
/// The hours of a day, where 24 is 0 again:
/// ```
/// use fitwell::{preprocessing::{Extrapolation, SplineTransformer}, prelude::*};
/// use ndarray::{Array2, array};
///
/// let knots = Array2::from_shape_fn((5, 1), |(i, _)| 6.0 * i as f64);
/// let daily = SplineTransformer::new().knots(knots).extrapolation(Extrapolation::Periodic);
/// let daily = daily.fit(&array![[3.0], [20.0]], &())?;
/// let z = daily.transform(&array![[0.5], [24.5]])?;
/// assert!(z.row(0).iter().zip(z.row(1)).all(|(a, b)| f64::abs(a - b) < 1e-14));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplineTransformer {
    /// Knots of a column.
    n_knots: usize,
    /// Of the polynomials.
    degree: usize,
    /// Where the knots are.
    knots: Knots,
    /// Values beyond the knots.
    extrapolation: Extrapolation,
    /// Keep the last basis of each column.
    include_bias: bool,
    /// Memory layout of the result.
    order: Order,
    /// NaN at fit and at transform.
    handle_missing: HandleMissing,
}

impl Default for SplineTransformer {
    fn default() -> Self {
        SplineTransformer {
            n_knots: 5,
            degree: 3,
            knots: Knots::Uniform,
            extrapolation: Extrapolation::Constant,
            include_bias: true,
            order: Order::C,
            handle_missing: HandleMissing::Error,
        }
    }
}

impl SplineTransformer {
    /// Cubic splines over five knots at equal distances.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of knots of a column, both ends counted.
    #[must_use]
    pub fn n_knots(mut self, n_knots: usize) -> Self {
        self.n_knots = n_knots;
        self
    }

    /// The degree of the polynomials.
    #[must_use]
    pub fn degree(mut self, degree: usize) -> Self {
        self.degree = degree;
        self
    }

    /// Where the knots are; an array (n_knots, n_features) gives them.
    #[must_use]
    pub fn knots(mut self, knots: impl Into<Knots>) -> Self {
        self.knots = knots.into();
        self
    }

    /// What becomes of values beyond the knots.
    #[must_use]
    pub fn extrapolation(mut self, extrapolation: Extrapolation) -> Self {
        self.extrapolation = extrapolation;
        self
    }

    /// Whether to keep the last basis of each column.
    #[must_use]
    pub fn include_bias(mut self, include_bias: bool) -> Self {
        self.include_bias = include_bias;
        self
    }

    /// The memory layout of the result.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// What becomes of NaN.
    #[must_use]
    pub fn handle_missing(mut self, handle_missing: HandleMissing) -> Self {
        self.handle_missing = handle_missing;
        self
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }
}

impl Hyperparameters for SplineTransformer {
    const NAME: &'static str = "SplineTransformer";

    fn check(&self) -> Result<()> {
        if !(2..=MOST_KNOTS).contains(&self.n_knots) {
            let expected = format!("from 2 to {MOST_KNOTS}");
            return Err(Self::refuse("n_knots", expected, self.n_knots));
        }
        if self.degree > MOST_DEGREE {
            let expected = format!("at most {MOST_DEGREE}");
            return Err(Self::refuse("degree", expected, self.degree));
        }
        let n_knots = match &self.knots {
            Knots::Given(rows) => {
                let what = "at least 2 and at most 1048576 rows of equal length";
                if !(2..=MOST_KNOTS).contains(&rows.len()) || rows[0].is_empty() {
                    return Err(Self::refuse("knots", what, format!("{} rows", rows.len())));
                }
                if let Some(i) = rows.iter().position(|r| r.len() != rows[0].len()) {
                    let got = format!(
                        "{} values in row {i}, {} in row 0",
                        rows[i].len(),
                        rows[0].len()
                    );
                    return Err(Self::refuse("knots", what, got));
                }
                for (i, pair) in rows.windows(2).enumerate() {
                    for (j, (a, b)) in pair[0].iter().zip(&pair[1]).enumerate() {
                        if !(a < b && a.is_finite() && b.is_finite()) {
                            let got = format!("{a} before {b} in column {j}, row {}", i + 1);
                            return Err(Self::refuse("knots", "finite and ascending", got));
                        }
                    }
                }
                rows.len()
            }
            _ => self.n_knots,
        };
        if self.extrapolation == Extrapolation::Periodic && n_knots <= self.degree {
            let expected = format!("below the number of knots, {n_knots}, for periodic splines");
            return Err(Self::refuse("degree", expected, self.degree));
        }
        Ok(())
    }
}

impl fmt::Display for SplineTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for SplineTransformer {
    type Fitted = FittedSplineTransformer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        finite_or_missing(x, self.handle_missing)?;
        check::target(y, x.nrows())?;
        if x.nrows() < 2 {
            return Err(ErrorKind::TooFewSamples {
                what: Self::NAME.into(),
                needed: 2,
                got: x.nrows(),
            }
            .into());
        }
        if let Knots::Given(rows) = &self.knots
            && rows[0].len() != x.ncols()
        {
            let expected = format!("one column for each of the {} of X", x.ncols());
            return Err(Self::refuse("knots", expected, rows[0].len()));
        }
        let n_knots = match &self.knots {
            Knots::Given(rows) => rows.len(),
            _ => self.n_knots,
        };
        parallel::fits::<f64>("knots", (x.ncols(), n_knots + 2 * self.degree))?;
        let base = self.base(x, y.sample_weight().map(|w| w.to_vec()).as_deref());
        check::learned(Self::NAME, "a knot", base.iter().flatten())?;
        let knots: Vec<Vec<f64>> = base.iter().map(|base| self.extended(base)).collect();
        check::learned(Self::NAME, "an added knot", knots.iter().flatten())?;
        Ok(FittedSplineTransformer {
            degree: self.degree,
            extrapolation: self.extrapolation,
            include_bias: self.include_bias,
            order: self.order,
            handle_missing: self.handle_missing,
            knots,
            element: PhantomData,
        })
    }
}

fn finite_or_missing<F: Float>(x: &ArrayRef2<F>, handle_missing: HandleMissing) -> Result<()> {
    match handle_missing {
        HandleMissing::Error => check::finite(x, "X"),
        HandleMissing::Zeros => no_infinity(x),
    }
}

/// Knots learned by [`SplineTransformer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedSplineTransformer<F: Float> {
    degree: usize,
    extrapolation: Extrapolation,
    include_bias: bool,
    order: Order,
    handle_missing: HandleMissing,
    /// Of each column, those beyond the ends included.
    knots: Vec<Vec<f64>>,
    element: PhantomData<F>,
}

/// What a column's bases are beyond its range: values and slopes at its ends.
struct End {
    at: f64,
    /// The number of the basis, its value, its slope.
    bases: Vec<(usize, f64, f64)>,
}

impl<F: Float> FittedSplineTransformer<F> {
    /// The knots of each column, those that were added beyond both ends included: scikit-learn's `bsplines_[j].t`.
    pub fn knots(&self) -> &[Vec<f64>] {
        &self.knots
    }

    /// The degree of the polynomials.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.knots.len()
    }

    /// The number of bases of a column, the superfluous one counted.
    pub fn n_splines(&self) -> usize {
        let bases = self.knots.first().map_or(0, Vec::len) - self.degree - 1;
        match self.extrapolation {
            Extrapolation::Periodic => bases - self.degree,
            _ => bases,
        }
    }

    /// The number of output columns of a column.
    fn width(&self) -> usize {
        self.n_splines() - usize::from(!self.include_bias)
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        self.knots.len() * self.width()
    }

    /// How a column goes on below and above its range.
    fn ends(&self, basis: &Basis<'_>) -> [End; 2] {
        let n = basis.len();
        let (low, high) = basis.range();
        let mut values = vec![0.0; self.degree + 1];
        let mut slopes = values.clone();
        let mut end = |at: f64, reach: &dyn Fn(usize) -> bool| {
            let interval = basis.interval(at);
            basis.values(interval, at, &mut values);
            basis.slopes(interval, at, &mut slopes);
            let first = interval - self.degree;
            let bases = values.iter().zip(&slopes).enumerate();
            End {
                at,
                bases: bases
                    .map(|(i, (value, slope))| (first + i, *value, *slope))
                    .filter(|(i, _, _)| reach(*i))
                    .collect(),
            }
        };
        // Only the outermost bases go on; hats have a slope in one more.
        let reach = match (self.extrapolation, self.degree) {
            (Extrapolation::Linear, 0 | 1) => self.degree + 1,
            (_, degree) => degree.max(1),
        };
        [end(low, &|i| i < reach), end(high, &|i| i + reach >= n)]
    }
}

/// x modulo the period, from `low` on.
fn wrapped(x: f64, low: f64, high: f64) -> f64 {
    let period = high - low;
    if period > 0.0 {
        let rest = (x - low) % period;
        low + if rest < 0.0 { rest + period } else { rest }
    } else {
        0.0
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedSplineTransformer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.knots.len())?;
        finite_or_missing(x, self.handle_missing)?;
        let shape = (x.nrows(), self.n_features_out());
        parallel::result_fits::<F>(SplineTransformer::NAME, shape.0, x.ncols(), shape.1)?;
        let mut out = self.order.zeros::<F>(shape);
        let (n_splines, width, degree) = (self.n_splines(), self.width(), self.degree);
        let bases: Vec<(Basis<'_>, [End; 2])> = self
            .knots
            .iter()
            .map(|knots| {
                let basis = Basis { knots, degree };
                let ends = self.ends(&basis);
                (basis, ends)
            })
            .collect();
        // The first value, in row order, that has no image.
        let refused: Mutex<Option<(usize, usize)>> = Mutex::new(None);
        let chunk = parallel::row_chunks(x.nrows(), shape.1.max(x.ncols()));
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            let mut values = vec![0.0; degree + 1];
            let mut bad = None;
            linalg::simd(
                #[inline(always)]
                || {
                    for (i, row) in rows.rows().into_iter().enumerate() {
                        for (j, (v, (basis, ends))) in row.iter().zip(&bases).enumerate() {
                            let mut x = v.f64();
                            if x.is_nan() {
                                continue;
                            }
                            let [low, high] = ends;
                            let mut finite = true;
                            let mut put = |number: usize, value: f64| {
                                let number = if number < n_splines {
                                    number
                                } else {
                                    number - n_splines
                                };
                                if number < width {
                                    // Periodic bases that meet again share a column.
                                    let value = F::of(value);
                                    block[[i, j * width + number]] += value;
                                    finite &= value.is_finite();
                                }
                            };
                            let outside = if x < low.at {
                                Some(low)
                            } else if x > high.at {
                                Some(high)
                            } else {
                                None
                            };
                            match (outside, self.extrapolation) {
                                (Some(end), Extrapolation::Constant) => {
                                    end.bases
                                        .iter()
                                        .for_each(|(number, value, _)| put(*number, *value));
                                }
                                (Some(end), Extrapolation::Linear) => {
                                    for (number, value, slope) in &end.bases {
                                        put(*number, value + (x - end.at) * slope);
                                    }
                                }
                                (Some(_), Extrapolation::Error) => finite = false,
                                _ => {
                                    if self.extrapolation == Extrapolation::Periodic {
                                        x = wrapped(x, low.at, high.at);
                                    }
                                    let interval = basis.interval(x);
                                    basis.values(interval, x, &mut values);
                                    for (k, value) in values.iter().enumerate() {
                                        put(interval - degree + k, *value);
                                    }
                                }
                            }
                            if !finite && bad.is_none() {
                                bad = Some((first + i, j));
                            }
                        }
                    }
                },
            );
            if let Some(bad) = bad {
                let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
                *refused = Some(refused.map_or(bad, |r| r.min(bad)));
            }
        });
        match refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(out),
            Some(at) => Err(self.refusal(at, x[at])),
        }
    }
}

impl<F: Float> FittedSplineTransformer<F> {
    fn refusal(&self, (row, column): (usize, usize), value: F) -> Error {
        if self.extrapolation == Extrapolation::Error {
            let basis = Basis {
                knots: &self.knots[column],
                degree: self.degree,
            };
            let (low, high) = basis.range();
            let reason =
                format!("row {row}, column {column}: {value} is beyond the knots, {low} to {high}");
            return Error::invalid_input("X", reason);
        }
        ErrorKind::Overflow {
            estimator: SplineTransformer::NAME.into(),
            what: format!("a basis at row {row}, column {column}"),
        }
        .into()
    }
}

impl<F: Float> FeatureNamesOut for FittedSplineTransformer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = super::names_or_numbers(input, self.knots.len())?;
        let each = |name: &String| -> Vec<String> {
            (0..self.width())
                .map(|i| format!("{name}_sp_{i}"))
                .collect()
        };
        Ok(names.iter().flat_map(each).collect())
    }
}

impl<F: Float> fmt::Display for FittedSplineTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SplineTransformer of degree {} fitted on {} columns: {} bases each",
            self.degree,
            self.knots.len(),
            self.width()
        )
    }
}

impl<F: Float> Model for FittedSplineTransformer<F> {
    fn type_name() -> String {
        format!("FittedSplineTransformer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.knots.len(), 1)?;
        ensure::that(self.degree <= MOST_DEGREE, || {
            format!("degree is {}, at most {MOST_DEGREE}", self.degree)
        })?;
        let n = self.knots[0].len();
        ensure::at_least("number of knots", n, 2 * self.degree + 2)?;
        ensure::that(n <= MOST_KNOTS + 2 * self.degree, || {
            format!("number of knots is {n}")
        })?;
        let inner = n - 2 * self.degree;
        ensure::that(
            self.extrapolation != Extrapolation::Periodic || inner > self.degree,
            || {
                format!(
                    "{inner} knots are too few for periodic splines of degree {}",
                    self.degree
                )
            },
        )?;
        for (j, knots) in self.knots.iter().enumerate() {
            let what = format!("knots of column {j}");
            ensure::equal(&format!("number of {what}"), knots.len(), n)?;
            ensure::finite(&what, knots)?;
            ensure::that(knots.windows(2).all(|k| k[0] <= k[1]), || {
                format!("{what} are not ascending")
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
