//! The checks, each written once for every estimator. Their names are those of `CC` numbers in the notes of the project.

use std::collections::BTreeMap;

use fitwell::model::Format;
use fitwell::params::Value;
use fitwell::{ErrorKind, Labels};
use fitwell::{Float, random, to_matrix};
use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use rand::Rng;

use crate::data::{Outputs, bits, close, distance, problem, rows, same, weights};
use crate::report::{Failure, Outcome, Report, call, ensure, may_fail, must, must_fail};
use crate::subject::{Entry, Fitted, Kind, Target, Y};

/// Rounding of the type, with room for sums of a few hundred terms.
fn rounding<F: Float>() -> f64 {
    2000.0 * F::EPSILON.f64()
}

fn base<F: Float>(e: &Entry<F>) -> (Array2<F>, Target<F>) {
    problem_for(e, 60, 4, 3)
}

/// The problem with as many of the classes as the estimator learns.
fn problem_for<F: Float>(
    e: &Entry<F>,
    n: usize,
    p: usize,
    n_classes: usize,
) -> (Array2<F>, Target<F>) {
    let most = e.tags.two_classes.map_or(n_classes, |_| 2);
    problem(e.kind, n, p, n_classes.min(most))
}

fn fit<F: Float>(e: &Entry<F>, x: &ArrayRef2<F>, y: &Target<F>) -> Result<Fitted<F>, Failure> {
    call(|| e.subject.fit(x, y))
}

fn outputs<F: Float>(model: &Fitted<F>, x: &ArrayRef2<F>) -> Result<Outputs<F>, String> {
    must(call(|| model.outputs(x)), "outputs")
}

/// Fit and outputs on the same samples.
fn trained<F: Float>(
    e: &Entry<F>,
    x: &ArrayRef2<F>,
    y: &Target<F>,
) -> Result<(Fitted<F>, Outputs<F>), String> {
    let model = must(fit(e, x, y), "fit")?;
    let mut out = outputs(&model, x)?;
    out.extend(model.training.iter().cloned());
    Ok((model, out))
}

/// How far two fits may be apart that differ by rounding.
fn near<F: Float>(e: &Entry<F>) -> f64 {
    e.tags.tolerance.max(rounding::<F>())
}

fn set<F: Float>(x: &ArrayRef2<F>, at: [usize; 2], value: F) -> Array2<F> {
    let mut x = x.to_owned();
    x[at] = value;
    x
}

fn is_position(kind: &ErrorKind, at: [usize; 2]) -> bool {
    matches!(kind, ErrorKind::NonFinite { row, column, .. } if *row == at[0] && *column == Some(at[1]))
}

type Check<F> = fn(&Entry<F>) -> Outcome;

