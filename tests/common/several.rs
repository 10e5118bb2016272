//! Estimators of several targets, as estimators of one: the checks run on them as on any other.
//!
//! The target stands twice in what the estimator inside learns, and what it says of both columns counts.

use std::collections::BTreeMap;
use std::fmt;

use fitwell::boxed::Confidence;
use fitwell::model::Model;
use fitwell::multioutput::{FittedClassifierChain, FittedMultiOutputClassifier, LabelColumns};
use fitwell::params::{Params, Value};
use fitwell::prelude::*;
use fitwell::{Float, Weighted};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

macro_rules! around {
    ($(#[$doc:meta])* $name:ident, $fitted:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name<E> {
            pub inside: E,
        }

        impl<E: Params> Params for $name<E> {
            fn params(&self) -> BTreeMap<String, Value> {
                self.inside.params()
            }
            fn with_value(&self, name: &str, value: Value) -> Result<Self> {
                let inside = self.inside.with_value(name, value)?;
                Ok($name { inside })
            }
        }

        /// What the estimator inside learned.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $fitted<M> {
            pub inside: M,
        }

        around!(@both $name, stringify!($name));
        around!(@both $fitted, stringify!($fitted));
    };
    (@both $name:ident, $text:expr) => {
        impl<E: fmt::Display> fmt::Display for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inside.fmt(f)
            }
        }

        impl<E: Model> Model for $name<E> {
            fn type_name() -> String {
                format!("{}<{}>", $text, E::type_name())
            }
            fn validate(&self) -> Result<()> {
                self.inside.validate()
            }
        }
    };
}

around!(
    /// A regressor of y and 1 − 3y; its prediction of y is the mean of both.
    TwoTargets, FittedTwoTargets
);

/// y and 1 − 3y.
fn two<F: Float>(y: &ArrayRef1<F>) -> Array2<F> {
    let other = y.mapv(|v| F::one() - F::of(3.0) * v);
    ndarray::stack(Axis(1), &[y.view(), other.view()]).unwrap()
}

impl<F: Float, E, M> Estimator<ArrayRef2<F>, ArrayRef1<F>> for TwoTargets<E>
where
    E: Estimator<ArrayRef2<F>, ArrayRef2<F>, Fitted = M>,
{
    type Fitted = FittedTwoTargets<M>;
    fn fit(&self, x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Self::Fitted> {
        let inside = self.inside.fit(x, &*two(y))?;
        Ok(FittedTwoTargets { inside })
    }
}

impl<F: Float, E, M> Estimator<ArrayRef2<F>, Weighted<ArrayRef1<F>>> for TwoTargets<E>
where
    E: Estimator<ArrayRef2<F>, Weighted<ArrayRef2<F>>, Fitted = M>,
{
    type Fitted = FittedTwoTargets<M>;
    fn fit(&self, x: &ArrayRef2<F>, y: &Weighted<ArrayRef1<F>>) -> Result<Self::Fitted> {
        let inside = self.inside.fit(x, &two(y.target()).weighted(y.weights()))?;
        Ok(FittedTwoTargets { inside })
    }
}

impl<F: Float, M: Predict<ArrayRef2<F>, Output = Array2<F>>> Predict<ArrayRef2<F>>
    for FittedTwoTargets<M>
{
    type Output = Array1<F>;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        let said = self.inside.predict(x)?;
        let back = said.column(1).mapv(|v| F::of((1.0 - v.f64()) / 3.0));
        Ok((&said.column(0) + &back).mapv(|v| F::of(v.f64() / 2.0)))
    }
}

impl<F: Float, M: Score<ArrayRef2<F>, ArrayRef2<F>>> Score<ArrayRef2<F>, ArrayRef1<F>>
    for FittedTwoTargets<M>
{
    fn score(&self, x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<f64> {
        self.inside.score(x, &*two(y))
    }
}

impl<F: Float, M: Score<ArrayRef2<F>, Weighted<ArrayRef2<F>>>>
    Score<ArrayRef2<F>, Weighted<ArrayRef1<F>>> for FittedTwoTargets<M>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Weighted<ArrayRef1<F>>) -> Result<f64> {
        self.inside.score(x, &two(y.target()).weighted(y.weights()))
    }
}

