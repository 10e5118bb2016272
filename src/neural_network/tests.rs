//! The network as a whole: gradients, threads, batches, stopping rules, hostile input.

use ndarray::{Array1, Array2, array, s};

use super::*;
use crate::error::ErrorKind;
use crate::model::Model;
use crate::params::Params;
use crate::random;
use crate::targets::Targets;
use crate::traits::*;
use crate::{ClassWeight, Float, Labels};

fn features<F: Float>(n: usize, p: usize, seed: u64) -> Array2<F> {
    let mut rng = random::generator(seed);
    Array2::from_shape_simple_fn((n, p), || F::of(random::standard_normal(&mut rng)))
}

fn three_classes(x: &Array2<f64>) -> Labels {
    let class = |row: ndarray::ArrayView1<'_, f64>| (row[0] > 0.3) as i64 + (row[1] > 0.0) as i64;
    Labels::from(x.rows().into_iter().map(class).collect::<Vec<_>>())
}

const ACTIVATIONS: [Activation; 6] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
    Activation::Gelu,
    Activation::Softplus,
];

/// One step of plain gradient descent with rate 1 moves each weight by minus its derivative.
#[test]
fn steps_go_down_the_derivative() {
    let x = features::<f64>(14, 3, 1);
    let y = three_classes(&x).weighted(&Array1::from_shape_fn(14, |i| 0.5 * i as f64));
    let mixed = [Activation::Selu, Activation::Mish];
    let every = ACTIVATIONS.map(|a| (Activations::from(a), 0.0));
    // The masks of a step are the same whatever the weights.
    let more = [
        (mixed.into(), 0.0),
        (mixed.into(), 0.4),
        (Activation::Tanh.into(), 0.2),
    ];
    for (activation, dropout) in every.into_iter().chain(more) {
        let start = MlpClassifier::new()
            .hidden_layer_sizes([5, 4])
            .activation(activation.clone())
            .dropout(dropout)
            .alpha(0.3)
            .solver(Solver::Sgd {
                momentum: 0.0,
                nesterovs_momentum: false,
                learning_rate: LearningRate::Constant,
            })
            .learning_rate_init(1e-300)
            .max_iter(1);
        let before = start.fit(&x, &y).unwrap();
        let coefs: Vec<_> = before.coefs().iter().map(|c| c.to_owned()).collect();
        let intercepts: Vec<_> = before.intercepts().iter().map(|b| b.to_owned()).collect();
        let loss = |coefs: &[Array2<f64>], intercepts: &[Array1<f64>]| {
            let at = start.clone().initial_weights(coefs, intercepts);
            at.fit(&x, &y).unwrap().loss()
        };
        let step = start
            .clone()
            .learning_rate_init(1.0)
            .initial_weights(&coefs[..], &intercepts[..])
            .fit(&x, &y)
            .unwrap();
        for layer in 0..3 {
            let h = 1e-6;
            let moved = |h: f64, at: Option<(usize, usize)>| {
                let (mut c, mut b) = (coefs.clone(), intercepts.clone());
                match at {
                    Some(at) => c[layer][at] += h,
                    None => b[layer][0] += h,
                }
                loss(&c, &b)
            };
            for at in [Some((0, 1)), Some((2, 0)), None] {
                let slope = (moved(h, at) - moved(-h, at)) / (2.0 * h);
                let made = match at {
                    Some(at) => coefs[layer][at] - step.coefs()[layer][at],
                    None => intercepts[layer][0] - step.intercepts()[layer][0],
                };
                assert!(
                    (slope - made).abs() < 1e-8,
                    "{activation:?} {dropout} {layer} {at:?}"
                );
            }
        }
    }
}

fn with_threads<T: Send>(n: usize, f: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
    pool.unwrap().install(f)
}

/// Large enough for several parts of a batch and a sweep in parallel.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let x = features::<f32>(512, 90, 2);
    let y = x.column(0).mapv(|v| v * v);
    for solver in [Solver::adam(), Solver::sgd(), Solver::lbfgs()] {
        let recipe = MlpRegressor::new()
            .hidden_layer_sizes([200])
            .batch_size(256)
            .dropout(if solver == Solver::adam() { 0.3 } else { 0.0 })
            .solver(solver)
            .max_iter(2);
        let fit = || recipe.fit(&x, &y).unwrap();
        let one = with_threads(1, fit);
        assert_eq!(one, with_threads(2, fit), "{solver:?}");
        assert_eq!(one, with_threads(5, fit), "{solver:?}");
        let together = one.predict(&x).unwrap();
        for row in [0, 300] {
            let alone = one.predict(&x.slice(s![row..=row, ..])).unwrap();
            assert_eq!(alone[0].to_bits(), together[row].to_bits());
        }
    }
}

