//! A regressor of a transformed target.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array, Array2, ArrayRef, ArrayRef2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{FittedPassthrough, Passthrough};
use crate::check;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::float::Float;
use crate::metrics;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::{RealTargets, TargetDim, Targets, Weighted};
use crate::traits::{
    Estimator, FitWithValidation, InverseTransform, Known, Predict, Score, Transform,
};

const NAME: &str = "TransformedTargetRegressor";

/// A regressor that learns a transformed target and transforms its predictions back.
///
/// With a transformation t of the target, `fit` is that of the regressor on t(y), and predictions are t⁻¹(regressor(x)).
/// t is a transformer with an inverse, fitted on y as columns, (n_samples, n_targets), or a function with its inverse, applied
/// to each value. For a skewed target, prices say, the logarithm; for one with outliers, quantiles.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `regressor` | | learns the transformed target; its parameters are `regressor__...` |
/// | `transformer` | the identity | its parameters are `transformer__...` |
/// | `check_inverse` | `true` | whether some values are transformed there and back, with a line in the log if they differ |
///
/// # Errors
/// Those of the regressor and the transformer; `NonFinite` for a target that is not finite, before or after the transformation;
/// `ShapeMismatch` for one target that becomes several.
///
/// # Source
/// scikit-learn's `TransformedTargetRegressor`. Sample weights reach the regressor, not the transformer, as there. Functions
/// are of one value here.
///
/// # Examples
/// ```
/// use fitwell::pipeline::TransformedTargetRegressor;
/// use fitwell::{linear_model::Ridge, prelude::*, preprocessing::StandardScaler};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let y = x.column(0).mapv(|x| f64::exp(2.0 * x + 1.0));
/// let logarithmic = TransformedTargetRegressor::new(Ridge::new().alpha(0.0)).func(f64::ln, f64::exp);
/// let model = logarithmic.fit(&x, &y)?;
/// assert!((model.predict(&array![[1.5]])?[0] - f64::exp(4.0)).abs() < 1e-9);
/// assert!((model.regressor().coef()[0] - 2.0).abs() < 1e-12);
///
/// let scaled = TransformedTargetRegressor::new(Ridge::new()).transformer(StandardScaler::new());
/// let scaled = scaled.with_param("regressor__alpha", 0.5)?;
/// assert!(scaled.fit(&x, &y)?.score(&x, &y)? > 0.5);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformedTargetRegressor<R, T = Passthrough> {
    regressor: R,
    transformer: T,
    check_inverse: bool,
}

impl<R> TransformedTargetRegressor<R> {
    /// This regressor of the target as it is.
    pub fn new(regressor: R) -> Self {
        TransformedTargetRegressor {
            regressor,
            transformer: Passthrough::new(),
            check_inverse: true,
        }
    }
}

impl<R, T> TransformedTargetRegressor<R, T> {
    /// Transforms the target by what this transformer learns from it.
    pub fn transformer<U>(self, transformer: U) -> TransformedTargetRegressor<R, U> {
        TransformedTargetRegressor {
            regressor: self.regressor,
            transformer,
            check_inverse: self.check_inverse,
        }
    }

    /// Transforms each value of the target by `func`, each prediction by `inverse_func`. Functions are code: such a regressor
    /// cannot be saved; a transformer can.
    pub fn func<A, B>(
        self,
        func: A,
        inverse_func: B,
    ) -> TransformedTargetRegressor<R, ValueFunctions<A, B>>
    where
        A: Fn(f64) -> f64,
        B: Fn(f64) -> f64,
    {
        self.transformer(ValueFunctions { func, inverse_func })
    }

    /// Whether ten or so values are transformed there and back, with a warning in the log if they differ.
    #[must_use]
    pub fn check_inverse(mut self, check: bool) -> Self {
        self.check_inverse = check;
        self
    }
}

/// A function of one value and its inverse; see [`TransformedTargetRegressor::func`].
#[derive(Clone, Copy)]
pub struct ValueFunctions<A, B> {
    func: A,
    inverse_func: B,
}

