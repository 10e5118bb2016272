//! What a model predicts along a feature.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array, Array1, Array2, Array3};

use super::columns::{Feature, Inspected, names, place};
use crate::boxed::Confidence;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::meta::{each, evenly_spaced, no_confidence, not_empty, second_of_two};
use crate::model_selection::ResponseMethod;
use crate::samples::AsSamples;
use crate::table::Cell;
use crate::targets::TargetDim;
use crate::traits::{Classes, Predict};

const NAME: &str = "PartialDependence";

/// Whether predictions are averaged over the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartialDependenceKind {
    /// The mean over the rows.
    #[default]
    Average,
    /// Each row by itself: individual conditional expectation.
    Individual,
    /// Both.
    Both,
}

/// What a fitted model predicts when a feature, or several, have one value after another in every row.
///
/// For each point of a grid over the features, their values replace those of all rows; the mean of the predictions is the
/// partial dependence there, the predictions row by row are the individual curves. Where features go together the grid has
/// points that no row is like, and the curve says little.
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `grid_resolution` | 100 | at least 2 | the points for each feature of real numbers |
/// | `percentiles` | (0.05, 0.95) | in `[0, 1]`, rising | where the points begin and end |
/// | `categorical_features` | none | | features whose values are taken as they are; texts and booleans are such anyway |
/// | `custom_values` | none | | the points of a feature |
/// | `kind` | `Average` | a [`PartialDependenceKind`] | |
/// | `response_method` | `auto` | a [`ResponseMethod`] | of classifiers: probabilities, or decision values |
/// | `sample_weight` | none | | how much each row counts in the mean |
///
/// A feature with fewer distinct values than `grid_resolution` has these as its points. Grid points run side by side; the
/// result is the same with any number of threads.
///
/// # Complexity
/// A prediction of all rows for each point of the grid. Individual curves take memory for each row and point.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `UnknownColumn` and `InvalidInput` for features that are not there; `InvalidInput` for
/// percentiles that are one number, and for a column of integers in a table that is not named as categorical; `TooLarge`;
/// `Unsupported` for classifiers without such values; those of the model.
///
/// # Source
/// J. H. Friedman, "Greedy function approximation", Annals of Statistics 29 (2001); A. Goldstein et al., "Peeking inside the black box"
/// (2015). The grids are those of scikit-learn's `partial_dependence`, by its method `brute`.
///
/// # Examples
/// ```
/// use fitwell::inspection::PartialDependence;
/// use fitwell::{linear_model::Ridge, prelude::*};
///
/// let data = fitwell::datasets::load_diabetes()?;
/// let model = Ridge::new().fit(&data.x, &data.target)?;
/// let found = PartialDependence::new().grid_resolution(5).regressor(&model, &data.x, [2])?;
/// let curve = found.average().unwrap();
/// assert_eq!(curve.dim(), (1, 5));
/// assert!(curve[[0, 4]] > curve[[0, 0]]);
/// println!("{found}");
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "partial_dependence")]
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PartialDependence {
    grid_resolution: usize,
    percentiles: (f64, f64),
    categorical_features: Vec<Feature>,
    custom_values: BTreeMap<Feature, Vec<Cell>>,
    kind: PartialDependenceKind,
    response_method: ResponseMethod,
    sample_weight: Option<Array1<f64>>,
}

impl Default for PartialDependence {
    fn default() -> Self {
        PartialDependence {
            grid_resolution: 100,
            percentiles: (0.05, 0.95),
            categorical_features: Vec::new(),
            custom_values: BTreeMap::new(),
            kind: PartialDependenceKind::Average,
            response_method: ResponseMethod::Auto,
            sample_weight: None,
        }
    }
}

/// The points of the grid.
struct Grid {
    names: Vec<String>,
    columns: Vec<usize>,
    axes: Vec<Vec<Cell>>,
}

impl Grid {
    fn points(&self) -> usize {
        self.axes.iter().map(Vec::len).product()
    }

