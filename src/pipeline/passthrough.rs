//! Steps that change nothing, that leave everything out, and that can be switched off.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::boxed::Input;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params, Value, describe};
use crate::preprocessing::{names_at_fit, names_or_numbers, same_names};
use crate::samples::Samples;
use crate::table::Table;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Known, Transform};

/// The identity: samples stay as they are. scikit-learn's `"passthrough"`.
///
/// A matrix stays a matrix, a table a table. At transform the columns must be those of the fit.
///
/// ```
/// use fitwell::{pipeline::Passthrough, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, f64::NAN]];
/// let same = Passthrough::new().fit_transform(&x)?;
/// assert!(same[[0, 0]] == 1.0 && same[[0, 1]].is_nan());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passthrough {}

impl Passthrough {
    /// The identity.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Hyperparameters for Passthrough {
    const NAME: &'static str = "Passthrough";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for Passthrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// What [`Passthrough`] learned: which columns there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPassthrough {
    n_features: usize,
    feature_names: Option<Vec<String>>,
}

impl FittedPassthrough {
    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features
    }

    /// The names of the columns at fit, where they had names.
    pub fn feature_names_in(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }
}

/// As it is.
pub trait Same: Samples {
    /// A copy.
    fn same(&self, fitted: &FittedPassthrough) -> Result<Self::Owned>;
}

impl<F: Float> Same for ArrayRef2<F> {
    fn same(&self, fitted: &FittedPassthrough) -> Result<Array2<F>> {
        check::width(self, fitted.n_features)?;
        Ok(self.to_owned())
    }
}

impl Same for Table {
    fn same(&self, fitted: &FittedPassthrough) -> Result<Table> {
        if let Some(names) = &fitted.feature_names {
            same_names(self, names.iter().map(String::as_str))?;
        }
        Ok(self.clone())
    }
}

impl<X, Y> Estimator<X, Y> for Passthrough
where
    X: Same + ?Sized,
    Y: Targets + ?Sized,
{
    type Fitted = FittedPassthrough;

    fn fit(&self, x: &X, y: &Y) -> Result<FittedPassthrough> {
        check::target(y, x.n_samples())?;
        Ok(FittedPassthrough {
            n_features: x.n_features(),
            feature_names: x.feature_names(),
        })
    }
}

impl<X> Transform<X> for FittedPassthrough
where
    X: Same + ?Sized,
    X::Owned: 'static,
{
    type Output = X::Owned;
    fn transform(&self, x: &X) -> Result<X::Owned> {
        x.same(self)
    }
}

impl<X> InverseTransform<X> for FittedPassthrough
where
    X: Same + ?Sized,
{
    type Output = X::Owned;
    fn inverse_transform(&self, x: &X) -> Result<X::Owned> {
        x.same(self)
    }
}

impl FeatureNamesOut for FittedPassthrough {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        match &self.feature_names {
            Some(at_fit) => {
                names_at_fit(input, at_fit)?;
                Ok(at_fit.clone())
            }
            None => names_or_numbers(input, self.n_features),
        }
    }
}

impl Model for FittedPassthrough {
    fn type_name() -> String {
        "FittedPassthrough".into()
    }
    fn validate(&self) -> Result<()> {
        ensure::optional_names(
            "feature names",
            self.feature_names.as_deref(),
            self.n_features,
        )
    }
}

impl fmt::Display for FittedPassthrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passthrough of {} columns", self.n_features)
    }
}

/// Gives no columns, whatever it is given: leaves out a part of a [`FeatureUnion`](super::FeatureUnion) or of a
/// [`ColumnTransformer`](super::ColumnTransformer). scikit-learn's `"drop"`.
///
/// ```
/// use fitwell::{pipeline::Drop, prelude::*};
/// use ndarray::array;
///
/// assert_eq!(Drop::new().fit_transform(&array![[1.0], [2.0]])?.dim(), (2, 0));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drop {}

