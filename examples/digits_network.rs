//! Handwritten digits read by a small network: how the loss falls, where a held-back part of the rows says to stop, and which
//! digits are taken for each other.
//!
//! `cargo run --release --example digits_network`

use fitwell::datasets::load_digits;
use fitwell::metrics::confusion_matrix;
use fitwell::model_selection::TrainTestSplit;
use fitwell::neural_network::MlpClassifier;
use fitwell::prelude::*;
use fitwell::preprocessing::MinMaxScaler;

fn main() -> Result<()> {
    let digits = load_digits()?;
    let (x_train, x_test, y_train, y_test) = TrainTestSplit::new()
        .stratify(&digits.target)
        .split((&digits.x, &digits.target))?;

    let recipe = pipeline("scale", MinMaxScaler::new()).then(
        "network",
        MlpClassifier::new()
            .hidden_layer_sizes([32])
            .learning_rate_init(0.01)
            .max_iter(40)
            .early_stopping(true)
            .n_iter_no_change(8),
    );
    let model = recipe.fit(&x_train, &y_train)?;
    let network = model.last();
    println!("{network}\n");

    println!("loss by epoch");
    curve(network.loss_curve());
    println!(
        "\naccuracy on the rows held back: best {:.3} of {} epochs\n",
        { network.best_validation_score().unwrap_or(f64::NAN) },
        network.n_iter()
    );

    let predicted = model.predict(&x_test)?;
    println!("{}", confusion_matrix(&y_test, &predicted)?);
    let accuracy = model.score(&x_test, &y_test)?;
    println!("accuracy on new digits: {accuracy:.3}");
    assert!(accuracy > 0.93);
    assert!(network.loss_curve().last() < network.loss_curve().first());
    Ok(())
}

/// A bar for each epoch.
fn curve(losses: &[f64]) {
    let largest = losses.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    for (epoch, loss) in losses.iter().enumerate() {
        let bar = "#".repeat((50.0 * loss / largest).round() as usize);
        println!("{:4} {loss:8.4} {bar}", epoch + 1);
    }
}