/// The checks that need nothing but an estimator and data.
pub fn run<F: Float>(e: &Entry<F>, report: &mut Report) {
    let checks: &[(&str, Check<F>)] = &[
        ("CC02 clone", cc02_clone),
        ("CC03 text", cc03_text),
        ("CC04 parameters round trip", cc04_params),
        ("CC05 unknown parameters", cc05_unknown),
        ("CC06 extreme parameters", cc06_extreme),
        ("CC07 fit changes no parameter", cc07_params_kept),
        ("CC08 inputs are left alone", cc08_inputs_kept),
        ("CC09 using a model does not change it", cc09_model_kept),
        ("CC13 one-step pipeline", cc13_pipeline),
        ("CC15 zero rows", cc15_no_rows),
        ("CC16 zero columns", cc16_no_columns),
        ("CC17 lengths differ", cc17_lengths),
        ("CC18 widths differ", cc18_widths),
        ("CC19 NaN at fit", cc19_nan),
        ("CC20 infinity at fit", cc20_infinite),
        ("CC21 bad targets", cc21_target),
        ("CC22 NaN and infinity at use", cc22_bad_rows),
        ("CC23 one row", cc23_one_row),
        ("CC24 one column", cc24_one_column),
        ("CC25 memory layouts", cc25_layouts),
        ("CC26 integers", cc26_integers),
        ("CC32 constant column", cc32_constant),
        ("CC33 every row twice", cc33_doubled),
        ("CC34 extreme scales", cc34_scales),
        ("CC35 rank-deficient", cc35_deficient),
        ("CC36 all rows the same", cc36_identical),
        ("CC37 weights of another length", cc37_weight_length),
        ("CC38 weights of one", cc38_ones),
        ("CC39 weights of zero", cc39_zeros),
        ("CC40 bad weights", cc40_bad_weights),
        ("CC42 weights are left alone", cc42_weights_kept),
        ("CC44 fit again", cc44_again),
        ("CC46 1, 2 and 8 threads", cc46_threads),
        ("CC47 rows one by one", cc47_one_by_one),
        ("CC48 rows in another order", cc48_row_order),
        ("CC53 fit on another width", cc53_other_width),
        ("CC82 JSON", |e| cc82_files(e, Format::Json)),
        ("CC83 binary", |e| cc82_files(e, Format::Binary)),
        ("CC88 recipes", cc88_recipes),
    ];
    for (name, check) in checks {
        let of_values = ["CC19", "CC20", "CC22"].iter().any(|c| name.starts_with(c));
        match e.tags.ignores_values.filter(|_| of_values) {
            Some(reason) => report.skip(name, &e.name, reason),
            None => report.add(name, &e.name, check(e)),
        }
    }
    if F::NAME == "f64" {
        report.add("CC86 truncation", &e.name, cc86_truncation(e));
        report.add("CC87 mutation", &e.name, cc87_mutation(e));
    } else {
        report.skip("CC86, CC87", &e.name, "the readers are those of f64");
    }
    if e.tags.allow_nan {
        report.skip(
            "CC19, CC22",
            &e.name,
            "NaN is a missing value: it must be accepted instead",
        );
    }
    match e.tags.widens.or(e.tags.places_count) {
        Some(reason) => report.skip("CC51", &e.name, reason),
        None => report.add(
            "CC51 columns in another order",
            &e.name,
            cc51_column_order(e),
        ),
    }
    match e.tags.order_counts {
        Some(reason) => report.skip("CC49", &e.name, reason),
        None => report.add(
            "CC49 training rows in another order",
            &e.name,
            cc49_training_order(e),
        ),
    }
    match e.tags.ignores_weights {
        Some(reason) => report.skip("CC41, CC43", &e.name, reason),
        None => {
            report.add("CC41 integer weights repeat rows", &e.name, cc41_repeats(e));
            report.add(
                "CC43 weights times a constant",
                &e.name,
                cc43_scaled_weights(e),
            );
        }
    }
    if let Some(reason) = e.tags.predicts_otherwise {
        report.skip("CC56, CC57 greatest value", &e.name, reason);
    }
    if let Some(reason) = e.tags.two_classes {
        report.skip("more than two classes", &e.name, reason);
    }
    report.skip("CC45", &e.name, "no randomness in the estimator");
    report.skip("CC29", &e.name, "there are no sparse samples");
    let of_kind: &[(&str, Check<F>)] = match e.kind {
        Kind::Classifier => &[
            ("CC11 classes", cc11_classes),
            ("CC54 accuracy", cc54_accuracy),
            ("CC55 kinds of labels", cc55_label_kinds),
            ("CC56 probabilities", cc56_proba),
            ("CC57 decision function", cc57_decision),
            ("CC58 log probabilities", cc58_log_proba),
            ("CC59 same ranking", cc59_ranking),
            ("CC60 one class", cc60_one_class),
            ("CC61 one class with weight", cc61_one_weighted_class),
            ("CC50 renamed classes", cc50_renamed),
            ("score", score_in_range),
        ],
        Kind::Regressor => &[("CC68 R2", cc68_r2), ("score", score_in_range)],
        Kind::Transformer | Kind::Selector => {
            &[("CC72 rows", cc72_rows), ("CC74 output names", cc74_names)]
        }
        Kind::Clusterer => &[("CC72 rows", cc72_rows)],
    };
    for (name, check) in of_kind {
        let places = e.tags.places_count.or(e.tags.two_classes);
        if let Some(reason) = places.filter(|_| name.starts_with("CC50")) {
            report.skip("CC50", &e.name, reason);
            continue;
        }
        let of_score = name.starts_with("CC54") || name.starts_with("CC68");
        let of_one_class = name.starts_with("CC60") || name.starts_with("CC61");
        let poor = e.tags.poor_score.filter(|_| of_score);
        match poor.or(e.tags.one_class.filter(|_| of_one_class)) {
            Some(reason) => report.skip(name, &e.name, reason),
            None => report.add(name, &e.name, check(e)),
        }
    }
}

// A. The interface.

fn cc02_clone<F: Float>(e: &Entry<F>) -> Outcome {
    let copy = e.subject.duplicate();
    ensure(copy.params() == e.subject.params(), || {
        "other parameters".into()
    })?;
    ensure(copy.debug() == e.subject.debug(), || "another text".into())?;
    let before = (e.subject.params(), e.subject.debug());
    let (x, y) = base(e);
    must(call(|| copy.fit(&x, &y)), "fit")?;
    let after = (e.subject.params(), e.subject.debug());
    ensure(before == after, || {
        "fitting the clone changed the original".into()
    })
}

fn cc03_text<F: Float>(e: &Entry<F>) -> Outcome {
    let (name, value) = &e.tags.sample_param;
    let changed = must(call(|| e.subject.with_value(name, value.clone())), "set")?;
    let text = changed.text();
    let short = name.rsplit("__").next().unwrap_or(name);
    ensure(text.contains(short), || {
        format!("`{text}` does not show {name}")
    })?;
    ensure(!changed.debug().is_empty(), || "no debug text".into())?;
    ensure(text != e.subject.text(), || {
        format!("`{text}` does not change")
    })?;
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    ensure(
        !model.text.trim().is_empty() && !model.debug.is_empty(),
        || "a fitted model has no text".into(),
    )
}

fn cc04_params<F: Float>(e: &Entry<F>) -> Outcome {
    let params = e.subject.params();
    ensure(!params.is_empty(), || "no parameters".into())?;
    for (name, value) in &params {
        let again = must(call(|| e.subject.with_value(name, value.clone())), name)?;
        ensure(again.params() == params, || {
            format!("setting {name} to what it is changes something")
        })?;
    }
    let (name, value) = &e.tags.sample_param;
    let changed = must(call(|| e.subject.with_value(name, value.clone())), name)?;
    ensure(changed.params()[*name] == *value, || {
        format!("{name} was not set")
    })?;
    let others = |p: &BTreeMap<String, Value>| {
        let mut p = p.clone();
        p.remove(*name);
        p
    };
    ensure(others(&changed.params()) == others(&params), || {
        format!("setting {name} changed another")
    })
}

