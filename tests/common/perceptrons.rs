//! Multi-layer perceptrons.

use fitwell::Float;
use fitwell::neural_network::{
    Activation, Clip, MlpClassifier, MlpRegressor, Optimizer, RegressionLoss, Solver,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use serde_json::json;

use crate::sample;
use crate::subject::{Entry, Tags, classifier, regressor};

/// Rounding grows over many steps of training.
fn trained(tags: Tags) -> Tags {
    Tags {
        tolerance: 2e-2,
        many_rows: 700,
        weight_scale_invariant: true,
        order_counts: Some("batches are made of rows in their order"),
        places_count: Some("the first weights are drawn for columns and classes by their place"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let full = || MlpClassifier::new().hidden_layer_sizes([8]).batch_size(100_000).learning_rate_init(0.05).max_iter(60);
    let real = || MlpRegressor::new().hidden_layer_sizes([8]).batch_size(100_000).learning_rate_init(0.05).max_iter(60);
    let scale = || pipeline("scale", StandardScaler::new());
    vec![
        classifier(scale().then("network", full()), trained(sample("network__tol", 0.5))),
        classifier(scale().then("network", full().solver(Solver::sgd()).activation(Activation::Tanh)), trained(sample("network__hidden_layer_sizes", json!([3, 2])))),
        classifier(scale().then("network", full().hidden_layer_sizes([6, 4]).activation(Activation::Silu).optimizer(Optimizer::adam_w(0.01)).clip(Clip::Norm(5.0))), trained(sample("network__activation", json!(["tanh", "selu"])))),
        regressor(scale().then("network", real().loss(RegressionLoss::Huber { delta: 1.0 })), trained(sample("network__dropout", 0.5))),
        regressor(scale().then("network", real()), trained(sample("network__tol", 0.5))),
    ]
}

/// CC01: the defaults are those that scikit-learn 1.9 documents; beside them stand settings it has not.
#[test]
fn defaults_are_scikit_learns() {
    let common = json!({
        "hidden_layer_sizes": [100], "activation": "relu", "solver": "adam", "alpha": 0.0001, "batch_size": "auto",
        "learning_rate": "constant", "learning_rate_init": 0.001, "power_t": 0.5, "max_iter": 200, "shuffle": true,
        "random_state": 0, "tol": 0.0001, "momentum": 0.9, "nesterovs_momentum": true, "early_stopping": false,
        "validation_fraction": 0.1, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "n_iter_no_change": 10,
        "max_fun": 15000, "coefs_init": null, "intercepts_init": null, "optimizer": null, "clip": null,
        "schedule": "constant", "warmup_steps": 0, "dropout": 0.0,
    });
    let with = |name: &str, value: serde_json::Value, monitor: &str| {
        let mut all = common.clone();
        all[name] = value;
        all["monitor"] = json!(monitor);
        all
    };
    let found = |params: std::collections::BTreeMap<String, serde_json::Value>| json!(params);
    assert_eq!(
        found(MlpClassifier::new().params()),
        with("class_weight", json!(null), "accuracy")
    );
    assert_eq!(
        found(MlpRegressor::new().params()),
        with("loss", json!("squared_error"), "r2")
    );
}
