//! From a CSV file to a chosen, saved and reloaded model: who survived the Titanic?
//!
//! Run with `cargo run --release --example quickstart`, or give the path of another CSV file with the same columns.

use fitwell::datasets;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::LogisticRegression;
use fitwell::metrics::classification_report;
use fitwell::model::{Format, LoadFitted};
use fitwell::model_selection::{GridSearchCv, ParamGrid, StratifiedKFold, TrainTestSplit};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::Table;

fn main() -> Result<()> {
    // 1. Read: kinds are inferred, missing values recognised.
    let table = match std::env::args().nth(1) {
        Some(path) => Table::from_csv(path)?,
        None => datasets::load_titanic()?,
    };
    println!("{table}\n");

    // 2. Split into what to learn from and what to learn, and hold a quarter of the rows out.
    let (features, survived) = table.split_labels("survived")?;
    let (x_train, x_test, y_train, y_test) = TrainTestSplit::new()
        .test_size(0.25)
        .stratify(&survived)
        .random_state(7)
        .split((&features, &survived))?;

    // 3. Compose: numeric columns are imputed and scaled, text columns imputed and one-hot encoded.
    let numeric = pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
    let text = pipeline("impute", SimpleImputer::most_frequent()).then(
        "onehot",
        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
    );
    let prepare = ColumnTransformer::new()
        .numeric("numeric", ["age", "fare", "sibsp", "parch"], numeric)
        .part("text", ["pclass", "sex", "embarked"], text);
    let model = pipeline("prepare", prepare).then("classify", LogisticRegression::new());
    println!("{model}\n");

    // 4. Choose: every combination, five-fold cross-validated on the training rows.
    let grid = ParamGrid::new()
        .with("prepare__numeric__impute__strategy", ["mean", "median"])
        .with("classify__C", [0.01, 0.1, 1.0, 10.0]);
    let search = GridSearchCv::new(model.clone(), grid)
        .cv(StratifiedKFold::new())
        .fit(&x_train, &y_train)?;
    println!("{}\n", search.results());

    // 5. Report on the rows that were held out.
    let predicted = search.predict(&x_test)?;
    println!("{}\n", classification_report(&y_test, &predicted)?);

    // 6. Save, load, predict again.
    let path = std::env::temp_dir().join("titanic.fitwell.json");
    search.best_estimator().save(&path, Format::Json)?;
    let loaded = model.load_fitted::<Table, Labels>(&path)?;
    assert_eq!(loaded.predict(&x_test)?, predicted);
    println!(
        "Saved to {} and loaded again: the same predictions.",
        path.display()
    );
    Ok(())
}
