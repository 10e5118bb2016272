//! Decompositions.

use fitwell::Float;
use fitwell::decomposition::*;
use fitwell::manifold::Tsne;
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

#[test]
fn factor_analysis() {
    Reference::read("factor_analysis").each(200, |value, case| {
        let x = data::<f64>(&value["data"]);
        let new = new_rows(&x);
        let model = with_settings(FactorAnalysis::new(), value)
            .fit(&x, &())
            .unwrap();
        model.validate().unwrap();
        let mut checks = Checks::new(value, case);
        checks.array("components", &model.components().mapv(f64::abs));
        checks.array("noise_variance", model.noise_variance());
        checks.array("mean", model.mean());
        checks.array("covariance", &model.covariance());
        if !checks.expected["loglike"].is_null() {
            checks.number("loglike", model.loglike()[model.n_iter() - 1]);
            checks.number("n_iter", model.n_iter() as f64);
        }
        checks.array("transform", &model.transform(&new).unwrap().mapv(f64::abs));
        checks.names(&model);
        if !checks.expected["precision"].is_null() {
            checks.array("precision", &model.precision().unwrap());
            checks.array("score_samples", &model.score_samples(&new).unwrap());
            checks.number("score", model.score(&new, &()).unwrap());
        }
    });
}

/// As `start` in the script.
fn start(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        0.5 + ((3 * i * i + 5 * j + i * j) % 11) as f64 / 11.0
    })
}

#[test]
fn fast_ica() {
    Reference::read("fast_ica").each(150, |value, case| {
        let x = data::<f64>(&value["data"]);
        let size = number(&value["data"]["size"]) as usize;
        let mut w = start(size, size);
        w.diag_mut().mapv_inplace(|v| v + 2.0);
        let model = with_settings(FastIca::new().w_init(&w), value)
            .fit(&x, &())
            .unwrap();
        model.validate().unwrap();
        let mut checks = Checks::new(value, case);
        checks.array("components", model.components());
        checks.array("mixing", model.mixing());
        checks.number("n_iter", model.n_iter() as f64);
        checks.names(&model);
        checks.transforms(&model, &new_rows(&x));
    });
}

#[test]
fn kernel_pca() {
    Reference::read("kernel_pca").each(120, |value, case| {
        let mut x = data::<f64>(&value["data"]);
        let mut new = new_rows(&x);
        if value["settings"]["kernel"] == "precomputed" {
            (x, new) = (x.dot(&x.t()), new.dot(&x.t()));
        }
        let model = with_settings(KernelPca::new(), value).fit(&x, &()).unwrap();
        model.validate().unwrap();
        let z = model.transform(&new).unwrap();
        let mut checks = Checks::new(value, case);
        checks.array("eigenvalues", model.eigenvalues());
        checks.array("transform", &z);
        checks.array("training", &model.x_transformed_fit());
        checks.names(&model);
        if let Some(dual_coef) = model.dual_coef() {
            checks.array("dual_coef", dual_coef);
            checks.array("inverse_transform", &model.inverse_transform(&z).unwrap());
        }
    });
}

#[test]
fn nmf() {
    Reference::read("nmf").each(250, |value, case| {
        let named = |name: &str| matrix(&serde_json::json!({"name": name}));
        let mut x = match value["data"]["kind"].as_str().unwrap() {
            "wine" => named("wine"),
            "wide" => named("breast_cancer").slice(s![..20, ..]).to_owned(),
            _ => data::<f64>(&value["data"]),
        };
        for mut column in x.columns_mut() {
            let most = column.iter().copied().fold(f64::MIN, f64::max);
            column.mapv_inplace(|v| v / most + 0.01);
        }
        let recipe = with_settings(Nmf::new(), value);
        let k = number(&value["data"]["k"]) as usize;
        let (model, w) = if value["data"]["given"] == true {
            let (n, p) = x.dim();
            recipe.fit_from(&x, &start(n, k), &start(k, p)).unwrap()
        } else {
            recipe.fit_and_transform(&x, &()).unwrap()
        };
        model.validate().unwrap();
        let mut checks = Checks::new(value, case);
        checks.array("components", model.components());
        checks.array("w", &w);
        checks.number("reconstruction_err", model.reconstruction_err());
        checks.number("n_iter", model.n_iter() as f64);
        checks.names(&model);
        checks.transforms(&model, &new_rows(&x));
    });
}

#[test]
fn tsne() {
    Reference::read("tsne").each(14, |value, case| {
        let rows = number(&value["data"]["rows"]) as usize;
        let x = data::<f64>(&value["data"]).slice(s![..rows, ..]).to_owned();
        let d = value["settings"]["n_components"].as_u64().unwrap_or(2) as usize;
        let first = start(rows, d).mapv(|v| (v - 1.0) * 1e-4);
        let model = with_settings(Tsne::new().init(&first), value)
            .fit(&x, &())
            .unwrap();
        model.validate().unwrap();
        let mut checks = Checks::new(value, case);
        checks.number("learning_rate", model.learning_rate());
        // Lower is better.
        let most = number(&checks.expected["kl_divergence"]);
        checks.number("kl_divergence", model.kl_divergence().max(most));
    });
}
