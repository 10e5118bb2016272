//! Features that count in a model.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::amount::NFeatures;
use super::importances::{FromModel, ImportanceGetter, checked, norms};
use super::support::{Kept, SelectColumns, around_estimator, selector};
use super::written::{from_real, real, written};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params, Value};
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "SelectFromModel";

/// The importance that a feature must reach. By name a number, `"mean"`, `"median"`, or a multiple such as `"1.25*mean"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Threshold {
    /// The mean; for models that set coefficients to zero ([`is_sparse`](super::FeatureImportances::is_sparse)) 1e-5.
    #[default]
    Auto,
    /// This number.
    Value(f64),
    /// So many times the mean importance.
    Mean(f64),
    /// So many times the median importance.
    Median(f64),
}

impl From<f64> for Threshold {
    fn from(value: f64) -> Self {
        Threshold::Value(value)
    }
}

impl Threshold {
    fn write(&self) -> Value {
        let times = |scale: f64, reference: &str| {
            if scale == 1.0 {
                reference.into()
            } else {
                format!("{scale}*{reference}").into()
            }
        };
        match *self {
            Threshold::Auto => Value::Null,
            Threshold::Value(v) => from_real(v),
            Threshold::Mean(scale) => times(scale, "mean"),
            Threshold::Median(scale) => times(scale, "median"),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value.is_null() {
            return Some(Threshold::Auto);
        }
        if let Some(value) = real(value) {
            return Some(Threshold::Value(value));
        }
        let (scale, reference) = match value.as_str()?.split_once('*') {
            Some((scale, reference)) => (scale.trim().parse().ok()?, reference.trim()),
            None => (1.0, value.as_str()?),
        };
        match reference {
            "mean" => Some(Threshold::Mean(scale)),
            "median" => Some(Threshold::Median(scale)),
            _ => None,
        }
    }

    fn of(self, importances: &Array1<f64>, is_sparse: bool) -> f64 {
        match self {
            Threshold::Auto if is_sparse => 1e-5,
            Threshold::Auto => mean(importances),
            Threshold::Value(value) => value,
            Threshold::Mean(scale) => scale * mean(importances),
            Threshold::Median(scale) => scale * median(importances),
        }
    }
}
written!(
    Threshold,
    "a number, \"mean\", \"median\" or a multiple such as \"1.25*mean\""
);

fn mean(values: &Array1<f64>) -> f64 {
    values.sum() / values.len() as f64
}

fn median(values: &Array1<f64>) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n % 2 == 1 {
        sorted[n / 2]
    } else {
        (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0
    }
}

/// The settings beside the estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    threshold: Threshold,
    #[serde(with = "crate::params::number")]
    norm_order: f64,
    max_features: NFeatures,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            threshold: Threshold::Auto,
            norm_order: 1.0,
            max_features: NFeatures::Auto,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        let (Threshold::Value(v) | Threshold::Mean(v) | Threshold::Median(v)) = self.threshold
        else {
            return self.check_rest();
        };
        if v.is_nan() {
            let expected = "a number, \"mean\", \"median\" or a multiple of those";
            return Err(Error::invalid_parameter(NAME, "threshold", expected, v));
        }
        self.check_rest()
    }
}

impl Settings {
    fn check_rest(&self) -> Result<()> {
        let order = self.norm_order;
        if !(order.is_infinite() || (order.abs() >= 1.0 && order.fract() == 0.0)) {
            let expected = "a whole number other than 0, inf or -inf";
            return Err(Error::invalid_parameter(
                NAME,
                "norm_order",
                expected,
                order,
            ));
        }
        match self.max_features {
            NFeatures::Count(_) => Ok(()), // 0 is none
            other => other.check(NAME, "max_features"),
        }
    }
}

