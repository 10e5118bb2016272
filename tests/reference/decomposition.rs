//! Decompositions.

use fitwell::Float;
use fitwell::decomposition::*;
use fitwell::prelude::*;
use ndarray::{Array2, ArrayBase, Axis, Data, Dimension, concatenate, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number, texts};
use crate::data::matrix;

pub(crate) fn data<F: Float>(data: &Value) -> Array2<F> {
    let named =
        |name: &str, scaled: bool| matrix(&serde_json::json!({"name": name, "scaled": scaled}));
    let x = match data["kind"].as_str().unwrap() {
        "wine" => named("wine", true),
        "collinear" => {
            let x = named("iris", false);
            let column = |values: ndarray::Array1<f64>| values.insert_axis(Axis(1));
            let sum = column(&x.column(0) + &x.column(1));
            let twice = column(&x.column(2) * 2.0);
            concatenate(Axis(1), &[x.view(), sum.view(), twice.view()]).unwrap()
        }
        "wide" => named("breast_cancer", true).slice(s![..20, ..]).to_owned(),
        "raw" => named("breast_cancer", false),
        other => panic!("no data {other}"),
    };
    x.mapv(F::of)
}

/// The estimator with the settings of the case.
pub(crate) fn with_settings<E: Params>(estimator: E, value: &Value) -> E {
    (value["settings"].as_object().unwrap().iter()).fold(estimator, |e, (name, v)| {
        e.with_value(name, v.clone()).unwrap()
    })
}

pub(crate) struct Checks<'a> {
    pub(crate) case: &'a mut Case,
    pub(crate) expected: &'a Value,
    pub(crate) near: &'a Value,
}

impl<'a> Checks<'a> {
    pub(crate) fn new(value: &'a Value, case: &'a mut Case) -> Self {
        Checks {
            case,
            expected: &value["expected"],
            near: &value["tolerance"],
        }
    }

    pub(crate) fn array<F: Float, S: Data<Elem = F>, D: Dimension>(
        &mut self,
        name: &str,
        ours: &ArrayBase<S, D>,
    ) {
        let ours = ours.mapv(Float::f64);
        self.case
            .array(name, &ours, &self.expected[name], self.near);
    }

    pub(crate) fn number(&mut self, name: &str, ours: f64) {
        self.case
            .number(name, ours, &self.expected[name], self.near);
    }

    pub(crate) fn names(&mut self, model: &impl FeatureNamesOut) {
        let names = model.feature_names_out(None).unwrap();
        self.case
            .same("names", &names, &texts(&self.expected["names"]));
    }

    pub(crate) fn transforms<F: Float, M>(&mut self, model: &M, x: &Array2<F>)
    where
        M: Transform<ndarray::ArrayRef2<F>, Output = Array2<F>>
            + InverseTransform<ndarray::ArrayRef2<F>, Output = Array2<F>>,
    {
        let z = model.transform(x).unwrap();
        self.array("transform", &z);
        self.array("inverse_transform", &model.inverse_transform(&z).unwrap());
    }
}

pub(crate) fn new_rows<F: Float>(x: &Array2<F>) -> Array2<F> {
    x.slice(s![..15, ..]).mapv(|v| v * F::of(1.25))
}

fn check_pca<F: Float>(value: &Value, case: &mut Case) {
    let x = data::<F>(&value["data"]);
    let new = new_rows(&x);
    let model = with_settings(Pca::new(), value).fit(&x, &()).unwrap();
    model.validate().unwrap();
    let mut checks = Checks::new(value, case);
    checks.array("components", model.components());
    checks.array("explained_variance", model.explained_variance());
    checks.array("explained_variance_ratio", model.explained_variance_ratio());
    checks.array("singular_values", model.singular_values());
    checks.array("mean", model.mean());
    checks.array("covariance", &model.covariance());
    checks.number("noise_variance", model.noise_variance().f64());
    checks.names(&model);
    checks.transforms(&model, &new);
    if !checks.expected["precision"].is_null() {
        checks.array("precision", &model.precision().unwrap());
        checks.array("score_samples", &model.score_samples(&new).unwrap());
        checks.number("score", model.score(&new, &()).unwrap());
    }
}

#[test]
fn pca() {
    Reference::read("pca").each(500, |value, case| {
        if value["data"]["f32"] == true {
            check_pca::<f32>(value, case);
        } else {
            check_pca::<f64>(value, case);
        }
    });
}

fn check_truncated<F: Float>(value: &Value, case: &mut Case) {
    let x = data::<F>(&value["data"]).mapv(|v| v + F::one());
    let model = with_settings(TruncatedSvd::new(), value)
        .fit(&x, &())
        .unwrap();
    model.validate().unwrap();
    let mut checks = Checks::new(value, case);
    checks.array("components", model.components());
    checks.array("explained_variance", model.explained_variance());
    checks.array("explained_variance_ratio", model.explained_variance_ratio());
    checks.array("singular_values", model.singular_values());
    checks.names(&model);
    checks.transforms(&model, &new_rows(&x));
}

#[test]
fn truncated_svd() {
    Reference::read("truncated_svd").each(300, |value, case| {
        if value["data"]["f32"] == true {
            check_truncated::<f32>(value, case);
        } else {
            check_truncated::<f64>(value, case);
        }
    });
}

#[test]
fn incremental_pca() {
    Reference::read("incremental_pca").each(300, |value, case| {
        let x = data::<f64>(&value["data"]);
        let recipe = with_settings(IncrementalPca::new(), value);
        let model = if value["data"]["parts"] == 1 {
            recipe.fit(&x, &()).unwrap()
        } else {
            let half = x.nrows() / 2;
            let mut model = recipe.fit_batch(&x.slice(s![..half, ..])).unwrap();
            model.partial_fit(&x.slice(s![half.., ..]), &()).unwrap();
            model
        };
        model.validate().unwrap();
        let mut checks = Checks::new(value, case);
        checks.array("components", model.components());
        checks.array("explained_variance", model.explained_variance());
        checks.array("explained_variance_ratio", model.explained_variance_ratio());
        checks.array("singular_values", model.singular_values());
        checks.array("mean", model.mean());
        checks.array("var", model.var());
        checks.array("covariance", &model.covariance());
        checks.number("noise_variance", model.noise_variance());
        checks.names(&model);
        checks.transforms(&model, &new_rows(&x));
        let seen = number(&checks.expected["n_samples_seen"]) as usize;
        checks
            .case
            .same("n_samples_seen", &model.n_samples_seen(), &seen);
    });
}