fn cc05_unknown<F: Float>(e: &Entry<F>) -> Outcome {
    let before = e.subject.params();
    let first = before.keys().next().cloned().unwrap_or_default();
    for name in [
        "",
        "no_such_parameter",
        "__",
        "a__b",
        "alpha\0",
        &format!("{first}_"),
    ] {
        let result = call(|| e.subject.with_value(name, Value::from(1)));
        must_fail(
            result.map(|_| ()),
            &format!("{name:?}"),
            |kind| match kind {
                ErrorKind::UnknownParameter { known, .. } => !known.is_empty(),
                _ => false,
            },
        )?;
    }
    for name in before.keys() {
        let wrong = serde_json::json!({"no": ["such", "value"]});
        let result = call(|| e.subject.with_value(name, wrong));
        must_fail(
            result.map(|_| ()),
            &format!("an object for {name}"),
            |kind| matches!(kind, ErrorKind::InvalidParameter { name: n, .. } if name.ends_with(n.as_str())),
        )?;
    }
    ensure(e.subject.params() == before, || {
        "the parameters changed".into()
    })
}

/// Values that few parameters allow.
pub fn extreme_values() -> Vec<Value> {
    [
        Value::from(-1),
        Value::from(-1.0),
        Value::from(0),
        Value::from(0.0),
        Value::from("nan"),
        Value::from("inf"),
        Value::from("-inf"),
        Value::from(9_007_199_254_740_992u64),
        Value::from(1e300),
        Value::from(5e-324),
        Value::from(""),
        Value::from(Vec::<f64>::new()),
        Value::Null,
    ]
    .into()
}

fn cc06_extreme<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let values = extreme_values();
    for name in e.subject.params().keys() {
        for value in &values {
            let what = format!("{name} = {value}");
            let is_parameter = |kind: &ErrorKind| match kind {
                ErrorKind::InvalidParameter {
                    estimator,
                    name: n,
                    expected,
                    got,
                } => {
                    name.ends_with(n.as_str())
                        && ![estimator, expected, got].iter().any(|s| s.is_empty())
                }
                // A value may be allowed and too much for the data.
                ErrorKind::Overflow { .. }
                | ErrorKind::TooLarge { .. }
                | ErrorKind::Diverged { .. } => true,
                // It may make a classifier constant, which leaves no threshold to choose.
                ErrorKind::InvalidInput { .. } => e.tags.two_classes.is_some(),
                _ => false,
            };
            match call(|| e.subject.with_value(name, value.clone())) {
                Ok(changed) => match call(|| changed.fit(&x, &y)) {
                    Ok(model) => {
                        let out = must(call(|| model.outputs(&x)), &what)?;
                        let finite = out.iter().all(|(name, out)| {
                            *name == "predict_log_proba" || out.iter().all(|v| v.is_finite())
                        });
                        ensure(finite, || format!("{what}: outputs are not finite"))?;
                    }
                    Err(Failure::Error(error)) => {
                        ensure(is_parameter(error.kind()), || format!("{what}: {error}"))?;
                    }
                    Err(panic) => return Err(format!("{what}: {panic}")),
                },
                Err(Failure::Error(error)) => {
                    ensure(is_parameter(error.kind()), || format!("{what}: {error}"))?;
                }
                Err(panic) => return Err(format!("{what}: {panic}")),
            }
        }
    }
    Ok(())
}

fn cc07_params_kept<F: Float>(e: &Entry<F>) -> Outcome {
    let before = e.subject.debug();
    let (x, y) = base(e);
    trained(e, &x, &y)?;
    ensure(e.subject.debug() == before, || {
        "fit changed the estimator".into()
    })
}

fn cc08_inputs_kept<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let before = (bits(&x), format!("{y:?}"));
    trained(e, &x, &y)?;
    ensure(before == (bits(&x), format!("{y:?}")), || {
        "the input changed".into()
    })
}

fn cc09_model_kept<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    let before = must(call(|| (model.save)(Format::Binary)), "save")?;
    outputs(&model, &x)?;
    let after = must(call(|| (model.save)(Format::Binary)), "save")?;
    ensure(before == after, || "the model changed".into())
}

fn cc11_classes<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    ensure(model.classes == y.labels().classes(), || {
        format!("{:?}", model.classes)
    })?;
    if e.tags.two_classes.is_some() {
        return Ok(());
    }
    // Classes that a selection left without rows are not learned.
    let few: Vec<usize> = (0..60).filter(|&i| y.labels().codes()[i] != 1).collect();
    let model = must(
        fit(e, &x.select(Axis(0), &few), &y.select(&few)),
        "fit on two classes",
    )?;
    let expected = [
        y.labels().classes()[0].clone(),
        y.labels().classes()[2].clone(),
    ];
    ensure(model.classes == expected, || format!("{:?}", model.classes))
}

fn cc13_pipeline<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, alone) = trained(e, &x, &y)?;
    let model = must(call(|| e.as_step.fit(&x, &y)), "fit")?;
    same(&alone, &outputs(&model, &x)?)?;
    let names = e.as_step.params();
    ensure(
        names.keys().all(|name| name.starts_with("only__"))
            && names.len() == e.subject.params().len(),
        || format!("{names:?}"),
    )
}

// B. Input.

fn cc15_no_rows<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let none = fit(e, &x.slice(s![..0, ..]), &y.select(&[]));
    must_fail(none.map(|_| ()), "fit", |kind| {
        matches!(kind, ErrorKind::EmptyInput { .. })
    })?;
    // No rows to predict are fine: the answer has no rows.
    let model = must(fit(e, &x, &y), "fit")?;
    for (name, out) in outputs(&model, &x.slice(s![..0, ..]))? {
        ensure(out.nrows() == 0, || {
            format!("{name} gives {} rows", out.nrows())
        })?;
    }
    Ok(())
}

fn cc16_no_columns<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let none = fit(e, &x.slice(s![.., ..0]), &y);
    must_fail(none.map(|_| ()), "fit", |kind| {
        matches!(kind, ErrorKind::EmptyInput { .. })
    })
}