/// Keeps the features that count in a model: those whose coefficient or importance reaches a threshold.
///
/// The estimator is fitted on all features. The importance of a feature is the size of its coefficient; where there are
/// several, for classes or targets, their norm of order `norm_order`. Features below the threshold go; with `max_features` at
/// most so many of the greatest stay, of equals the first.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `threshold` | none | a number, `"mean"`, `"median"`, `"1.25*mean"` | importance that a feature must reach; none: the mean, or 1e-5 for models that set coefficients to zero |
/// | `norm_order` | 1 | whole, not 0; ±∞ | how several coefficients become one importance |
/// | `max_features` | all | a count, a fraction in (0, 1] | the most features kept; for the count alone set `threshold` to -∞ |
/// | `importance_getter` | [`FromModel`] | an [`ImportanceGetter`] | where importances come from |
///
/// scikit-learn's `max_features` may be a function of the samples; here it may be a fraction, rounded down. Its `prefit` is
/// [`SelectFromModel::prefit`].
///
/// Coefficients compare only on features of one scale: let the estimator be a pipeline that scales first.
///
/// # Errors
/// `InvalidParameter`; those of the estimator; `ShapeMismatch` when the model has not one importance for each feature.
///
/// # Examples
/// ```
/// use fitwell::{feature_selection::SelectFromModel, linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let scaled = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let model = SelectFromModel::new(scaled).fit(&wine.x, &wine.target)?;
/// assert_eq!(model.support_indices(), [0, 2, 3, 6, 9, 10, 11, 12]);
/// assert!(model.importances()[12] > model.threshold());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct SelectFromModel<E, G = FromModel> {
    estimator: E,
    importance_getter: G,
    settings: Settings,
}

impl<E> SelectFromModel<E> {
    /// Features whose importance reaches the mean.
    pub fn new(estimator: E) -> Self {
        SelectFromModel {
            estimator,
            importance_getter: FromModel,
            settings: Settings::default(),
        }
    }
}

impl<M> SelectFromModel<Prefit<M>> {
    /// From a model that is fitted already: `fit` looks at the shape of the samples alone.
    ///
    /// ```
    /// use fitwell::{feature_selection::SelectFromModel, linear_model::Ridge, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0, 1.0], [1.0, 3.0], [2.0, 2.0]], array![0.0, 2.0, 4.0]);
    /// let ridge = Ridge::new().fit(&x, &y)?;
    /// assert_eq!(SelectFromModel::prefit(ridge).fit(&x, &())?.support(), [true, false]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn prefit(model: M) -> Self {
        SelectFromModel::new(Prefit(model))
    }
}

impl<E, G> SelectFromModel<E, G> {
    /// The importance that a feature must reach.
    pub fn threshold(mut self, threshold: impl Into<Threshold>) -> Self {
        self.settings.threshold = threshold.into();
        self
    }

    /// The order of the norm of several coefficients: a whole number other than 0, or ±∞.
    pub fn norm_order(mut self, order: impl Into<f64>) -> Self {
        self.settings.norm_order = order.into();
        self
    }

    /// The most features kept: a count, or a fraction of all, rounded down.
    pub fn max_features(mut self, max_features: impl Into<NFeatures>) -> Self {
        self.settings.max_features = max_features.into();
        self
    }

    /// Where importances come from.
    pub fn importance_getter<H>(self, importance_getter: H) -> SelectFromModel<E, H> {
        SelectFromModel {
            estimator: self.estimator,
            importance_getter,
            settings: self.settings,
        }
    }

    /// The estimator that is fitted.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

/// A model that is fitted already, where an estimator is wanted: fitting it again gives the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefit<M>(M);

impl<M> Prefit<M> {
    /// This model, whatever it is fitted on.
    pub fn new(model: M) -> Self {
        Prefit(model)
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.0
    }
}

impl<X: SelectColumns + ?Sized, Y: Targets + ?Sized, M: Clone> Estimator<X, Y> for Prefit<M> {
    type Fitted = M;
    fn fit(&self, x: &X, y: &Y) -> Result<M> {
        crate::check::target(y, x.n_samples())?;
        Ok(self.0.clone())
    }
}

/// What is fitted has no parameters.
impl<M: Clone> Params for Prefit<M> {
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }

    fn with_value(&self, name: &str, _: Value) -> Result<Self> {
        Err(ErrorKind::UnknownParameter {
            estimator: "Prefit".into(),
            name: name.into(),
            known: Vec::new(),
        }
        .into())
    }
}

impl<M: fmt::Display> fmt::Display for Prefit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefit({})", self.0)
    }
}

impl<M: Model> Model for Prefit<M> {
    fn type_name() -> String {
        format!("Prefit<{}>", M::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.0.validate()
    }
}

around_estimator!(SelectFromModel<G>);

impl<X, Y, E, G> Estimator<X, Y> for SelectFromModel<E, G>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
    G: ImportanceGetter<E::Fitted>,
{
    type Fitted = FittedSelectFromModel<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        x.check_not_empty()?;
        let p = x.n_features();
        let model = self.estimator.fit(x, y)?;
        let importances = checked(&self.importance_getter, &model, p)?;
        let importances = norms(&importances, self.settings.norm_order);
        crate::check::learned(NAME, "an importance", &importances)?;
        let is_sparse = self.importance_getter.is_sparse(&model);
        let threshold = self.settings.threshold.of(&importances, is_sparse);
        let most = match self.settings.max_features {
            NFeatures::Auto => p,
            NFeatures::Count(n) => n.min(p),
            NFeatures::Fraction(f) => (f * p as f64) as usize,
        };
        let mask = mask(&importances, threshold, most);
        Ok(FittedSelectFromModel {
            model,
            importances,
            threshold,
            max_features: most,
            kept: Kept::new(mask, x),
        })
    }
}

/// The `most` greatest that reach the threshold, of equals the first.
fn mask(importances: &Array1<f64>, threshold: f64, most: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..importances.len()).collect();
    order.sort_by(|&a, &b| importances[b].total_cmp(&importances[a]));
    let mut mask = vec![false; importances.len()];
    for &j in order.iter().take(most) {
        mask[j] = importances[j] >= threshold;
    }
    mask
}

/// What [`SelectFromModel`] learned: the model, and which features count in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSelectFromModel<M> {
    model: M,
    importances: Array1<f64>,
    #[serde(with = "crate::params::number")]
    threshold: f64,
    max_features: usize,
    kept: Kept,
}

impl<M> FittedSelectFromModel<M> {
    /// The model, fitted on all features.
    pub fn estimator(&self) -> &M {
        &self.model
    }

    /// The importance of each feature, not negative.
    pub fn importances(&self) -> &Array1<f64> {
        &self.importances
    }

    /// The importance that a feature had to reach.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The most features that could be kept.
    pub fn max_features(&self) -> usize {
        self.max_features
    }
}

selector!(any [M] FittedSelectFromModel<M>);

impl<M> fmt::Display for FittedSelectFromModel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.n_features(), self.n_features_in());
        write!(f, "FittedSelectFromModel({k} of {p} features)")
    }
}

