//! Where to cut a probability when mistakes cost differently: tumours told apart by ten measures of their cells. To miss a
//! malignant one costs twenty times a false alarm.
//!
//! `cargo run --release --example threshold_tuning`

use fitwell::calibration::CalibratedClassifierCv;
use fitwell::linear_model::LogisticRegression;
use fitwell::model_selection::{
    FixedThresholdClassifier, Thresholded, TunedThresholdClassifierCv, cross_val_predict,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use ndarray::{ArrayRef2, s};

const MALIGNANT: i64 = 0;
const MISS: f64 = 20.0;
const ALARM: f64 = 1.0;

/// Misses and false alarms.
fn mistakes(truth: &Labels, said: &Labels) -> Result<(usize, usize)> {
    let (mut misses, mut alarms) = (0, 0);
    for (truth, said) in truth.to_ints()?.into_iter().zip(said.to_ints()?) {
        misses += usize::from(truth == MALIGNANT && said != MALIGNANT);
        alarms += usize::from(truth != MALIGNANT && said == MALIGNANT);
    }
    Ok((misses, alarms))
}

fn cost((misses, alarms): (usize, usize)) -> f64 {
    MISS * misses as f64 + ALARM * alarms as f64
}

fn main() -> Result<()> {
    let data = fitwell::datasets::load_breast_cancer()?;
    let (x, y) = (data.x.slice(s![.., ..10]).to_owned(), data.target);
    println!("{} tumours, {} of them malignant", y.len(), y.counts()[0]);

    let plain = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
    // Probabilities that mean what they say: then the best place to cut is known from the costs alone ...
    let calibrated = CalibratedClassifierCv::new(plain.clone());
    let by_rule = FixedThresholdClassifier::new(calibrated.clone())
        .pos_label(MALIGNANT)
        .threshold(ALARM / (ALARM + MISS));
    // ... or it is found on held-out rows, by what mistakes cost there.
    let minus_cost = |model: &Thresholded, x: &ArrayRef2<f64>, y: &Labels| -> Result<f64> {
        Ok(-cost(mistakes(y, &model.predict(x)?)?))
    };
    let tuned = TunedThresholdClassifierCv::new(calibrated)
        .pos_label(MALIGNANT)
        .scoring(minus_cost);

    // Each row is judged by models that have not seen it, threshold included.
    let found = [
        ("at one half", cross_val_predict(&plain, &x, &y, &5)?),
        ("by the rule", cross_val_predict(&by_rule, &x, &y, &5)?),
        ("tuned", cross_val_predict(&tuned, &x, &y, &5)?),
    ];
    println!(
        "{:<14}{:>8}{:>14}{:>8}",
        "threshold", "misses", "false alarms", "cost"
    );
    let mut costs = Vec::new();
    for (name, said) in &found {
        let (misses, alarms) = mistakes(&y, said)?;
        costs.push(cost((misses, alarms)));
        println!(
            "{name:<14}{misses:>8}{alarms:>14}{:>8}",
            cost((misses, alarms))
        );
    }

    let model = tuned.fit(&x, &y)?;
    println!("\n{model}");
    assert!(
        model.best_threshold() < 0.25,
        "a miss is dear: the threshold is low"
    );
    assert!(
        costs[1] < 0.5 * costs[0] && costs[2] < 0.5 * costs[0],
        "{costs:?}"
    );
    Ok(())
}