fn cc17_lengths<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    if matches!(e.kind, Kind::Transformer | Kind::Clusterer) {
        return Ok(()); // no target; weights are CC37
    }
    for n in [59, 1] {
        let short = fit(e, &x.slice(s![..n, ..]), &y);
        must_fail(
            short.map(|_| ()),
            "fit",
            |kind| matches!(kind, ErrorKind::ShapeMismatch { expected, got, .. } if *expected == n && *got == 60),
        )?;
    }
    let model = must(fit(e, &x, &y), "fit")?;
    if let Some(score) = &model.score {
        let short = call(|| score(&x.slice(s![..59, ..]), &y));
        must_fail(short, "score", |kind| {
            matches!(kind, ErrorKind::ShapeMismatch { .. })
        })?;
    }
    Ok(())
}

fn cc18_widths<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    for width in [0, 1, 3, 5] {
        let other = Array2::<F>::ones((2, width));
        for (name, method) in &model.methods {
            must_fail(
                call(|| method(&other)),
                name,
                |kind| matches!(kind, ErrorKind::ShapeMismatch { expected: 4, got, .. } if *got == width),
            )?;
        }
    }
    Ok(())
}

fn cc19_nan<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let at = [17, 3];
    let result = fit(e, &set(&x, at, F::nan()), &y);
    if e.tags.allow_nan {
        return must(result.map(|_| ()), "fit with a missing value");
    }
    must_fail(result.map(|_| ()), "fit", |kind| is_position(kind, at))
}

fn cc20_infinite<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    for value in [F::infinity(), F::neg_infinity()] {
        let result = fit(e, &set(&x, [59, 0], value), &y);
        if e.tags.allow_infinite {
            must(result.map(|_| ()), "fit with an infinite value")?;
            continue;
        }
        must_fail(result.map(|_| ()), "fit", |kind| is_position(kind, [59, 0]))?;
    }
    Ok(())
}

fn cc21_target<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let Y::Real(values) = &y.y else {
        return Ok(()); // labels cannot hold NaN
    };
    for value in [F::nan(), F::infinity()] {
        let mut bad = values.clone();
        bad[5] = value;
        let result = fit(e, &x, &Target::plain(Y::Real(bad)));
        must_fail(result.map(|_| ()), "fit", |kind| {
            matches!(kind, ErrorKind::NonFinite { row: 5, .. })
        })?;
    }
    Ok(())
}

fn cc22_bad_rows<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    for value in [F::nan(), F::infinity(), F::neg_infinity()] {
        let bad = set(&x, [7, 2], value);
        for (name, method) in &model.methods {
            let result = call(|| method(&bad));
            if value.is_nan() && e.tags.allow_nan {
                must(result.map(|_| ()), name)?;
            } else {
                must_fail(result, name, |kind| is_position(kind, [7, 2]))?;
            }
        }
    }
    Ok(())
}

fn cc23_one_row<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let one = x.slice(s![..1, ..]);
    if let Some(model) = may_fail(fit(e, &one, &y.select(&[0])), "fit")? {
        for (name, out) in outputs(&model, &one)? {
            ensure(out.iter().all(|v| v.is_finite()), || {
                format!("{name} is not finite")
            })?;
        }
    }
    let model = must(fit(e, &x, &y), "fit")?;
    for (name, out) in outputs(&model, &one)? {
        ensure(out.nrows() == 1, || {
            format!("{name} gives {} rows", out.nrows())
        })?;
    }
    Ok(())
}

fn cc24_one_column<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, out) = trained(e, &x.slice(s![.., ..1]), &y)?;
    ensure(out.iter().all(|(_, out)| out.nrows() == 60), || {
        "other rows".into()
    })
}

fn cc25_layouts<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, expected) = trained(e, &x, &y)?;
    let mut column_major = Array2::from_elem((4, 60), F::zero()).reversed_axes();
    column_major.assign(&x);
    let mut reversed = x.slice(s![..;-1, ..;-1]).to_owned();
    reversed.invert_axis(Axis(0));
    reversed.invert_axis(Axis(1));
    let mut wide = Array2::from_elem((120, 12), F::nan());
    wide.slice_mut(s![..;2, 1..;3]).assign(&x);
    let strided = wide.slice(s![..;2, 1..;3]);
    for (layout, view) in [
        ("column-major", column_major.view()),
        ("reversed", reversed.view()),
        ("strided", strided),
    ] {
        ensure(view == x, || format!("the test's {layout} view is wrong"))?;
        let (_, out) = trained(e, &view, &y).map_err(|m| format!("{layout}: {m}"))?;
        close(&expected, &out, near(e)).map_err(|m| format!("{layout}: {m}"))?;
    }
    Ok(())
}

fn cc26_integers<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let whole = x.mapv(|v| (v * F::of(3.0)).round() + F::zero());
    let integers = whole.mapv(|v| v.f64() as i32);
    let converted = must(call(|| to_matrix(&integers)), "to_matrix")?.mapv(F::of);
    let (_, a) = trained(e, &whole, &y)?;
    let (_, b) = trained(e, &converted, &y)?;
    same(&a, &b)
}

