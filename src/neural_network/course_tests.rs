//! The course of a fit: what is monitored, what observers hear, what checkpoints keep; and what there is to say of a network.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use ndarray::{Array1, Array2, Axis, array};

use super::checkpoint::Saved;
use super::train::Course;
use super::*;
use crate::error::ErrorKind;
use crate::labels::Labels;
use crate::metrics::{self, Average, MultiClass};
use crate::model::{Format, Model};
use crate::observer::{Notice, Progress};
use crate::params::Params;
use crate::targets::Targets;
use crate::traits::{Estimator, FitWithValidation, Predict, PredictProba, Score};

fn waves() -> (Array2<f64>, Labels) {
    let x = Array2::from_shape_fn((75, 3), |(i, j)| ((i * (j + 2)) as f64 * 0.83).sin());
    let class = |i| (x[[i, 0]] + x[[i, 1]] > 0.3) as usize + (x[[i, 2]] > 0.5) as usize;
    let y = (0..75).map(class).collect();
    (x, y)
}

fn labels_of(x: &Array2<f64>) -> Array2<f64> {
    x.mapv(|v| f64::from(u8::from(v > 0.1)))
}

fn path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("fitwell-mlp-{}-{name}", std::process::id()))
}

fn stop_at(epoch: usize) -> impl Fn(&Progress) -> ControlFlow<()> {
    move |p| match p.iteration {
        i if i >= epoch => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

/// A fit that is stopped after its third epoch, of which the file has the second, and one that goes on.
fn resumes<E, Y: Targets + ?Sized>(
    name: &str,
    recipe: &E,
    y: &Y,
    save: impl Fn(E, Checkpoint) -> E,
    stop: impl Fn(E) -> E,
) where
    E: Estimator<ndarray::ArrayRef2<f64>, Y> + Clone,
    E::Fitted: PartialEq + std::fmt::Debug,
{
    let (x, _) = waves();
    let path = path(name);
    let whole = recipe.fit(&x, y).unwrap();
    let saving = save(recipe.clone(), Checkpoint::new(&path).every(2));
    let cancelled = stop(saving.clone()).fit(&x, y);
    assert!(cancelled.is_err(), "{name}");
    assert!(path.exists(), "{name}");
    assert_eq!(saving.fit(&x, y).unwrap(), whole, "{name}");
    // Done: once more does nothing.
    assert_eq!(saving.fit(&x, y).unwrap(), whole, "{name}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn perceptrons_go_on_bit_for_bit() {
    let (x, y) = waves();
    let base = MlpClassifier::new()
        .hidden_layer_sizes([6, 4])
        .batch_size(20)
        .learning_rate_init(0.01)
        .tol(0.0)
        .max_iter(7);
    let sgd = |learning_rate| Solver::Sgd {
        momentum: 0.8,
        nesterovs_momentum: true,
        learning_rate,
    };
    let recipes = [
        base.clone(),
        base.clone().early_stopping(true).dropout(0.3),
        base.clone()
            .solver(sgd(LearningRate::Adaptive))
            .tol(0.1)
            .n_iter_no_change(1),
        base.clone()
            .solver(sgd(LearningRate::InvScaling { power_t: 0.3 })),
        base.clone()
            .optimizer(Optimizer::nadam())
            .schedule(Schedule::one_cycle(28))
            .clip(Clip::Norm(0.5))
            .monitor(ClassificationMonitor::F1Macro)
            .early_stopping(true),
        base.clone()
            .schedule(Schedule::reduce_on_plateau(1))
            .warmup_steps(5),
    ];
    for (i, recipe) in recipes.iter().enumerate() {
        let save = |r: MlpClassifier, c| r.checkpoint(c);
        let stop = |r: MlpClassifier| r.observer(stop_at(3));
        resumes(&format!("classes-{i}"), recipe, &y, save, stop);
        if !recipe.clone().params()["early_stopping"].as_bool().unwrap() {
            let labels = labels_of(&x);
            resumes(&format!("labels-{i}"), recipe, &*labels, save, stop);
        }
    }
    let real = MlpRegressor::new()
        .hidden_layer_sizes([5])
        .batch_size(30)
        .tol(0.0)
        .max_iter(6);
    let target = x.column(0).mapv(|v| v * v);
    let save = |r: MlpRegressor, c| r.checkpoint(c);
    resumes("values", &real, &*target, save, |r| r.observer(stop_at(3)));
    let early = real.early_stopping(true).validation_fraction(0.2);
    resumes("early", &early, &*target, save, |r| r.observer(stop_at(3)));
}

#[test]
fn checkpoints_of_another_fit_are_refused() {
    let (x, y) = waves();
    let path = path("other");
    let saving = MlpClassifier::new()
        .hidden_layer_sizes([4])
        .tol(0.0)
        .max_iter(2)
        .checkpoint(Checkpoint::new(&path));
    let model = saving.fit(&x, &y).unwrap();
    let says = |result: crate::Result<FittedMlpClassifier<f64>>, what: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    says(saving.clone().alpha(0.5).fit(&x, &y), "other settings");
    says(saving.fit(&(&x + 1.0), &y), "other data");
    says(saving.fit_from(&x, &y, &model), "other data");
    says(saving.clone().max_iter(1).fit(&x, &y), "max_iter");
    let narrow = saving.fit(&x.mapv(|v| v as f32), &y).unwrap_err();
    assert!(
        matches!(narrow.kind(), ErrorKind::ModelType { .. }),
        "{narrow}"
    );
    let layers = SequentialClassifier::new(Sequential::new()).checkpoint(Checkpoint::new(&path));
    assert!(layers.fit(&x, &y).is_err());
    std::fs::remove_file(&path).unwrap();
    let nowhere = path.join("not/there");
    assert!(
        saving
            .checkpoint(Checkpoint::new(nowhere))
            .fit(&x, &y)
            .is_err()
    );
}

/// Truncated at every length, with every sort of wrong content, and with random bytes changed: an error, or a fit that ends.
#[test]
fn damaged_checkpoints_of_perceptrons_are_errors() {
    let (x, y) = waves();
    let path = path("damage");
    let saving = MlpClassifier::new()
        .hidden_layer_sizes([2])
        .early_stopping(true)
        .tol(0.0)
        .max_iter(2)
        .checkpoint(Checkpoint::new(&path));
    saving.fit(&x, &y).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in (0..bytes.len()).step_by(7) {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert!(saving.fit(&x, &y).is_err(), "{cut}");
    }
    for at in (0..bytes.len()).step_by(11) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        std::fs::write(&path, changed).unwrap();
        assert!(saving.fit(&x, &y).is_err(), "{at}"); // the checksum
    }
    std::fs::write(&path, &bytes).unwrap();
    let saved = Saved::<Course<f64>>::load(&path).unwrap();
    let value: serde_json::Value = serde_json::from_str(&saved.to_json().unwrap()).unwrap();
    type Damage = (&'static str, fn(&mut serde_json::Value));
    let damages: [Damage; 9] = [
        ("slots", |s| s["memory"]["slots"] = serde_json::json!([])),
        ("squares", |s| s["memory"]["slots"][1][0] = (-1.0).into()),
        ("steps", |s| s["memory"]["steps"] = u64::MAX.into()),
        ("epochs", |s| s["memory"]["epochs"] = u64::MAX.into()),
        ("t", |s| s["record"]["t"] = u64::MAX.into()),
        ("n_iter", |s| s["record"]["n_iter"] = 0.into()),
        ("scores", |s| {
            s["record"]["validation_scores"] = serde_json::json!([])
        }),
        ("best", |s| {
            s["best"] = serde_json::json!({"coefs": [], "intercepts": []})
        }),
        ("params", |s| {
            s["params"]["intercepts"] = serde_json::json!([])
        }),
    ];
    for (name, damage) in damages {
        let mut bad = value.clone();
        damage(&mut bad["model"]["state"]);
        let read = Saved::<Course<f64>>::from_json(&bad.to_string());
        assert!(read.is_err(), "{name}");
    }
    // Of other layers, but a file that is right in itself.
    let other = saving.clone().hidden_layer_sizes([3]);
    std::fs::remove_file(&path).unwrap();
    other.fit(&x, &y).unwrap();
    let mut forged = Saved::<Course<f64>>::load(&path).unwrap();
    forged.settings = saved.settings;
    forged.data = saved.data;
    forged.save(&path, Format::Json).unwrap();
    let refused = saving.fit(&x, &y).unwrap_err().to_string();
    assert!(refused.contains("other layers"), "{refused}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn any_metric_may_decide_and_the_best_weights_are_kept() {
    let (x, y) = waves();
    let (a, b): (Vec<usize>, Vec<usize>) = (0..75).partition(|i| i % 3 != 0);
    let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(rows).unwrap());
    let ((x_a, y_a), (x_b, y_b)) = (part(&a), part(&b));
    let weights = Array1::from_shape_fn(y_b.len(), |i| 0.5 + (i % 3) as f64);
    let held = y_b.weighted(&weights);
    let plain = Array1::<f64>::ones(y_a.len());
    let base = MlpClassifier::new()
        .hidden_layer_sizes([6])
        .learning_rate_init(0.05)
        .n_iter_no_change(4)
        .max_iter(40);
    type Metric = fn(&FittedMlpClassifier<f64>, &Array2<f64>, &crate::Weighted<Labels>) -> f64;
    let monitors: [(ClassificationMonitor, Metric); 4] = [
        (ClassificationMonitor::Accuracy, |m, x, y| {
            m.score(x, y).unwrap()
        }),
        (ClassificationMonitor::BalancedAccuracy, |m, x, y| {
            metrics::balanced_accuracy_score(y, &m.predict(x).unwrap()).unwrap()
        }),
        (ClassificationMonitor::F1Macro, |m, x, y| {
            metrics::f1_score(y, &m.predict(x).unwrap(), &Average::Macro).unwrap()
        }),
        (ClassificationMonitor::RocAuc, |m, x, y| {
            let proba = m.predict_proba(x).unwrap();
            let classes = y.target().classes();
            metrics::roc_auc_score_multiclass(y, &proba, classes, MultiClass::OvrMacro).unwrap()
        }),
    ];
    for (monitor, metric) in monitors {
        let recipe = base.clone().monitor(monitor);
        let model = recipe
            .fit_with_validation(&x_a, &y_a.weighted(&plain), &x_b, &held)
            .unwrap();
        let scores = model.validation_scores().iter().copied();
        let best = scores.fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(model.best_validation_score(), Some(best));
        let found = metric(&model, &x_b, &held);
        assert!((best - found).abs() < 1e-12, "{monitor:?} {best} {found}");
    }
    let own = base.clone().custom_metric(|y, p| {
        let rows = y.codes().iter().enumerate();
        rows.map(|(i, &c)| p[[i, c as usize]]).sum::<f64>() / y.len() as f64
    });
    let model = own.fit_with_validation(&x_a, &y_a, &x_b, &y_b).unwrap();
    let p = model.predict_proba(&x_b).unwrap();
    let rows = y_b.codes().iter().enumerate();
    let mean = rows.map(|(i, &c)| p[[i, c as usize]]).sum::<f64>() / y_b.len() as f64;
    assert!((model.best_validation_score().unwrap() - mean).abs() < 1e-12);
    // By name alone there is no metric.
    let nameless = base.clone().with_param("monitor", "custom").unwrap();
    let refused = nameless.early_stopping(true).fit(&x, &y).unwrap_err();
    assert!(refused.to_string().contains("custom_metric"), "{refused}");
    let two: Labels = y.codes().iter().map(|&c| c > 0).collect();
    let binary = base
        .clone()
        .monitor(ClassificationMonitor::RocAuc)
        .early_stopping(true);
    let model = binary.validation_fraction(0.4).fit(&x, &two).unwrap();
    assert!(model.best_validation_score().unwrap() > 0.6);

    let target = x.column(0).mapv(|v| v * v);
    for (monitor, least) in [
        (RegressionMonitor::R2, 0.0),
        (RegressionMonitor::NegMeanSquaredError, -0.2),
        (RegressionMonitor::NegMeanAbsoluteError, -0.4),
        (RegressionMonitor::Loss, -0.1),
    ] {
        let recipe = MlpRegressor::new()
            .learning_rate_init(0.01)
            .monitor(monitor)
            .early_stopping(true)
            .validation_fraction(0.3);
        let best = recipe.fit(&x, &target).unwrap().best_validation_score();
        assert!(best > Some(least), "{monitor:?} {best:?}");
    }
    let first = MlpRegressor::new().custom_metric(|_, p| p[[0, 0]]);
    let model = first
        .max_iter(5)
        .fit_with_validation(&x, &target, &x, &target)
        .unwrap();
    let kept = model.predict(&x).unwrap()[0];
    assert!((model.best_validation_score().unwrap() - kept).abs() < 1e-12);
}

#[test]
fn several_labels_are_judged_by_any_metric_that_knows_them() {
    let (x, _) = waves();
    let y = labels_of(&x);
    let weights = Array1::from_shape_fn(75, |i| 1.0 + (i % 2) as f64);
    let y = y.weighted(&weights);
    let base = MlpClassifier::new()
        .hidden_layer_sizes([8])
        .learning_rate_init(0.05)
        .max_iter(15);
    for monitor in [
        ClassificationMonitor::Accuracy,
        ClassificationMonitor::F1Macro,
        ClassificationMonitor::RocAuc,
        ClassificationMonitor::Loss,
    ] {
        let recipe = base.clone().monitor(monitor);
        let model = recipe.fit_with_validation(&x, &y, &x, &y).unwrap();
        let best = model.best_validation_score().unwrap();
        let p = model.predict_proba(&x).unwrap();
        let said = model.predict(&x).unwrap();
        let column =
            |j: usize| -> Labels { y.target().column(j).iter().map(|&v| v > 0.5).collect() };
        let mean = |f: &dyn Fn(usize) -> f64| (0..3).map(f).sum::<f64>() / 3.0;
        let found = match monitor {
            ClassificationMonitor::Accuracy => model.score(&x, &y).unwrap(),
            ClassificationMonitor::F1Macro => mean(&|j| {
                let said: Labels = said.column(j).iter().map(|&v| v > 0.5).collect();
                let truth = column(j).weighted(&weights);
                metrics::f1_score(&truth, &said, &Average::positive(true)).unwrap()
            }),
            ClassificationMonitor::RocAuc => mean(&|j| {
                let truth = column(j).weighted(&weights);
                metrics::roc_auc_score(&truth, &p.column(j)).unwrap()
            }),
            _ => {
                let rows = p.indexed_iter().map(|((i, j), p)| {
                    let y = y.target()[[i, j]];
                    weights[i] * (y * p.ln() + (1.0 - y) * (1.0 - p).ln())
                });
                rows.sum::<f64>() / weights.sum()
            }
        };
        assert!((best - found).abs() < 1e-9, "{monitor:?} {best} {found}");
    }
    let own = base.clone().custom_label_metric(|_, p| p[[0, 0]]);
    let model = own.fit_with_validation(&x, &y, &x, &y).unwrap();
    let kept = model.predict_proba(&x).unwrap()[[0, 0]];
    assert!((model.best_validation_score().unwrap() - kept).abs() < 1e-12);
    let balanced = base.monitor(ClassificationMonitor::BalancedAccuracy);
    let refused = balanced.fit(&x, &y).unwrap_err();
    assert!(refused.to_string().contains("`monitor`"), "{refused}");
}

/// What an observer heard: epochs, and what was said when.
type Heard = Arc<Mutex<(Vec<Progress>, Vec<(usize, Notice)>)>>;

fn ear() -> (Heard, impl Fn(&Progress) -> ControlFlow<()> + Send + Sync) {
    let heard = Heard::default();
    let to = Arc::clone(&heard);
    let hear = move |p: &Progress| {
        let mut heard = to.lock().unwrap();
        let said = p.notices.iter().map(|&n| (p.iteration, n));
        heard.1.extend(said);
        heard.0.push(p.clone());
        ControlFlow::Continue(())
    };
    (heard, hear)
}

#[test]
fn observers_hear_of_every_epoch_and_what_is_wrong() {
    let (x, y) = waves();
    let target = x.column(0).to_owned();
    let dead = || {
        MlpRegressor::new().hidden_layer_sizes([3]).initial_weights(
            [Array2::zeros((3, 3)), Array2::ones((3, 1))],
            [array![-1.0, -1.0, -1.0], array![0.0]],
        )
    };
    for (solver, last) in [(Solver::adam(), 4), (Solver::lbfgs(), 1)] {
        let (heard, hear) = ear();
        let model = dead()
            .solver(solver)
            .max_iter(4)
            .observer(hear)
            .fit(&x, &target);
        let model = model.unwrap();
        assert!(model.dead_start());
        let said = &heard.lock().unwrap().1;
        assert_eq!(said[0], (1, Notice::DeadStart), "{solver:?}");
        if last == 4 {
            assert_eq!(said[1..], [(4, Notice::NotConverged)]);
            assert_eq!(model.notices(), [Notice::DeadStart, Notice::NotConverged]);
        }
    }
    let (heard, hear) = ear();
    let short = MlpClassifier::new().solver(Solver::lbfgs()).max_iter(3);
    let model = short.observer(hear).fit(&x, &y).unwrap();
    let (steps, said) = &*heard.lock().unwrap();
    assert_eq!(said[..], [(3, Notice::NotConverged)]);
    assert_eq!(steps.len(), 4);
    assert_eq!(model.notices(), [Notice::NotConverged]);
    // What the epochs say is what the model remembers.
    let (heard, hear) = ear();
    let held = MlpClassifier::new()
        .schedule(Schedule::one_cycle(20))
        .max_iter(5)
        .tol(0.0)
        .observer(hear);
    let model = held.fit_with_validation(&x, &y, &x, &y).unwrap();
    let (steps, _) = &*heard.lock().unwrap();
    let epochs: Vec<_> = steps.iter().filter_map(|p| p.epoch).collect();
    assert_eq!(epochs.len(), 5);
    for (i, epoch) in epochs.iter().enumerate() {
        assert_eq!(epoch.loss, model.loss_curve()[i]);
        assert_eq!(
            epoch.validation_loss,
            Some(model.validation_loss_curve()[i])
        );
        assert_eq!(epoch.validation_score, Some(model.validation_scores()[i]));
        assert!((epoch.learning_rate - Schedule::one_cycle(20).rate(1e-3, i as u64)).abs() < 1e-18);
    }
    let (heard, hear) = ear();
    let wild = MlpRegressor::new()
        .solver(Solver::sgd())
        .learning_rate_init(1e12)
        .observer(hear);
    let diverged = wild.fit(&x, &(&target * 1e9)).unwrap_err();
    assert!(
        matches!(diverged.kind(), ErrorKind::Diverged { .. }),
        "{diverged}"
    );
    assert_eq!(heard.lock().unwrap().1.last().unwrap().1, Notice::Diverged);
    assert!(
        Notice::Diverged
            .to_string()
            .contains("lower learning_rate_init")
    );
}

#[test]
fn networks_of_layers_say_the_same() {
    let (x, y) = waves();
    let weights = |b: f64| {
        vec![
            Array2::zeros((3, 3)),
            Array2::from_elem((1, 3), b),
            Array2::from_shape_fn((3, 3), |(i, j)| (i + 2 * j) as f64 / 7.0),
            Array2::zeros((1, 3)),
        ]
    };
    let stack = Sequential::new().layer(Layer::Dense {
        units: 3,
        activation: Activation::Relu,
        kernel_initializer: Initializer::default(),
        use_bias: true,
        l2: 0.1,
    });
    for (b, dead) in [(-1.0, true), (1.0, false)] {
        let (heard, hear) = ear();
        let network = SequentialClassifier::new(stack.clone())
            .initial_weights(weights(b))
            .batch_size(1)
            .max_iter(2)
            .observer(hear);
        let model = network.fit(&x, &y).unwrap();
        assert_eq!(model.dead_start(), dead);
        let said: Vec<_> = heard.lock().unwrap().1.clone();
        assert_eq!(said.contains(&(1, Notice::DeadStart)), dead);
        assert_eq!(said.last(), Some(&(2, Notice::NotConverged)));
        assert_eq!(model.notices().len(), 1 + usize::from(dead));
    }
    // Without hidden layers nothing can be dead.
    let linear = SequentialClassifier::new(Sequential::new()).max_iter(1);
    assert!(!linear.fit(&x, &y).unwrap().dead_start());
    let (heard, hear) = ear();
    let wild = SequentialClassifier::new(Sequential::new().dense(5, Activation::Relu))
        .optimizer(Optimizer::sgd())
        .learning_rate_init(1e200)
        .observer(hear);
    assert!(wild.fit(&x, &y).is_err());
    assert_eq!(heard.lock().unwrap().1.last().unwrap().1, Notice::Diverged);
}

#[test]
fn activations_and_summaries_are_those_of_layers() {
    let (x, y) = waves();
    let mixed = [
        Activation::Gelu,
        Activation::LeakyRelu {
            negative_slope: 0.1,
        },
    ];
    let recipe = MlpClassifier::new()
        .hidden_layer_sizes([5, 4])
        .activation(mixed)
        .dropout(0.25);
    let layers = Sequential::new()
        .dense(5, mixed[0])
        .dropout(0.25)
        .dense(4, mixed[1])
        .dropout(0.25);
    assert_eq!(recipe.summary(3, 3).unwrap(), layers.summary(3, 3).unwrap());
    let model = recipe.clone().max_iter(2).fit(&x, &y).unwrap();
    assert_eq!(model.summary(), layers.summary(3, 3).unwrap());
    assert_eq!(model.summary().n_parameters(), model.n_parameters());
    assert!(
        MlpClassifier::new()
            .hidden_layer_sizes([1 << 40])
            .summary(3, 3)
            .is_err()
    );
    // By name and through files.
    let named = MlpClassifier::new()
        .with_param("hidden_layer_sizes", vec![5, 4])
        .and_then(|m| m.with_param("dropout", 0.25))
        .and_then(|m| {
            let list = serde_json::json!(["gelu", {"leaky_relu": {"negative_slope": 0.1}}]);
            m.with_param("activation", list)
        });
    assert_eq!(named.unwrap(), recipe);
    for activation in [
        Activations::from(mixed),
        Activation::Selu.into(),
        Vec::new().into(),
    ] {
        let bytes = postcard::to_stdvec(&activation).unwrap();
        assert_eq!(
            postcard::from_bytes::<Activations>(&bytes).unwrap(),
            activation
        );
    }
    let wrong = MlpClassifier::new()
        .with_param("activation", "relux")
        .unwrap_err();
    assert!(wrong.to_string().contains("leaky_relu"), "{wrong}");
    let read = FittedMlpClassifier::<f64>::from_bytes(&model.to_bytes().unwrap());
    assert_eq!(read.unwrap(), model);
    let mut value: serde_json::Value = serde_json::from_str(&model.to_json().unwrap()).unwrap();
    value["model"]["trained"]["activations"][0] = "tanh".into();
    assert!(FittedMlpClassifier::<f64>::from_json(&value.to_string()).is_err());
}

#[test]
fn networks_of_layers_learn_several_labels() {
    let (x, _) = waves();
    let y = labels_of(&x);
    let network = SequentialClassifier::new(Sequential::new().dense(12, Activation::Silu))
        .learning_rate_init(0.05)
        .batch_size(25)
        .max_iter(60);
    let model = network.fit(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.9);
    let (p, log) = (
        model.predict_proba(&x).unwrap(),
        model.predict_log_proba(&x).unwrap(),
    );
    assert!(p.iter().zip(&log).all(|(p, l)| (p.ln() - l).abs() < 1e-9));
    // The mean loss over the labels.
    let early = network.clone().monitor(ClassificationMonitor::Loss);
    let held = early.fit_with_validation(&x, &y, &x, &y).unwrap();
    let p = held.predict_proba(&x).unwrap();
    let loss = -(&y * &p.ln() + (1.0 - &y) * (1.0 - &p).ln())
        .mean()
        .unwrap();
    assert!((held.validation_loss_curve().last().unwrap() - loss).abs() < 1e-9);
    // A stream, weights, files, going on.
    let weights = Array1::from_shape_fn(75, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..75).flat_map(|i| vec![i; i % 3]).collect();
    let whole = network.clone().batch_size(1000).max_iter(5);
    let weighted = whole.fit(&x, &y.weighted(&weights)).unwrap();
    let repeated = whole
        .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
        .unwrap();
    for (a, b) in weighted.weights().iter().zip(repeated.weights()) {
        assert!((a - &b).iter().all(|d| d.abs() < 1e-9));
    }
    let still = network.clone().shuffle(false).max_iter(3);
    let streamed: FittedSequentialMultiLabel = still
        .fit_label_batches(
            |_| {
                Ok((0..75).step_by(25).map(|i| {
                    let rows: Vec<usize> = (i..i + 25).collect();
                    Ok((x.select(Axis(0), &rows), y.select(Axis(0), &rows)))
                }))
            },
            None,
        )
        .unwrap();
    assert_eq!(streamed, still.fit(&x, &y).unwrap());
    let mut read = FittedSequentialMultiLabel::from_bytes(&streamed.to_bytes().unwrap()).unwrap();
    let mut next = streamed;
    crate::traits::PartialFit::partial_fit(&mut read, &x, &y).unwrap();
    crate::traits::PartialFit::partial_fit(&mut next, &x, &y).unwrap();
    assert_eq!(read, next);
    for bad in [
        y.mapv(|v| v * 0.5),
        Array2::zeros((75, 0)),
        Array2::zeros((3, 3)),
    ] {
        assert!(network.fit(&x, &bad).is_err());
        assert!(network.fit_with_validation(&x, &y, &x, &bad).is_err());
    }
    let two = y.select(Axis(1), &[0, 1]);
    assert!(network.fit_with_validation(&x, &y, &x, &two).is_err());
    assert!(crate::traits::PartialFit::partial_fit(&mut read, &x, &two).is_err());
    let balanced = crate::ClassWeight::Balanced;
    assert!(network.class_weight(balanced).fit(&x, &y).is_err());
}
