//! Models that are fitted on samples alone and are no transformers: clusterers and densities.

use std::collections::BTreeMap;

use fitwell::boxed::{Learned, Recipe};
use fitwell::model::{Format, Model};
use fitwell::params::Value;
use fitwell::pipeline::{Step, pipeline};
use fitwell::prelude::*;
use fitwell::{Float, Weighted};
use ndarray::{Array1, Array2, Axis};

use crate::subject::{Entry, Fitted, Kind, Matrix, Subject, Tags, Target, load, round_trip};

/// What a model can say of rows, one row at a time: outputs by name.
pub type Uses<F, M> = &'static [(&'static str, fn(&M, &Matrix<F>) -> Result<Array2<F>>)];

/// Labels as an output.
pub fn column<F: Float>(labels: Array1<usize>) -> Array2<F> {
    labels.mapv(|c| F::of(c as f64)).insert_axis(Axis(1))
}

/// The clusters of the training rows.
type Training<M> = Option<fn(&M) -> Array1<i64>>;

struct ClustererSubject<F: 'static, E, M: 'static> {
    estimator: E,
    uses: Uses<F, M>,
    training: Training<M>,
}

/// What the model of the estimator is: itself, or the only step of a pipeline.
pub trait Inner<M> {
    fn inner_model(self) -> M;
}
impl<M: Learned> Inner<M> for Step<M> {
    fn inner_model(self) -> M {
        self.inner().clone()
    }
}
struct Itself<E>(E);

fn learned<F: Float, M: Learned>(model: M, uses: Uses<F, M>, training: Training<M>) -> Fitted<F> {
    let labels = training.map(|labels| labels(&model).mapv(|label| F::of(label as f64)));
    let methods = uses.iter().map(|(name, method)| {
        let m = model.clone();
        let call: Box<dyn Fn(&Matrix<F>) -> Result<Array2<F>> + Send + Sync> =
            Box::new(move |x| method(&m, x));
        (*name, call)
    });
    let saved = model.clone();
    Fitted {
        methods: methods.collect(),
        training: labels
            .map(|labels| ("labels", labels.insert_axis(Axis(1))))
            .into_iter()
            .collect(),
        classes: Vec::new(),
        names_out: None,
        save: Box::new(move |format| match format {
            Format::Json => saved.to_json().map(String::into_bytes),
            Format::Binary => saved.to_bytes(),
        }),
        score: None,
        text: model.to_string(),
        debug: format!("{model:?}"),
    }
}

macro_rules! subject {
    ($subject:ty, $wrap:path, |$estimator:ident| $inner:expr, |$fitted:ident| $model:expr) => {
        impl<F, E, M> Subject<F> for $subject
        where
            F: Float,
            E: Recipe
                + Estimator<Matrix<F>, (), Fitted = M>
                + Estimator<Matrix<F>, Weighted<()>, Fitted = M>,
            M: Learned,
        {
            fn fit(&self, x: &Matrix<F>, target: &Target<F>) -> Result<Fitted<F>> {
                let $estimator = &self.estimator;
                let $fitted = match &target.weights {
                    None => $inner.fit(x, &())?,
                    Some(w) => $inner.fit(x, &().weighted(w))?,
                };
                Ok(learned($model, self.uses, self.training))
            }
            fn params(&self) -> BTreeMap<String, Value> {
                let $estimator = &self.estimator;
                $inner.params()
            }
            fn with_value(&self, name: &str, value: Value) -> Result<Box<dyn Subject<F>>> {
                let $estimator = &self.estimator;
                Ok(Box::new(Self {
                    estimator: $wrap($inner.with_value(name, value)?),
                    uses: self.uses,
                    training: self.training,
                }))
            }
            fn duplicate(&self) -> Box<dyn Subject<F>> {
                Box::new(Self {
                    estimator: self.estimator.clone(),
                    uses: self.uses,
                    training: self.training,
                })
            }
            fn text(&self) -> String {
                let $estimator = &self.estimator;
                $inner.to_string()
            }
            fn debug(&self) -> String {
                let $estimator = &self.estimator;
                format!("{:?}", $inner)
            }
        }
    };
}

impl<E: Clone> Clone for Itself<E> {
    fn clone(&self) -> Self {
        Itself(self.0.clone())
    }
}
subject!(ClustererSubject<F, Itself<E>, M>, Itself, |e| e.0, |m| m);
fn same<T>(value: T) -> T {
    value
}
subject!(ClustererSubject<F, Step<E>, M>, same, |e| e, |m| m.inner_model());

/// A line of the registry.
pub fn clusterer<F, E, M>(estimator: E, tags: Tags, uses: Uses<F, M>) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, (), Fitted = M>
        + Estimator<Matrix<F>, Weighted<()>, Fitted = M>,
    M: Learned,
{
    entry(estimator, tags, uses, None)
}

/// A line of the registry for a model that knows the clusters of its training rows, and says nothing of others.
pub fn labelled<F, E, M>(estimator: E, tags: Tags, labels: fn(&M) -> Array1<i64>) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, (), Fitted = M>
        + Estimator<Matrix<F>, Weighted<()>, Fitted = M>,
    M: Learned,
{
    entry(estimator, tags, &[], Some(labels))
}

fn entry<F, E, M>(estimator: E, tags: Tags, uses: Uses<F, M>, training: Training<M>) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, (), Fitted = M>
        + Estimator<Matrix<F>, Weighted<()>, Fitted = M>,
    M: Learned,
{
    Entry {
        name: format!("{} on {}", E::type_name(), F::NAME),
        kind: Kind::Clusterer,
        tags,
        subject: Box::new(ClustererSubject {
            estimator: Itself(estimator.clone()),
            uses,
            training,
        }),
        as_step: Box::new(ClustererSubject {
            estimator: pipeline("only", estimator.clone()),
            uses,
            training,
        }),
        load: Box::new(move |format, bytes| Ok(learned(load::<M>(format, bytes)?, uses, training))),
        recipe_round_trip: Box::new(round_trip(estimator)),
    }
}
