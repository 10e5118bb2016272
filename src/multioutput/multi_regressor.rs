//! A regressor for each target.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, Ix2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::meta::{after_batch, around_only, each, indented, not_empty, side_by_side};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::samples::Samples;
use crate::targets::{RealTarget, RealTargets, Targets, Weighted};
use crate::traits::{Estimator, PartialFit, Predict, Score};

const NAME: &str = "MultiOutputRegressor";

/// Several real targets, with or without weights, one of which can be taken out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target of several real columns",
    label = "expected a 2-dimensional array, with or without weights"
)]
pub trait RealColumns: RealTargets<Self::Element, Dim = Ix2> {
    /// The element type.
    type Element: Float;

    /// One column as a target.
    type Column: RealTarget<Self::Element> + ?Sized;

    /// This column as a target, with the same weights.
    fn column_target(&self, j: usize) -> <Self::Column as Targets>::Owned;
}

impl<F: Float> RealColumns for ArrayRef2<F> {
    type Element = F;
    type Column = ArrayRef1<F>;
    fn column_target(&self, j: usize) -> Array1<F> {
        self.column(j).to_owned()
    }
}

impl<F: Float> RealColumns for Weighted<ArrayRef2<F>> {
    type Element = F;
    type Column = Weighted<ArrayRef1<F>>;
    fn column_target(&self, j: usize) -> Weighted<ArrayRef1<F>> {
        self.with_target(self.target().column(j).to_owned())
    }
}

/// Rows and targets are there, agree, and are finite.
pub(super) fn checked<F: Float, Y: RealColumns<Element = F> + ?Sized>(
    y: &Y,
    n: usize,
) -> Result<usize> {
    check::target(y, n)?;
    let columns = y.columns();
    check::finite(&columns, "y")?;
    match columns.ncols() {
        0 => Err(ErrorKind::EmptyInput {
            what: "y (no columns)".into(),
        }
        .into()),
        k => Ok(k),
    }
}

around_only! {
    /// A regressor for each of several real targets.
    ///
    /// # Settings
    /// | name | meaning |
    /// |---|---|
    /// | `estimator` | the regressor; its parameters are `estimator__...` |
    ///
    /// # Complexity
    /// A fit for each target, side by side.
    ///
    /// # Errors
    /// `NonFinite`, `ShapeMismatch`, `EmptyInput`; those of the regressor, with the target in [`Error::context`].
    ///
    /// # Source
    /// scikit-learn's `MultiOutputRegressor`.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::Lasso, multioutput::MultiOutputRegressor, prelude::*};
    ///
    /// let data = fitwell::datasets::load_linnerud()?;
    /// let model = MultiOutputRegressor::new(Lasso::new()).fit(&data.x, &data.target)?;
    /// assert_eq!(model.predict(&data.x)?.dim(), (20, 3));
    /// # Ok::<(), Error>(())
    /// ```
    pub struct MultiOutputRegressor around "regressor of one target";
}

impl<E> MultiOutputRegressor<E> {
    /// A model of `n_targets` targets that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone. `begin`
    /// makes the regressor of a target.
    ///
    /// ```
    /// use fitwell::{linear_model::SgdRegressor, multioutput::MultiOutputRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let mut model = MultiOutputRegressor::new(SgdRegressor::new()).begin(2, |sgd| sgd.begin::<f64>(1))?;
    /// model.partial_fit(&array![[0.0], [1.0]], &array![[0.0, 1.0], [2.0, 3.0]])?;
    /// assert_eq!(model.predict(&array![[0.5]])?.dim(), (1, 2));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidParameter` for no targets, or more than a million; those of `begin`.
    pub fn begin<M>(
        &self,
        n_targets: usize,
        begin: impl Fn(&E) -> Result<M>,
    ) -> Result<FittedMultiOutputRegressor<M>> {
        const MOST: usize = 1_000_000;
        if !(1..=MOST).contains(&n_targets) {
            let expected = format!("1 to {MOST}");
            return Err(Error::invalid_parameter(
                NAME,
                "n_targets",
                expected,
                n_targets,
            ));
        }
        let each = (0..n_targets).map(|_| begin(&self.estimator));
        Ok(FittedMultiOutputRegressor {
            estimators: each.collect::<Result<_>>()?,
        })
    }
}

impl<X, Y, E, M, F> Estimator<X, Y> for MultiOutputRegressor<E>
where
    X: Samples + ?Sized,
    F: Float,
    Y: RealColumns<Element = F> + ?Sized,
    E: Estimator<X, Y::Column, Fitted = M> + Sync,
    M: Predict<X, Output = Array1<F>> + Send,
{
    type Fitted = FittedMultiOutputRegressor<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        not_empty(x)?;
        let k = checked(y, x.n_samples())?;
        let estimators = each(k, |j| {
            let fitted = self.estimator.fit(x, y.column_target(j).borrow());
            fitted.map_err(|e: Error| e.within(format!("column {j} of y")))
        })?;
        Ok(FittedMultiOutputRegressor { estimators })
    }
}

/// What [`MultiOutputRegressor`] learned: a regressor for each target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMultiOutputRegressor<M> {
    estimators: Vec<M>,
}

impl<M> FittedMultiOutputRegressor<M> {
    /// The regressors, in the order of the targets.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }
}

impl<X, F, M> Predict<X> for FittedMultiOutputRegressor<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    type Output = Array2<F>;

    fn predict(&self, x: &X) -> Result<Array2<F>> {
        let columns = each(self.estimators.len(), |j| {
            Ok(self.estimators[j].predict(x)?.insert_axis(Axis(1)))
        })?;
        side_by_side(&columns)
    }
}

/// Each regressor learns its target of the batch.
impl<X, Y, M, F> PartialFit<X, Y> for FittedMultiOutputRegressor<M>
where
    X: Samples + ?Sized,
    F: Float,
    Y: RealColumns<Element = F> + ?Sized,
    M: PartialFit<X, Y::Column> + Clone + Send + Sync,
{
    fn partial_fit(&mut self, x: &X, y: &Y) -> Result<()> {
        not_empty(x)?;
        let (expected, got) = (self.estimators.len(), checked(y, x.n_samples())?);
        if got != expected {
            return Err(Error::shape("number of targets", expected, got));
        }
        self.estimators = after_batch(&self.estimators, |j, model| {
            let learned = model.partial_fit(x, y.column_target(j).borrow());
            learned.map_err(|e: Error| e.within(format!("column {j} of y")))
        })?;
        Ok(())
    }
}

/// R², the mean over the targets.
impl<X, Y, F, M> Score<X, Y> for FittedMultiOutputRegressor<M>
where
    X: Samples + ?Sized,
    Y: RealTargets<F, Dim = Ix2> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<M: Model> Model for FittedMultiOutputRegressor<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of regressors", self.estimators.len(), 1)?;
        self.estimators.iter().try_for_each(Model::validate)
    }
}

impl<M: fmt::Display> fmt::Display for FittedMultiOutputRegressor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} targets)", self.estimators.len());
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