fn all_finite<F: Float>(out: &[(&'static str, Array2<F>)]) -> Outcome {
    for (name, out) in out {
        // A probability of zero has a logarithm of minus infinity.
        let bad = |v: &F| v.is_nan() || (!v.is_finite() && *name != "predict_log_proba");
        ensure(!out.iter().any(bad), || format!("{name} is not finite"))?;
    }
    Ok(())
}

fn cc32_constant<F: Float>(e: &Entry<F>) -> Outcome {
    let (mut x, y) = base(e);
    for value in [0.0, 1.0, -1e7, 0.1] {
        x.column_mut(1).fill(F::of(value));
        let (_, out) = trained(e, &x, &y).map_err(|m| format!("{value}: {m}"))?;
        all_finite(&out).map_err(|m| format!("{value}: {m}"))?;
    }
    Ok(())
}

fn cc33_doubled<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let twice: Vec<usize> = (0..120).map(|i| i / 2).collect();
    let (_, out) = trained(e, &x.select(Axis(0), &twice), &y.select(&twice))?;
    all_finite(&out)
}

fn cc34_scales<F: Float>(e: &Entry<F>) -> Outcome {
    let scales: [f64; 4] = if F::NAME == "f32" {
        [1e18, 1e30, 1e-18, 1e-40]
    } else {
        [1e150, 1e250, 1e-150, 1e-300]
    };
    for scale in scales {
        let (mut x, y) = base(e);
        x.column_mut(2).mapv_inplace(|v| F::of(v.f64() * scale));
        let Some(model) = may_fail(fit(e, &x, &y), &format!("{scale:e}"))? else {
            continue; // a typed error
        };
        let Some(out) = may_fail(call(|| model.outputs(&x)), &format!("{scale:e}"))? else {
            continue;
        };
        all_finite(&out).map_err(|m| format!("a column times {scale:e}: {m}"))?;
    }
    Ok(())
}

fn cc35_deficient<F: Float>(e: &Entry<F>) -> Outcome {
    // Two equal columns and a third that is their sum.
    let (mut x, y) = base(e);
    let first = x.column(0).to_owned();
    x.column_mut(1).assign(&first);
    x.column_mut(2).assign(&(&first + &first));
    let (_, out) = trained(e, &x, &y).map_err(|m| format!("collinear: {m}"))?;
    all_finite(&out)?;
    // More columns than rows.
    let (x, y) = problem_for(e, 9, 20, 3);
    let (_, out) = trained(e, &x, &y).map_err(|m| format!("n < p: {m}"))?;
    all_finite(&out)
}

fn cc36_identical<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let x = x.select(Axis(0), &[3; 60]);
    if let Some(model) = may_fail(fit(e, &x, &y), "fit")? {
        all_finite(&outputs(&model, &x)?)?;
    }
    Ok(())
}

// C. Weights.

fn cc37_weight_length<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    for n in [0, 59, 61] {
        let result = fit(e, &x, &y.weighted(Array1::ones(n)));
        must_fail(
            result.map(|_| ()),
            &format!("{n} weights"),
            |kind| matches!(kind, ErrorKind::ShapeMismatch { expected: 60, got, .. } if *got == n),
        )?;
    }
    Ok(())
}

fn cc38_ones<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, plain) = trained(e, &x, &y)?;
    let (_, ones) = trained(e, &x, &y.weighted(Array1::ones(60)))?;
    close(&plain, &ones, near(e))
}

fn cc39_zeros<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let result = fit(e, &x, &y.weighted(Array1::zeros(60)));
    must_fail(result.map(|_| ()), "weights of zero", |kind| {
        matches!(kind, ErrorKind::InvalidInput { .. })
    })
}

fn cc40_bad_weights<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    for value in [f64::NAN, f64::INFINITY, -1.0, -1e-300] {
        let mut w = Array1::ones(60);
        w[31] = value;
        let result = fit(e, &x, &y.weighted(w));
        must_fail(
            result.map(|_| ()),
            &format!("a weight of {value}"),
            |kind| match kind {
                ErrorKind::NonFinite { row, .. } => *row == 31,
                ErrorKind::InvalidInput { reason, .. } => reason.contains("31"),
                _ => false,
            },
        )?;
    }
    Ok(())
}

fn cc41_repeats<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let w = weights(60);
    let repeated: Vec<usize> = (0..60)
        .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
        .collect();
    let by_weight = must(fit(e, &x, &y.weighted(w)), "fit with weights")?;
    let by_rows = fit(e, &x.select(Axis(0), &repeated), &y.select(&repeated));
    let by_rows = must(by_rows, "fit with repeated rows")?;
    close(&outputs(&by_weight, &x)?, &outputs(&by_rows, &x)?, near(e))
}

fn cc42_weights_kept<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let y = y.weighted(weights(60));
    let before = format!("{y:?}");
    trained(e, &x, &y)?;
    ensure(format!("{y:?}") == before, || "the weights changed".into())
}

fn cc43_scaled_weights<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, a) = trained(e, &x, &y.weighted(weights(60)))?;
    let (_, b) = trained(e, &x, &y.weighted(weights(60) * 1000.0))?;
    let distance = a
        .iter()
        .zip(&b)
        .map(|((_, a), (_, b))| distance(a, b))
        .fold(0.0, f64::max);
    if e.tags.weight_scale_invariant {
        ensure(distance <= near(e), || format!("differs by {distance:.1e}"))
    } else {
        ensure(distance > near(e), || {
            "declared to depend on the size of the weights, but does not".into()
        })
    }
}

// D. Determinism and invariance.

fn cc44_again<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (a, first) = trained(e, &x, &y)?;
    let (b, second) = trained(e, &x, &y)?;
    same(&first, &second)?;
    let save = |m: &Fitted<F>| must(call(|| (m.save)(Format::Binary)), "save");
    ensure(save(&a)? == save(&b)?, || "the models differ".into())
}

