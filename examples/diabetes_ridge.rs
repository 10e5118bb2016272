//! A regression from raw rows to a chosen, saved and reloaded model: how far does diabetes progress in a year?
//!
//! Run with `cargo run --release --example diabetes_ridge`.

use fitwell::datasets;
use fitwell::linear_model::{FittedRidge, Ridge};
use fitwell::metrics::{mean_absolute_error, mean_squared_error, r2_score};
use fitwell::model::{Format, LoadFitted};
use fitwell::model_selection::{GridSearchCv, KFold, ParamGrid, TrainTestSplit};
use fitwell::ndarray::{ArrayRef1, ArrayRef2};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

fn main() -> Result<()> {
    let data = datasets::load_diabetes_raw()?;
    println!("{}\n", data.table()?);

    let (x_train, x_test, y_train, y_test) = TrainTestSplit::new()
        .test_size(100)
        .random_state(1)
        .split((&data.x, &data.target))?;
    let model = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
    println!("{model}\n");

    let grid = ParamGrid::new().with("ridge__alpha", [0.1, 1.0, 10.0, 30.0, 100.0, 300.0]);
    let search = GridSearchCv::new(model.clone(), grid)
        .cv(KFold::new().shuffle(true).random_state(1))
        .fit(&x_train, &y_train)?;
    println!("{}\n", search.results());

    let best = search.best_estimator();
    if let Some(ridge) = best.step::<FittedRidge>("ridge") {
        println!("Coefficients of the standardised features:");
        for (name, coef) in data.feature_names.iter().zip(ridge.coef()) {
            println!("{name:>6} {coef:>8.2}");
        }
    }

    let predicted = search.predict(&x_test)?;
    println!("\nOn {} rows held out:", y_test.len());
    println!(
        "R²                  {:>8.3}",
        r2_score(&y_test, &predicted)?
    );
    println!(
        "mean squared error  {:>8.1}",
        mean_squared_error(&y_test, &predicted)?
    );
    println!(
        "mean absolute error {:>8.1}",
        mean_absolute_error(&y_test, &predicted)?
    );

    let path = std::env::temp_dir().join("diabetes.fitwell");
    best.save(&path, Format::Binary)?;
    let loaded = model.load_fitted::<ArrayRef2<f64>, ArrayRef1<f64>>(&path)?;
    assert_eq!(loaded.predict(&x_test)?, predicted);
    println!(
        "\nSaved to {} and loaded again: the same predictions.",
        path.display()
    );
    Ok(())
}
