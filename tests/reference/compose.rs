//! Column transformers, feature unions and transformed targets.

use std::ops::Range;

use fitwell::datasets::{load_penguins, load_titanic};
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{FittedRidge, Ridge};
use fitwell::pipeline::{
    ColumnTransformer, Drop, FeatureUnion, Passthrough, Remainder, TransformedTargetRegressor,
};
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::{Columns, CsvOptions};
use ndarray::{Array2, Axis, Ix1, Ix2, s};

use crate::compare::{Reference, texts};
use crate::data::{matrix, targets, weights};

macro_rules! compare {
    ($case:expr, $value:expr, $model:expr, $train:expr, $all:expr) => {{
        let (expected, tolerance) = (&$value["expected"], &$value["tolerance"]);
        let fitted = $model.fit(&$train, &()).unwrap();
        let ours = fitted.transform(&$all).unwrap();
        $case.array("transform", &ours, &expected["transform"], tolerance);
        let names = fitted.feature_names_out(None).unwrap();
        $case.same("names", &names, &texts(&expected["names"]));
        // Fitted and transformed at once is the same.
        let (again, training) = $model.fit_and_transform(&$train, &()).unwrap();
        $case.same("fit_and_transform", &again, &fitted);
        $case.same(
            "training rows",
            &training,
            &fitted.transform(&$train).unwrap(),
        );
        if let Some(indices) = expected["indices"].as_object() {
            let ours = fitted.output_indices();
            $case.same("number of index ranges", &ours.len(), &indices.len());
            for (name, range) in indices {
                let end = |i: usize| range[i].as_u64().unwrap() as usize;
                let expected: Range<usize> = end(0)..end(1);
                // An empty part is an empty range, wherever scikit-learn says it is.
                let ours = &ours[name];
                if !expected.is_empty() || !ours.is_empty() {
                    $case.same(name, ours, &expected);
                }
            }
        }
    }};
}

#[test]
fn column_transformer_options() {
    Reference::read("column_transformer_options").each(33, |value, case| {
        let x = matrix(&value["data"]);
        let train = x.slice(s![..x.nrows() / 2, ..]);
        let scale = StandardScaler::new;
        let spread = || StandardScaler::new().with_mean(false);
        let centre = || StandardScaler::new().with_std(false);
        let two = || {
            ColumnTransformer::new()
                .numeric("a", Columns::indices([0, -1]), scale())
                .numeric("b", 1..3, spread())
        };
        let kept = || two().remainder(Remainder::Passthrough);
        let even = Columns::mask((0..x.ncols()).map(|i| i % 2 == 0));
        let new = ColumnTransformer::new;
        match value["settings"]["variant"].as_str().unwrap() {
            "drop" => compare!(case, value, two(), train, x),
            "passthrough" => compare!(case, value, kept(), train, x),
            "estimator" => compare!(case, value, two().remainder_numeric(centre()), train, x),
            "weights" => {
                let weighted = kept().transformer_weights([("a", 2.0), ("remainder", -0.5)]);
                compare!(case, value, weighted, train, x)
            }
            "parts" => {
                let parts = new()
                    .passthrough("keep", Columns::indices([1]))
                    .drop("out", Columns::indices([0]))
                    .numeric("a", Columns::indices([-1]), scale())
                    .remainder(Remainder::Passthrough);
                compare!(case, value, parts, train, x)
            }
            "mask" => {
                let mask = new()
                    .numeric("a", even, scale())
                    .remainder(Remainder::Passthrough);
                compare!(case, value, mask, train, x)
            }
            "last" => {
                let last = new()
                    .numeric("a", -2.., scale())
                    .numeric("b", ..1, spread());
                compare!(case, value, last, train, x)
            }
            "short" => compare!(
                case,
                value,
                kept().verbose_feature_names_out(false),
                train,
                x
            ),
            "format" => {
                let format = two().verbose_feature_names_out("{feature_name}|{transformer_name}");
                compare!(case, value, format, train, x)
            }
            "twice" => {
                let twice = new()
                    .numeric("a", ..2, scale())
                    .numeric("b", 1..3, centre());
                compare!(case, value, twice, train, x)
            }
            _ => {
                let empty = new()
                    .numeric("none", Columns::indices([]), scale())
                    .numeric("b", 1..3, centre());
                compare!(case, value, empty, train, x)
            }
        }
    });
}