around!(
    /// A classifier of the same classes twice: it says the second column, which in a chain depends on the first.
    TwoColumns, FittedTwoColumns
);

fn twice(y: &Labels) -> LabelColumns {
    LabelColumns::new([y.clone(), y.clone()]).unwrap()
}

impl<F: Float, E, M> Estimator<ArrayRef2<F>, Labels> for TwoColumns<E>
where
    E: Estimator<ArrayRef2<F>, LabelColumns, Fitted = M>,
{
    type Fitted = FittedTwoColumns<M>;
    fn fit(&self, x: &ArrayRef2<F>, y: &Labels) -> Result<Self::Fitted> {
        let inside = self.inside.fit(x, &twice(y))?;
        Ok(FittedTwoColumns { inside })
    }
}

impl<F: Float, E, M> Estimator<ArrayRef2<F>, Weighted<Labels>> for TwoColumns<E>
where
    E: Estimator<ArrayRef2<F>, Weighted<LabelColumns>, Fitted = M>,
{
    type Fitted = FittedTwoColumns<M>;
    fn fit(&self, x: &ArrayRef2<F>, y: &Weighted<Labels>) -> Result<Self::Fitted> {
        let inside = self
            .inside
            .fit(x, &twice(y.target()).weighted(y.weights()))?;
        Ok(FittedTwoColumns { inside })
    }
}

impl<F: Float, M: Predict<ArrayRef2<F>, Output = LabelColumns>> Predict<ArrayRef2<F>>
    for FittedTwoColumns<M>
{
    type Output = Labels;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        Ok(self.inside.predict(x)?.columns()[1].clone())
    }
}

impl<F: Float, M: Score<ArrayRef2<F>, LabelColumns>> Score<ArrayRef2<F>, Labels>
    for FittedTwoColumns<M>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Labels) -> Result<f64> {
        self.inside.score(x, &twice(y))
    }
}

impl<F: Float, M: Score<ArrayRef2<F>, Weighted<LabelColumns>>> Score<ArrayRef2<F>, Weighted<Labels>>
    for FittedTwoColumns<M>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Weighted<Labels>) -> Result<f64> {
        self.inside
            .score(x, &twice(y.target()).weighted(y.weights()))
    }
}

/// The classes of the second column, and the probabilities, where a column of many classes has them.
pub trait Columns {
    fn second_classes(&self) -> &[Class];
}

impl<M: Classes> Columns for FittedMultiOutputClassifier<M> {
    fn second_classes(&self) -> &[Class] {
        self.classes()[1]
    }
}

impl<M: Classes> Columns for FittedClassifierChain<M> {
    fn second_classes(&self) -> &[Class] {
        self.classes()[1]
    }
}

impl<M: Columns> Classes for FittedTwoColumns<M> {
    fn classes(&self) -> &[Class] {
        self.inside.second_classes()
    }
}

impl<F: Float, M: Confidence<ArrayRef2<F>, Float = F>> Confidence<ArrayRef2<F>>
    for FittedTwoColumns<FittedMultiOutputClassifier<M>>
{
    type Float = F;
    fn maybe_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        let mean = |all: Vec<Array2<F>>| (&all[0] + &all[1]).mapv(|p| F::of(p.f64() / 2.0));
        match self.inside.predict_proba(x) {
            Err(e) if matches!(e.kind(), ErrorKind::Unsupported { .. }) => None,
            said => Some(said.map(mean)),
        }
    }
}

/// A chain has probabilities of two classes alone.
impl<F: Float, M> Confidence<ArrayRef2<F>> for FittedTwoColumns<FittedClassifierChain<M>> {
    type Float = F;
}