#[test]
fn zero_weights_are_no_rows_and_twos_are_pairs_for_a_full_batch() {
    let x = features::<f64>(30, 2, 3);
    let y = three_classes(&x);
    let weights = Array1::from_shape_fn(30, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..30).flat_map(|i| vec![i; i % 3]).collect();
    let repeated = (x.select(ndarray::Axis(0), &rows), y.select(&rows).unwrap());
    for solver in [Solver::adam(), Solver::sgd(), Solver::lbfgs()] {
        let recipe = MlpClassifier::new()
            .hidden_layer_sizes([6])
            .solver(solver)
            .batch_size(1000)
            .shuffle(false)
            .max_iter(20);
        let weighted = recipe.fit(&x, &y.weighted(&weights)).unwrap();
        let plain = recipe.fit(&repeated.0, &repeated.1).unwrap();
        let (a, b) = (
            weighted.predict_proba(&x).unwrap(),
            plain.predict_proba(&x).unwrap(),
        );
        assert!((&a - &b).iter().all(|d| d.abs() < 1e-7), "{solver:?}");
    }
}

#[test]
fn class_weights_are_sample_weights() {
    let x = features::<f64>(40, 2, 4);
    let y = three_classes(&x);
    let recipe = MlpClassifier::new().hidden_layer_sizes([5]).max_iter(5);
    let by_class = ClassWeight::of([(0, 2.0), (2, 0.5)]);
    let given = recipe.clone().class_weight(by_class).fit(&x, &y).unwrap();
    let weights = Array1::from_iter(y.codes().iter().map(|&c| [2.0, 1.0, 0.5][c as usize]));
    let same = recipe.fit(&x, &y.weighted(&weights)).unwrap();
    assert_eq!(given.loss_curve(), same.loss_curve());
    let balanced = recipe
        .class_weight(ClassWeight::Balanced)
        .fit(&x, &y)
        .unwrap();
    assert_ne!(balanced.loss_curve(), same.loss_curve());
}

#[test]
fn early_stopping_restores_the_best_weights() {
    let x = features::<f64>(60, 3, 5);
    let y = three_classes(&x);
    let recipe = MlpClassifier::new()
        .hidden_layer_sizes([30])
        .learning_rate_init(0.05)
        .early_stopping(true)
        .validation_fraction(0.3)
        .n_iter_no_change(3);
    let model = recipe.fit(&x, &y).unwrap();
    let scores = model.validation_scores();
    assert!(model.converged() && model.n_iter() == scores.len());
    assert_eq!(scores.len(), model.validation_loss_curve().len());
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(model.best_validation_score(), Some(best));
    assert_eq!(model.best_loss(), None);

    // With the rows given, the model's score on them is the best one; the loss decides where it is asked to.
    let (x_val, y_val) = (
        features::<f64>(40, 3, 6),
        three_classes(&features::<f64>(40, 3, 6)),
    );
    for monitor in [ClassificationMonitor::Accuracy, ClassificationMonitor::Loss] {
        let recipe = recipe.clone().early_stopping(false).monitor(monitor);
        let model = recipe.fit_with_validation(&x, &y, &x_val, &y_val).unwrap();
        let best = model.best_validation_score().unwrap();
        let found = match monitor {
            ClassificationMonitor::Accuracy => model.score(&x_val, &y_val).unwrap(),
            _ => {
                let least = model.validation_loss_curve().iter().copied();
                assert_eq!(-best, least.fold(f64::INFINITY, f64::min));
                let p = model.predict_log_proba(&x_val).unwrap();
                let rows = y_val.codes().iter().enumerate();
                rows.map(|(i, &c)| p[[i, c as usize]]).sum::<f64>() / 40.0
            }
        };
        assert!((best - found).abs() < 1e-12, "{monitor:?}");
    }
    for solver in [Solver::lbfgs(), Solver::sgd()] {
        let model = recipe.clone().solver(solver).fit(&x, &y).unwrap();
        assert!(model.best_validation_score().is_some());
    }
    let rare = Labels::from((0..60).map(|i| i64::from(i == 7)).collect::<Vec<_>>());
    let refused = recipe.fit(&x, &rare).unwrap_err();
    assert!(refused.to_string().contains("class 1"), "{refused}");
    let few = recipe.validation_fraction(0.01).fit(&x, &y).unwrap_err();
    assert!(matches!(few.kind(), ErrorKind::InvalidParameter { .. }));
}