impl Drop {
    /// Gives no columns.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Hyperparameters for Drop {
    const NAME: &'static str = "Drop";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// The fitted form of [`Drop`]: it learned nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedDrop {}

impl<X, Y> Estimator<X, Y> for Drop
where
    X: Input + ?Sized,
    Y: Targets + ?Sized,
{
    type Fitted = FittedDrop;
    fn fit(&self, x: &X, y: &Y) -> Result<FittedDrop> {
        check::target(y, x.n_samples())?;
        Ok(FittedDrop {})
    }
}

impl<X> Transform<X> for FittedDrop
where
    X: Input + ?Sized,
    X::Float: Float,
{
    type Output = Array2<X::Float>;
    fn transform(&self, x: &X) -> Result<Array2<X::Float>> {
        Ok(Array2::zeros((x.n_samples(), 0)))
    }
}

impl FeatureNamesOut for FittedDrop {
    fn feature_names_out(&self, _: Option<&[String]>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

impl Model for FittedDrop {
    fn type_name() -> String {
        "FittedDrop".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for FittedDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drop")
    }
}

/// A transformer that can be switched off by a parameter, so that a search can try a pipeline without it.
///
/// Where scikit-learn sets a step to `"passthrough"`, the parameter `enabled` of this one is set to `false`; it is then the
/// identity. So the transformer must give what it takes: matrices from matrices, tables from tables. Its own parameters
/// keep their names.
///
/// ```
/// use fitwell::model_selection::{GridSearchCv, ParamGrid};
/// use fitwell::{linear_model::Ridge, pipeline::Optional, prelude::*, preprocessing::StandardScaler};
/// use ndarray::{Array1, Array2};
///
/// // Only the large column matters: scaling makes Ridge weigh the small ones as much.
/// let x = Array2::from_shape_fn((30, 2), |(i, j)| if j == 0 { i as f64 * 10.0 } else { ((i * 7) % 5) as f64 * 0.01 });
/// let y = Array1::from_shape_fn(30, |i| i as f64);
///
/// let model = pipeline("scale", Optional::new(StandardScaler::new())).then("ridge", Ridge::new());
/// let grid = ParamGrid::new().with("scale__enabled", [true, false]).with("scale__with_mean", [true]);
/// let search = GridSearchCv::new(model, grid).fit(&x, &y)?;
/// assert_eq!(search.best_params()["scale__enabled"], false);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional<E> {
    enabled: bool,
    estimator: E,
}

impl<E> Optional<E> {
    /// This transformer, switched on.
    pub fn new(transformer: E) -> Self {
        Optional {
            enabled: true,
            estimator: transformer,
        }
    }

    /// Whether it is switched on.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The transformer inside.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

/// Those of the transformer, and `enabled`.
impl<E: Params> Params for Optional<E> {
    fn params(&self) -> BTreeMap<String, Value> {
        let mut all = self.estimator.params();
        all.insert("enabled".into(), self.enabled.into());
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        if name != "enabled" {
            let estimator = self.estimator.with_value(name, value)?;
            let enabled = self.enabled;
            return Ok(Optional { enabled, estimator });
        }
        let Value::Bool(enabled) = value else {
            return Err(Error::invalid_parameter(
                "Optional",
                name,
                "a boolean",
                value,
            ));
        };
        Ok(self.clone().enabled(enabled))
    }
}

impl<E: fmt::Display> fmt::Display for Optional<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.estimator.fmt(f)?;
        match self.enabled {
            true => Ok(()),
            false => f.write_str(" (enabled=false)"),
        }
    }
}

impl<E: Model> Model for Optional<E> {
    fn type_name() -> String {
        format!("Optional<{}>", E::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.estimator.validate()
    }
}

/// What [`Optional`] learned: the transformer's model, or nothing but which columns there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FittedOptional<M> {
    /// The transformer was on.
    On(M),
    /// The transformer was off.
    Off(FittedPassthrough),
}

impl<M> FittedOptional<M> {
    /// The transformer's model, if it was on.
    pub fn model(&self) -> Option<&M> {
        match self {
            FittedOptional::On(model) => Some(model),
            FittedOptional::Off(_) => None,
        }
    }
}

impl<X, Y, E> Estimator<X, Y> for Optional<E>
where
    X: Same + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
{
    type Fitted = FittedOptional<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        Ok(match self.enabled {
            true => FittedOptional::On(self.estimator.fit(x, y)?),
            false => FittedOptional::Off(Passthrough::new().fit(x, y)?),
        })
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        if !self.enabled {
            return Ok((self.fit(x, y)?, Known::nothing()));
        }
        let (model, known) = self.estimator.fit_for_transform(x, y)?;
        Ok((FittedOptional::On(model), known))
    }
}

impl<X, M> Transform<X> for FittedOptional<M>
where
    X: Same + ?Sized,
    X::Owned: 'static,
    M: Transform<X, Output = X::Owned>,
{
    type Output = X::Owned;
    fn transform(&self, x: &X) -> Result<X::Owned> {
        match self {
            FittedOptional::On(model) => model.transform(x),
            FittedOptional::Off(same) => same.transform(x),
        }
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<X::Owned> {
        match self {
            FittedOptional::On(model) => model.transform_fitted(x, known),
            FittedOptional::Off(same) => same.transform(x),
        }
    }
}

impl<X, M> InverseTransform<X> for FittedOptional<M>
where
    X: Same + ?Sized,
    M: InverseTransform<X, Output = X::Owned>,
{
    type Output = X::Owned;
    fn inverse_transform(&self, x: &X) -> Result<X::Owned> {
        match self {
            FittedOptional::On(model) => model.inverse_transform(x),
            FittedOptional::Off(same) => same.inverse_transform(x),
        }
    }
}

impl<M: FeatureNamesOut> FeatureNamesOut for FittedOptional<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        match self {
            FittedOptional::On(model) => model.feature_names_out(input),
            FittedOptional::Off(same) => same.feature_names_out(input),
        }
    }
}

impl<M: Model> Model for FittedOptional<M> {
    fn type_name() -> String {
        format!("FittedOptional<{}>", M::type_name())
    }
    fn validate(&self) -> Result<()> {
        match self {
            FittedOptional::On(model) => model.validate(),
            FittedOptional::Off(same) => same.validate(),
        }
    }
}

impl<M: fmt::Display> fmt::Display for FittedOptional<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FittedOptional::On(model) => model.fmt(f),
            FittedOptional::Off(same) => same.fmt(f),
        }
    }
}
