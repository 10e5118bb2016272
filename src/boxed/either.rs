//! One of two estimators, chosen at run time, both known at compile time.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Confidence;
use crate::error::Result;
use crate::labels::Class;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitWithValidation, InverseTransform,
    Known, Predict, PredictProba, Score, Transform,
};

/// One of two estimators, or of what they learned: a choice at run time between types that the program names.
///
/// A box hides its type, so a pipeline with a box in it is not saved as a whole. Of an `Either` the loader knows what it may be,
/// and the file says which of the two it is: the pipeline is saved as any other. Choices nest for more than two.
///
/// It can do what both can do, and has the parameters of the one it is.
///
/// ```
/// use fitwell::boxed::Either;
/// use fitwell::{linear_model::Ridge, pipeline::Passthrough, prelude::*, preprocessing::StandardScaler};
/// use ndarray::{Array1, Array2, array};
///
/// let prepare = match "scale" {
///     "scale" => Either::Left(StandardScaler::new()),
///     _ => Either::Right(Passthrough::new()),
/// };
/// let recipe = pipeline("prepare", prepare).then("ridge", Ridge::new());
/// let (x, y) = (array![[0.0], [10.0], [20.0]], array![1.0, 2.0, 3.0]);
/// let model = recipe.fit(&x, &y)?;
/// # let path = std::env::temp_dir().join(format!("fitwell-either-{}.model", std::process::id()));
/// model.save(&path, Format::Binary)?;
/// let loaded = recipe.load_fitted::<Array2<f64>, Array1<f64>>(&path)?;
/// assert_eq!(loaded.predict(&x)?, model.predict(&x)?);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Either<A, B> {
    /// The first.
    Left(A),
    /// The second.
    Right(B),
}

impl<A, B> Either<A, B> {
    /// The first, if it is that.
    pub fn left(&self) -> Option<&A> {
        match self {
            Either::Left(a) => Some(a),
            Either::Right(_) => None,
        }
    }

    /// The second, if it is that.
    pub fn right(&self) -> Option<&B> {
        match self {
            Either::Left(_) => None,
            Either::Right(b) => Some(b),
        }
    }
}

/// The same of either.
macro_rules! of {
    ($either:expr, $inner:ident => $value:expr) => {
        match $either {
            Either::Left($inner) => $value,
            Either::Right($inner) => $value,
        }
    };
}

impl<X, Y, A, B> Estimator<X, Y> for Either<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Estimator<X, Y>,
    B: Estimator<X, Y>,
{
    type Fitted = Either<A::Fitted, B::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        Ok(match self {
            Either::Left(a) => Either::Left(a.fit(x, y)?),
            Either::Right(b) => Either::Right(b.fit(x, y)?),
        })
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        Ok(match self {
            Either::Left(a) => {
                let (model, known) = a.fit_for_transform(x, y)?;
                (Either::Left(model), known)
            }
            Either::Right(b) => {
                let (model, known) = b.fit_for_transform(x, y)?;
                (Either::Right(model), known)
            }
        })
    }
}

impl<X, Y, A, B> FitWithValidation<X, Y> for Either<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: FitWithValidation<X, Y>,
    B: FitWithValidation<X, Y>,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        Ok(match self {
            Either::Left(a) => Either::Left(a.fit_with_validation(x, y, x_val, y_val)?),
            Either::Right(b) => Either::Right(b.fit_with_validation(x, y, x_val, y_val)?),
        })
    }
}

impl<A: Params, B: Params> Params for Either<A, B> {
    fn params(&self) -> BTreeMap<String, Value> {
        of!(self, e => e.params())
    }
    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        Ok(match self {
            Either::Left(a) => Either::Left(a.with_value(name, value)?),
            Either::Right(b) => Either::Right(b.with_value(name, value)?),
        })
    }
}

impl<A: fmt::Display, B: fmt::Display> fmt::Display for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        of!(self, e => e.fmt(f))
    }
}

impl<A: Model, B: Model> Model for Either<A, B> {
    fn type_name() -> String {
        format!("Either<{}, {}>", A::type_name(), B::type_name())
    }
    fn validate(&self) -> Result<()> {
        of!(self, e => e.validate())
    }
}