fn cc46_threads<F: Float>(e: &Entry<F>) -> Outcome {
    let n = e.tags.many_rows;
    let (x, y) = problem_for(e, n, 9, 3);
    let y = y.weighted(Array1::from_shape_fn(n, |i| 0.5 + (i % 7) as f64));
    let with = |threads: usize| -> Result<_, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| e.to_string())?;
        pool.install(|| {
            let (model, out) = trained(e, &x, &y)?;
            Ok((must(call(|| (model.save)(Format::Binary)), "save")?, out))
        })
    };
    let (bytes, out) = with(1)?;
    // The chunks of f32 are those of f64.
    let more: &[usize] = if F::NAME == "f64" { &[2, 8] } else { &[8] };
    for &threads in more {
        let (other_bytes, other) = with(threads)?;
        ensure(bytes == other_bytes, || {
            format!("{threads} threads learn another model")
        })?;
        same(&out, &other).map_err(|m| format!("{threads} threads: {m}"))?;
    }
    Ok(())
}

fn cc47_one_by_one<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (model, all) = trained(e, &x, &y)?;
    for i in 0..60 {
        let one = outputs(&model, &x.slice(s![i..=i, ..]))?;
        for ((name, all), (_, one)) in all.iter().zip(&one) {
            let scale = all
                .column(0)
                .iter()
                .fold(1.0, |m: f64, v| m.max(v.f64().abs()));
            let far = all.row(i).iter().zip(one.row(0)).any(|(a, b)| {
                (a.f64() - b.f64()).abs() > rounding::<F>() * scale.max(a.f64().abs())
            });
            ensure(one.nrows() == 1 && !far, || {
                format!("{name} of row {i} alone differs")
            })?;
        }
    }
    Ok(())
}

fn cc48_row_order<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (model, all) = trained(e, &x, &y)?;
    let order = random::permutation(60, &mut random::generator(48));
    let shuffled = outputs(&model, &x.select(Axis(0), &order))?;
    close(&rows(&all, &order), &shuffled, rounding::<F>())
}

fn cc49_training_order<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let expected = outputs(&must(fit(e, &x, &y), "fit")?, &x)?;
    let order = random::permutation(60, &mut random::generator(49));
    let model = must(fit(e, &x.select(Axis(0), &order), &y.select(&order)), "fit")?;
    close(&expected, &outputs(&model, &x)?, near(e))
}

fn cc51_column_order<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (model, expected) = trained(e, &x, &y)?;
    let order = [2, 0, 3, 1];
    let turned = x.select(Axis(1), &order);
    let (turned_model, out) = trained(e, &turned, &y)?;
    let (Some(names), Some(turned_names)) = (&model.names_out, &turned_model.names_out) else {
        return close(&expected, &out, near(e));
    };
    // The columns of a transformer are found again by their names; a product has those of its factors in either order.
    let input =
        |order: &[usize]| -> Vec<String> { order.iter().map(|j| format!("c{j}")).collect() };
    let key = |name: &String| {
        let mut parts: Vec<String> = name.split(' ').map(Into::into).collect();
        parts.sort();
        parts
    };
    let keys = |names: Vec<String>| -> Vec<Vec<String>> { names.iter().map(key).collect() };
    let names = keys(must(call(|| names(Some(&input(&[0, 1, 2, 3])))), "names")?);
    let turned = keys(must(call(|| turned_names(Some(&input(&order)))), "names")?);
    let mut positions = Vec::with_capacity(turned.len());
    for name in &turned {
        match names.iter().position(|n| n == name) {
            Some(position) => positions.push(position),
            None => return Err(format!("{name:?} is no column of {names:?}")),
        }
    }
    let expected = expected
        .iter()
        .map(|(name, out)| (*name, out.select(Axis(1), &positions)));
    close(&expected.collect(), &out, near(e))
}

fn cc53_other_width<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, before) = trained(e, &x, &y)?;
    let (wide, other) = problem_for(e, 45, 7, 3);
    trained(e, &wide, &other)?;
    let (_, after) = trained(e, &x, &y)?;
    same(&before, &after)
}

// E. Classifiers.

fn cc54_accuracy<F: Float>(e: &Entry<F>) -> Outcome {
    for n_classes in [2, 3, 5] {
        let (x, y) = problem_for(e, 300, 6, n_classes);
        let model = must(fit(e, &x, &y), "fit")?;
        let score = must(call(|| (model.score.as_ref().unwrap())(&x, &y)), "score")?;
        ensure(score > 0.83, || {
            format!("accuracy {score} on {n_classes} classes")
        })?;
    }
    Ok(())
}

fn cc55_label_kinds<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = problem_for(e, 60, 4, 2);
    let (_, expected) = trained(e, &x, &y)?;
    let codes = y.labels().codes();
    let kinds = [
        Labels::from_iter(codes.iter().map(|&c| [-7i64, 1000][c as usize])),
        Labels::from_iter(codes.iter().map(|&c| [3usize, 5][c as usize])),
        Labels::from_iter(codes.iter().map(|&c| c == 1)),
        Labels::from_iter(codes.iter().map(|&c| ["", "ü b"][c as usize])),
    ];
    for labels in kinds {
        let y = Target::plain(Y::Labels(labels));
        let (model, out) = trained(e, &x, &y)?;
        ensure(model.classes == y.labels().classes(), || {
            format!("{:?}", model.classes)
        })?;
        ensure(model.classes.is_sorted(), || {
            "classes are not sorted".into()
        })?;
        same(&expected, &out)?;
    }
    Ok(())
}

/// The same classes under names in the opposite order: the columns swap, nothing else.
fn cc50_renamed<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (_, expected) = trained(e, &x, &y)?;
    let opposite = Labels::from_iter(y.labels().codes().iter().map(|&c| 2 - i64::from(c)));
    let (_, out) = trained(e, &x, &Target::plain(Y::Labels(opposite)))?;
    let turned = out.iter().map(|(name, out)| {
        let turned = match *name {
            "predict" => out.mapv(|c| F::of(2.0) - c),
            _ => out.slice(s![.., ..;-1]).to_owned(),
        };
        (*name, turned)
    });
    close(&expected, &turned.collect(), near(e))
}

