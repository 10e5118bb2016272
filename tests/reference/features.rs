//! Transformers that make features.

use fitwell::prelude::*;
use fitwell::preprocessing::{
    BinEncode, FittedKBinsDiscretizer, FittedSplineTransformer, FunctionTransformer,
    KBinsDiscretizer, LabelBinarizer, LabelEncoder, LabelSets, MultiLabelBinarizer,
    PolynomialFeatures, SplineTransformer,
};
use ndarray::{Array1, Array2, s};
use serde_json::Value;

use crate::compare::{Case, Reference, numbers, texts};
use crate::data::{matrix, weights};

/// An estimator with the settings of a case, by scikit-learn's names.
fn set<E: Params>(estimator: E, settings: &Value) -> E {
    let settings = settings.as_object().unwrap();
    settings.iter().fold(estimator, |e, (name, value)| {
        e.with_value(name, value.clone()).unwrap()
    })
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[test]
fn polynomial_features() {
    Reference::read("polynomial_features").each(160, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]);
        let model = set(PolynomialFeatures::new(), &value["settings"])
            .fit(&x, &())
            .unwrap();
        case.array(
            "transform",
            &model.transform(&x).unwrap(),
            &expected["transform"],
            tolerance,
        );
        let powers = model.powers().unwrap().mapv(|p| p as f64);
        case.array("powers", &powers, &expected["powers"], tolerance);
        let names = model.feature_names_out(None).unwrap();
        case.same("names", &names, &texts(&expected["names"]));
        let n = model.n_output_features() as u64;
        case.same(
            "n_output_features",
            &n,
            &expected["n_output_features"].as_u64().unwrap(),
        );
    });
}

#[test]
fn k_bins_discretizer() {
    Reference::read("k_bins_discretizer").each(700, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let bins = set(KBinsDiscretizer::new().subsample(None), &value["settings"]);
        let model: FittedKBinsDiscretizer<f64> = match weights(data, x.nrows()) {
            Some(w) => bins.fit(&x, &().weighted(&w)).unwrap(),
            None => bins.fit(&x, &()).unwrap(),
        };
        let n_bins: Vec<f64> = model.n_bins().into_iter().map(|n| n as f64).collect();
        case.same("n_bins", &n_bins, &numbers(&expected["n_bins"]));
        let edges = expected["edges"].as_array().unwrap();
        for (j, (ours, edges)) in model.bin_edges().iter().zip(edges).enumerate() {
            case.numbers(
                &format!("edges of column {j}"),
                &ours.to_vec(),
                edges,
                tolerance,
            );
        }
        let z = model.transform(&x).unwrap();
        case.array("transform", &z, &expected["transform"], tolerance);
        if !expected["inverse"].is_null() {
            let inverse = model.inverse_transform(&z).unwrap();
            case.array("inverse", &inverse, &expected["inverse"], tolerance);
        }
        let names = model.feature_names_out(None).unwrap();
        case.same("names", &names, &texts(&expected["names"]));
    });
}

#[test]
fn bins_in_single_precision_are_those_of_the_rounded_values() {
    // The same values in both types: the bins must be the same too.
    for name in ["iris", "wine", "penguins"] {
        let x = matrix(&serde_json::json!({ "name": name })).mapv(|v| v as f32);
        for strategy in ["quantile", "uniform", "kmeans"] {
            let bins = KBinsDiscretizer::new().encode(BinEncode::Ordinal);
            let bins = bins.with_param("strategy", strategy).unwrap();
            let narrow = bins.fit_transform(&x).unwrap().mapv(f64::from);
            let wide = bins.fit_transform(&x.mapv(f64::from)).unwrap();
            let other = narrow.iter().zip(&wide).filter(|(a, b)| a != b).count();
            // Edges computed in single precision may fall on the other side of a value that lies on them.
            assert!(
                other * 100 <= wide.len(),
                "{name} {strategy}: {other} of {}",
                wide.len()
            );
        }
    }
}

#[test]
fn spline_transformer() {
    Reference::read("spline_transformer").each(390, |value, case| {
        let data = &value["data"];
        let mut x = matrix(data);
        if data["first_column"] == true {
            x = x.slice(s![.., ..1]).to_owned();
        }
        let half = if data["half"] == true {
            x.nrows() / 2
        } else {
            x.nrows()
        };
        let at_fit = x.slice(s![..half, ..]);
        let splines = set(SplineTransformer::new(), &value["settings"]);
        let model = match weights(data, half) {
            Some(w) => splines.fit(&at_fit, &().weighted(&w)).unwrap(),
            None => splines.fit(&at_fit, &()).unwrap(),
        };
        if !data["outside"].is_null() {
            x = rows(&data["outside"]);
        }
        compare_splines(value, case, &model, &x);
    });
}

