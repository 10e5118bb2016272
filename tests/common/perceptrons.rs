//! Multi-layer perceptrons.

use fitwell::neural_network::{MlpClassifier, MlpRegressor};
use fitwell::prelude::*;
use serde_json::json;

/// CC01: the defaults are those that scikit-learn 1.9 documents; beside them stand settings it has not.
#[test]
fn defaults_are_scikit_learns() {
    let common = json!({
        "hidden_layer_sizes": [100], "activation": "relu", "solver": "adam", "alpha": 0.0001, "batch_size": "auto",
        "learning_rate": "constant", "learning_rate_init": 0.001, "power_t": 0.5, "max_iter": 200, "shuffle": true,
        "random_state": 0, "tol": 0.0001, "momentum": 0.9, "nesterovs_momentum": true, "early_stopping": false,
        "validation_fraction": 0.1, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "n_iter_no_change": 10,
        "max_fun": 15000, "monitor": "score", "coefs_init": null, "intercepts_init": null,
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut all = common.clone();
        all[name] = value;
        all
    };
    let found = |params: std::collections::BTreeMap<String, serde_json::Value>| json!(params);
    assert_eq!(
        found(MlpClassifier::new().params()),
        with("class_weight", json!(null))
    );
    assert_eq!(
        found(MlpRegressor::new().params()),
        with("loss", json!("squared_error"))
    );
}
