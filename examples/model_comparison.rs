//! Several models on one data set: which is better, and how sure can one be?
//!
//! Each model is scored on the same splits, repeated stratified folds. The scores of one model overlap in their training
//! rows, so that they are not independent and a plain t interval of the mean difference is too short. The corrected
//! resampled t interval adds the share of rows that are tested to the variance: with J splits, differences d of mean m and
//! variance s²,
//!     m ± t(J − 1) √((1/J + n_test/n_train) s²).
//!
//! C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003).
//!
//! Run with `cargo run --release --example model_comparison`.

use fitwell::datasets::load_breast_cancer;
use fitwell::linear_model::{LogisticRegression, RidgeClassifier};
use fitwell::model_selection::{
    Accuracy, CrossValidator, RepeatedStratifiedKFold, Split, cross_val_score,
    permutation_test_score,
};
use fitwell::neighbors::NearestCentroid;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::special::t_two_sided;
use ndarray::{Array1, Array2, ArrayRef2};

fn main() -> Result<()> {
    let data = load_breast_cancer()?;
    let (x, y) = (&data.x, &data.target);
    let cv = RepeatedStratifiedKFold::new().n_splits(5).n_repeats(6);
    let splits = cv.split(x.nrows(), y)?;

    let scale = || pipeline("scale", StandardScaler::new());
    let models = [
        (
            "logistic regression",
            scores(
                &scale().then("model", LogisticRegression::new()),
                x,
                y,
                &splits,
            )?,
        ),
        (
            "ridge classifier",
            scores(
                &scale().then("model", RidgeClassifier::new()),
                x,
                y,
                &splits,
            )?,
        ),
        (
            "nearest centroid",
            scores(
                &scale().then("model", NearestCentroid::new()),
                x,
                y,
                &splits,
            )?,
        ),
    ];

    println!("{} rows, {} splits\n", x.nrows(), splits.len());
    println!("{:<20}  {:>8}  {:>8}", "model", "accuracy", "std");
    for (name, scores) in &models {
        println!(
            "{name:<20}  {:>8.4}  {:>8.4}",
            scores.mean().unwrap_or(f64::NAN),
            scores.std(1.0)
        );
    }

    println!(
        "\n{:<42}  {:>10}  {:>20}  {:>8}",
        "difference of accuracies", "mean", "95 % interval", "p"
    );
    let mut found = Vec::new();
    for (i, (first, a)) in models.iter().enumerate() {
        for (second, b) in &models[i + 1..] {
            let difference = Difference::corrected(&(a - b), &splits, 0.95);
            let pair = format!("{first} - {second}");
            println!("{pair:<42}  {difference}");
            found.push(difference);
        }
    }

    // The best model beats the simplest one by more than chance. Whether it beats the second is open: the interval holds 0.
    let [second, simplest, _] = &found[..] else {
        unreachable!("three models make three pairs");
    };
    assert!(simplest.low > 0.0 && simplest.p < 0.01);
    assert!(second.low < simplest.low);

    // And is there anything to learn at all?
    let chance = permutation_test_score(&NearestCentroid::new(), x, y, &5, &Accuracy)?;
    println!("\nnearest centroid against shuffled classes\n{chance}");
    assert!(chance.pvalue() < 0.01);
    Ok(())
}

/// The accuracy of a model on each split.
fn scores<E>(model: &E, x: &Array2<f64>, y: &Labels, splits: &Vec<Split>) -> Result<Array1<f64>>
where
    E: Estimator<ArrayRef2<f64>, Labels> + Sync,
    E::Fitted: Predict<ArrayRef2<f64>, Output = Labels>,
{
    cross_val_score(model, x, y, splits, &Accuracy)
}

/// A mean difference of scores with its interval, and the p-value of no difference.
struct Difference {
    mean: f64,
    low: f64,
    high: f64,
    p: f64,
}

impl Difference {
    fn corrected(differences: &Array1<f64>, splits: &[Split], level: f64) -> Self {
        let n = differences.len() as f64;
        let (mean, variance) = (differences.sum() / n, differences.var(1.0));
        let tested: usize = splits.iter().map(|s| s.test.len()).sum();
        let trained: usize = splits.iter().map(|s| s.train.len()).sum();
        let error = ((1.0 / n + tested as f64 / trained as f64) * variance).sqrt();
        let reach = t_quantile(1.0 - level, n - 1.0) * error;
        Difference {
            mean,
            low: mean - reach,
            high: mean + reach,
            p: t_two_sided(mean / error, n - 1.0),
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let interval = format!("{:+.4} to {:+.4}", self.low, self.high);
        write!(f, "{:>+10.4}  {interval:>20}  {:>8.4}", self.mean, self.p)
    }
}

/// The t that both tails together exceed with probability `p`, by bisection.
fn t_quantile(p: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e3);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if t_two_sided(middle, df) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}
