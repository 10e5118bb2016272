//! What networks have beyond scikit-learn's, against the formulas of the papers and of Keras.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use fitwell::neural_network::{
    Activation, Schedule, Sequential, SequentialClassifier, SequentialRegressor,
};
use fitwell::observer::Progress;
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Axis};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::compare::{Case, Reference, number};

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = read(value);
    let width = rows[0].len();
    Array2::from_shape_vec((rows.len(), width), rows.concat()).unwrap()
}

fn start(value: &Value) -> Vec<Array2<f64>> {
    value["start"]
        .as_array()
        .unwrap()
        .iter()
        .map(rows)
        .collect()
}

#[test]
fn activations() {
    Reference::read("network_activations").each(28, |value, case| {
        let activation: Activation = read(&value["activation"]);
        let z: Vec<f64> = read(&value["z"]);
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let values = Array1::from_iter(z.iter().map(|&z| activation.value(z)));
        case.array("value", &values, &expected["value"], tolerance);
        let slopes = Array1::from_iter(z.iter().map(|&z| activation.derivative(z)));
        case.array("derivative", &slopes, &expected["derivative"], tolerance);
    });
}

#[test]
fn schedules() {
    Reference::read("network_schedules").each(13, |value, case| {
        let schedule: Schedule = read(&value["schedule"]);
        let initial = number(&value["initial"]);
        let rates: Vec<f64> = (0..45).map(|t| schedule.rate(initial, t)).collect();
        case.numbers(
            "rates",
            &rates,
            &value["expected"]["rates"],
            &value["tolerance"],
        );
    });
}

type Rates = Arc<Mutex<Vec<f64>>>;

/// The rates that an observer hears of.
fn listen() -> (Rates, impl Fn(&Progress) -> ControlFlow<()> + Send + Sync) {
    let rates = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&rates);
    let hear = move |p: &Progress| {
        to.lock().unwrap().extend(p.epoch.map(|e| e.learning_rate));
        ControlFlow::Continue(())
    };
    (rates, hear)
}

/// A linear layer, as its settings say.
fn recipe<E: Params>(mut network: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        network = network.with_value(name, value.clone()).unwrap();
    }
    network
}

#[test]
fn courses_of_training() {
    Reference::read("network_courses").each(300, |value, case| {
        let (data, settings) = (&value["data"], &value["settings"]);
        let x = rows(&data["x"]);
        let weights = match &data["weights"] {
            Value::Null => Array1::ones(x.nrows()),
            weights => Array1::from(read::<Vec<f64>>(weights)),
        };
        let (rates, hear) = listen();
        let (losses, parameters) = match data["target"].as_str().unwrap() {
            "binary" | "classes" => {
                let y = Labels::from(read::<Vec<i64>>(&data["y"]));
                let network = recipe(SequentialClassifier::new(Sequential::new()), settings);
                let network = network.initial_weights(start(value)).observer(hear);
                let model = network.fit(&x, &y.weighted(&weights)).unwrap();
                (model.loss_curve().to_vec(), model.weights())
            }
            "labels" => {
                let y = rows(&data["y"]);
                let network = recipe(SequentialClassifier::new(Sequential::new()), settings);
                let network = network.initial_weights(start(value)).observer(hear);
                let model = network.fit(&x, &y).unwrap();
                (model.loss_curve().to_vec(), model.weights())
            }
            _ => {
                let y = rows(&data["y"]);
                let network = recipe(SequentialRegressor::new(Sequential::new()), settings);
                let network = network.initial_weights(start(value)).observer(hear);
                let model = network.fit(&x, &y.weighted(&weights)).unwrap();
                (model.loss_curve().to_vec(), model.weights())
            }
        };
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        case.numbers("loss_curve", &losses, &expected["loss_curve"], tolerance);
        case.numbers(
            "rates",
            &rates.lock().unwrap(),
            &expected["rates"],
            tolerance,
        );
        for (i, found) in parameters.iter().enumerate() {
            let expected = &expected["parameters"][i];
            case.array(["kernel", "bias"][i], found, expected, tolerance);
        }
    });
}

#[test]
fn normalisations() {
    Reference::read("network_norms").each(24, |value, case: &mut Case| {
        let (x, y) = (rows(&value["x"]), rows(&value["y"]));
        let network = SequentialRegressor::new(read::<Sequential>(&value["layers"]))
            .initial_weights(start(value))
            .learning_rate_init(1e-300)
            .batch_size(1000)
            .shuffle(false)
            .max_iter(1);
        let model = network.fit(&x, &y).unwrap();
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        case.number("loss", model.loss(), &expected["loss"], tolerance);
        let output = model.predict(&x).unwrap();
        case.array("output", &output, &expected["output"], tolerance);
        let weights = model.weights();
        if expected["mean"].is_object() {
            case.array("mean", &weights[2], &expected["mean"], tolerance);
            case.array("variance", &weights[3], &expected["variance"], tolerance);
        }
        // Rows alone are normalised as among others.
        let first = model.predict(&x.select(Axis(0), &[5])).unwrap();
        let same = (&first.row(0) - &output.row(5))
            .iter()
            .all(|d| d.abs() < 1e-13);
        case.same("a row alone", &same, &true);
    });
}