macro_rules! both {
    ($trait:ident { type $assoc:ident; $(fn $method:ident -> $out:ty;)+ }) => {
        impl<X, A, B> $trait<X> for Either<A, B>
        where
            X: Samples + ?Sized,
            A: $trait<X>,
            B: $trait<X, $assoc = A::$assoc>,
        {
            type $assoc = A::$assoc;
            $(fn $method(&self, x: &X) -> Result<$out> {
                of!(self, e => e.$method(x))
            })+
        }
    };
}
both!(Predict { type Output; fn predict -> A::Output; });
both!(InverseTransform { type Output; fn inverse_transform -> A::Output; });
both!(DecisionFunction { type Float; fn decision_function -> Array2<A::Float>; });
both!(PredictProba {
    type Float;
    fn predict_proba -> Array2<A::Float>;
    fn predict_log_proba -> Array2<A::Float>;
});

impl<X, A, B> Transform<X> for Either<A, B>
where
    X: Samples + ?Sized,
    A: Transform<X>,
    B: Transform<X, Output = A::Output>,
{
    type Output = A::Output;
    fn transform(&self, x: &X) -> Result<A::Output> {
        of!(self, e => e.transform(x))
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<A::Output> {
        of!(self, e => e.transform_fitted(x, known))
    }
}

impl<X, A, B> Confidence<X> for Either<A, B>
where
    X: Samples + ?Sized,
    A: Confidence<X>,
    B: Confidence<X, Float = A::Float>,
{
    type Float = A::Float;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<A::Float>>> {
        of!(self, e => e.maybe_proba(x))
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<A::Float>>> {
        of!(self, e => e.maybe_log_proba(x))
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<A::Float>>> {
        of!(self, e => e.maybe_decision(x))
    }
}

impl<X, Y, A, B> Score<X, Y> for Either<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Score<X, Y>,
    B: Score<X, Y>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        of!(self, e => e.score(x, y))
    }
}

impl<A: Classes, B: Classes> Classes for Either<A, B> {
    fn classes(&self) -> &[Class] {
        of!(self, e => e.classes())
    }
}

impl<A: FeatureNamesOut, B: FeatureNamesOut> FeatureNamesOut for Either<A, B> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        of!(self, e => e.feature_names_out(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::linear_model::LogisticRegression;
    use crate::pipeline::{Passthrough, pipeline};
    use crate::preprocessing::StandardScaler;
    use ndarray::array;

    type Scaling = Either<StandardScaler, Passthrough>;

    #[test]
    fn is_the_one_it_is() {
        let (x, y) = (
            array![[0.0], [1.0], [4.0], [5.0]],
            Labels::from([0, 0, 1, 1]),
        );
        let recipe =
            |scale: Scaling| pipeline("scale", scale).then("clf", LogisticRegression::new());
        let plain = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
        let left = recipe(Either::Left(StandardScaler::new()));
        let (model, expected) = (left.fit(&x, &y).unwrap(), plain.fit(&x, &y).unwrap());
        assert_eq!(
            model.predict_proba(&x).unwrap(),
            expected.predict_proba(&x).unwrap()
        );
        assert_eq!(left.params(), plain.params());
        assert_eq!(left.to_string(), plain.to_string());
        let right = recipe(Either::Right(Passthrough::new()));
        assert_eq!(right.fit(&x, &y).unwrap().first().transform(&x).unwrap(), x);
        assert!(right.with_param("scale__with_std", false).is_err());
        // The whole pipeline goes to a file and back, as either.
        fn back<M: Model>(model: &M) -> (M, M) {
            let json = M::from_json(&model.to_json().unwrap()).unwrap();
            (json, M::from_bytes(&model.to_bytes().unwrap()).unwrap())
        }
        for recipe in [left, right] {
            let model = recipe.fit(&x, &y).unwrap();
            assert_eq!(back(&model), (model.clone(), model));
            assert_eq!(back(&recipe), (recipe.clone(), recipe));
        }
    }
}
