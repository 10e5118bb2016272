//! Transformers side by side, each over all of the samples.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::column_transformer::{
    check_names, check_weights, described, distinct, weights_from, weights_value,
};
use super::naming::settings_of_parts;
use super::parts::{
    AT_ONCE, DescribeParts, FitParts, FittedParts, How, Learned, NoParts, Part, PartAccess,
    PartNames, PartNamesOut, PartParams, Parts, TransformParts, Whole, side_by_side,
};
use super::{FeatureNaming, Steps};
use crate::boxed::Input;
use crate::check;
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Params, Value};
use crate::table::Columns;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Known, Transform};

const NAME: &str = "FeatureUnion";

/// Several transformers over the same samples, their results side by side.
///
/// Each part has a name and a step that transforms the samples, a matrix or a table, to a matrix. The result has the parts'
/// columns in the order of the parts. Parts are fitted in parallel. A [`Passthrough`](super::Passthrough) keeps the samples
/// beside what was made of them; a [`Drop`](super::Drop) leaves a part out.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `transformer_weights` | none | finite | what the columns of a part are multiplied by, by the part's name |
/// | `verbose_feature_names_out` | `true` | `true`, `false`, a format | how the columns of the result are named |
///
/// The parameters of steps have the part's name in front: `scale__with_std`.
///
/// # Errors
/// `InvalidParameter` for names that repeat, are empty or contain `__`, and for weights of parts that there are not;
/// `EmptyInput` when no part gives a column; what the steps say, after the part's name.
///
/// # Source
/// scikit-learn's `FeatureUnion`, dense. It gives a matrix without columns where this one gives an error.
///
/// # Examples
/// ```
/// use fitwell::pipeline::{FeatureUnion, Passthrough};
/// use fitwell::{linear_model::Ridge, prelude::*, preprocessing::StandardScaler};
/// use ndarray::array;
///
/// let union = FeatureUnion::new()
///     .part("as_it_is", Passthrough::new())
///     .part("centred", StandardScaler::new().with_std(false))
///     .transformer_weights([("centred", 10.0)]);
/// let x = array![[1.0, 0.0], [3.0, 4.0]];
/// let (fitted, out) = union.fit_and_transform(&x, &())?;
/// assert_eq!(out, array![[1.0, 0.0, -10.0, -20.0], [3.0, 4.0, 10.0, 20.0]]);
/// assert_eq!(fitted.feature_names_out(None)?[2..], ["centred__x0", "centred__x1"]);
///
/// let model = pipeline("both", union).then("ridge", Ridge::new());
/// assert_eq!(model.params()["both__centred__with_std"], false);
/// assert!(model.fit(&x, &array![1.0, 2.0])?.score(&x, &array![1.0, 2.0])? > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureUnion<P = NoParts> {
    parts: P,
    transformer_weights: BTreeMap<String, f64>,
    verbose_feature_names_out: FeatureNaming,
}

impl Default for FeatureUnion {
    fn default() -> Self {
        FeatureUnion {
            parts: NoParts,
            transformer_weights: BTreeMap::new(),
            verbose_feature_names_out: FeatureNaming::Prefixed,
        }
    }
}

impl FeatureUnion {
    /// Without parts yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<P> FeatureUnion<P> {
    /// One more part, whose step transforms all of the samples to a matrix.
    pub fn part<S>(
        self,
        name: impl Into<String>,
        step: S,
    ) -> FeatureUnion<Parts<P, Part<Whole, S>>> {
        FeatureUnion {
            parts: Parts {
                before: self.parts,
                last: Part::new(name, Columns::All, step),
            },
            transformer_weights: self.transformer_weights,
            verbose_feature_names_out: self.verbose_feature_names_out,
        }
    }

    settings_of_parts!();
}

impl<P: PartNames> FeatureUnion<P> {
    fn check(&self) -> Result<()> {
        let names = self.parts.names();
        check_names(NAME, &names)?;
        check_weights(NAME, &self.transformer_weights, &names)?;
        self.verbose_feature_names_out.check(NAME)
    }

    fn learn<X, Y>(
        &self,
        x: &X,
        y: &Y,
        keep: bool,
    ) -> Result<Learned<FittedFeatureUnion<P::Fitted>, X::Float>>
    where
        X: Input + ?Sized,
        X::Float: Float,
        Y: Targets + ?Sized,
        P: FitParts<X, Y>,
    {
        self.check()?;
        let (n_rows, n_features) = (x.n_samples(), x.n_features());
        if n_rows == 0 {
            let what = "X (no rows)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        check::target(y, n_rows)?;
        let how = How {
            at_once: n_rows.saturating_mul(n_features) >= AT_ONCE,
            keep,
            weights: &self.transformer_weights,
            rest: None,
        };
        let (parts, blocks) = self.parts.fit_parts(x, y, &how)?;
        if parts.width() == 0 {
            let what = "the result of the parts (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let fitted = FittedFeatureUnion {
            n_features,
            feature_names: x.feature_names(),
            parts,
            verbose_feature_names_out: self.verbose_feature_names_out.clone(),
        };
        Ok((fitted, blocks))
    }
}

impl<X, Y, P> Estimator<X, Y> for FeatureUnion<P>
where
    X: Input + ?Sized,
    X::Float: Float,
    Y: Targets + ?Sized,
    P: FitParts<X, Y> + PartNames,
{
    type Fitted = FittedFeatureUnion<P::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        Ok(self.learn(x, y, false)?.0)
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        let (fitted, blocks) = self.learn(x, y, true)?;
        Ok((fitted, Known::new(blocks)))
    }
}