fn named<F: Float>(out: &[(&'static str, Array2<F>)], name: &str) -> Option<Array2<F>> {
    out.iter()
        .find(|(n, _)| *n == name)
        .map(|(_, out)| out.clone())
}

fn arg_max<F: Float>(row: ndarray::ArrayView1<F>) -> usize {
    (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
}

fn cc56_proba<F: Float>(e: &Entry<F>) -> Outcome {
    for n_classes in [2, 3] {
        let (x, y) = problem_for(e, 60, 4, n_classes);
        let n_classes = y.labels().classes().len();
        let (_, out) = trained(e, &x, &y)?;
        let Some(proba) = named(&out, "predict_proba") else {
            return Ok(());
        };
        let predicted = named(&out, "predict").unwrap_or_default();
        ensure(proba.dim() == (60, n_classes), || {
            format!("{:?}", proba.dim())
        })?;
        for (i, row) in proba.rows().into_iter().enumerate() {
            ensure(row.iter().all(|&p| p >= F::zero() && p <= F::one()), || {
                format!("row {i}: {row}")
            })?;
            let sum: f64 = row.iter().map(|p| p.f64()).sum();
            let allowed = if F::NAME == "f32" { 1e-6 } else { 1e-12 };
            ensure((sum - 1.0).abs() <= allowed, || {
                format!("row {i} sums to {sum}")
            })?;
            let best = arg_max(row);
            let agrees = predicted[[i, 0]] == F::of(best as f64);
            ensure(agrees || e.tags.predicts_otherwise.is_some(), || {
                format!("row {i}: arg-max {best}")
            })?;
        }
    }
    Ok(())
}

fn cc57_decision<F: Float>(e: &Entry<F>) -> Outcome {
    for n_classes in [2, 3] {
        let (x, y) = problem_for(e, 60, 4, n_classes);
        let (_, out) = trained(e, &x, &y)?;
        let Some(decision) = named(&out, "decision_function") else {
            return Ok(());
        };
        let predicted = named(&out, "predict").unwrap_or_default();
        let columns = match y.labels().classes().len() {
            2 => 1,
            n_classes => n_classes,
        };
        ensure(decision.dim() == (60, columns), || {
            format!("{:?}", decision.dim())
        })?;
        for (i, row) in decision.rows().into_iter().enumerate() {
            let best = if columns == 1 {
                usize::from(row[0] > F::zero())
            } else {
                arg_max(row)
            };
            let agrees = predicted[[i, 0]] == F::of(best as f64);
            ensure(agrees || e.tags.predicts_otherwise.is_some(), || {
                format!("row {i}: {row}")
            })?;
        }
    }
    Ok(())
}

fn cc58_log_proba<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    for factor in [1.0, 1e3, 1e6] {
        let far = x.mapv(|v| v * F::of(factor));
        let out = outputs(&model, &far)?;
        let (Some(proba), Some(log)) = (
            named(&out, "predict_proba"),
            named(&out, "predict_log_proba"),
        ) else {
            return Ok(());
        };
        for (p, l) in proba.iter().zip(&log) {
            ensure(!l.is_nan() && *l <= F::zero() && !p.is_nan(), || {
                format!("ln {p} is {l}")
            })?;
            if *p > F::of(1e-30) {
                let d = (p.f64().ln() - l.f64()).abs();
                let scale = l.f64().abs().max(1.0);
                ensure(d <= rounding::<F>() * scale, || format!("ln {p} is {l}"))?;
            }
        }
    }
    Ok(())
}

fn cc59_ranking<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = problem_for(e, 60, 4, 2);
    let (_, out) = trained(e, &x, &y)?;
    let (Some(proba), Some(decision)) = (
        named(&out, "predict_proba"),
        named(&out, "decision_function"),
    ) else {
        return Ok(());
    };
    let mut order: Vec<usize> = (0..60).collect();
    order.sort_by(|&a, &b| decision[[a, 0]].f64().total_cmp(&decision[[b, 0]].f64()));
    let rising = order
        .windows(2)
        .all(|w| proba[[w[0], 1]] <= proba[[w[1], 1]]);
    ensure(rising, || {
        "probabilities do not rise with the decision function".into()
    })
}

fn cc60_one_class<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, _) = base(e);
    let y = Target::plain(Y::Labels(Labels::from(vec!["only"; 60])));
    must_fail(fit(e, &x, &y).map(|_| ()), "one class", |kind| {
        matches!(kind, ErrorKind::TooFewClasses { got: 1, .. })
    })
}

fn cc61_one_weighted_class<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let codes = y.labels().codes();
    let w = Array1::from_shape_fn(60, |i| f64::from(u8::from(codes[i] == 0)));
    must_fail(
        fit(e, &x, &y.weighted(w)).map(|_| ()),
        "one class with weight",
        |kind| matches!(kind, ErrorKind::TooFewClasses { got: 1, .. }),
    )
}

fn score_in_range<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    let score = model.score.as_ref().ok_or("no score")?;
    let value = must(call(|| score(&x, &y)), "score")?;
    ensure(value.is_finite() && value <= 1.0, || {
        format!("score {value}")
    })?;
    // Weights count in a score: rows with weight 0 do not.
    let weighted = must(fit(e, &x, &y.weighted(weights(60))), "fit")?;
    let kept: Vec<usize> = (0..60).filter(|&i| weights(60)[i] > 0.0).collect();
    let ones = Array1::from_iter(kept.iter().map(|&i| weights(60)[i]));
    let score = weighted.score.as_ref().ok_or("no score")?;
    let all = must(call(|| score(&x, &y.weighted(weights(60)))), "score")?;
    let some = y.select(&kept).weighted(ones);
    let some = must(call(|| score(&x.select(Axis(0), &kept), &some)), "score")?;
    ensure((all - some).abs() < 1e-6, || {
        format!("{all} with rows of weight 0, {some} without")
    })
}

