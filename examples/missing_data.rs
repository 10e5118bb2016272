//! Ways of handling missing values, compared by cross-validation: how well is the progression of diabetes predicted when
//! three values in ten are gone?
//!
//! Run with `cargo run --release --example missing_data`.

use fitwell::boxed::BoxedRegressor;
use fitwell::datasets;
use fitwell::impute::{IterativeImputer, KnnImputer, KnnWeights, SimpleImputer};
use fitwell::linear_model::Ridge;
use fitwell::model_selection::{DefaultScore, KFold, cross_val_score};
use fitwell::ndarray::{Array1, Array2, Axis};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::random;

fn main() -> Result<()> {
    let data = datasets::load_diabetes_raw()?;
    let (whole, y) = (data.x, data.target);

    // The scaler learns from what is there and leaves missing values missing; neighbours need columns of one scale.
    macro_rules! then_ridge {
        ($imputer:expr) => {
            pipeline("scale", StandardScaler::new())
                .then("impute", $imputer)
                .then("ridge", Ridge::new().alpha(30.0))
                .boxed_regressor()
        };
    }
    let neighbours = KnnImputer::new()
        .n_neighbors(20)
        .weights(KnnWeights::Distance);
    let ways: Vec<(&str, BoxedRegressor)> = vec![
        (
            "a constant, far away",
            then_ridge!(SimpleImputer::constant(-5.0)),
        ),
        ("mean", then_ridge!(SimpleImputer::mean())),
        (
            "mean, with indicators",
            then_ridge!(SimpleImputer::mean().add_indicator(true)),
        ),
        ("median", then_ridge!(SimpleImputer::median())),
        ("20 neighbours", then_ridge!(neighbours)),
        ("regressions", then_ridge!(IterativeImputer::new())),
        (
            "regressions, with indicators",
            then_ridge!(IterativeImputer::new().add_indicator(true)),
        ),
    ];

    let folds = KFold::new().n_splits(10).shuffle(true);
    let score = |model: &BoxedRegressor, x: &Array2<f64>| -> Result<(f64, f64)> {
        let scores: Array1<f64> = cross_val_score(model, x, &y, &folds, &DefaultScore)?;
        let spread = scores.std(1.0) / (scores.len() as f64).sqrt();
        Ok((scores.mean().unwrap_or(f64::NAN), spread))
    };

    let at_random = holes(&whole, |_| 0.3);
    // Values are missing more often for the sicker: that one is missing says something.
    let median = {
        let mut sorted = y.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let telling = holes(&whole, |row| if y[row] > median { 0.4 } else { 0.2 });
    for (name, x) in [("at random", &at_random), ("telling", &telling)] {
        let complete = x
            .axis_iter(Axis(0))
            .filter(|row| !row.iter().any(|v| v.is_nan()))
            .count();
        println!(
            "missing {name}: {complete} of {} rows are complete",
            x.nrows()
        );
    }

    println!("\nR² of a ridge regression, ten folds     at random          telling");
    let (mean, spread) = score(&ways[1].1, &whole)?;
    println!("{:<36} {mean:>6.3} ± {spread:.3}", "nothing missing");
    let mut means = Vec::new();
    for (name, model) in &ways {
        let (a, b) = (score(model, &at_random)?, score(model, &telling)?);
        println!(
            "{name:<36} {:>6.3} ± {:.3}   {:>6.3} ± {:.3}",
            a.0, a.1, b.0, b.1
        );
        means.push((a.0, b.0));
    }

    let worst = means[0];
    assert!(
        means[1..].iter().all(|m| m.0 > worst.0 && m.1 > worst.1),
        "a value that no row could have misleads most"
    );
    assert!(
        means[2].1 > means[1].1 && means[6].1 > means[5].1,
        "where missing values tell something, indicators say it"
    );
    Ok(())
}

/// The matrix with some values missing, by the share of each row.
fn holes(x: &Array2<f64>, share: impl Fn(usize) -> f64) -> Array2<f64> {
    let mut rng = random::generator(0);
    let mut out = x.clone();
    for ((row, _), value) in out.indexed_iter_mut() {
        if random::uniform(&mut rng) < share(row) {
            *value = f64::NAN;
        }
    }
    out
}