#[test]
fn column_transformer_tables() {
    Reference::read("column_transformer_tables").each(12, |value, case| {
        let data = &value["data"];
        let (numbers, words) = (texts(&data["numbers"]), texts(&data["texts"]));
        let table = match data["name"].as_str().unwrap() {
            "titanic" => load_titanic().unwrap(),
            "penguins" => load_penguins().unwrap(),
            _ => CsvOptions::new()
                .read_str(data["csv"].as_str().unwrap())
                .unwrap(),
        };
        let order = [&words[0], &numbers[0], &words[1], &numbers[1]];
        let table = table.select_columns(&Columns::names(order)).unwrap();
        let train = table.head(table.n_rows() / 2);
        let fill =
            || pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
        let onehot = || OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore);
        let new = ColumnTransformer::new;
        let both = || {
            new()
                .numeric("num", numbers.clone(), fill())
                .part("cat", words.clone(), onehot())
        };
        match value["settings"]["variant"].as_str().unwrap() {
            "estimator" => {
                let model = new()
                    .numeric("num", numbers.clone(), fill())
                    .remainder_part(onehot());
                compare!(case, value, model, train, table)
            }
            "numeric_remainder" => {
                let model = new()
                    .part("cat", words.clone(), onehot())
                    .remainder_numeric(fill());
                compare!(case, value, model, train, table)
            }
            "slice" => {
                let model = new()
                    .numeric("num", Columns::indices([1, -1]), fill())
                    .part("cat", Columns::indices([0]), onehot());
                compare!(case, value, model, train, table)
            }
            "labels" => {
                let model = new()
                    .numeric("num", numbers[0].as_str()..=numbers[0].as_str(), fill())
                    .part("cat", words[1].as_str(), onehot());
                compare!(case, value, model, train, table)
            }
            "weights" => {
                let model = both().transformer_weights([("num", 0.25), ("cat", 3.0)]);
                compare!(case, value, model, train, table)
            }
            _ => compare!(
                case,
                value,
                both().verbose_feature_names_out(false),
                train,
                table
            ),
        }
    });
}

#[test]
fn feature_union() {
    Reference::read("feature_union").each(15, |value, case| {
        let x = matrix(&value["data"]);
        let train = x.slice(s![..x.nrows() / 2, ..]);
        let scale = StandardScaler::new;
        let centre = || StandardScaler::new().with_std(false);
        let new = FeatureUnion::new;
        match value["settings"]["variant"].as_str().unwrap() {
            "two" => {
                let union = new().part("scale", scale()).part("centre", centre());
                compare!(case, value, union, train, x)
            }
            "passthrough" => {
                let union = new()
                    .part("same", Passthrough::new())
                    .part("scale", scale());
                compare!(case, value, union, train, x)
            }
            "dropped" => {
                let union = new()
                    .part("scale", scale())
                    .part("out", Drop::new())
                    .part("centre", centre());
                compare!(case, value, union, train, x)
            }
            "weights" => {
                let union = new()
                    .part("scale", scale())
                    .part("same", Passthrough::new())
                    .part("centre", centre())
                    .transformer_weights([("centre", -3.0), ("same", 0.5)]);
                compare!(case, value, union, train, x)
            }
            _ => {
                let union = new()
                    .part("scale", scale())
                    .verbose_feature_names_out(false);
                compare!(case, value, union, train, x)
            }
        }
    });
}

#[test]
fn transformed_target() {
    Reference::read("transformed_target").each(24, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let (y, one) = targets(data["name"].as_str().unwrap());
        let w = weights(data, x.nrows());
        let coef = |model: &FittedRidge<f64, Ix1>| model.coef().to_owned().insert_axis(Axis(0));
        let coefs = |model: &FittedRidge<f64, Ix2>| model.coef().to_owned();
        macro_rules! run {
            ($model:expr) => {{
                let model = $model;
                macro_rules! fitted {
                    ($y:expr, $coef:expr, $columns:expr) => {{
                        let fitted = model.fit(&x, $y).unwrap();
                        let predicted = fitted.predict(&x).unwrap();
                        let score = fitted.score(&x, $y).unwrap();
                        case.array(
                            "coef",
                            &$coef(fitted.regressor()),
                            &expected["coef"],
                            tolerance,
                        );
                        let predicted: Array2<f64> = $columns(predicted);
                        case.array("predict", &predicted, &expected["predict"], tolerance);
                        case.number("score", score, &expected["score"], tolerance);
                    }};
                }
                let column = |v: ndarray::Array1<f64>| v.insert_axis(Axis(1));
                let same = |v: Array2<f64>| v;
                match (one, &w) {
                    (true, None) => fitted!(&y.column(0), coef, column),
                    (true, Some(w)) => fitted!(&y.column(0).weighted(w), coef, column),
                    (false, None) => fitted!(&y, coefs, same),
                    (false, Some(w)) => fitted!(&y.weighted(w), coefs, same),
                }
            }};
        }
        let new = || TransformedTargetRegressor::new(Ridge::new().alpha(2.0));
        match value["settings"]["variant"].as_str().unwrap() {
            "identity" => run!(new()),
            "log" => run!(new().func(f64::ln_1p, f64::exp_m1)),
            "scaler" => run!(new().transformer(StandardScaler::new())),
            _ => run!(new().func(f64::ln_1p, f64::exp).check_inverse(false)),
        }
    });
}