fn compare_splines(
    value: &Value,
    case: &mut Case,
    model: &FittedSplineTransformer<f64>,
    x: &Array2<f64>,
) {
    let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
    let columns: Vec<Array1<f64>> = model
        .knots()
        .iter()
        .map(|k| Array1::from(k.clone()))
        .collect();
    let knots = Array2::from_shape_fn((columns.len(), columns[0].len()), |(j, i)| columns[j][i]);
    case.array("knots", &knots, &expected["knots"], tolerance);
    case.array(
        "transform",
        &model.transform(x).unwrap(),
        &expected["transform"],
        tolerance,
    );
    let names = model.feature_names_out(None).unwrap();
    case.same("names", &names, &texts(&expected["names"]));
}

#[test]
fn function_transformer() {
    Reference::read("function_transformer").each(180, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]);
        let model = set(FunctionTransformer::new(), &value["settings"])
            .fit(&x, &())
            .unwrap();
        let z = model.transform(&x).unwrap();
        case.array("transform", &z, &expected["transform"], tolerance);
        if !expected["inverse"].is_null() {
            let back = model.inverse_transform(&z).unwrap();
            case.array("inverse", &back, &expected["inverse"], tolerance);
        }
    });
}

fn class(value: &Value) -> Class {
    match value {
        Value::String(text) => Class::from(text),
        Value::Bool(flag) => Class::from(*flag),
        number => Class::from(number.as_i64().unwrap()),
    }
}

fn classes(values: &Value) -> Vec<Class> {
    values.as_array().unwrap().iter().map(class).collect()
}

/// As Python writes them.
fn written<'a>(classes: impl IntoIterator<Item = &'a Class>) -> Vec<String> {
    let text = |class: &Class| match class {
        Class::Bool(true) => "True".into(),
        Class::Bool(false) => "False".into(),
        other => other.to_string(),
    };
    classes.into_iter().map(text).collect()
}

#[test]
fn label_encoder() {
    Reference::read("label_encoder").each(12, |value, case| {
        let expected = &value["expected"];
        let y = Labels::from(classes(&value["data"]["labels"]));
        let model = LabelEncoder::new().fit(&y, &()).unwrap();
        let codes = model.transform(&y).unwrap();
        let numbers: Vec<f64> = codes.iter().map(|c| *c as f64).collect();
        case.numbers("codes", &numbers, &expected["codes"], &value["tolerance"]);
        case.same(
            "classes",
            &written(model.classes()),
            &texts(&expected["classes"]),
        );
        case.same("inverse", &model.inverse_transform(&codes).unwrap(), &y);
    });
}

#[test]
fn label_binarizer() {
    Reference::read("label_binarizer").each(120, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let y = Labels::from(classes(&value["data"]["labels"]));
        let model = set(LabelBinarizer::new(), &value["settings"])
            .fit(&y, &())
            .unwrap();
        let columns = model.transform(&y).unwrap();
        case.array("columns", &columns, &expected["columns"], tolerance);
        case.same(
            "classes",
            &written(model.classes()),
            &texts(&expected["classes"]),
        );
        case.same("inverse", &model.inverse_transform(&columns).unwrap(), &y);
        let scores = numbers(&expected["scores"]["values"]);
        let scores = Array2::from_shape_vec(columns.dim(), scores).unwrap();
        for (threshold, back) in [
            ("None", model.inverse_transform(&scores).unwrap()),
            ("0.0", model.inverse_transform_at(&scores, 0.0).unwrap()),
            ("0.5", model.inverse_transform_at(&scores, 0.5).unwrap()),
        ] {
            let name = format!("inverse/{threshold}");
            case.same(&name, &written(back.iter()), &texts(&expected[&name]));
        }
    });
}

#[test]
fn multi_label_binarizer() {
    Reference::read("multi_label_binarizer").each(15, |value, case| {
        let expected = &value["expected"];
        let rows: Vec<Vec<Class>> = value["data"]["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(classes)
            .collect();
        let y = LabelSets::from(rows);
        let mut binarizer = MultiLabelBinarizer::new();
        if !value["settings"]["classes"].is_null() {
            binarizer = binarizer.classes(classes(&value["settings"]["classes"]));
        }
        let model = binarizer.fit(&y, &()).unwrap();
        let columns = model.transform(&y).unwrap();
        case.array(
            "columns",
            &columns,
            &expected["columns"],
            &value["tolerance"],
        );
        case.same(
            "classes",
            &written(model.classes()),
            &texts(&expected["classes"]),
        );
        case.same("inverse", &model.inverse_transform(&columns).unwrap(), &y);
    });
}