#[test]
fn batch_by_batch_equals_all_at_once_and_goes_on_after_a_file() {
    let x = features::<f64>(50, 3, 7);
    let y = three_classes(&x);
    for solver in [Solver::adam(), Solver::sgd()] {
        let recipe = MlpClassifier::new()
            .hidden_layer_sizes([7])
            .solver(solver)
            .max_iter(3)
            .tol(0.0);
        let whole = recipe.fit(&x, &y).unwrap();
        let mut parts = recipe.fit_first_batch(&x, &y, y.classes()).unwrap();
        parts.partial_fit(&x, &y).unwrap();
        let (bytes, text) = (parts.to_bytes().unwrap(), parts.to_json().unwrap());
        for again in [
            FittedMlpClassifier::<f64>::from_bytes(&bytes),
            FittedMlpClassifier::<f64>::from_json(&text),
        ] {
            let mut again = again.unwrap();
            again.partial_fit(&x, &y).unwrap();
            assert_eq!(again.coefs(), whole.coefs(), "{solver:?}");
            assert_eq!(again.loss_curve(), whole.loss_curve());
            assert_eq!((again.n_iter(), again.t()), (1, 150));
        }
    }
    let recipe = MlpClassifier::new();
    let lbfgs = recipe.clone().solver(Solver::lbfgs());
    for wrong in [lbfgs, recipe.clone().early_stopping(true)] {
        assert!(wrong.fit_first_batch(&x, &y, y.classes()).is_err());
    }
    let mut model = recipe.fit_first_batch(&x, &y, y.classes()).unwrap();
    let before = model.clone();
    let unknown = model
        .partial_fit(&x, &Labels::from(vec![9; 50]))
        .unwrap_err();
    assert!(matches!(unknown.kind(), ErrorKind::UnknownLabel { .. }));
    assert!(model.partial_fit(&x.slice(s![.., ..2]), &y).is_err());
    assert_eq!(model, before);
}

#[test]
fn warm_starts_go_on() {
    let x = features::<f64>(40, 2, 8);
    let y = &x.column(0) * &x.column(1);
    let recipe = MlpRegressor::new().hidden_layer_sizes([9]).max_iter(4);
    let first = recipe.fit(&x, &y).unwrap();
    let second = recipe.fit_from(&x, &*y, &first).unwrap();
    assert_eq!(second.loss_curve()[..4], *first.loss_curve());
    assert_eq!(
        (second.loss_curve().len(), second.n_iter(), second.t()),
        (8, 4, 320)
    );
    assert!(second.loss() < first.loss());
    let other = recipe.hidden_layer_sizes([3]).fit_from(&x, &*y, &first);
    assert!(matches!(
        other.unwrap_err().kind(),
        ErrorKind::InvalidInput { .. }
    ));
}

#[test]
fn several_targets_and_counts() {
    let x = features::<f64>(80, 2, 9);
    let y = ndarray::stack![ndarray::Axis(1), x.column(0), x.column(1)];
    let recipe = MlpRegressor::new()
        .hidden_layer_sizes([20])
        .solver(Solver::lbfgs());
    let model = recipe.fit(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.99);
    assert_eq!((model.n_outputs(), model.out_activation()), (2, "identity"));
    let counts = x.column(0).mapv(|v| (1.0 + v).max(0.0).round());
    let poisson = recipe.loss(RegressionLoss::Poisson);
    let model = poisson.fit(&x, &counts).unwrap();
    assert!(model.predict(&x).unwrap().iter().all(|p| *p > 0.0));
    let refused = poisson.fit(&x, &counts.mapv(|c| c - 1.0)).unwrap_err();
    assert!(refused.to_string().contains("is negative"), "{refused}");
}

