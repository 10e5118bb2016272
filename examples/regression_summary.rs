//! A regression with its summary table, and what a penalty does to it: how far does diabetes progress in a year?
//!
//! Run with `cargo run --release --example regression_summary`.

use fitwell::datasets;
use fitwell::linear_model::{LinearRegression, LogisticRegression, Ridge};
use fitwell::prelude::*;

fn main() -> Result<()> {
    let data = datasets::load_diabetes_raw()?;
    let (x, y) = (&data.x, &data.target);

    // Least squares: standard errors, t tests, intervals, R², information criteria.
    let model = LinearRegression::new().fit(x, y)?;
    let found = model
        .inference(x, y)?
        .with_feature_names(data.feature_names.clone())?;
    println!("{found}");
    let sure: Vec<String> = found
        .names()
        .into_iter()
        .zip(found.p_values())
        .filter(|(name, p)| name != "intercept" && *p < 0.05)
        .map(|(name, _)| name)
        .collect();
    println!("Different from 0 at the 5 % level: {}\n", sure.join(", "));
    assert!(sure.contains(&"bmi".to_string()) && !sure.contains(&"age".to_string()));

    // Logistic regression without a penalty: the odds of progressing further than most.
    let further = Labels::from(y.iter().map(|y| *y > 140.0).collect::<Vec<bool>>());
    let standardised = fitwell::preprocessing::StandardScaler::new().fit_transform(x)?;
    let model = LogisticRegression::new()
        .c(f64::INFINITY)
        .tol(1e-8)
        .fit(&standardised, &further)?;
    let found = model
        .inference(&standardised, &further)?
        .with_feature_names(data.feature_names.clone())?;
    println!("{found}");

    // A penalty moves coefficients; a path shows how.
    println!("Ridge: coefficients of the standardised features");
    println!(
        "{:>8} {}",
        "alpha",
        data.feature_names
            .iter()
            .map(|n| format!("{n:>8}"))
            .collect::<String>()
    );
    for alpha in [0.0, 10.0, 100.0, 1000.0, 10_000.0] {
        let model = Ridge::new().alpha(alpha).fit(&standardised, y)?;
        let row: String = model.coef().iter().map(|w| format!("{w:>8.2}")).collect();
        println!("{alpha:>8} {row}");
    }
    Ok(())
}