    /// The places of a point along each axis; the last runs fastest.
    fn places(&self, point: usize) -> Vec<usize> {
        let mut rest = point;
        let mut places: Vec<usize> = (self.axes.iter().rev())
            .map(|axis| {
                let place = rest % axis.len();
                rest /= axis.len();
                place
            })
            .collect();
        places.reverse();
        places
    }
}

impl PartialDependence {
    /// Averages at a hundred points.
    pub fn new() -> Self {
        Self::default()
    }

    /// The points for each feature of real numbers.
    pub fn grid_resolution(mut self, points: usize) -> Self {
        self.grid_resolution = points;
        self
    }

    /// Where the points of a feature begin and end, as shares of its values.
    pub fn percentiles(mut self, low: f64, high: f64) -> Self {
        self.percentiles = (low, high);
        self
    }

    /// Features whose values are taken as they are.
    pub fn categorical_features<T: Into<Feature>>(
        mut self,
        features: impl IntoIterator<Item = T>,
    ) -> Self {
        self.categorical_features = features.into_iter().map(Into::into).collect();
        self
    }

    /// The points of a feature.
    pub fn custom_values<T: Into<Cell>>(
        mut self,
        feature: impl Into<Feature>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.custom_values.insert(feature.into(), values);
        self
    }

    /// Whether predictions are averaged.
    pub fn kind(mut self, kind: PartialDependenceKind) -> Self {
        self.kind = kind;
        self
    }

    /// What is asked of a classifier.
    pub fn response_method(mut self, method: ResponseMethod) -> Self {
        self.response_method = method;
        self
    }

    /// How much each row counts in the mean.
    pub fn sample_weight(mut self, weights: Array1<f64>) -> Self {
        self.sample_weight = Some(weights);
        self
    }

    fn check(&self, n: usize) -> Result<()> {
        check::count(NAME, "grid_resolution", self.grid_resolution, 2)?;
        let (low, high) = self.percentiles;
        if !(0.0 <= low && low < high && high <= 1.0) {
            let expected = "two rising numbers in [0, 1]";
            return Err(Error::invalid_parameter(
                NAME,
                "percentiles",
                expected,
                format!("({low}, {high})"),
            ));
        }
        if let Some((feature, _)) = self
            .custom_values
            .iter()
            .find(|(_, values)| values.is_empty())
        {
            let expected = "not empty";
            return Err(Error::invalid_parameter(
                NAME,
                "custom_values",
                expected,
                format!("none for {feature:?}"),
            ));
        }
        self.sample_weight
            .as_ref()
            .map_or(Ok(()), |w| check::weights(w, n))
    }