impl<A, B> fmt::Debug for ValueFunctions<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueFunctions(..)")
    }
}

impl<A, B> fmt::Display for ValueFunctions<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function and its inverse")
    }
}

/// No parameters.
impl<A: Clone, B: Clone> Params for ValueFunctions<A, B> {
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
    fn with_value(&self, name: &str, _: Value) -> Result<Self> {
        Err(ErrorKind::UnknownParameter {
            estimator: "ValueFunctions".into(),
            name: name.into(),
            known: Vec::new(),
        }
        .into())
    }
}

impl<F: Float, A: Clone, B: Clone> Estimator<ArrayRef2<F>, ()> for ValueFunctions<A, B> {
    type Fitted = Self;
    fn fit(&self, _: &ArrayRef2<F>, _: &()) -> Result<Self> {
        Ok(self.clone())
    }
}

impl<F: Float, A: Fn(f64) -> f64, B> Transform<ArrayRef2<F>> for ValueFunctions<A, B> {
    type Output = Array2<F>;
    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        Ok(x.mapv(|v| F::of((self.func)(v.f64()))))
    }
}

impl<F: Float, A, B: Fn(f64) -> f64> InverseTransform<ArrayRef2<F>> for ValueFunctions<A, B> {
    type Output = Array2<F>;
    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        Ok(x.mapv(|v| F::of((self.inverse_func)(v.f64()))))
    }
}

/// A real target, one or several, with or without weights, whose values can be replaced.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a real target that can be transformed",
    label = "expected a 1- or 2-dimensional array, with or without weights"
)]
pub trait TransformableTarget: Targets {
    /// The element type.
    type Float: Float;

    /// The targets as columns, (n_samples, n_targets).
    fn values(&self) -> ArrayView2<'_, Self::Float>;

    /// These values instead, with the same weights.
    ///
    /// # Errors
    /// `ShapeMismatch` when one target becomes several.
    fn replaced(&self, columns: Array2<Self::Float>) -> Result<Self::Owned>;
}

fn of_shape<F: Float, D: TargetDim>(columns: Array2<F>) -> Result<Array<F, D>> {
    if D::NDIM == Some(1) && columns.ncols() != 1 {
        let what = "number of columns of the transformed target";
        return Err(Error::shape(what, 1, columns.ncols()));
    }
    Ok(D::from_columns(columns))
}

impl<F: Float, D: TargetDim> TransformableTarget for ArrayRef<F, D> {
    type Float = F;
    fn values(&self) -> ArrayView2<'_, F> {
        D::columns(self)
    }
    fn replaced(&self, columns: Array2<F>) -> Result<Array<F, D>> {
        of_shape(columns)
    }
}

impl<F: Float, D: TargetDim> TransformableTarget for Weighted<ArrayRef<F, D>> {
    type Float = F;
    fn values(&self) -> ArrayView2<'_, F> {
        D::columns(self.target())
    }
    fn replaced(&self, columns: Array2<F>) -> Result<Self> {
        Ok(self.with_target(of_shape(columns)?))
    }
}

/// A regressor of a transformed target, fitted by [`TransformedTargetRegressor`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTransformedTargetRegressor<M, S = FittedPassthrough> {
    regressor: M,
    transformer: S,
}

impl<M, S> FittedTransformedTargetRegressor<M, S> {
    /// The fitted regressor, of the transformed target.
    pub fn regressor(&self) -> &M {
        &self.regressor
    }

    /// The fitted transformer of the target.
    pub fn transformer(&self) -> &S {
        &self.transformer
    }
}

