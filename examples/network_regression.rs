//! A curved surface learned three ways: by limited-memory BFGS, by Adam with a validation set of one's own, and batch by
//! batch as rows arrive.
//!
//! `cargo run --release --example network_regression`

use fitwell::datasets::make_friedman1;
use fitwell::model_selection::TrainTestSplit;
use fitwell::neural_network::{Activation, MlpRegressor, RegressionMonitor, Solver};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use ndarray::s;

fn main() -> Result<()> {
    let (x, y) = make_friedman1().n_samples(600).noise(0.5).build()?;
    let y = (&y - y.mean().unwrap_or(0.0)) / y.std(0.0);
    let (x_train, x_test, y_train, y_test) = TrainTestSplit::new().split((&x, &y))?;
    let (x_train, x_val, y_train, y_val) = TrainTestSplit::new().split((&x_train, &y_train))?;

    let network = MlpRegressor::new()
        .hidden_layer_sizes([20])
        .activation(Activation::Tanh);

    // All rows at once: the surest way for small tables.
    let exact = network
        .clone()
        .solver(Solver::lbfgs())
        .alpha(0.1)
        .max_iter(150);
    let exact = pipeline("scale", StandardScaler::new()).then("network", exact);
    let model = exact.fit(&x_train, &y_train)?;
    println!("lbfgs: {}", model.last());
    println!(
        "       R² on new rows {:.3}",
        model.score(&x_test, &y_test)?
    );

    // Batches, stopped where rows that are not learned from get worse; the pipeline scales those too.
    let adam = network
        .clone()
        .learning_rate_init(0.02)
        .batch_size(50)
        .monitor(RegressionMonitor::Loss);
    let adam = pipeline("scale", StandardScaler::new()).then("network", adam);
    let stopped = adam.fit_with_validation(&x_train, &y_train, &x_val, &y_val)?;
    let curve = stopped.last().validation_loss_curve();
    let least = curve.iter().copied().fold(f64::INFINITY, f64::min);
    println!("adam:  {}", stopped.last());
    println!("       validation loss from {:.3} to {least:.3}", curve[0]);
    let r2 = stopped.score(&x_test, &y_test)?;
    println!("       R² on new rows {r2:.3}");
    assert!(r2 > 0.7);

    // Rows that arrive in batches.
    let mut grown = network.fit_first_batch(
        &x_train.slice(s![..50, ..]).to_owned(),
        &y_train.slice(s![..50]).to_owned(),
    )?;
    for from in (50..x_train.nrows()).step_by(50) {
        let to = x_train.nrows().min(from + 50);
        grown.partial_fit(
            &x_train.slice(s![from..to, ..]),
            &y_train.slice(s![from..to]),
        )?;
    }
    println!(
        "by batches: {} rows seen, loss {:.3}",
        grown.t(),
        grown.loss()
    );
    assert_eq!(grown.t(), x_train.nrows() as u64);
    Ok(())
}