// F. Regressors.

fn cc68_r2<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = problem_for(e, 300, 6, 3);
    let model = must(fit(e, &x, &y), "fit")?;
    let score = must(call(|| (model.score.as_ref().unwrap())(&x, &y)), "score")?;
    ensure(score > 0.5, || format!("R2 {score}"))
}

// G. Transformers.

fn cc72_rows<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (model, out) = trained(e, &x, &y)?;
    ensure(out.iter().all(|(_, out)| out.nrows() == 60), || {
        "the number of rows changes".into()
    })?;
    same(&out, &outputs(&model, &x)?)
}

fn cc74_names<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let (model, out) = trained(e, &x, &y)?;
    let names_out = model.names_out.as_ref().ok_or("no output names")?;
    let names = must(call(|| names_out(None)), "names")?;
    ensure(names.len() == out[0].1.ncols(), || format!("{names:?}"))?;
    let unique: std::collections::HashSet<_> = names.iter().collect();
    ensure(unique.len() == names.len(), || format!("{names:?}"))?;
    ensure(must(call(|| names_out(None)), "names")? == names, || {
        "other names".into()
    })?;
    let input: Vec<String> = ["a", "b", "c", "d"].map(String::from).into();
    let given = must(call(|| names_out(Some(&input))), "names")?;
    ensure(given.len() == names.len(), || format!("{given:?}"))?;
    must_fail(
        call(|| names_out(Some(&input[..3]))),
        "three names",
        |kind| {
            matches!(
                kind,
                ErrorKind::ShapeMismatch { .. } | ErrorKind::FeatureNames { .. }
            )
        },
    )
}

// J. Model files.

fn cc82_files<F: Float>(e: &Entry<F>, format: Format) -> Outcome {
    let (x, y) = base(e);
    for y in [y.clone(), y.weighted(weights(60))] {
        let (model, expected) = trained(e, &x, &y)?;
        let bytes = must(call(|| (model.save)(format)), "save")?;
        let loaded = must(call(|| (e.load)(format, &bytes)), "load")?;
        same(&expected, &outputs(&loaded, &x)?)?;
        ensure(loaded.text == model.text, || {
            format!("saved `{}`, loaded `{}`", model.text, loaded.text)
        })?;
        ensure(
            must(call(|| (loaded.save)(format)), "save")? == bytes,
            || "saving again gives other bytes".into(),
        )?;
    }
    Ok(())
}

const FORMATS: [Format; 2] = [Format::Json, Format::Binary];

fn cc86_truncation<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    for format in FORMATS {
        let bytes = must(call(|| (model.save)(format)), "save")?;
        // Everywhere; in a large file at some thousand places.
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 4096) {
            let cut = call(|| (e.load)(format, &bytes[..length]));
            must_fail(
                cut.map(|_| ()),
                &format!("{format:?} cut to {length}"),
                |kind| matches!(kind, ErrorKind::ModelFile { .. }),
            )?;
        }
    }
    Ok(())
}

/// The file with one to three bytes changed, removed or repeated.
pub fn mutate(bytes: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    let mut below = |n: usize| random::below(n.try_into().unwrap(), rng);
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + below(3) {
        let at = below(bytes.len());
        match below(4) {
            0 => bytes[at] ^= 1 << below(8),
            1 => bytes[at] = b"0123456789-.eE,:{}[]\"nN"[below(23)],
            2 => drop(bytes.remove(at)),
            _ => bytes.insert(at, bytes[at]),
        }
    }
    bytes
}

fn cc87_mutation<F: Float>(e: &Entry<F>) -> Outcome {
    let (x, y) = base(e);
    let model = must(fit(e, &x, &y), "fit")?;
    let mut rng = random::generator(87);
    for format in FORMATS {
        let bytes = must(call(|| (model.save)(format)), "save")?;
        for _ in 0..1500 {
            let bytes = mutate(&bytes, &mut rng);
            let what = || String::from_utf8_lossy(&bytes).into_owned();
            let Some(loaded) = may_fail(call(|| (e.load)(format, &bytes)), &what())? else {
                continue;
            };
            for (name, method) in &loaded.methods {
                if let Some(out) = may_fail(call(|| method(&x)), &what())? {
                    ensure(out.nrows() == 60, || format!("{name} of a mutated model"))?;
                }
            }
        }
    }
    Ok(())
}

fn cc88_recipes<F: Float>(e: &Entry<F>) -> Outcome {
    for format in FORMATS {
        let params = must(call(|| (e.recipe_round_trip)(format)), "round trip")?;
        ensure(params == e.subject.params(), || {
            format!("{format:?}: {params:?}")
        })?;
    }
    Ok(())
}

/// CC27: `f32` agrees with `f64`.
pub fn precisions(wide: &Entry<f64>, narrow: &Entry<f32>) -> Outcome {
    let (x, y) = base(wide);
    let (x32, y32) = base(narrow);
    let (_, a) = trained(wide, &x, &y)?;
    let (_, b) = trained(narrow, &x32, &y32)?;
    let b = b
        .into_iter()
        .map(|(name, b)| (name, b.mapv(f64::from)))
        .collect();
    close(&a, &b, 1e-3)
}