impl<R, T> TransformedTargetRegressor<R, T> {
    /// The fitted transformer, and the target transformed by it.
    fn transform_target<Y, S>(&self, n_samples: usize, y: &Y) -> Result<(S, Y::Owned)>
    where
        Y: TransformableTarget + ?Sized,
        T: Estimator<ArrayRef2<Y::Float>, (), Fitted = S>,
        S: Transform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>
            + InverseTransform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>,
    {
        check::target(y, n_samples)?;
        let values: &ArrayRef2<Y::Float> = &y.values();
        check::finite(values, "y")?;
        let place = |e: Error| e.within("transformer of the target");
        let (transformer, transformed) = self
            .transformer
            .fit_and_transform(values, &())
            .map_err(place)?;
        check::finite(&transformed, "the transformed y").map_err(place)?;
        if self.check_inverse {
            let step = (values.nrows() / 10).max(1);
            let rows: Vec<usize> = (0..values.nrows()).step_by(step).collect();
            let some: Array2<Y::Float> = values.select(Axis(0), &rows);
            let there = transformer.transform(&some).map_err(place)?;
            let back = transformer.inverse_transform(&there).map_err(place)?;
            if !all_close(&some, &back) {
                log::warn!(
                    "{NAME}: the target transformed there and back is another; if that is meant, set check_inverse to false"
                );
            }
        }
        let y = y.replaced(transformed).map_err(place)?;
        Ok((transformer, y))
    }
}

/// |a − b| ≤ 1e-8 + 1e-5 |b| everywhere, as numpy's `allclose`.
fn all_close<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> bool {
    let close = |(a, b): (&F, &F)| (a.f64() - b.f64()).abs() <= 1e-8 + 1e-5 * b.f64().abs();
    a.dim() == b.dim() && a.iter().zip(b).all(close)
}

impl<X, Y, R, T, S> Estimator<X, Y> for TransformedTargetRegressor<R, T>
where
    X: Samples + ?Sized,
    Y: TransformableTarget + ?Sized,
    R: Estimator<X, Y>,
    T: Estimator<ArrayRef2<Y::Float>, (), Fitted = S>,
    S: Transform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>
        + InverseTransform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>,
{
    type Fitted = FittedTransformedTargetRegressor<R::Fitted, S>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        let (transformer, y) = self.transform_target(x.n_samples(), y)?;
        let regressor = self.regressor.fit(x, std::borrow::Borrow::borrow(&y))?;
        Ok(FittedTransformedTargetRegressor {
            regressor,
            transformer,
        })
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        Ok((self.fit(x, y)?, Known::nothing()))
    }
}

impl<X, Y, R, T, S> FitWithValidation<X, Y> for TransformedTargetRegressor<R, T>
where
    X: Samples + ?Sized,
    Y: TransformableTarget + ?Sized,
    R: FitWithValidation<X, Y>,
    T: Estimator<ArrayRef2<Y::Float>, (), Fitted = S>,
    S: Transform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>
        + InverseTransform<ArrayRef2<Y::Float>, Output = Array2<Y::Float>>,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        let (transformer, y) = self.transform_target(x.n_samples(), y)?;
        let validation = || {
            check::target(y_val, x_val.n_samples())?;
            let transformed = transformer.transform(&y_val.values())?;
            check::finite(&transformed, "the transformed y")?;
            y_val.replaced(transformed)
        };
        let y_val = validation().map_err(|e: Error| e.within(VALIDATION_SET))?;
        let (y, y_val): (&Y, &Y) = (
            std::borrow::Borrow::borrow(&y),
            std::borrow::Borrow::borrow(&y_val),
        );
        let regressor = self.regressor.fit_with_validation(x, y, x_val, y_val)?;
        Ok(FittedTransformedTargetRegressor {
            regressor,
            transformer,
        })
    }
}

impl<X, M, S, F, D> Predict<X> for FittedTransformedTargetRegressor<M, S>
where
    X: Samples + ?Sized,
    F: Float,
    D: TargetDim,
    M: Predict<X, Output = Array<F, D>>,
    S: InverseTransform<ArrayRef2<F>, Output = Array2<F>>,
{
    type Output = Array<F, D>;

    fn predict(&self, x: &X) -> Result<Array<F, D>> {
        let predicted = self.regressor.predict(x)?;
        let back = self.transformer.inverse_transform(&D::columns(&predicted));
        back.and_then(of_shape)
            .map_err(|e| e.within("transformer of the target"))
    }
}

