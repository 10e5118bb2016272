//! From a mixed table to a tuned pipeline: texts, whole and real numbers, missing values.
//!
//! The steps are chosen by cross-validation on the training rows: how missing ages are filled, whether numbers are scaled,
//! how much the model is held back. Then the tree of the winner, what it scores on rows it never saw, and its coefficients
//! under the names of the table.
//!
//! `cargo run --release --example mixed_table`; with a path as argument it also writes the pipeline as an HTML page there.

use fitwell::datasets::load_titanic;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::LogisticRegression;
use fitwell::model_selection::{
    Accuracy, GridSearchCv, ParamGrid, StratifiedKFold, TrainTestSplit,
};
use fitwell::pipeline::{ColumnTransformer, Optional};
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};

fn main() -> Result<()> {
    let (passengers, survived) = load_titanic()?.split_labels("survived")?;
    let passengers = passengers.select_columns(&Columns::from([
        "pclass", "sex", "age", "sibsp", "parch", "fare", "embarked",
    ]))?;
    let (x_train, x_test, y_train, y_test) = TrainTestSplit::new()
        .stratify(&survived)
        .split((&passengers, &survived))?;

    let prepare = ColumnTransformer::new()
        .numeric(
            "number",
            ["age", "sibsp", "parch", "fare"],
            pipeline("impute", SimpleImputer::median())
                .then("scale", Optional::new(StandardScaler::new())),
        )
        .part(
            "text",
            ["sex", "embarked", "pclass"],
            OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
        )
        .verbose_feature_names_out(false);
    let recipe =
        pipeline("prepare", prepare).then("survive", LogisticRegression::new().max_iter(500));

    let grid = ParamGrid::new()
        .with("prepare__number__impute__strategy", ["mean", "median"])
        .with("prepare__number__scale__enabled", [true, false])
        .with("survive__C", [0.01, 0.1, 1.0, 10.0]);
    let search = GridSearchCv::new(recipe, grid)
        .cv(StratifiedKFold::new())
        .scoring(Accuracy)
        .fit(&x_train, &y_train)?;

    let best = search.best_estimator();
    println!("{best}\n");
    println!(
        "chosen of {} candidates:",
        search.results().candidates().len()
    );
    for (name, value) in search.best_params() {
        println!("  {name} = {value}");
    }
    println!("\naccuracy in cross-validation {:.3}", search.best_score());
    println!(
        "accuracy on held-out rows    {:.3}\n",
        search.score(&x_test, &y_test)?
    );

    let coefficients = best.named_coefficients()?;
    println!("{coefficients}");

    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, best.to_html())
            .map_err(|e| Error::invalid_input(path, e.to_string()))?;
    }
    assert!(search.score(&x_test, &y_test)? > 0.75);
    // Women survived far more often.
    let women = coefficients.get("sex_female").map(|c| c[0]);
    let men = coefficients.get("sex_male").map(|c| c[0]);
    assert!(women > men, "{women:?}, {men:?}");
    Ok(())
}
