//! Optimisers, schedules and clipping beyond scikit-learn's in the perceptrons, beside networks built layer by layer.

use ndarray::{Array2, Axis};

use super::optimizer::EVERY;
use super::{
    Activation, Clip, MlpClassifier, MlpRegressor, Optimizer, Schedule, Sequential,
    SequentialClassifier, Solver,
};
use crate::labels::Labels;
use crate::model::Model;
use crate::traits::{Estimator, PartialFit, Score};

fn waves() -> (Array2<f64>, Labels) {
    let x = Array2::from_shape_fn((75, 3), |(i, j)| ((i * (j + 2)) as f64 * 0.83).sin());
    let y = (0..75).map(|i| (x[[i, 0]] + x[[i, 1]] > 0.3) as usize + (x[[i, 2]] > 0.5) as usize);
    let y = y.collect();
    (x, y)
}

/// The largest difference between the weights of the perceptron and of the same network in layers.
fn apart(
    change: impl Fn(MlpClassifier) -> MlpClassifier,
    same: impl Fn(SequentialClassifier) -> SequentialClassifier,
) -> f64 {
    let (x, y) = waves();
    let layers = Sequential::new().dense(5, Activation::Tanh);
    let built = same(SequentialClassifier::new(layers))
        .shuffle(false)
        .batch_size(20)
        .tol(0.0);
    let start = built.clone().max_iter(1).fit(&x, &y).unwrap().weights();
    let built = built
        .initial_weights(start.clone())
        .max_iter(6)
        .fit(&x, &y)
        .unwrap();
    let vector = |w: &Array2<f64>| w.index_axis(Axis(0), 0).to_owned();
    let perceptron = change(MlpClassifier::new())
        .hidden_layer_sizes([5])
        .activation(Activation::Tanh)
        .alpha(0.0)
        .shuffle(false)
        .batch_size(20)
        .tol(0.0)
        .max_iter(6)
        .initial_weights(
            vec![start[0].clone(), start[2].clone()],
            vec![vector(&start[1]), vector(&start[3])],
        );
    let perceptron = perceptron.fit(&x, &y).unwrap();
    let weights = built.weights();
    let mut worst = 0.0f64;
    for (a, b) in perceptron.coefs().iter().zip([&weights[0], &weights[2]]) {
        worst = (a - b).iter().fold(worst, |m, d| m.max(d.abs()));
    }
    for (a, b) in perceptron
        .intercepts()
        .iter()
        .zip([&weights[1], &weights[3]])
    {
        worst = (a - &vector(b)).iter().fold(worst, |m, d| m.max(d.abs()));
    }
    worst
}

#[test]
fn every_optimizer_schedule_and_clip_is_that_of_the_layers() {
    for optimizer in EVERY {
        let apart = apart(
            |m| m.optimizer(optimizer).learning_rate_init(0.01),
            |m| m.optimizer(optimizer).learning_rate_init(0.01),
        );
        assert!(apart < 1e-9, "{optimizer:?}: {apart}");
    }
    for schedule in [
        Schedule::one_cycle(24),
        Schedule::Step {
            step_size: 5,
            gamma: 0.5,
        },
        Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 1,
            min_delta: 1.0,
            cooldown: 1,
            min_lr: 0.0,
        },
    ] {
        let apart = apart(
            |m| {
                m.schedule(schedule)
                    .warmup_steps(3)
                    .learning_rate_init(0.01)
            },
            |m| {
                m.learning_rate(schedule)
                    .warmup_steps(3)
                    .learning_rate_init(0.01)
            },
        );
        assert!(apart < 1e-9, "{schedule:?}: {apart}");
    }
    for clip in [Clip::Value(0.01), Clip::Norm(0.02), Clip::GlobalNorm(0.05)] {
        let sgd = Optimizer::nesterov(0.8);
        let apart = apart(
            |m| m.optimizer(sgd).clip(clip).learning_rate_init(0.1),
            |m| m.optimizer(sgd).clip(clip).learning_rate_init(0.1),
        );
        assert!(apart < 1e-9, "{clip:?}: {apart}");
    }
}

#[test]
fn an_optimizer_goes_on_and_does_not_go_with_lbfgs() {
    let (x, y) = waves();
    let network = MlpClassifier::new().hidden_layer_sizes([4]).tol(0.0);
    let plain = network.clone().max_iter(3).fit(&x, &y).unwrap();
    let named = network
        .clone()
        .optimizer(Optimizer::adam())
        .max_iter(3)
        .fit(&x, &y)
        .unwrap();
    assert_eq!(plain.coefs(), named.coefs());

    let nadam = network
        .clone()
        .optimizer(Optimizer::nadam())
        .schedule(Schedule::one_cycle(9));
    let mut one = nadam.max_iter(1).fit(&x, &y).unwrap();
    let bytes = one.to_bytes().unwrap();
    let mut read = super::FittedMlpClassifier::<f64>::from_bytes(&bytes).unwrap();
    one.partial_fit(&x, &y).unwrap();
    read.partial_fit(&x, &y).unwrap();
    assert_eq!(one, read);

    let refused = network
        .clone()
        .solver(Solver::lbfgs())
        .optimizer(Optimizer::nadam())
        .fit(&x, &y)
        .unwrap_err();
    assert!(refused.to_string().contains("`optimizer`"), "{refused}");
    for bad in [
        network.clone().optimizer(Optimizer::adam_w(-1.0)),
        network.clone().clip(Clip::Value(0.0)),
        network.clone().schedule(Schedule::one_cycle(1)),
    ] {
        assert!(bad.fit(&x, &y).is_err());
    }
    let target = x.column(0).mapv(|v| v * v);
    let regressor = MlpRegressor::new()
        .optimizer(Optimizer::rms_prop())
        .learning_rate_init(0.01);
    assert!(
        regressor
            .fit(&x, &target)
            .unwrap()
            .score(&x, &target)
            .unwrap()
            > 0.5
    );
}
