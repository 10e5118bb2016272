//! Whole networks: gradients against finite differences, runs that go on, weights, threads, hostile files.

use ndarray::{Array1, Array2, array};

use super::network::{Mode, Network, Room};
use super::train::State;
use super::*;
use crate::class_weight::ClassWeight;
use crate::labels::{Class, Labels};
use crate::model::{Format, Model};
use crate::neural_network::checkpoint::{Checkpoint, Saved};
use crate::neural_network::optimizer::EVERY;
use crate::neural_network::{
    ClassificationLoss, ClassificationMonitor, Clip, Optimizer, RegressionLoss, Schedule,
};
use crate::targets::Targets;
use crate::traits::{Estimator, FitWithValidation, PartialFit, Predict, PredictProba, Score};

/// Each layer alone, and some together.
fn stacks() -> Vec<Sequential> {
    let new = Sequential::new;
    let mut stacks = vec![
        new(),
        new().batch_normalization(),
        new().layer_normalization(),
        new().dropout(0.4),
        new().embedding([1], 3),
        new().embedding([2, 0], 2).batch_normalization(),
        new()
            .dense(4, Activation::Tanh)
            .batch_normalization()
            .activation(Activation::Silu)
            .dropout(0.3)
            .dense(3, Activation::Gelu)
            .layer_normalization()
            .activation(Activation::Softplus),
        new().layer(Layer::Dense {
            units: 4,
            activation: Activation::Elu { alpha: 1.0 },
            kernel_initializer: Initializer::HeNormal,
            use_bias: false,
            l2: 0.3,
        }),
    ];
    for activation in [
        Activation::Logistic,
        Activation::Relu,
        Activation::LeakyRelu {
            negative_slope: 0.3,
        },
        Activation::Selu,
        Activation::GeluTanh,
        Activation::Mish,
    ] {
        stacks.push(new().dense(3, activation).dense(2, activation));
    }
    stacks
}

fn codes_x() -> Array2<f64> {
    let wave = |i: usize, j: usize| ((i * 3 + j) as f64 * 0.7).sin();
    Array2::from_shape_fn((5, 4), |(i, j)| match j {
        0..=2 => ((i * (j + 2)) % 3) as f64 - if i == 4 { 5.0 } else { 0.0 },
        _ => wave(i, j),
    })
}

#[test]
fn gradients_of_every_layer_are_those_of_finite_differences() {
    for layers in stacks() {
        let embeds = matches!(layers.layers().first(), Some(Layer::Embedding { .. }));
        let x = if embeds {
            codes_x()
        } else {
            Array2::from_shape_fn((5, 4), |(i, j)| ((i * 4 + j) as f64 * 0.9).sin() + 0.1)
        };
        let rows: Vec<usize> = (0..5).collect();
        let mut network = layers.network("E", &x, Some(&rows), 2, 3).unwrap();
        // Away from the zeros and ones at the start.
        for (i, w) in network.parameters.iter_mut().enumerate() {
            *w += 0.2 * (i as f64 * 1.3).sin();
        }
        let flat: Vec<f64> = x.iter().copied().collect();
        let direction: Vec<f64> = (0..10).map(|i| (i as f64 * 2.1).cos()).collect();
        let mode = Mode::Learn {
            random_state: 1,
            update: 4,
        };
        let loss = |network: &Network<f64>, room: &mut Room<f64>| {
            room.forward(network, &flat, 5, mode);
            let values = room.output().iter().zip(&direction);
            values.map(|(z, d)| z * d).sum::<f64>() + network.penalty()
        };
        let mut room = Room::new(&network, 5);
        loss(&network, &mut room);
        room.output_and_delta().1[..10].copy_from_slice(&direction);
        let mut gradient = vec![f64::NAN; network.parameters.len()];
        room.backward(&network, &flat, &mut gradient);
        for (i, &by_pass) in gradient.iter().enumerate() {
            let h = 1e-5;
            let mut moved = network.clone();
            moved.parameters[i] += h;
            let up = loss(&moved, &mut room);
            moved.parameters[i] -= 2.0 * h;
            let down = loss(&moved, &mut room);
            let slope = (up - down) / (2.0 * h);
            let error = (by_pass - slope).abs() / (1.0 + slope.abs());
            assert!(error < 1e-7, "{layers:?} {i}: {by_pass} {slope}");
        }
    }
}

