//! How much each feature counts in a fitted model.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::boxed::{FittedBoxedClassifier, FittedBoxedRegressor, Input, Measured};
use crate::error::{Error, ErrorKind, Result};
use crate::model_selection::FittedGridSearchCv;
use crate::pipeline::{FittedPipeline, Step};
use crate::samples::Samples;
use crate::targets::Targets;

/// A fitted model that says how much each feature counts: by its coefficients or its importances.
///
/// [`SelectFromModel`](super::SelectFromModel), [`Rfe`](super::Rfe) and [`RfeCv`](super::RfeCv) take every model that
/// implements it. Pipelines hand on what their last step says, so the steps before must keep the features as they are in number and
/// order; searches hand on what the best model says, boxes what the model inside says in
/// [`Model::importances`](crate::model::Model::importances).
///
/// A model of your own:
///
/// ```
/// use fitwell::{feature_selection::{FeatureImportances, SelectFromModel}, prelude::*};
/// use ndarray::{Array2, ArrayRef2, Axis, array};
///
/// #[derive(Clone)]
/// struct Largest; // a feature counts by its largest value
/// #[derive(Clone)]
/// struct FittedLargest(Array2<f64>);
///
/// impl Estimator<ArrayRef2<f64>, Labels> for Largest {
///     type Fitted = FittedLargest;
///     fn fit(&self, x: &ArrayRef2<f64>, _: &Labels) -> Result<FittedLargest> {
///         Ok(FittedLargest(x.fold_axis(Axis(0), 0.0, |a: &f64, b| a.max(*b)).insert_axis(Axis(0))))
///     }
/// }
///
/// impl FeatureImportances for FittedLargest {
///     fn feature_importances(&self) -> Result<Array2<f64>> {
///         Ok(self.0.clone())
///     }
/// }
///
/// let (x, y) = (array![[1.0, 5.0], [2.0, 0.0]], Labels::from([0, 1]));
/// let model = SelectFromModel::new(Largest).fit(&x, &y)?;
/// assert_eq!(model.support(), [false, true]);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how much each feature counts",
    label = "no coefficients or importances",
    note = "implement `fitwell::feature_selection::FeatureImportances` for it, or give the selector an `importance_getter`"
)]
pub trait FeatureImportances {
    /// Coefficients (n_targets or n_classes, n_features), with their signs; or importances, one row.
    ///
    /// # Errors
    /// Where a model can tell only at run time that it has none.
    fn feature_importances(&self) -> Result<Array2<f64>>;

    /// Whether the fit sets coefficients to zero, as an L1 penalty alone does. [`SelectFromModel`](super::SelectFromModel) then
    /// keeps all that are above 1e-5 by default.
    fn is_sparse(&self) -> bool {
        false
    }
}

/// Whether the share of the L1 penalty is 1, as closely as scikit-learn asks.
pub(crate) fn is_all_l1(l1_ratio: f64) -> bool {
    (l1_ratio - 1.0).abs() <= 1.001e-5
}

macro_rules! handed_on {
    ($([$($g:ident),+] $model:ty, $inside:ident;)+) => {$(
        impl<$($g),+> FeatureImportances for $model
        where
            M: FeatureImportances,
        {
            fn feature_importances(&self) -> Result<Array2<f64>> {
                self.$inside().feature_importances()
            }
            fn is_sparse(&self) -> bool {
                self.$inside().is_sparse()
            }
        }
    )+};
}
handed_on! {
    [M] Step<M>, inner;
    [A, M] FittedPipeline<A, M>, last;
    [M] FittedGridSearchCv<M>, best_estimator;
}

/// `Unsupported` when the model inside does not say.
impl<X, Y> FeatureImportances for FittedBoxedClassifier<X, Y>
where
    X: Input + ?Sized + 'static,
    Y: Targets + ?Sized + 'static,
{
    fn feature_importances(&self) -> Result<Array2<f64>> {
        self.weights_of_features()
            .unwrap_or_else(|| unsupported(self.type_name()))
    }
    fn is_sparse(&self) -> bool {
        self.weights_are_sparse()
    }
}

/// `Unsupported` when the model inside does not say.
impl<X, Y> FeatureImportances for FittedBoxedRegressor<X, Y>
where
    X: Samples + ?Sized + 'static,
    Y: Measured + ?Sized + 'static,
{
    fn feature_importances(&self) -> Result<Array2<f64>> {
        self.weights_of_features()
            .unwrap_or_else(|| unsupported(self.type_name()))
    }
    fn is_sparse(&self) -> bool {
        self.weights_are_sparse()
    }
}

fn unsupported(estimator: String) -> Result<Array2<f64>> {
    Err(ErrorKind::Unsupported {
        estimator,
        operation: "feature_importances".into(),
    }
    .into())
}

