//! A network on a mixed table: numbers scaled, categories as learned vectors, and passengers apart that decide when to stop.
//!
//! The table has texts, whole and real numbers, and missing values. The steps before the network are fitted on the training
//! rows alone; the validation rows go through the fitted steps. `cargo run --release --example mixed_table_network`.

use fitwell::datasets::load_titanic;
use fitwell::impute::SimpleImputer;
use fitwell::model::{Format, LoadFitted};
use fitwell::model_selection::TrainTestSplit;
use fitwell::neural_network::{
    Activation, FittedSequentialClassifier, Optimizer, Sequential, SequentialClassifier,
};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{OrdinalEncoder, OrdinalUnknown, StandardScaler};

fn main() -> Result<()> {
    let (passengers, survived) = load_titanic()?.split_labels("survived")?;
    let passengers = passengers.select_columns(&Columns::from([
        "age", "sibsp", "parch", "fare", "sex", "pclass", "embarked",
    ]))?;
    let split = |x: &Table, y: &Labels| {
        TrainTestSplit::new()
            .test_size(0.2)
            .stratify(y)
            .split((x, y))
    };
    let (rest, x_test, y_rest, y_test) = split(&passengers, &survived)?;
    let (x_train, x_val, y_train, y_val) = split(&rest, &y_rest)?;

    // Four columns of numbers, and then three of codes; unknown and missing categories are -1.
    let prepare = ColumnTransformer::new()
        .numeric(
            "number",
            ["age", "sibsp", "parch", "fare"],
            pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
        )
        .part(
            "code",
            ["sex", "pclass", "embarked"],
            OrdinalEncoder::new()
                .handle_unknown(OrdinalUnknown::UseEncodedValue)
                .unknown_value(-1.0)
                .encoded_missing_value(-1.0),
        );
    let layers = Sequential::new()
        .embedding([4, 5, 6], 3)
        .dense(32, Activation::Silu)
        .batch_normalization()
        .dropout(0.3)
        .dense(16, Activation::Silu);
    let network = SequentialClassifier::new(layers)
        .optimizer(Optimizer::adam_w(0.01))
        .learning_rate_init(0.005)
        .batch_size(64)
        .early_stopping(true)
        .n_iter_no_change(20);
    let recipe = pipeline("prepare", prepare).then("network", network);

    let model = recipe.fit_with_validation(&x_train, &y_train, &x_val, &y_val)?;
    let Some(network) = model.step::<FittedSequentialClassifier>("network") else {
        return Err(Error::invalid_input("pipeline", "it has no network"));
    };
    println!("{}\n", network.summary());
    println!("epoch   loss   validation loss   validation accuracy");
    let scores = network.validation_scores().iter();
    let curves = network
        .loss_curve()
        .iter()
        .zip(network.validation_loss_curve());
    for (epoch, ((loss, validation), score)) in curves.zip(scores).enumerate().step_by(5) {
        println!(
            "{:>5} {loss:>6.3} {validation:>17.3} {score:>21.3}",
            epoch + 1
        );
    }
    let accuracy = model.score(&x_test, &y_test)?;
    println!("\naccuracy on passengers held out {accuracy:.3}");

    // The first row of a table is the unknown category.
    println!("\nlearned vectors of female and male:");
    let sexes = &network.weights()[0];
    for row in 1..sexes.nrows() {
        println!("  {:.2}", sexes.row(row));
    }

    let path = std::env::temp_dir().join(format!("titanic-{}.fitwell", std::process::id()));
    model.save(&path, Format::Binary)?;
    let loaded = recipe.load_fitted::<Table, Labels>(&path)?;
    std::fs::remove_file(&path).ok();
    assert_eq!(loaded.predict(&x_test)?, model.predict(&x_test)?);
    assert!(accuracy > 0.7);
    assert!(network.best_validation_score() > Some(0.7));
    Ok(())
}