/// R² on the scale of the target.
impl<X, Y, M, S, F, D> Score<X, Y> for FittedTransformedTargetRegressor<M, S>
where
    X: Samples + ?Sized,
    Y: RealTargets<F, Dim = D> + ?Sized,
    F: Float,
    D: TargetDim,
    M: Predict<X, Output = Array<F, D>>,
    S: InverseTransform<ArrayRef2<F>, Output = Array2<F>>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<R: Params, T: Params> Params for TransformedTargetRegressor<R, T> {
    fn params(&self) -> BTreeMap<String, Value> {
        let named = |name: &'static str, inner: BTreeMap<String, Value>| {
            inner
                .into_iter()
                .map(move |(k, v)| (format!("{name}__{k}"), v))
        };
        named("regressor", self.regressor.params())
            .chain(named("transformer", self.transformer.params()))
            .chain([("check_inverse".to_string(), self.check_inverse.into())])
            .collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut changed = self.clone();
        if let Some(inner) = name.strip_prefix("regressor__") {
            changed.regressor = self.regressor.with_value(inner, value)?;
        } else if let Some(inner) = name.strip_prefix("transformer__") {
            changed.transformer = self.transformer.with_value(inner, value)?;
        } else if name == "check_inverse" {
            let Value::Bool(check) = value else {
                return Err(Error::invalid_parameter(NAME, name, "a boolean", value));
            };
            changed.check_inverse = check;
        } else {
            return Err(ErrorKind::UnknownParameter {
                estimator: NAME.into(),
                name: name.into(),
                known: self.params().into_keys().collect(),
            }
            .into());
        }
        Ok(changed)
    }
}

/// The regressor and the transformer, indented.
fn draw(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    regressor: &dyn fmt::Display,
    transformer: &dyn fmt::Display,
) -> fmt::Result {
    write!(f, "{head}")?;
    for (name, inner) in [("regressor", regressor), ("transformer", transformer)] {
        let inner = inner.to_string();
        write!(f, "\n  {name}:")?;
        if inner.contains('\n') {
            inner
                .lines()
                .try_for_each(|line| write!(f, "\n    {line}"))?;
        } else {
            write!(f, " {inner}")?;
        }
    }
    Ok(())
}

impl<R: fmt::Display, T: fmt::Display> fmt::Display for TransformedTargetRegressor<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = if self.check_inverse {
            ""
        } else {
            "check_inverse=false"
        };
        let head = format!("{NAME}({settings})");
        draw(f, &head, &self.regressor, &self.transformer)
    }
}

impl<M: fmt::Display, S: fmt::Display> fmt::Display for FittedTransformedTargetRegressor<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("{NAME} fitted");
        draw(f, &head, &self.regressor, &self.transformer)
    }
}