    fn grid<X: Inspected + ?Sized>(&self, x: &X, features: &[Feature]) -> Result<Grid> {
        let names = names(x);
        let columns: Vec<usize> = features
            .iter()
            .map(|f| place(&names, f))
            .collect::<Result<_>>()?;
        if columns.is_empty() {
            return Err(ErrorKind::EmptyInput {
                what: "list of features".into(),
            }
            .into());
        }
        let places = |of: &mut dyn Iterator<Item = &Feature>| -> Result<Vec<usize>> {
            of.map(|f| place(&names, f)).collect()
        };
        let categorical = places(&mut self.categorical_features.iter())?;
        let custom = places(&mut self.custom_values.keys())?;
        let axis = |&column: &usize| -> Result<Vec<Cell>> {
            if let Some(i) = custom.iter().position(|c| *c == column) {
                return Ok(self
                    .custom_values
                    .values()
                    .nth(i)
                    .cloned()
                    .unwrap_or_default());
            }
            let distinct = x.distinct(column)?;
            let numbers = distinct.iter().all(|c| matches!(c, Cell::Number(_)));
            if distinct.is_empty() {
                let what = format!("column `{}`", names[column]);
                return Err(Error::invalid_input(what, "has no values"));
            }
            if categorical.contains(&column) || !numbers {
                return Ok(distinct);
            }
            let Some(mut values) = x.reals(column) else {
                let what = format!("column `{}`", names[column]);
                let reason = "holds integers: name it as categorical, give it custom values, or cast it to real numbers";
                return Err(Error::invalid_input(what, reason));
            };
            if distinct.len() < self.grid_resolution {
                return Ok(distinct);
            }
            values.sort_unstable_by(f64::total_cmp);
            let (low, high) = (
                quantile(&values, self.percentiles.0),
                quantile(&values, self.percentiles.1),
            );
            if (low - high).abs() <= 1e-8 + 1e-5 * high.abs() {
                let what = format!("column `{}`", names[column]);
                let reason = format!(
                    "its percentiles {low} and {high} are too close; choose some further apart"
                );
                return Err(Error::invalid_input(what, reason));
            }
            let points = evenly_spaced(low, high, self.grid_resolution);
            Ok(points.into_iter().map(Cell::Number).collect())
        };
        let axes: Vec<Vec<Cell>> = columns.iter().map(axis).collect::<Result<_>>()?;
        let points = axes
            .iter()
            .try_fold(1usize, |all, axis| all.checked_mul(axis.len()));
        let limit = 1 << 24;
        if points.is_none_or(|points| points > limit) {
            return Err(ErrorKind::TooLarge {
                what: "number of points of the grid".into(),
                size: points.map_or(u64::MAX, |p| p as u64),
                limit: limit as u64,
            }
            .into());
        }
        Ok(Grid {
            names: columns.iter().map(|&j| names[j].clone()).collect(),
            columns,
            axes,
        })
    }

    /// The dependence of a regressor on these features, by place or by name.
    ///
    /// # Errors
    /// As the type says.
    pub fn regressor<M, X, T, F, D>(
        &self,
        model: &M,
        x: &X,
        features: impl IntoIterator<Item = T>,
    ) -> Result<Dependence>
    where
        X: AsSamples<Samples: Inspected> + ?Sized,
        T: Into<Feature>,
        M: Predict<X::Samples, Output = Array<F, D>> + Sync,
        F: Float,
        D: TargetDim,
    {
        let features: Vec<Feature> = features.into_iter().map(Into::into).collect();
        self.over(x.as_samples(), &features, &[], |x| {
            Ok(D::columns(&model.predict(x)?).mapv(F::f64))
        })
    }

    /// The dependence of a classifier on these features, by place or by name: of its probabilities or decision values, of two
    /// classes those of the second.
    ///
    /// # Errors
    /// As the type says.
    pub fn classifier<M, X, T, F>(
        &self,
        model: &M,
        x: &X,
        features: impl IntoIterator<Item = T>,
    ) -> Result<Dependence>
    where
        X: AsSamples<Samples: Inspected> + ?Sized,
        T: Into<Feature>,
        M: Confidence<X::Samples, Float = F> + Classes + Sync,
        F: Float,
    {
        let features: Vec<Feature> = features.into_iter().map(Into::into).collect();
        let classes = model.classes();
        let outputs: Vec<String> = match classes {
            [_, second] => vec![second.to_string()],
            all => all.iter().map(ToString::to_string).collect(),
        };
        self.over(x.as_samples(), &features, &outputs, |x| {
            let proba = match self.response_method {
                ResponseMethod::DecisionFunction => None,
                _ => model.maybe_proba(x),
            };
            let said = match (proba, self.response_method) {
                (Some(proba), _) => second_of_two(proba?),
                (None, ResponseMethod::PredictProba) => {
                    return Err(no_confidence(NAME, "predict_proba"));
                }
                (None, _) => match model.maybe_decision(x) {
                    Some(decision) => decision?,
                    None => return Err(no_confidence(NAME, "predict_proba or decision_function")),
                },
            };
            Ok(said.mapv(F::f64))
        })
    }

