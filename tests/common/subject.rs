//! One form for every estimator, so that a check is written once: fitted on a target with or without weights, its
//! outputs as named matrices.

use std::collections::BTreeMap;

use fitwell::boxed::{
    BoxedClassifier, BoxedRegressor, BoxedTransformer, Classifier, FittedBoxedClassifier,
    FittedBoxedRegressor, FittedBoxedTransformer, Recipe, Regressor, Transformer,
};
use fitwell::model::{Format, Model};
use fitwell::params::{Params, Value};
use fitwell::pipeline::pipeline;
use fitwell::prelude::*;
use fitwell::{Float, Weighted};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

pub type Matrix<F> = ArrayRef2<F>;

/// What an estimator learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Classifier,
    Regressor,
    Transformer,
    /// A transformer that is fitted on classes and keeps some of the columns.
    Selector,
    /// A model of the samples that is no transformer.
    Clusterer,
}

/// What narrows a check for one estimator. Each is printed and counted where it leaves something out.
#[derive(Clone, Debug)]
pub struct Tags {
    /// NaN is a missing value.
    pub allow_nan: bool,
    /// A row with an infinite value is set apart.
    pub allow_infinite: bool,
    /// Why sample weights are accepted without effect.
    pub ignores_weights: Option<&'static str>,
    /// Why the order of the training rows counts.
    pub order_counts: Option<&'static str>,
    /// Why the places of columns and classes count.
    pub places_count: Option<&'static str>,
    /// Why a transformer's columns are not one for each column of the input.
    pub widens: Option<&'static str>,
    /// Why the predicted class need not be that of the greatest probability or decision.
    pub predicts_otherwise: Option<&'static str>,
    /// Multiplying all weights by a constant changes nothing.
    pub weight_scale_invariant: bool,
    /// Why the values of the samples do not count.
    pub ignores_values: Option<&'static str>,
    /// Why a classifier learns no more than two classes.
    pub two_classes: Option<&'static str>,
    /// Why one class is learned.
    pub one_class: Option<&'static str>,
    /// Why the model cannot follow the data of the checks well.
    pub poor_score: Option<&'static str>,
    /// How far two fits of the same problem may be apart that differ in the order of rows, columns or weights: 0 is for
    /// direct methods, which differ by rounding alone.
    pub tolerance: f64,
    /// A parameter and a value that is not its default, to be seen in the text of the estimator.
    pub sample_param: (&'static str, Value),
    /// The rows on which threads are compared: enough for several chunks, and a last one that is not full. Fewer where an
    /// estimator's parallel work is whole fits, and where an epoch is long.
    pub many_rows: usize,
}

impl Default for Tags {
    fn default() -> Self {
        Tags {
            allow_nan: false,
            allow_infinite: false,
            ignores_weights: None,
            order_counts: None,
            places_count: None,
            widens: None,
            predicts_otherwise: None,
            weight_scale_invariant: false,
            ignores_values: None,
            two_classes: None,
            one_class: None,
            poor_score: None,
            tolerance: 0.0,
            sample_param: ("", Value::Null),
            many_rows: 16_411,
        }
    }
}

/// A target of any kind, with or without weights.
#[derive(Clone, Debug)]
pub struct Target<F> {
    pub y: Y<F>,
    pub weights: Option<Array1<f64>>,
}

#[derive(Clone, Debug)]
pub enum Y<F> {
    Labels(Labels),
    Real(Array1<F>),
    None,
}

impl<F: Float> Target<F> {
    pub fn plain(y: Y<F>) -> Self {
        Target { y, weights: None }
    }
    pub fn weighted(&self, weights: Array1<f64>) -> Self {
        Target {
            y: self.y.clone(),
            weights: Some(weights),
        }
    }
    pub fn select(&self, rows: &[usize]) -> Self {
        Target {
            y: match &self.y {
                Y::Labels(y) => Y::Labels(y.select(rows).unwrap()),
                Y::Real(y) => Y::Real(y.select(Axis(0), rows)),
                Y::None => Y::None,
            },
            weights: self.weights.as_ref().map(|w| w.select(Axis(0), rows)),
        }
    }
    pub fn labels(&self) -> &Labels {
        match &self.y {
            Y::Labels(y) => y,
            other => panic!("no labels: {other:?}"),
        }
    }
}

type Method<F> = Box<dyn Fn(&Matrix<F>) -> Result<Array2<F>> + Send + Sync>;

/// A fitted model.
pub struct Fitted<F> {
    /// Each output by name. Labels are their codes among the model's classes.
    pub methods: Vec<(&'static str, Method<F>)>,
    /// What is known of the training rows alone, such as clusters.
    pub training: Vec<(&'static str, Array2<F>)>,
    pub classes: Vec<Class>,
    pub names_out: Option<Box<dyn Fn(Option<&[String]>) -> Result<Vec<String>> + Send + Sync>>,
    pub save: Box<dyn Fn(Format) -> Result<Vec<u8>> + Send + Sync>,
    pub score: Option<Box<dyn Fn(&Matrix<F>, &Target<F>) -> Result<f64> + Send + Sync>>,
    pub text: String,
    pub debug: String,
}

impl<F: Float> Fitted<F> {
    /// Every output, by name.
    pub fn outputs(&self, x: &Matrix<F>) -> Result<Vec<(&'static str, Array2<F>)>> {
        let each = self.methods.iter();
        each.map(|(name, method)| Ok((*name, method(x)?))).collect()
    }
}

/// An estimator of any kind.
pub trait Subject<F>: Send + Sync {
    fn fit(&self, x: &Matrix<F>, target: &Target<F>) -> Result<Fitted<F>>;
    fn params(&self) -> BTreeMap<String, Value>;
    fn with_value(&self, name: &str, value: Value) -> Result<Box<dyn Subject<F>>>;
    fn duplicate(&self) -> Box<dyn Subject<F>>;
    fn text(&self) -> String;
    fn debug(&self) -> String;
}

/// One line of the registry.
pub struct Entry<F> {
    pub name: String,
    pub kind: Kind,
    pub tags: Tags,
    pub subject: Box<dyn Subject<F>>,
    /// The same as the only step of a pipeline.
    pub as_step: Box<dyn Subject<F>>,
    /// Loads what the estimator learned.
    pub load: Box<dyn Fn(Format, &[u8]) -> Result<Fitted<F>> + Send + Sync>,
    /// Writes and reads the estimator itself; the parameters of what was read.
    pub recipe_round_trip: Box<dyn Fn(Format) -> Result<BTreeMap<String, Value>> + Send + Sync>,
}

pub fn load<M: Model>(format: Format, bytes: &[u8]) -> Result<M> {
    match format {
        Format::Json => M::from_json(&String::from_utf8_lossy(bytes)),
        Format::Binary => M::from_bytes(bytes),
    }
}

pub fn round_trip<E: Model + Params>(
    estimator: E,
) -> impl Fn(Format) -> Result<BTreeMap<String, Value>> {
    move |format| {
        let read: E = match format {
            Format::Json => E::from_json(&estimator.to_json()?)?,
            Format::Binary => E::from_bytes(&estimator.to_bytes()?)?,
        };
        Ok(read.params())
    }
}

macro_rules! save {
    ($model:expr) => {{
        let model = $model.clone();
        Box::new(move |format| match format {
            Format::Json => model.to_json().map(String::into_bytes),
            Format::Binary => model.to_bytes(),
        })
    }};
}

macro_rules! subject_methods {
    ($plain:tt, $weighted:tt) => {
        fn params(&self) -> BTreeMap<String, Value> {
            self.$plain.params()
        }
        fn with_value(&self, name: &str, value: Value) -> Result<Box<dyn Subject<F>>> {
            Ok(Box::new(Self {
                plain: self.$plain.with_value(name, value.clone())?,
                weighted: self.$weighted.with_value(name, value)?,
            }))
        }
        fn duplicate(&self) -> Box<dyn Subject<F>> {
            Box::new(Self {
                plain: self.$plain.clone(),
                weighted: self.$weighted.clone(),
            })
        }
        fn text(&self) -> String {
            self.$plain.to_string()
        }
        fn debug(&self) -> String {
            format!("{:?}", self.$plain)
        }
    };
}

// Classifiers.

struct ClassifierSubject<F: Float> {
    plain: BoxedClassifier<Matrix<F>, Labels>,
    weighted: BoxedClassifier<Matrix<F>, Weighted<Labels>>,
}

fn learned_classifier<F: Float, T: Targets + 'static>(
    model: FittedBoxedClassifier<Matrix<F>, T>,
    score: impl Fn(&FittedBoxedClassifier<Matrix<F>, T>, &Matrix<F>, &Target<F>) -> Result<f64>
    + Send
    + Sync
    + 'static,
) -> Fitted<F> {
    let classes = model.classes().to_vec();
    let mut methods: Vec<(&'static str, Method<F>)> = Vec::new();
    let (m, known) = (model.clone(), classes.clone());
    methods.push((
        "predict",
        Box::new(move |x| {
            let codes = m.predict(x)?.codes_in(&known);
            let codes = codes
                .into_iter()
                .map(|c| F::of(f64::from(c.unwrap_or(u32::MAX))));
            Ok(Array1::from_iter(codes).insert_axis(Axis(1)))
        }),
    ));
    let m = model.clone();
    methods.push(("predict_proba", Box::new(move |x| m.predict_proba(x))));
    let m = model.clone();
    methods.push((
        "predict_log_proba",
        Box::new(move |x| m.predict_log_proba(x)),
    ));
    let m = model.clone();
    methods.push((
        "decision_function",
        Box::new(move |x| m.decision_function(x)),
    ));
    // What the classifier cannot do says so, whatever the samples.
    let probe = Array2::<F>::zeros((0, 0));
    methods.retain(|(_, method)| {
        !matches!(
            method(&probe).as_ref().map_err(Error::kind),
            Err(ErrorKind::Unsupported { .. })
        )
    });
    let m = model.clone();
    Fitted {
        methods,
        training: Vec::new(),
        classes,
        names_out: None,
        save: save!(model),
        score: Some(Box::new(move |x, y| score(&m, x, y))),
        text: model.to_string(),
        debug: format!("{model:?}"),
    }
}

impl<F: Float> Subject<F> for ClassifierSubject<F> {
    fn fit(&self, x: &Matrix<F>, target: &Target<F>) -> Result<Fitted<F>> {
        match &target.weights {
            None => Ok(learned_classifier(
                self.plain.fit(x, target.labels())?,
                |m, x, y| m.score(x, y.labels()),
            )),
            Some(w) => Ok(learned_classifier(
                self.weighted.fit(x, &target.labels().weighted(w))?,
                |m, x, y| {
                    let ones = Array1::ones(x.nrows());
                    let w = y.weights.as_ref().unwrap_or(&ones);
                    m.score(x, &y.labels().weighted(w))
                },
            )),
        }
    }
    subject_methods!(plain, weighted);
}

pub fn classifier<F, E, M>(estimator: E, tags: Tags) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, Labels, Fitted = M>
        + Estimator<Matrix<F>, Weighted<Labels>, Fitted = M>,
    M: Classifier<Matrix<F>, Labels> + Classifier<Matrix<F>, Weighted<Labels>>,
{
    let step = pipeline("only", estimator.clone());
    Entry {
        name: format!("{} on {}", E::type_name(), F::NAME),
        kind: Kind::Classifier,
        tags,
        subject: Box::new(ClassifierSubject {
            plain: BoxedClassifier::new(estimator.clone()),
            weighted: BoxedClassifier::new(estimator.clone()),
        }),
        as_step: Box::new(ClassifierSubject {
            plain: BoxedClassifier::new(step.clone()),
            weighted: BoxedClassifier::new(step),
        }),
        load: Box::new(|format, bytes| {
            let model = FittedBoxedClassifier::<Matrix<F>, Labels>::new(load::<M>(format, bytes)?);
            Ok(learned_classifier(model, |m, x, y| m.score(x, y.labels())))
        }),
        recipe_round_trip: Box::new(round_trip(estimator)),
    }
}

// Regressors.

struct RegressorSubject<F: Float> {
    plain: BoxedRegressor<Matrix<F>, ArrayRef1<F>>,
    weighted: BoxedRegressor<Matrix<F>, Weighted<ArrayRef1<F>>>,
}

fn real<F: Float>(target: &Target<F>) -> &Array1<F> {
    match &target.y {
        Y::Real(y) => y,
        other => panic!("no real target: {other:?}"),
    }
}

fn learned_regressor<F: Float, T>(
    model: FittedBoxedRegressor<Matrix<F>, T>,
    score: impl Fn(&FittedBoxedRegressor<Matrix<F>, T>, &Matrix<F>, &Target<F>) -> Result<f64>
    + Send
    + Sync
    + 'static,
) -> Fitted<F>
where
    T: fitwell::boxed::Measured<Prediction = Array1<F>> + ?Sized + 'static,
{
    let (m, s) = (model.clone(), model.clone());
    Fitted {
        methods: vec![(
            "predict",
            Box::new(move |x| Ok(m.predict(x)?.insert_axis(Axis(1)))),
        )],
        training: Vec::new(),
        classes: Vec::new(),
        names_out: None,
        save: save!(model),
        score: Some(Box::new(move |x, y| score(&s, x, y))),
        text: model.to_string(),
        debug: format!("{model:?}"),
    }
}

impl<F: Float> Subject<F> for RegressorSubject<F> {
    fn fit(&self, x: &Matrix<F>, target: &Target<F>) -> Result<Fitted<F>> {
        let y = real(target);
        match &target.weights {
            None => Ok(learned_regressor(self.plain.fit(x, y)?, |m, x, y| {
                m.score(x, real(y))
            })),
            Some(w) => Ok(learned_regressor(
                self.weighted.fit(x, &y.weighted(w))?,
                |m, x, y| {
                    let ones = Array1::ones(x.nrows());
                    let w = y.weights.as_ref().unwrap_or(&ones);
                    m.score(x, &real(y).weighted(w))
                },
            )),
        }
    }
    subject_methods!(plain, weighted);
}

pub fn regressor<F, E, M>(estimator: E, tags: Tags) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, ArrayRef1<F>, Fitted = M>
        + Estimator<Matrix<F>, Weighted<ArrayRef1<F>>, Fitted = M>,
    M: Regressor<Matrix<F>, ArrayRef1<F>> + Regressor<Matrix<F>, Weighted<ArrayRef1<F>>>,
{
    let step = pipeline("only", estimator.clone());
    Entry {
        name: format!("{} on {}", E::type_name(), F::NAME),
        kind: Kind::Regressor,
        tags,
        subject: Box::new(RegressorSubject {
            plain: BoxedRegressor::new(estimator.clone()),
            weighted: BoxedRegressor::new(estimator.clone()),
        }),
        as_step: Box::new(RegressorSubject {
            plain: BoxedRegressor::new(step.clone()),
            weighted: BoxedRegressor::new(step),
        }),
        load: Box::new(|format, bytes| {
            let model =
                FittedBoxedRegressor::<Matrix<F>, ArrayRef1<F>>::new(load::<M>(format, bytes)?);
            Ok(learned_regressor(model, |m, x, y| m.score(x, real(y))))
        }),
        recipe_round_trip: Box::new(round_trip(estimator)),
    }
}

// Transformers.

/// What a transformer learns from: nothing, or classes.
pub trait Seen: Targets + Sized + 'static {
    const KIND: Kind;
    fn of<F: Float>(target: &Target<F>) -> &Self;
}

impl Seen for () {
    const KIND: Kind = Kind::Transformer;
    fn of<F: Float>(_: &Target<F>) -> &Self {
        &()
    }
}

impl Seen for Labels {
    const KIND: Kind = Kind::Selector;
    fn of<F: Float>(target: &Target<F>) -> &Self {
        target.labels()
    }
}

struct TransformerSubject<F: Float, Y: Seen> {
    plain: BoxedTransformer<Matrix<F>, Y, Array2<F>>,
    weighted: BoxedTransformer<Matrix<F>, Weighted<Y>, Array2<F>>,
}

fn learned_transformer<F: Float>(model: FittedBoxedTransformer<Matrix<F>, Array2<F>>) -> Fitted<F> {
    let (m, n) = (model.clone(), model.clone());
    Fitted {
        methods: vec![("transform", Box::new(move |x| m.transform(x)))],
        training: Vec::new(),
        classes: Vec::new(),
        names_out: Some(Box::new(move |input| n.feature_names_out(input))),
        save: save!(model),
        score: None,
        text: model.to_string(),
        debug: format!("{model:?}"),
    }
}

impl<F: Float, Y: Seen> Subject<F> for TransformerSubject<F, Y> {
    fn fit(&self, x: &Matrix<F>, target: &Target<F>) -> Result<Fitted<F>> {
        let y = Y::of(target);
        match &target.weights {
            None => self.plain.fit(x, y),
            Some(w) => self.weighted.fit(x, &y.weighted(w)),
        }
        .map(learned_transformer)
    }
    subject_methods!(plain, weighted);
}

fn transforming<F, Y, E, M>(estimator: E, tags: Tags) -> Entry<F>
where
    F: Float,
    Y: Seen,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, Y, Fitted = M>
        + Estimator<Matrix<F>, Weighted<Y>, Fitted = M>,
    M: Transformer<Matrix<F>, Array2<F>>,
{
    let step = pipeline("only", estimator.clone());
    Entry {
        name: format!("{} on {}", E::type_name(), F::NAME),
        kind: Y::KIND,
        tags,
        subject: Box::new(TransformerSubject::<F, Y> {
            plain: BoxedTransformer::new(estimator.clone()),
            weighted: BoxedTransformer::new(estimator.clone()),
        }),
        as_step: Box::new(TransformerSubject::<F, Y> {
            plain: BoxedTransformer::new(step.clone()),
            weighted: BoxedTransformer::new(step),
        }),
        load: Box::new(|format, bytes| {
            let model =
                FittedBoxedTransformer::<Matrix<F>, Array2<F>>::new(load::<M>(format, bytes)?);
            Ok(learned_transformer(model))
        }),
        recipe_round_trip: Box::new(round_trip(estimator)),
    }
}

pub fn transformer<F, E, M>(estimator: E, tags: Tags) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, (), Fitted = M>
        + Estimator<Matrix<F>, Weighted<()>, Fitted = M>,
    M: Transformer<Matrix<F>, Array2<F>>,
{
    transforming::<F, (), E, M>(estimator, tags)
}

/// A transformer that learns from classes.
pub fn selector<F, E, M>(estimator: E, tags: Tags) -> Entry<F>
where
    F: Float,
    E: Recipe
        + Model
        + Estimator<Matrix<F>, Labels, Fitted = M>
        + Estimator<Matrix<F>, Weighted<Labels>, Fitted = M>,
    M: Transformer<Matrix<F>, Array2<F>>,
{
    transforming::<F, Labels, E, M>(estimator, tags)
}