impl<P: PartAccess> Steps for FeatureUnion<P> {
    fn names(&self) -> Vec<&str> {
        self.parts.names()
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name)
    }
}

impl<P: PartParams> Params for FeatureUnion<P> {
    fn params(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        self.parts.collect_params(&mut all);
        let weights = weights_value(&self.transformer_weights);
        all.insert("transformer_weights".into(), weights);
        let naming = self.verbose_feature_names_out.to_value();
        all.insert("verbose_feature_names_out".into(), naming);
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut changed = self.clone();
        match name {
            "transformer_weights" => changed.transformer_weights = weights_from(NAME, &value)?,
            "verbose_feature_names_out" => {
                changed.verbose_feature_names_out = FeatureNaming::from_value(NAME, &value)?;
            }
            _ => match self.parts.with_part_value(name, &value)? {
                Some(parts) => changed.parts = parts,
                None => {
                    return Err(ErrorKind::UnknownParameter {
                        estimator: NAME.into(),
                        name: name.into(),
                        known: self.params().into_keys().collect(),
                    }
                    .into());
                }
            },
        }
        Ok(changed)
    }
}

/// One line a part, steps indented below.
impl<P: DescribeParts> fmt::Display for FeatureUnion<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = described(&self.transformer_weights, &self.verbose_feature_names_out);
        write!(f, "{NAME}({settings})")?;
        self.parts.describe(&[], f)
    }
}

impl<P: Model + PartNames> Model for FeatureUnion<P> {
    fn type_name() -> String {
        format!("{NAME}<{}>", P::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.check()?;
        self.parts.validate()
    }
}

/// Parts fitted by [`FeatureUnion`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedFeatureUnion<P> {
    n_features: usize,
    feature_names: Option<Vec<String>>,
    parts: P,
    verbose_feature_names_out: FeatureNaming,
}

impl<P: FittedParts> FittedFeatureUnion<P> {
    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features
    }

    /// The names of the columns at fit, where they had names.
    pub fn feature_names_in(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }

    /// The number of columns of the result.
    pub fn n_features_out(&self) -> usize {
        self.parts.width()
    }

    /// Which columns of the result each part gives. A part that gives none has `0..0`.
    pub fn output_indices(&self) -> BTreeMap<String, Range<usize>> {
        self.parts.ranges(0).into_iter().collect()
    }
}

impl<X, P> Transform<X> for FittedFeatureUnion<P>
where
    X: Input + ?Sized,
    X::Float: Float,
    P: TransformParts<X>,
{
    type Output = Array2<X::Float>;

    fn transform(&self, x: &X) -> Result<Array2<X::Float>> {
        let n_rows = x.n_samples();
        let at_once = n_rows.saturating_mul(x.n_features()) >= AT_ONCE;
        let blocks = self.parts.transform_parts(x, at_once)?;
        Ok(side_by_side(blocks, n_rows))
    }

    fn transform_fitted(&self, x: &X, known: Known) -> Result<Array2<X::Float>> {
        match known.take::<Vec<Array2<X::Float>>>()? {
            Some(blocks) => Ok(side_by_side(blocks, x.n_samples())),
            None => self.transform(x),
        }
    }
}

impl<P: PartNamesOut> FeatureNamesOut for FittedFeatureUnion<P> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let input = input.or(self.feature_names.as_deref());
        let naming = &self.verbose_feature_names_out;
        self.parts.names_out(input, naming, &mut names)?;
        distinct(&names)?;
        Ok(names)
    }
}

impl<P: PartAccess> Steps for FittedFeatureUnion<P> {
    fn names(&self) -> Vec<&str> {
        self.parts.names()
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name)
    }
}

/// One line a part, fitted steps indented below.
impl<P: DescribeParts> fmt::Display for FittedFeatureUnion<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} fitted on {} columns", self.n_features)?;
        self.parts.describe(&[], f)
    }
}

impl<P: Model + FittedParts> Model for FittedFeatureUnion<P> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", P::type_name())
    }
    fn validate(&self) -> Result<()> {
        check_names(NAME, &self.parts.names())?;
        self.verbose_feature_names_out.check(NAME)?;
        let names = self.feature_names.as_deref();
        ensure::optional_names("feature names", names, self.n_features)?;
        ensure::at_least("columns of the result", self.parts.width(), 1)?;
        self.parts.validate()
    }
}