    /// What `say` says of the rows at each point of the grid.
    fn over<X: Inspected + ?Sized>(
        &self,
        x: &X,
        features: &[Feature],
        outputs: &[String],
        say: impl Fn(&X) -> Result<Array2<f64>> + Sync,
    ) -> Result<Dependence> {
        /// Points are filled into one copy of the samples after the other; so many copies at most.
        const COPIES: usize = 16;
        not_empty(x)?;
        let n = x.n_samples();
        self.check(n)?;
        let grid = self.grid(x, features)?;
        let points = grid.points();
        let individual = self.kind != PartialDependenceKind::Average;
        if individual {
            crate::parallel::fits::<f64>("individual curves", (n, points))?;
        }
        let total: f64 = self.sample_weight.as_ref().map_or(n as f64, |w| w.sum());
        let width = points.div_ceil(COPIES).max(1);
        let parts = each(points.div_ceil(width), |part| {
            let mut copy = x.copied();
            let mut found = Vec::with_capacity(width);
            for point in part * width..((part + 1) * width).min(points) {
                for (k, &at) in grid.places(point).iter().enumerate() {
                    x.filled(&mut copy, grid.columns[k], &grid.axes[k][at])?;
                }
                let said = say(copy.borrow())?;
                if said.nrows() != n {
                    return Err(Error::shape("number of predictions", n, said.nrows()));
                }
                let mean: Vec<f64> = (said.columns().into_iter())
                    .map(|c| {
                        let each = c.iter().enumerate();
                        let weight = |i: usize| self.sample_weight.as_ref().map_or(1.0, |w| w[i]);
                        each.map(|(i, v)| weight(i) * v).sum::<f64>() / total
                    })
                    .collect();
                found.push((mean, individual.then_some(said)));
            }
            Ok(found)
        })?;
        let all: Vec<(Vec<f64>, Option<Array2<f64>>)> = parts.into_iter().flatten().collect();
        let k = all.first().map_or(0, |(mean, _)| mean.len());
        if all.iter().any(|(mean, _)| mean.len() != k) {
            return Err(Error::invalid_input(
                "predictions",
                "have other columns at other points",
            ));
        }
        let average = Array2::from_shape_fn((k, points), |(o, point)| all[point].0[o]);
        let individual = match individual {
            false => None,
            true => {
                crate::parallel::fits::<f64>("individual curves", (n * k, points))?;
                let mut curves = Array3::zeros((k, n, points));
                for (point, (_, said)) in all.iter().enumerate() {
                    if let Some(said) = said {
                        curves
                            .index_axis_mut(ndarray::Axis(2), point)
                            .assign(&said.t());
                    }
                }
                Some(curves)
            }
        };
        let numbered = || (0..k).map(|o| format!("y{o}")).collect();
        Ok(Dependence {
            features: grid.names,
            grid_values: grid.axes,
            outputs: match outputs.len() {
                m if m == k => outputs.to_vec(),
                _ if k == 1 => vec!["y".into()],
                _ => numbered(),
            },
            average: (self.kind != PartialDependenceKind::Individual).then_some(average),
            individual,
        })
    }
}

/// The quantile of sorted values as SciPy's `mquantiles` has it: at 0.4 + q (n + 0.2), counted from 1.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let n = sorted.len() as f64;
    let at = n * q + 0.4 + q * 0.2;
    let k = at.clamp(1.0, (n - 1.0).max(1.0)).floor();
    let share = (at - k).clamp(0.0, 1.0);
    let value = |i: f64| sorted[(i as usize).min(sorted.len() - 1)];
    (1.0 - share) * value(k - 1.0) + share * value(k)
}

/// What a model predicts over a grid of features.
///
/// Points are in the order of the grid, the last feature running fastest. The text is a table of the averages.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence {
    features: Vec<String>,
    grid_values: Vec<Vec<Cell>>,
    outputs: Vec<String>,
    average: Option<Array2<f64>>,
    individual: Option<Array3<f64>>,
}

impl Dependence {
    /// The names of the features.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The points of each feature.
    pub fn grid_values(&self) -> &[Vec<Cell>] {
        &self.grid_values
    }