impl<M: Model> Model for FittedSelectFromModel<M> {
    fn type_name() -> String {
        format!("FittedSelectFromModel<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.kept.validate()?;
        let p = self.n_features_in();
        ensure::equal("length of `importances`", self.importances.len(), p)?;
        ensure::non_negative("importances", &self.importances)?;
        ensure::that(!self.threshold.is_nan(), || "threshold is NaN".into())?;
        let expected = mask(&self.importances, self.threshold, self.max_features);
        ensure::that(expected == self.support(), || {
            "the selected features are not those whose importances reach the threshold".into()
        })?;
        self.model.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_selection::FeatureImportances;
    use crate::linear_model::{LogisticRegression, Ridge};
    use ndarray::{Array2, array};

    #[derive(Clone, Debug)]
    struct Fixed(Array2<f64>, bool);

    impl FeatureImportances for Fixed {
        fn feature_importances(&self) -> Result<Array2<f64>> {
            Ok(self.0.clone())
        }
        fn is_sparse(&self) -> bool {
            self.1
        }
    }

    fn fixed(importances: Array2<f64>) -> SelectFromModel<Prefit<Fixed>> {
        SelectFromModel::prefit(Fixed(importances, false))
    }

    fn chosen<E, G>(selector: &SelectFromModel<E, G>) -> Vec<usize>
    where
        E: Estimator<ndarray::ArrayRef2<f64>, ()>,
        G: ImportanceGetter<E::Fitted>,
    {
        let x = Array2::<f64>::zeros((1, 4));
        selector.fit(&x, &()).unwrap().support_indices()
    }

    #[test]
    fn thresholds_are_reached_and_ties_go_to_the_first() {
        let select = fixed(array![[4.0, -1.0, 1.0, 2.0]]);
        assert_eq!(chosen(&select), [0, 3]);
        assert_eq!(
            chosen(&select.clone().threshold(Threshold::Mean(1.25))),
            [0]
        );
        assert_eq!(
            chosen(&select.clone().threshold(Threshold::Median(1.0))),
            [0, 3]
        );
        assert_eq!(chosen(&select.clone().threshold(1.0)), [0, 1, 2, 3]);
        let all = select.clone().threshold(f64::NEG_INFINITY);
        assert_eq!(chosen(&all.clone().max_features(3)), [0, 1, 3]);
        assert_eq!(chosen(&all.clone().max_features(0.5)), [0, 3]);
        assert_eq!(chosen(&all.max_features(9)), [0, 1, 2, 3]);
        assert!(chosen(&select.max_features(0)).is_empty());
        let sparse = SelectFromModel::prefit(Fixed(array![[0.0, 2e-5, 1.0, 1e-6]], true));
        assert_eq!(chosen(&sparse), [1, 2]);
    }

    #[test]
    fn several_coefficients_become_one_by_their_norm() {
        let select = fixed(array![[3.0, 2.0, 0.0, 1.0], [-3.0, 2.0, 5.0, 0.0]]).threshold(5.0);
        assert_eq!(chosen(&select), [0, 2]);
        assert_eq!(chosen(&select.clone().norm_order(f64::INFINITY)), [2]);
        for bad in [0.0, 0.5, 1.5, f64::NAN] {
            let x = Array2::<f64>::zeros((1, 4));
            assert!(select.clone().norm_order(bad).fit(&x, &()).is_err());
        }
    }

    #[test]
    fn widths_must_agree() {
        let x = Array2::<f64>::zeros((1, 3));
        let e = fixed(array![[1.0, 2.0]]).fit(&x, &()).unwrap_err();
        assert!(matches!(
            e.kind(),
            ErrorKind::ShapeMismatch {
                expected: 3,
                got: 2,
                ..
            }
        ));
    }

    #[test]
    fn thresholds_by_name() {
        let select = SelectFromModel::new(Ridge::new());
        for text in ["mean", "1.25*mean", " 0.5 * median"] {
            assert!(select.with_param("threshold", text).is_ok(), "{text}");
        }
        let e = select
            .with_param("threshold", "most")
            .unwrap_err()
            .to_string();
        assert!(e.contains("\"1.25*mean\", got \"most\""), "{e}");
        let new = select.with_param("estimator__alpha", 2.0).unwrap();
        let new = new.with_param("threshold", "1.25*mean").unwrap();
        assert_eq!(
            new,
            SelectFromModel::new(Ridge::new().alpha(2.0)).threshold(Threshold::Mean(1.25))
        );
        assert_eq!(new.params()["threshold"], "1.25*mean");
        let again = SelectFromModel::<Ridge>::from_bytes(&new.to_bytes().unwrap()).unwrap();
        assert_eq!(again, new);
        let unknown = select.with_param("alpha", 1.0).unwrap_err().to_string();
        assert!(unknown.contains("estimator__alpha"), "{unknown}");
    }

    #[test]
    fn weights_reach_the_estimator() {
        let x = array![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 3.0]];
        let y = crate::Labels::from([0, 1, 0, 1]);
        let of = |w: ndarray::Array1<f64>| {
            let fit = SelectFromModel::new(LogisticRegression::new()).fit(&x, &y.weighted(&w));
            fit.unwrap().support_indices()
        };
        assert_eq!(of(array![9.0, 9.0, 0.01, 0.01]), [0]);
        assert_eq!(of(array![0.01, 0.01, 9.0, 9.0]), [1]);
    }

    /// scikit-learn's rule, by what it calls them.
    #[test]
    fn models_of_an_l1_penalty_alone_have_a_low_default() {
        use crate::boxed::{Boxable, BoxedClassifier, BoxedRegressor};
        use crate::linear_model::*;
        use crate::pipeline::pipeline;
        use crate::preprocessing::StandardScaler;

        let x = Array2::from_shape_fn((24, 3), |(i, j)| {
            ((i * (3 + 2 * j)) % 11) as f64 / 5.0 - 1.0
        });
        let values = x.column(0).mapv(|v| v + 0.1);
        let labels: crate::Labels = values.iter().map(|v| *v > 0.0).collect();
        let both = ndarray::stack![ndarray::Axis(1), values, values];
        macro_rules! low {
            ($y:expr, $($estimator:expr => $expected:expr;)+) => {$({
                let model = SelectFromModel::new($estimator).fit(&x, $y).unwrap();
                assert_eq!(model.threshold() == 1e-5, $expected, "{}", stringify!($estimator));
            })+};
        }
        let logistic = || LogisticRegression::new().solver(LogisticSolver::NewtonCd);
        let logistic_cv = || {
            let cv = LogisticRegressionCv::new().solver(LogisticSolver::NewtonCd);
            cv.cs([1.0]).cv(2)
        };
        let scaled = pipeline("scale", StandardScaler::new());
        let hidden: BoxedClassifier = scaled
            .clone()
            .then("clf", logistic().l1_ratio(1.0))
            .boxed_classifier();
        let open: BoxedClassifier = logistic().boxed_classifier();
        low! { &labels,
            logistic().l1_ratio(1.0) => true;
            logistic().l1_ratio(0.9) => false;
            LogisticRegression::new() => false;
            logistic_cv().l1_ratios([1.0]) => true;
            logistic_cv().l1_ratios([0.5]) => false;
            SgdClassifier::new().penalty(SgdPenalty::L1) => true;
            SgdClassifier::new().penalty(SgdPenalty::Elasticnet) => false;
            Perceptron::new().penalty(SgdPenalty::L1) => true;
            Perceptron::new() => false;
            RidgeClassifier::new() => false;
            scaled.then("clf", logistic().l1_ratio(1.0)) => true;
            hidden => true;
            open => false;
        }
        let hidden: BoxedRegressor = Lasso::new().alpha(0.01).boxed_regressor();
        low! { &values,
            Lasso::new().alpha(0.01) => true;
            LassoCv::new().alphas(3).cv(2) => true;
            LassoLars::new().alpha(0.01) => true;
            LassoLarsIc::new() => true;
            Lars::new() => false;
            ElasticNet::new().alpha(0.01).l1_ratio(1.0) => true;
            ElasticNet::new().alpha(0.01).l1_ratio(0.99) => false;
            ElasticNetCv::new().alphas(3).cv(2).l1_ratio(1.0) => true;
            ElasticNetCv::new().alphas(3).cv(2) => false;
            SgdRegressor::new().penalty(SgdPenalty::L1) => true;
            QuantileRegressor::new() => false;
            hidden => true;
        }
        low! { &both,
            MultiTaskLasso::new().alpha(0.01) => true;
            MultiTaskLassoCv::new().alphas(3).cv(2) => true;
            MultiTaskElasticNet::new().l1_ratio(1.0).alpha(0.01) => false;
            MultiTaskElasticNetCv::new().alphas(3).cv(2).l1_ratio(1.0) => false;
        }
    }
}