#[test]
fn divergence_is_an_error_and_dead_starts_are_told() {
    let x = features::<f64>(50, 2, 10) * 1e160;
    let y = x.column(0).to_owned();
    let sgd = MlpRegressor::new()
        .solver(Solver::sgd())
        .learning_rate_init(0.5);
    for recipe in [
        sgd,
        MlpRegressor::new(),
        MlpRegressor::new().solver(Solver::lbfgs()),
    ] {
        let diverged = recipe.fit(&x, &y).unwrap_err();
        assert!(
            matches!(diverged.kind(), ErrorKind::Diverged { .. }),
            "{diverged}"
        );
        assert!(diverged.to_string().contains("scale the features"));
    }
    let x = features::<f64>(50, 2, 10);
    let y = x.column(0).to_owned();
    let dead = MlpRegressor::new().hidden_layer_sizes([3]).max_iter(2);
    assert!(!dead.fit(&x, &y).unwrap().dead_start());
    let dead = dead.initial_weights(
        [Array2::zeros((2, 3)), Array2::ones((3, 1))],
        [array![-1.0, -1.0, -1.0], array![0.0]],
    );
    let model = dead.fit(&x, &y).unwrap();
    assert!(model.dead_start() && !model.converged());
}

#[test]
fn wrong_settings_are_named() {
    let x = array![[0.0], [1.0]];
    let y = array![0.0, 1.0];
    for (name, value) in [
        ("hidden_layer_sizes", serde_json::json!([3, 0])),
        ("alpha", (-1.0).into()),
        ("batch_size", 0.into()),
        ("learning_rate_init", 0.0.into()),
        ("power_t", (-0.5).into()),
        ("max_iter", 0.into()),
        ("tol", "nan".into()),
        ("momentum", 1.5.into()),
        ("validation_fraction", 1.0.into()),
        ("beta_1", 1.0.into()),
        ("beta_2", (-0.1).into()),
        ("epsilon", 0.0.into()),
        ("n_iter_no_change", 0.into()),
        ("max_fun", 0.into()),
        ("dropout", 1.0.into()),
        ("activation", serde_json::json!(["relu", "tanh"])),
    ] {
        let wrong = MlpRegressor::new().with_param(name, value).unwrap();
        let error = wrong.fit(&x, &y).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    let one = MlpRegressor::new()
        .with_param("hidden_layer_sizes", 7)
        .unwrap();
    assert_eq!(one, MlpRegressor::new().hidden_layer_sizes([7]));
    let endless = MlpRegressor::new()
        .with_param("n_iter_no_change", "inf")
        .unwrap();
    assert_eq!(endless, MlpRegressor::new().n_iter_no_change(usize::MAX));
    assert_eq!(endless.params()["n_iter_no_change"], "inf");
    assert!(MlpRegressor::new().with_param("batch_size", "all").is_err());
    let huge = MlpRegressor::new()
        .hidden_layer_sizes([1 << 40, 1 << 40])
        .fit(&x, &y);
    assert!(huge.is_err());
    let shapes = MlpRegressor::new().initial_weights([array![[1.0]]], [array![0.0]]);
    let refused = shapes.fit(&x, &y).unwrap_err();
    assert!(refused.to_string().contains("coefs_init"), "{refused}");
}

#[test]
fn several_labels() {
    let x = features::<f64>(60, 2, 11);
    let y = x.mapv(|v| if v > 0.0 { 1.0 } else { 0.0 });
    let recipe = MlpClassifier::new()
        .hidden_layer_sizes([8])
        .solver(Solver::lbfgs());
    let model = recipe.fit(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.95);
    let (p, log) = (
        model.predict_proba(&x).unwrap(),
        model.predict_log_proba(&x).unwrap(),
    );
    assert!(p.iter().zip(&log).all(|(p, l)| (p.ln() - l).abs() < 1e-9));
    let odd = recipe.fit(&x, &(&y * 0.5)).unwrap_err();
    assert!(odd.to_string().contains("0 or 1"), "{odd}");
    let bytes = model.to_bytes().unwrap();
    assert_eq!(FittedMlpMultiLabel::from_bytes(&bytes).unwrap(), model);
}

/// 128 rows make two parts of 64, and 127 one of 127: the memory for the first must hold the second.
#[test]
fn a_last_batch_has_larger_parts() {
    let x = Array2::from_shape_fn((255, 40), |(i, j)| ((i * 40 + j) as f64 * 0.7).sin());
    let y = x.column(0).mapv(|v| v * v);
    let model = MlpRegressor::new()
        .batch_size(128)
        .max_iter(1)
        .fit(&x, &y)
        .unwrap();
    assert!(model.loss().is_finite());
}