    /// The points of a feature as numbers; nothing where they are none.
    pub fn numbers(&self, feature: usize) -> Option<Vec<f64>> {
        let number = |cell: &Cell| match cell {
            Cell::Number(v) => Some(*v),
            _ => None,
        };
        self.grid_values.get(feature)?.iter().map(number).collect()
    }

    /// What is predicted: classes, or targets.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The mean over the rows, (n_outputs, n_points).
    pub fn average(&self) -> Option<&Array2<f64>> {
        self.average.as_ref()
    }

    /// Each row by itself, (n_outputs, n_samples, n_points).
    pub fn individual(&self) -> Option<&Array3<f64>> {
        self.individual.as_ref()
    }
}

impl fmt::Display for Dependence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 50;
        write!(
            f,
            "partial dependence on {}",
            crate::error::list(&self.features)
        )?;
        let Some(average) = &self.average else {
            let rows = self.individual.as_ref().map_or(0, |c| c.dim().1);
            return write!(f, ": curves of {rows} rows");
        };
        let lengths: Vec<usize> = self.grid_values.iter().map(Vec::len).collect();
        write!(f, "\n  {:>24}", self.features.join(", "))?;
        for output in self.outputs.iter().take(8) {
            write!(f, " {:>12}", crate::error::shorten(output))?;
        }
        for point in 0..average.ncols().min(SHOWN) {
            let mut rest = point;
            let mut cells: Vec<String> = (lengths.iter().zip(&self.grid_values).rev())
                .map(|(&n, axis)| {
                    let cell = &axis[rest % n];
                    rest /= n;
                    match cell {
                        Cell::Number(v) => format!("{v:.4}"),
                        other => crate::error::shorten(&other.to_string()),
                    }
                })
                .collect();
            cells.reverse();
            write!(f, "\n  {:>24}", cells.join(", "))?;
            for v in average.column(point).iter().take(8) {
                write!(f, " {v:>12.4}")?;
            }
        }
        if average.ncols() > SHOWN {
            write!(f, "\n  ... ({} points in all)", average.ncols())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::{LogisticRegression, Ridge, RidgeClassifier};
    use crate::pipeline::{ColumnTransformer, Passthrough, pipeline};
    use crate::preprocessing::OneHotEncoder;
    use crate::table::{Column, Columns, Table};
    use crate::traits::{Estimator, PredictProba};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| {
            ((i * (7 + 4 * j)) % 23) as f64 + 0.25 * (i % 2) as f64
        });
        let y = Array1::from_shape_fn(40, |i| 5.0 * x[[i, 0]] - x[[i, 2]] + (i % 3) as f64);
        (x, y)
    }

    #[test]
    fn a_linear_model_depends_along_a_line() {
        let (x, y) = data();
        let model = Ridge::new().fit(&x, &y).unwrap();
        let of = PartialDependence::new()
            .grid_resolution(7)
            .kind(PartialDependenceKind::Both);
        let found = of.regressor(&model, &x, [0, 2]).unwrap();
        let (a, b) = (found.numbers(0).unwrap(), found.numbers(1).unwrap());
        let (average, curves) = (found.average().unwrap(), found.individual().unwrap());
        assert_eq!((average.dim(), curves.dim()), ((1, 49), (1, 40, 49)));
        let rest = model.intercept() + model.coef()[1] * x.column(1).mean().unwrap();
        for (p, v) in average.iter().enumerate() {
            let expected = rest + model.coef()[0] * a[p / 7] + model.coef()[2] * b[p % 7];
            assert!((v - expected).abs() < 1e-9);
            let mean: f64 = (0..40).map(|i| curves[[0, i, p]]).sum::<f64>() / 40.0;
            assert!((v - mean).abs() < 1e-9);
        }
        assert!(found.to_string().contains("x0, x2"));
    }

    #[test]
    fn classes_weights_and_settings() {
        let (x, y) = data();
        let labels: crate::Labels = y
            .iter()
            .map(|v| usize::from(*v > 40.0) + usize::from(*v > 80.0))
            .collect();
        let model = LogisticRegression::new().fit(&x, &labels).unwrap();
        let w = Array1::from_shape_fn(40, |i| (i % 3) as f64);
        let of = PartialDependence::new()
            .custom_values(0, [1.0, 2.0])
            .sample_weight(w.clone());
        let found = of.classifier(&model, &x, [0]).unwrap();
        assert_eq!(
            (found.outputs().len(), found.average().unwrap().dim()),
            (3, (3, 2))
        );
        let mut filled = x.clone();
        filled.column_mut(0).fill(2.0);
        let expected = model.predict_proba(&filled).unwrap().t().dot(&w) / w.sum();
        assert!((found.average().unwrap()[[1, 1]] - expected[1]).abs() < 1e-12);
        let two: crate::Labels = y.iter().map(|v| *v > 50.0).collect();
        let ridge = RidgeClassifier::new().fit(&x, &two).unwrap();
        let found = PartialDependence::new()
            .classifier(&ridge, &x, [1])
            .unwrap();
        assert_eq!(found.outputs(), ["true"]);
        let proba = PartialDependence::new().response_method(ResponseMethod::PredictProba);
        assert!(proba.classifier(&ridge, &x, [1]).is_err());
    }

    #[test]
    fn what_is_refused() {
        let (x, y) = data();
        let model = Ridge::new().fit(&x, &y).unwrap();
        let run = |p: PartialDependence| p.regressor(&model, &x, [0]);
        assert!(run(PartialDependence::new().grid_resolution(1)).is_err());
        assert!(run(PartialDependence::new().percentiles(0.5, 0.5)).is_err());
        assert!(run(PartialDependence::new().percentiles(f64::NAN, 0.5)).is_err());
        assert!(
            run(PartialDependence::new()
                .grid_resolution(2)
                .percentiles(0.5, 0.5 + 1e-12))
            .is_err()
        );
        assert!(run(PartialDependence::new().custom_values(0, Vec::<f64>::new())).is_err());
        assert!(run(PartialDependence::new().custom_values(0, ["text"])).is_err());
        assert!(run(PartialDependence::new().sample_weight(Array1::ones(3))).is_err());
        assert!(PartialDependence::new().regressor(&model, &x, [3]).is_err());
        assert!(
            PartialDependence::new()
                .regressor(&model, &x, ["x7"])
                .is_err()
        );
        assert!(
            PartialDependence::new()
                .regressor(&model, &x, Vec::<usize>::new())
                .is_err()
        );
        let points = vec![0.5; 5000];
        let huge = PartialDependence::new()
            .custom_values(0, points.clone())
            .custom_values(1, points);
        assert!(matches!(
            huge.regressor(&model, &x, [0, 1]).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
    }

    #[test]
    fn texts_of_tables_are_the_points() {
        let texts: Vec<&str> = (0..30).map(|i| ["b", "a", "c"][i % 3]).collect();
        let table = Table::new([("kind", Column::from(texts))]).unwrap();
        let sizes: Vec<f64> = (0..30).map(|i| f64::from(i % 7) + 0.5).collect();
        let table = table.with_column("size", sizes).unwrap();
        let y = Array1::from_shape_fn(30, |i| (i % 3) as f64 * 10.0);
        let prepare = ColumnTransformer::new()
            .part("kind", ["kind"], OneHotEncoder::new())
            .numeric("size", Columns::names(["size"]), Passthrough::new());
        let model = pipeline("prepare", prepare)
            .then("ridge", Ridge::new())
            .fit(&table, &y)
            .unwrap();
        let found = PartialDependence::new()
            .regressor(&model, &table, ["kind"])
            .unwrap();
        let texts: Vec<String> = found.grid_values()[0]
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(texts, ["a", "b", "c"]);
        let average = found.average().unwrap();
        assert!(average[[0, 0]] > average[[0, 1]] && average[[0, 2]] > average[[0, 0]]);
    }
}