/// How a selector learns what each feature counts in a fitted model `M`: [`FromModel`] asks the model, a closure looks for
/// itself.
///
/// ```
/// use fitwell::{feature_selection::Rfe, linear_model::{FittedRidge, Ridge}, prelude::*};
/// use ndarray::{Axis, array};
///
/// let x = array![[0.0, 100.0], [1.0, 300.0], [2.0, 200.0], [3.0, 400.0]];
/// let y = array![0.0, 1.2, 2.0, 3.2]; // x₀ + 0.001 x₁, about
/// let scale = array![[1.0, 100.0]]; // what a step of each feature is
/// let steps = |m: &FittedRidge| {
///     let coef = m.coef().insert_axis(Axis(0)).to_owned();
///     Ok(if coef.ncols() == 2 { coef * &scale } else { coef })
/// };
/// let rfe = Rfe::new(Ridge::new()).importance_getter(steps);
/// assert_eq!(rfe.fit(&x, &y)?.support(), [true, false]);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell how much each feature counts in `{M}`",
    note = "the model implements `FeatureImportances`, or the getter is a closure `|model: &M| -> Result<Array2<f64>>`"
)]
pub trait ImportanceGetter<M>: Sync {
    /// What [`FeatureImportances::feature_importances`] gives.
    ///
    /// # Errors
    /// The model's.
    fn importances(&self, model: &M) -> Result<Array2<f64>>;

    /// What [`FeatureImportances::is_sparse`] gives.
    fn is_sparse(&self, _: &M) -> bool {
        false
    }
}

/// Asks the model for its [`FeatureImportances`]: the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromModel;

impl<M: FeatureImportances> ImportanceGetter<M> for FromModel {
    fn importances(&self, model: &M) -> Result<Array2<f64>> {
        model.feature_importances()
    }
    fn is_sparse(&self, model: &M) -> bool {
        model.is_sparse()
    }
}

impl<M, C: Fn(&M) -> Result<Array2<f64>> + Sync> ImportanceGetter<M> for C {
    fn importances(&self, model: &M) -> Result<Array2<f64>> {
        self(model)
    }
}

/// The importances of `n_features` features, finite.
pub(super) fn checked<M, G: ImportanceGetter<M>>(
    getter: &G,
    model: &M,
    n_features: usize,
) -> Result<Array2<f64>> {
    let all = getter.importances(model)?;
    if all.ncols() != n_features {
        let what = "number of importances of the model (a pipeline's steps must keep the features)";
        return Err(Error::shape(what, n_features, all.ncols()));
    }
    crate::check::finite(&all, "importances of the model")?;
    Ok(all)
}

/// The norm of each column.
pub(super) fn norms(importances: &Array2<f64>, order: f64) -> Array1<f64> {
    let columns = importances.columns().into_iter();
    columns
        .map(|column| {
            let sizes = column.iter().map(|v| v.abs());
            if column.len() == 1 || order == f64::INFINITY {
                sizes.fold(0.0, f64::max)
            } else if order == f64::NEG_INFINITY {
                sizes.fold(f64::INFINITY, f64::min)
            } else if order == 1.0 {
                sizes.sum()
            } else if order == 2.0 {
                sizes.map(|v| v * v).sum::<f64>().sqrt()
            } else {
                sizes.map(|v| v.powf(order)).sum::<f64>().powf(1.0 / order)
            }
        })
        .collect()
}

/// The sum of squares of each column.
pub(super) fn squares(importances: &Array2<f64>) -> Vec<f64> {
    let columns = importances.columns().into_iter();
    columns.map(|c| c.iter().map(|v| v * v).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn boxes_ask_what_is_inside() {
        use crate::boxed::{Boxable, BoxedClassifier, BoxedRegressor};
        use crate::feature_selection::Rfe;
        use crate::linear_model::{LogisticRegression, Ridge};
        use crate::model_selection::GridSearchCv;
        use crate::pipeline::pipeline;
        use crate::preprocessing::StandardScaler;
        use crate::traits::Estimator;

        let x = array![[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 1.0]];
        let y = array![0.0, 1.0, 2.0, 3.0];
        let scaled = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
        let search = GridSearchCv::new(scaled.clone(), [("ridge__alpha", vec![0.1])]).cv(2);
        let plain = scaled.fit(&x, &y).unwrap().feature_importances().unwrap();
        let boxes: [BoxedRegressor; 2] = [scaled.boxed_regressor(), search.boxed_regressor()];
        let boxed = boxes[0].fit(&x, &y).unwrap();
        assert_eq!(boxed.feature_importances().unwrap(), plain);
        for regressor in boxes {
            assert_eq!(
                Rfe::new(regressor).fit(&x, &y).unwrap().support(),
                [true, false]
            );
        }
        let clf: BoxedClassifier = LogisticRegression::new().boxed_classifier();
        let labels = crate::Labels::from([0, 0, 1, 1]);
        assert_eq!(
            Rfe::new(clf).fit(&x, &labels).unwrap().support(),
            [true, false]
        );
        // What says nothing of itself is asked in vain.
        let select = Rfe::new(Ridge::new())
            .boxed_regressor()
            .fit(&x, &y)
            .unwrap();
        let e = crate::boxed::FittedBoxedRegressor::feature_importances(&select).unwrap_err();
        assert!(matches!(e.kind(), ErrorKind::Unsupported { .. }));
    }

    #[test]
    fn norms_of_columns() {
        let c = array![[3.0, -1.0], [-4.0, 0.0]];
        for (order, expected) in [
            (1.0, [7.0, 1.0]),
            (2.0, [5.0, 1.0]),
            (f64::INFINITY, [4.0, 1.0]),
            (f64::NEG_INFINITY, [3.0, 0.0]),
            (-1.0, [12.0 / 7.0, 0.0]),
        ] {
            for (a, b) in norms(&c, order).iter().zip(expected) {
                assert!((a - b).abs() < 1e-15, "{order}: {a} {b}");
            }
        }
        assert_eq!(squares(&c), [25.0, 1.0]);
    }
}