fn spirals() -> (Array2<f64>, Labels) {
    let x = Array2::from_shape_fn((90, 2), |(i, j)| {
        let t = (i / 3) as f64 / 15.0 + (i % 3) as f64 * 2.0;
        (t + j as f64 * 1.6).sin() * (1.0 + (i / 3) as f64 / 15.0)
    });
    (x, (0..90).map(|i| i % 3).collect())
}

fn network() -> SequentialClassifier {
    let layers = Sequential::new()
        .dense(8, Activation::Tanh)
        .batch_normalization()
        .dropout(0.2);
    SequentialClassifier::new(layers)
        .learning_rate_init(0.02)
        .batch_size(16)
        .tol(0.0)
}

fn path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("fitwell-{}-{name}", std::process::id()))
}

#[test]
fn a_fit_that_was_stopped_goes_on_bit_for_bit() {
    let (x, y) = spirals();
    let schedules = [
        Schedule::Constant,
        Schedule::one_cycle(30),
        Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 1,
            min_delta: 0.1,
            cooldown: 1,
            min_lr: 1e-4,
        },
        Schedule::CosineRestarts {
            first_decay_steps: 7,
            t_mul: 1.5,
            m_mul: 0.9,
            alpha: 0.1,
        },
    ];
    let optimizers = EVERY.into_iter().map(|optimizer| (optimizer, schedules[0]));
    let schedules = schedules.into_iter().map(|s| (Optimizer::adam(), s));
    for (number, (optimizer, schedule)) in optimizers.chain(schedules).enumerate() {
        let path = path(&format!("resume-{number}"));
        let network = network()
            .optimizer(optimizer)
            .learning_rate(schedule)
            .warmup_steps(3)
            .early_stopping(true)
            .clip(Clip::Norm(0.5));
        let whole = network.clone().max_iter(7).fit(&x, &y).unwrap();
        let saving = network.checkpoint(Checkpoint::new(&path).every(2));
        // Stopped by its observer after the third epoch: the file has the second.
        let stopping = saving
            .clone()
            .max_iter(7)
            .observer(|p: &crate::observer::Progress| {
                if p.iteration == 3 {
                    std::ops::ControlFlow::Break(())
                } else {
                    std::ops::ControlFlow::Continue(())
                }
            });
        assert!(stopping.fit(&x, &y).is_err());
        let resumed = saving.clone().max_iter(7).fit(&x, &y).unwrap();
        assert_eq!(
            resumed.weights(),
            whole.weights(),
            "{optimizer:?} {schedule:?}"
        );
        assert_eq!(resumed.loss_curve(), whole.loss_curve());
        assert_eq!(resumed.validation_scores(), whole.validation_scores());
        assert_eq!(resumed, whole);
        // Done: once more does nothing, fewer epochs are an error.
        assert_eq!(saving.clone().max_iter(7).fit(&x, &y).unwrap(), whole);
        assert!(saving.max_iter(6).fit(&x, &y).is_err());
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_checkpoint_of_another_fit_is_refused() {
    let (x, y) = spirals();
    let path = path("other");
    let saving = network().max_iter(2).checkpoint(Checkpoint::new(&path));
    saving.fit(&x, &y).unwrap();
    let says = |result: crate::Result<FittedSequentialClassifier<f64>>, what: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    says(
        saving.clone().learning_rate_init(0.03).fit(&x, &y),
        "other settings",
    );
    says(saving.fit(&(&x + 1.0), &y), "other data");
    let one = saving.fit(&x.mapv(|v| v as f32), &y).unwrap_err();
    assert!(
        matches!(one.kind(), crate::ErrorKind::ModelType { .. }),
        "{one}"
    );
    for cut in [0, 9, 100] {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..cut.min(bytes.len())]).unwrap();
        assert!(saving.fit(&x, &y).is_err());
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn damaged_checkpoints_are_errors() {
    let (x, y) = spirals();
    let path = path("damage");
    let saving = network().max_iter(2).checkpoint(Checkpoint::new(&path));
    saving.fit(&x, &y).unwrap();
    let saved = Saved::<(Optimizer, State<f64>)>::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let text = saved.to_json().unwrap();
    let again = Saved::<(Optimizer, State<f64>)>::from_json(&text).unwrap();
    assert_eq!(again, saved);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let damages: [fn(&mut serde_json::Value); 7] = [
        |s| s["slots"] = serde_json::json!([1.0]),
        |s| s["loss_curve"] = serde_json::json!([]),
        |s| s["validation_losses"] = serde_json::json!([1.0]),
        |s| s["network"]["parameters"] = serde_json::json!([0.5]),
        |s| s["network"]["statistics"] = serde_json::json!([]),
        |s| s["network"]["nodes"][0]["n_outputs"] = serde_json::json!(1u64 << 40),
        |s| s["waited"] = serde_json::json!(99),
    ];
    for (i, damage) in damages.into_iter().enumerate() {
        let mut bad = value.clone();
        damage(&mut bad["model"]["state"][1]);
        let read = Saved::<(Optimizer, State<f64>)>::from_json(&bad.to_string());
        assert!(read.is_err(), "{i}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (x, y) = spirals();
    let layers = Sequential::new()
        .dense(64, Activation::Mish)
        .dropout(0.3)
        .layer_normalization()
        .dense(64, Activation::Relu)
        .batch_normalization();
    let network = SequentialClassifier::new(layers)
        .max_iter(3)
        .clip(Clip::GlobalNorm(1.0));
    let fits = [1, 2, 8].map(|n| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap();
        pool.install(|| network.fit(&x, &y).unwrap())
    });
    assert_eq!(fits[0], fits[1]);
    assert_eq!(fits[0], fits[2]);
}

#[test]
fn weights_are_repetitions_and_rows_without_weight_are_not_there() {
    let (x, y) = spirals();
    let weights: Array1<f64> = (0..90).map(|i| (i % 4) as f64).collect();
    let rows: Vec<usize> = (0..90).flat_map(|i| vec![i; i % 4]).collect();
    let network = SequentialClassifier::new(Sequential::new().dense(5, Activation::Tanh))
        .learning_rate_init(0.05)
        .batch_size(1000)
        .max_iter(20);
    let weighted = network.fit(&x, &y.weighted(&weights)).unwrap();
    let repeated = network
        .fit(
            &x.select(ndarray::Axis(0), &rows),
            &y.select(&rows).unwrap(),
        )
        .unwrap();
    for (a, b) in weighted.weights().iter().zip(repeated.weights()) {
        assert!((a - &b).iter().all(|d| d.abs() < 1e-9));
    }
    let scaled = network.fit(&x, &y.weighted(&(weights * 8.0))).unwrap();
    assert_eq!(scaled.weights(), weighted.weights());
}

#[test]
fn early_stopping_keeps_the_best_epoch() {
    let (x, y) = spirals();
    let early = network()
        .tol(1e-4)
        .early_stopping(true)
        .n_iter_no_change(5)
        .max_iter(300);
    let model = early.fit(&x, &y).unwrap();
    assert!(model.converged() && model.n_iter() < 300);
    assert_eq!(model.validation_scores().len(), model.n_iter());
    assert_eq!(model.validation_loss_curve().len(), model.n_iter());

    // A given set decides, and its score at the end is the best that was seen.
    let (a, b): (Vec<usize>, Vec<usize>) = (0..90).partition(|i| i % 5 != 0);
    let part = |rows: &[usize]| (x.select(ndarray::Axis(0), rows), y.select(rows).unwrap());
    let ((x_a, y_a), (x_b, y_b)) = (part(&a), part(&b));
    for monitor in [
        ClassificationMonitor::Accuracy,
        ClassificationMonitor::BalancedAccuracy,
        ClassificationMonitor::F1Macro,
        ClassificationMonitor::RocAuc,
    ] {
        let early = early.clone().monitor(monitor);
        let model = early.fit_with_validation(&x_a, &y_a, &x_b, &y_b).unwrap();
        if monitor == ClassificationMonitor::Accuracy {
            let score = model.score(&x_b, &y_b).unwrap();
            assert!((model.best_validation_score().unwrap() - score).abs() < 1e-12);
        }
    }
    let by_loss = early.clone().monitor(ClassificationMonitor::Loss);
    let model = by_loss.fit_with_validation(&x_a, &y_a, &x_b, &y_b).unwrap();
    let proba = model.predict_proba(&x_b).unwrap();
    let loss = crate::metrics::log_loss(&y_b, &proba, model.classes()).unwrap();
    let best = model
        .validation_loss_curve()
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    assert!((loss - best).abs() < 1e-12 && model.validation_scores().is_empty());

    let constant = early.clone().custom_metric(|_, proba| proba[[0, 0]]);
    let own = constant
        .fit_with_validation(&x_a, &y_a, &x_b, &y_b)
        .unwrap();
    let kept = own.predict_proba(&x_b).unwrap()[[0, 0]];
    assert!((kept - own.best_validation_score().unwrap()).abs() < 1e-12);

    let unknown = y_b.iter().map(|_| 7).collect::<Labels>();
    let refused = early
        .fit_with_validation(&x_a, &y_a, &x_b, &unknown)
        .unwrap_err();
    assert!(
        refused.to_string().starts_with("validation set"),
        "{refused}"
    );
    // Only a curve without early stopping.
    let plain = network().max_iter(4);
    let watched = plain.fit_with_validation(&x_a, &y_a, &x_b, &y_b).unwrap();
    assert_eq!(watched.weights(), plain.fit(&x_a, &y_a).unwrap().weights());
    assert_eq!(watched.validation_scores().len(), 4);
}

#[test]
fn partial_fit_is_one_more_epoch() {
    let (x, y) = spirals();
    let two = network().max_iter(2).fit(&x, &y).unwrap();
    let mut one = network().max_iter(1).fit(&x, &y).unwrap();
    one.partial_fit(&x, &y).unwrap();
    assert_eq!(one.weights(), two.weights());
    assert_eq!(one.loss_curve(), two.loss_curve());
    let mut same = one.clone();
    let unknown: Labels = y.iter().map(|_| 9).collect();
    assert!(same.partial_fit(&x, &unknown).is_err());
    assert_eq!(same, one);
    let bytes = one.to_bytes().unwrap();
    let mut read = FittedSequentialClassifier::<f64>::from_bytes(&bytes).unwrap();
    read.partial_fit(&x, &y).unwrap();
    one.partial_fit(&x, &y).unwrap();
    assert_eq!(read, one);
}

#[test]
fn batches_of_a_stream_are_the_rows_in_memory() {
    let (x, y) = spirals();
    let network = network().shuffle(false).max_iter(3);
    let whole = network.fit(&x, &y).unwrap();
    let classes: Vec<Class> = y.classes().to_vec();
    let streamed = network
        .fit_batches(
            &classes,
            |_| {
                Ok((0..90).step_by(32).map(|first| {
                    let rows: Vec<usize> = (first..90.min(first + 32)).collect();
                    Ok((x.select(ndarray::Axis(0), &rows), y.select(&rows)?))
                }))
            },
            None,
        )
        .unwrap();
    assert_eq!(streamed.weights(), whole.weights());
    let none = network.fit_batches(
        &classes,
        |_| Ok(Vec::<crate::Result<(Array2<f64>, Labels)>>::new()),
        None,
    );
    assert!(matches!(
        none.unwrap_err().kind(),
        crate::ErrorKind::EmptyInput { .. }
    ));
    let huge = network.clone().batch_size(usize::MAX);
    let refused = huge.fit_batches(&classes, |_| Ok([Ok((x.clone(), y.clone()))]), None);
    assert!(matches!(
        refused.unwrap_err().kind(),
        crate::ErrorKind::TooLarge { .. }
    ));
    let other = network.fit_batches(&classes[..2], |_| Ok([Ok((x.clone(), y.clone()))]), None);
    assert!(
        other
            .unwrap_err()
            .to_string()
            .starts_with("batch 0: y, row 2")
    );
}

#[test]
fn two_classes_have_one_output_and_class_weights_count() {
    let (x, y) = spirals();
    let two: Labels = y.codes().iter().map(|&c| c == 0).collect();
    for loss in [
        ClassificationLoss::cross_entropy(),
        ClassificationLoss::smoothed(0.1),
        ClassificationLoss::focal(2.0),
    ] {
        let base = network().loss(loss).max_iter(60);
        let plain = base.fit(&x, &two).unwrap();
        assert_eq!(plain.weights().last().unwrap().dim(), (1, 1));
        let heavy = base
            .clone()
            .class_weight(ClassWeight::of([(true, 30.0)]))
            .fit(&x, &two)
            .unwrap();
        let mean = |m: &FittedSequentialClassifier<f64>| {
            m.predict_proba(&x).unwrap().column(1).mean().unwrap()
        };
        assert!(mean(&heavy) > mean(&plain) + 0.05, "{loss:?}");
    }
}

#[test]
fn regressors_follow_what_their_loss_asks_for() {
    // A target of skewed noise around 0: most values are −1, some are 5.
    let x = Array2::from_shape_fn((200, 1), |(i, _)| (i as f64 * 0.37).sin());
    let y: Array1<f64> = (0..200)
        .map(|i| if i % 5 == 0 { 5.0 } else { -1.0 })
        .collect();
    let level = |loss: RegressionLoss, y: &Array1<f64>| {
        let network = SequentialRegressor::new(Sequential::new())
            .loss(loss)
            .learning_rate_init(0.05)
            .batch_size(200)
            .n_iter_no_change(50)
            .max_iter(500);
        let model = network.fit(&x, y).unwrap();
        model.predict(&x).unwrap().mean().unwrap()
    };
    assert!((level(RegressionLoss::SquaredError, &y) - 0.2).abs() < 0.05);
    assert!((level(RegressionLoss::AbsoluteError, &y) + 1.0).abs() < 0.1);
    assert!((level(RegressionLoss::Quantile { quantile: 0.9 }, &y) - 5.0).abs() < 0.3);
    let huber = level(RegressionLoss::Huber { delta: 1.0 }, &y);
    assert!((-1.0..-0.5).contains(&huber), "{huber}");
    assert!(level(RegressionLoss::LogCosh, &y) < -0.3);
    let counts = y.mapv(|v| v + 1.0);
    assert!((level(RegressionLoss::Poisson, &counts) - 1.2).abs() < 0.05);
    let poisson = SequentialRegressor::new(Sequential::new()).loss(RegressionLoss::Poisson);
    assert!(poisson.fit(&x, &y).is_err());
}

#[test]
fn several_targets_and_both_precisions() {
    let x = Array2::from_shape_fn((60, 2), |(i, j)| ((i * 2 + j) as f64 * 0.31).cos());
    let y = Array2::from_shape_fn((60, 2), |(i, j)| x[[i, j]] * 2.0 - 1.0);
    let network = SequentialRegressor::new(Sequential::new().dense(8, Activation::Tanh))
        .learning_rate_init(0.03)
        .batch_size(20)
        .tol(1e-6)
        .max_iter(300);
    let model = network.fit(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.98);
    let narrow = network
        .fit(&x.mapv(|v| v as f32), &y.mapv(|v| v as f32))
        .unwrap();
    assert!(
        narrow
            .score(&x.mapv(|v| v as f32), &y.mapv(|v| v as f32))
            .unwrap()
            > 0.98
    );
    let read = FittedSequentialRegressor::<f64, ndarray::Ix2>::from_json(&model.to_json().unwrap());
    assert_eq!(read.unwrap(), model);
    assert!(FittedSequentialRegressor::<f64>::from_bytes(&model.to_bytes().unwrap()).is_err());
}

#[test]
fn embeddings_learn_categories_and_know_unknown_ones() {
    // The target is a table of the categories, not in their order.
    let table = [3.0, -2.0, 5.0, 0.0, -4.0];
    let x = Array2::from_shape_fn(
        (100, 2),
        |(i, j)| if j == 0 { 1.0 } else { (i * 3 % 5) as f64 },
    );
    let y: Array1<f64> = x.column(1).mapv(|c| table[c as usize]);
    let network = SequentialRegressor::new(Sequential::new().embedding([1], 2))
        .learning_rate_init(0.05)
        .n_iter_no_change(100)
        .max_iter(400);
    let model = network.fit(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.99);
    let unknown = model
        .predict(&array![[1.0, -1.0], [1.0, 5.0], [1.0, 1e6]])
        .unwrap();
    assert!(unknown.iter().all(|v| (v - unknown[0]).abs() < 1e-12));
    assert!(model.predict(&array![[1.0, 0.5]]).is_err());
    assert!(
        network
            .fit(&array![[0.0, 0.5], [0.0, 1.0]], &array![0.0, 1.0])
            .is_err()
    );
    assert_eq!(model.weights()[0].dim(), (6, 2));
    let beyond = SequentialRegressor::new(Sequential::new().embedding([2], 2));
    assert!(
        beyond
            .fit(&x, &y)
            .unwrap_err()
            .to_string()
            .contains("layers[0].columns")
    );
}

#[test]
fn settings_out_of_range_are_refused_and_divergence_is_an_error() {
    use crate::params::Hyperparameters;
    let (x, y) = spirals();
    let new = || SequentialClassifier::new(Sequential::new());
    for bad in [
        new().learning_rate_init(0.0),
        new().learning_rate_init(f64::NAN),
        new().batch_size(0),
        new().max_iter(0),
        new().tol(-1.0),
        new().n_iter_no_change(0),
        new().validation_fraction(1.0),
        new().clip(Clip::Value(-1.0)),
        new().optimizer(Optimizer::adam_w(-1.0)),
        new().loss(ClassificationLoss::smoothed(1.0)),
        new().learning_rate(Schedule::one_cycle(0)),
        new().layers(Sequential::new().dense(0, Activation::Relu)),
        new().class_weight(ClassWeight::of([(0, -1.0)])),
    ] {
        assert!(bad.check().is_err(), "{bad}");
        assert!(bad.fit(&x, &y).is_err());
    }
    let huge = new().layers(Sequential::new().dense(usize::MAX, Activation::Relu));
    assert!(matches!(
        huge.fit(&x, &y).unwrap_err().kind(),
        crate::ErrorKind::TooLarge { .. }
    ));
    let real = Array1::from_shape_fn(90, |i| i as f64);
    let wild = SequentialRegressor::new(Sequential::new().dense(9, Activation::Relu))
        .optimizer(Optimizer::sgd())
        .learning_rate_init(1e6);
    let diverged = wild.fit(&x, &real).unwrap_err();
    assert!(
        matches!(diverged.kind(), crate::ErrorKind::Diverged { .. }),
        "{diverged}"
    );
    let custom = new()
        .loss(ClassificationLoss::Custom)
        .fit(&x, &y)
        .unwrap_err();
    assert!(custom.to_string().contains("custom_loss"), "{custom}");
}

#[test]
fn a_network_starts_from_given_weights() {
    let (x, y) = spirals();
    let first = network().max_iter(1).fit(&x, &y).unwrap();
    let weights = first.weights();
    let again = network().initial_weights(weights.clone());
    let text = serde_json::to_string(&again).unwrap();
    assert_eq!(
        serde_json::from_str::<SequentialClassifier>(&text).unwrap(),
        again
    );
    assert!(again.max_iter(1).fit(&x, &y).unwrap().loss() < first.loss());
    let wrong = network()
        .initial_weights(weights[1..].to_vec())
        .fit(&x, &y)
        .unwrap_err();
    assert!(wrong.to_string().contains("initial_weights"), "{wrong}");
    let mut negative = weights;
    let last = negative.len() - 3; // running variances, before the last W and b
    negative[last].fill(-1.0);
    assert!(network().initial_weights(negative).fit(&x, &y).is_err());
}

#[test]
fn models_survive_files_and_hostile_ones_are_refused() {
    let (x, y) = spirals();
    let layers = Sequential::new()
        .dense(3, Activation::Relu)
        .batch_normalization();
    let model = SequentialClassifier::new(layers)
        .max_iter(2)
        .fit(&x, &y)
        .unwrap();
    for format in [Format::Json, Format::Binary] {
        let path = path(&format!("model-{format:?}"));
        model.save(&path, format).unwrap();
        assert_eq!(
            FittedSequentialClassifier::<f64>::load(&path).unwrap(),
            model
        );
        std::fs::remove_file(path).unwrap();
    }
    let value: serde_json::Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
    let damages: [fn(&mut serde_json::Value); 6] = [
        |m| m["settings"]["layers"] = serde_json::json!([]),
        |m| m["settings"]["optimizer"] = serde_json::json!("sgd"),
        |m| m["state"]["network"]["statistics"][3] = serde_json::json!(-1.0),
        |m| m["classes"] = serde_json::json!([{"Int": 0}, {"Int": 1}]),
        |m| m["state"]["network"]["nodes"][1]["n_inputs"] = serde_json::json!(4),
        |m| m["state"]["network"]["nodes"] = serde_json::json!([]),
    ];
    for (i, damage) in damages.into_iter().enumerate() {
        let mut bad = value.clone();
        damage(&mut bad["model"]);
        let read = FittedSequentialClassifier::<f64>::from_json(&bad.to_string());
        assert!(read.is_err(), "{i}");
    }
    assert!(model.to_string().contains("dense (relu)"), "{model}");
}