impl<R: Model, T: Model> Model for TransformedTargetRegressor<R, T> {
    fn type_name() -> String {
        format!("{NAME}<{}, {}>", R::type_name(), T::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.regressor.validate()?;
        self.transformer.validate()
    }
}

impl<M: Model, S: Model> Model for FittedTransformedTargetRegressor<M, S> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}, {}>", M::type_name(), S::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.regressor.validate()?;
        self.transformer.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::Ridge;
    use crate::preprocessing::StandardScaler;
    use ndarray::{Array1, Ix1, array};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let x = Array2::from_shape_fn((20, 2), |(i, j)| ((i * (j + 3)) % 11) as f64);
        let y = x.map_axis(Axis(1), |row| f64::exp(0.3 * row[0] - 0.1 * row[1]));
        (x, y)
    }

    #[test]
    fn the_regressor_learns_the_transformed_target() {
        let (x, y) = data();
        let model = TransformedTargetRegressor::new(Ridge::new()).func(f64::ln, f64::exp);
        let fitted = model.fit(&x, &y).unwrap();
        let by_hand = Ridge::new().fit(&x, &y.mapv(f64::ln)).unwrap();
        assert_eq!(fitted.regressor().coef(), by_hand.coef());
        let expected = by_hand.predict(&x).unwrap().mapv(f64::exp);
        assert_eq!(fitted.predict(&x).unwrap(), expected);
        let score = metrics::r2_score(&y, &*expected).unwrap();
        assert_eq!(fitted.score(&x, &y).unwrap(), score);
        // The identity changes nothing.
        let plain = TransformedTargetRegressor::new(Ridge::new())
            .fit(&x, &y)
            .unwrap();
        let ridge = Ridge::new().fit(&x, &y).unwrap();
        assert_eq!(plain.predict(&x).unwrap(), ridge.predict(&x).unwrap());
    }

    #[test]
    fn several_targets_weights_and_f32() {
        let (x, y) = data();
        let w = Array1::from_shape_fn(20, |i| (i % 3) as f64);
        let model =
            TransformedTargetRegressor::new(Ridge::new()).transformer(StandardScaler::new());
        let both = ndarray::stack![Axis(1), y, y.mapv(|v| v * v)];
        let fitted = model.fit(&x, &both.weighted(&w)).unwrap();
        // The scaler does not see the weights.
        let (scaler, scaled) = StandardScaler::new().fit_and_transform(&both, &()).unwrap();
        let by_hand = Ridge::new().fit(&x, &scaled.weighted(&w)).unwrap();
        let expected = scaler
            .inverse_transform(&by_hand.predict(&x).unwrap())
            .unwrap();
        assert_eq!(fitted.predict(&x).unwrap(), expected);
        let (x32, y32) = (x.mapv(|v| v as f32), y.mapv(|v| v as f32));
        let fitted = model.fit(&x32, &y32).unwrap();
        let out: Array1<f32> = fitted.predict(&x32).unwrap();
        assert_eq!(out.len(), 20);
    }

    #[test]
    fn what_is_refused_says_where() {
        let (x, mut y) = data();
        let model = TransformedTargetRegressor::new(Ridge::new()).func(f64::ln, f64::exp);
        y[3] = -1.0;
        assert_eq!(
            model.fit(&x, &y).unwrap_err().to_string(),
            "transformer of the target: the transformed y: row 3, column 0 is NaN"
        );
        y[3] = f64::INFINITY;
        assert!(model.fit(&x, &y).is_err());
        assert!(model.fit(&x, &y.slice(ndarray::s![..5])).is_err());
        let unknown = model.with_param("alpha", 1.0).unwrap_err();
        assert!(
            unknown.to_string().contains("regressor__alpha"),
            "{unknown}"
        );
        assert!(model.with_param("check_inverse", 1).is_err());
        let drawn = model.check_inverse(false).to_string();
        assert_eq!(
            drawn,
            "TransformedTargetRegressor(check_inverse=false)\n  regressor: Ridge()\n  transformer: a function and its inverse"
        );
    }

    #[test]
    fn there_and_back_is_compared_as_numpy_does() {
        assert!(all_close(&array![[1.0, 0.0]], &array![[1.000_009, 1e-9]]));
        assert!(!all_close(&array![[1.0]], &array![[1.000_02]]));
        assert!(!all_close(&array![[f64::NAN]], &array![[f64::NAN]]));
    }

    #[test]
    fn files() {
        let (x, y) = data();
        let model =
            TransformedTargetRegressor::new(Ridge::new()).transformer(StandardScaler::new());
        let fitted = model.fit(&x, &y).unwrap();
        type Fitted = FittedTransformedTargetRegressor<
            crate::linear_model::FittedRidge<f64, Ix1>,
            crate::preprocessing::FittedStandardScaler<f64>,
        >;
        let loaded = Fitted::from_bytes(&fitted.to_bytes().unwrap()).unwrap();
        assert_eq!(loaded, fitted);
        assert_eq!(
            Fitted::from_json(&fitted.to_json().unwrap()).unwrap(),
            fitted
        );
    }
}
