use super::*;
use crate::impute::SimpleImputer;
use crate::pipeline::pipeline;
use crate::preprocessing::{
    FittedOneHotEncoder, FittedStandardScaler, HandleUnknown, OneHotEncoder, StandardScaler,
};
use crate::table::{Column, ColumnKind, Table};
use crate::traits::{FeatureNamesOut, FitTransform, Transform};
use ndarray::{Array1, Axis, array, s};

fn table() -> Table {
    Table::new([
        (
            "age",
            Column::from([Some(20.0), None, Some(40.0), Some(60.0)]),
        ),
        ("visits", Column::from([1, 2, 3, 4])),
        ("sex", Column::from([Some("f"), Some("m"), None, Some("m")])),
        ("member", Column::from([true, false, true, true])),
    ])
    .unwrap()
}

macro_rules! prepare {
    () => {
        ColumnTransformer::new()
            .numeric(
                "num",
                Columns::numeric(),
                pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
            )
            .part(
                "cat",
                ["sex"],
                pipeline("impute", SimpleImputer::most_frequent())
                    .then("onehot", OneHotEncoder::new()),
            )
    };
}

#[test]
fn the_result_is_the_parts_side_by_side() {
    let fitted = prepare!()
        .remainder(Remainder::Passthrough)
        .fit(&table(), &())
        .unwrap();
    let x = fitted.transform(&table()).unwrap();
    let numbers = table()
        .select_columns(&Columns::numeric())
        .unwrap()
        .to_matrix()
        .unwrap();
    let numbers = SimpleImputer::median().fit_transform(&numbers).unwrap();
    let numbers = StandardScaler::new().fit_transform(&numbers).unwrap();
    assert_eq!(x.slice(s![.., ..2]), numbers);
    assert_eq!(
        x.slice(s![.., 2..4]),
        array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    );
    assert_eq!(x.column(4), array![1.0, 0.0, 1.0, 1.0]);
    assert_eq!(
        fitted.feature_names_out(None).unwrap(),
        [
            "num__age",
            "num__visits",
            "cat__sex_f",
            "cat__sex_m",
            "remainder__member"
        ]
    );
    assert_eq!((fitted.n_features_in(), fitted.n_features_out()), (4, 5));
    assert_eq!(fitted.remainder(), [3]);
}

#[test]
fn columns_are_found_by_name() {
    let fitted = prepare!()
        .remainder(Remainder::Passthrough)
        .fit(&table(), &())
        .unwrap();
    let x = fitted.transform(&table()).unwrap();
    let other = table()
        .select_columns(&["member", "sex", "visits", "age"].into())
        .unwrap()
        .with_column("new", ["a", "b", "c", "d"])
        .unwrap();
    assert_eq!(fitted.transform(&other).unwrap(), x);
    let more = table().with_column("new", [1, 2, 3, 4]).unwrap();
    assert_eq!(fitted.transform(&more).unwrap(), x);
    let refused = fitted
        .transform(&table().drop_columns(&["age", "member"].into()).unwrap())
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::FeatureNames { missing, .. } if missing == &["age", "member"]),
        "{refused}"
    );
    // What no part takes need not be there.
    let fitted = prepare!().fit(&table(), &()).unwrap();
    let without = table().drop_columns(&"member".into()).unwrap();
    assert_eq!(fitted.transform(&without).unwrap(), x.slice(s![.., ..4]));
}

#[test]
fn rows_one_by_one_are_the_rows_together() {
    let fitted = prepare!()
        .remainder(Remainder::Passthrough)
        .fit(&table(), &())
        .unwrap();
    let x = fitted.transform(&table()).unwrap();
    for i in 0..4 {
        let row = fitted
            .transform(&table().select_rows(&[i]).unwrap())
            .unwrap();
        assert_eq!(row.row(0), x.row(i));
    }
    assert_eq!(fitted.transform(&table().head(0)).unwrap().dim(), (0, 5));
}

#[test]
fn kinds_stay_as_at_fit() {
    let fitted = prepare!()
        .remainder(Remainder::Passthrough)
        .fit(&table(), &())
        .unwrap();
    let row = |age: Column, sex: Column, member: Column| {
        Table::new([
            ("age", age),
            ("visits", Column::from([2.0])),
            ("sex", sex),
            ("member", member),
        ])
        .unwrap()
    };
    let text = || Column::from(["m"]);
    let yes = || Column::from([true]);
    let usual = fitted
        .transform(&row(Column::from([40]), text(), yes()))
        .unwrap();
    assert_eq!(usual.row(0).to_vec()[2..], [0.0, 1.0, 1.0]);
    // Missing is of any kind.
    let none = || Column::from([None::<&str>]);
    let no_age = fitted.transform(&row(none(), text(), yes())).unwrap();
    assert_eq!(no_age, usual);
    let no_sex = fitted
        .transform(&row(Column::from([40]), Column::from([f64::NAN]), yes()))
        .unwrap();
    assert_eq!(no_sex, usual);
    let no_member = fitted
        .transform(&row(Column::from([40]), text(), none()))
        .unwrap();
    assert!(no_member[[0, 4]].is_nan());
    for (bad, says) in [
        (
            row(text(), text(), yes()),
            "part `num`: column `age` is categorical, expected float, as at fit",
        ),
        (
            row(Column::from([40]), Column::from([1]), yes()),
            "part `cat`: column `sex` is integer, expected categorical, as at fit",
        ),
        (
            row(Column::from([40]), text(), Column::from([1])),
            "remainder: column `member` is integer, expected boolean, as at fit",
        ),
    ] {
        assert_eq!(fitted.transform(&bad).unwrap_err().to_string(), says);
    }
}

#[test]
fn refused_at_fit() {
    let scale = StandardScaler::new;
    for (name, expected) in [
        ("", "not empty"),
        ("a__b", "without `__`"),
        ("remainder", "another name"),
    ] {
        let refused = ColumnTransformer::new()
            .numeric(name, ["age"], scale())
            .fit(&table(), &());
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let twice = ColumnTransformer::new()
        .numeric("a", ["age"], scale())
        .numeric("a", ["visits"], scale());
    assert!(
        twice
            .fit(&table(), &())
            .unwrap_err()
            .to_string()
            .contains("different for each part")
    );
    let unknown = ColumnTransformer::new().numeric("a", ["agee"], scale());
    let refused = unknown.fit(&table(), &()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "part `a`: no column `agee`; there are: age, visits, sex, member"
    );
    let text = ColumnTransformer::new().numeric("a", ["sex"], scale());
    let refused = text.fit(&table(), &()).unwrap_err().to_string();
    assert!(
        refused.starts_with("part `a`: column `sex` is categorical"),
        "{refused}"
    );
    let passed = ColumnTransformer::new()
        .numeric("a", ["age"], scale())
        .remainder(Remainder::Passthrough);
    let refused = passed.fit(&table(), &()).unwrap_err().to_string();
    assert!(
        refused.starts_with("remainder: column `sex` is categorical"),
        "{refused}"
    );
    assert!(ColumnTransformer::new().fit(&table(), &()).is_err());
    assert!(prepare!().fit(&table().head(0), &()).is_err());
    assert!(prepare!().fit(&table(), &array![1.0, 2.0]).is_err());
}

#[test]
fn a_part_without_columns_is_skipped() {
    let prepare = prepare!().numeric(
        "none",
        Columns::from([0usize; 0].map(|_| "")),
        StandardScaler::new(),
    );
    let fitted = prepare.fit(&table(), &()).unwrap();
    assert_eq!(fitted.n_features_out(), 4);
    assert!(fitted.step_any("none").is_none());
    assert_eq!(fitted.feature_names_out(None).unwrap().len(), 4);
    assert_eq!(fitted.transform(&table()).unwrap().ncols(), 4);
    fitted.validate().unwrap();
    assert!(
        fitted.to_string().contains("none []: no columns"),
        "{fitted}"
    );
}

#[test]
fn weights_reach_the_parts() {
    let table = table().select_columns(&["visits"].into()).unwrap();
    let prepare = ColumnTransformer::new().numeric("scale", ["visits"], StandardScaler::new());
    let w = array![1.0, 0.0, 1.0, 0.0];
    let fitted = prepare.fit(&table, &().weighted(&w)).unwrap();
    let scaler = fitted.step::<FittedStandardScaler<f64>>("scale").unwrap();
    assert_eq!(scaler.mean(), array![2.0]);
    assert!(prepare.fit(&table, &().weighted(&Array1::ones(3))).is_err());
}

#[test]
fn parameters_by_name() {
    let changed = prepare!()
        .with_param("num__impute__strategy", "mean")
        .and_then(|p| p.with_param("cat__onehot__handle_unknown", "ignore"))
        .and_then(|p| p.with_param("remainder", "passthrough"))
        .unwrap();
    let params = changed.params();
    assert_eq!(params["num__impute__strategy"], "mean");
    assert_eq!(params["remainder"], "passthrough");
    assert_eq!(params["verbose_feature_names_out"], true);
    let fitted = changed.fit(&table(), &()).unwrap();
    let unseen = table()
        .drop_columns(&"sex".into())
        .unwrap()
        .with_column("sex", ["x"; 4])
        .unwrap();
    assert_eq!(
        fitted.transform(&unseen).unwrap().slice(s![0, 2..4]),
        array![0.0, 0.0]
    );
    assert!(prepare!().with_param("remainder", "keep").is_err());
    assert!(
        prepare!()
            .with_param("verbose_feature_names_out", 1)
            .is_err()
    );
    let refused = prepare!()
        .with_param("nun__impute__strategy", "mean")
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::UnknownParameter { known, .. } if known.contains(&"num__scale__with_mean".to_string()))
    );
    let refused = prepare!()
        .with_param("num__imput__strategy", "mean")
        .unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::UnknownParameter { .. }));
}

#[test]
fn drawn_as_a_tree() {
    assert_eq!(
        prepare!().remainder(Remainder::Passthrough).to_string(),
        "ColumnTransformer()\n  \
             num every float or integer column:\n    \
             impute: SimpleImputer(strategy=\"median\")\n    \
             scale: StandardScaler()\n  \
             cat [sex]:\n    \
             impute: SimpleImputer(strategy=\"most_frequent\")\n    \
             onehot: OneHotEncoder()\n  \
             remainder: Passthrough()"
    );
    let fitted = prepare!()
        .remainder(Remainder::Passthrough)
        .fit(&table(), &())
        .unwrap();
    let drawn = fitted.to_string();
    assert!(
        drawn.contains("\n  num [age, visits]:\n    impute: SimpleImputer fitted"),
        "{drawn}"
    );
    assert!(
        drawn.ends_with("\n  remainder [member]: Passthrough of 1 columns"),
        "{drawn}"
    );
}

#[test]
fn short_names_must_not_repeat() {
    let prepare = ColumnTransformer::new()
        .verbose_feature_names_out(false)
        .numeric("a", ["age"], StandardScaler::new())
        .part("b", ["sex"], OneHotEncoder::new());
    let fitted = prepare.fit(&table(), &()).unwrap();
    assert_eq!(
        fitted.feature_names_out(None).unwrap(),
        ["age", "sex_f", "sex_m", "sex_nan"]
    );
    let twice = prepare
        .numeric("c", ["age"], StandardScaler::new())
        .fit(&table(), &())
        .unwrap();
    assert!(twice.feature_names_out(None).is_err());
}

#[test]
fn files() {
    let prepare = prepare!().remainder(Remainder::Passthrough);
    let fitted = prepare.fit(&table(), &()).unwrap();
    macro_rules! round_trip {
        ($value:expr) => {
            fn same<T: Model + PartialEq + fmt::Debug>(value: &T) {
                assert_eq!(&T::from_json(&value.to_json().unwrap()).unwrap(), value);
                assert_eq!(&T::from_bytes(&value.to_bytes().unwrap()).unwrap(), value);
            }
            same($value)
        };
    }
    {
        round_trip!(&fitted);
    }
    {
        round_trip!(&prepare);
    }
    let mut broken = fitted.clone();
    broken.columns.pop();
    assert!(broken.validate().is_err());
    let mut broken = fitted.clone();
    broken.columns[1].kind = ColumnKind::Categorical;
    assert!(broken.validate().is_err());
    let mut broken = fitted;
    broken.columns[0].name = "visits".into();
    assert!(broken.validate().is_err());
}

#[test]
fn large_tables_in_parallel_give_the_same_bits() {
    let n = 30_000;
    let table = Table::new([
        ("x", Column::from_iter((0..n).map(|i| f64::from(i % 977)))),
        (
            "y",
            Column::from_iter((0..n).map(|i| f64::from(i % 31) - 3.0)),
        ),
        (
            "t",
            Column::from_iter((0..n).map(|i| ["a", "b", "c"][i as usize % 3])),
        ),
    ])
    .unwrap();
    let prepare = ColumnTransformer::new()
        .numeric("num", ["x", "y"], StandardScaler::new())
        .part(
            "cat",
            ["t"],
            OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
        );
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| prepare.fit_transform(&table).unwrap())
    };
    let one = with(1);
    for threads in [2, 8] {
        let same = one
            .iter()
            .zip(&with(threads))
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same);
    }
    assert!(
        (one.slice(s![.., 2..]).sum_axis(Axis(1)) - 1.0)
            .iter()
            .all(|v| *v == 0.0)
    );
    let fitted = prepare.fit(&table, &()).unwrap();
    let encoder = fitted.step::<FittedOneHotEncoder>("cat").unwrap();
    assert_eq!(encoder.n_features_out(), 3);
}

#[test]
fn columns_of_a_matrix_by_position() {
    let x = array![[1.0, 5.0, 7.0, 0.0], [3.0, 6.0, 8.0, 1.0]];
    let prepare = ColumnTransformer::new()
        .numeric("scale", Columns::indices([-1, 0]), StandardScaler::new())
        .drop("out", 1..2)
        .remainder(Remainder::Passthrough);
    let (fitted, out) = prepare.fit_and_transform(&x, &()).unwrap();
    assert_eq!(out, array![[-1.0, -1.0, 7.0], [1.0, 1.0, 8.0]]);
    assert_eq!(fitted.transform(&x).unwrap(), out);
    assert_eq!(fitted.remainder(), [2]);
    let names = fitted.feature_names_out(None).unwrap();
    assert_eq!(names, ["scale__x3", "scale__x0", "remainder__x2"]);
    let input = ["a", "b", "c", "d"].map(String::from);
    let names = fitted.feature_names_out(Some(&input)).unwrap();
    assert_eq!(names, ["scale__d", "scale__a", "remainder__c"]);
    let indices = fitted.output_indices();
    assert_eq!(indices["scale"], 0..2);
    assert_eq!(indices["out"], 0..0);
    assert_eq!(indices["remainder"], 2..3);
    // In f32, every kind of view.
    let x32 = x.mapv(|v| v as f32);
    let out32 = prepare.fit_transform(&x32.view()).unwrap();
    assert_eq!(out32, out.mapv(|v| v as f32));
    // Another width, a table, and a name are refused.
    let wrong = fitted.transform(&x.slice(s![.., ..3])).unwrap_err();
    assert!(matches!(
        wrong.kind(),
        ErrorKind::ShapeMismatch {
            expected: 4,
            got: 3,
            ..
        }
    ));
    let by_name = ColumnTransformer::new().numeric("a", ["x0"], StandardScaler::new());
    let refused = by_name.fit(&x, &()).unwrap_err().to_string();
    assert!(
        refused.contains("no names; choose by position"),
        "{refused}"
    );
    let table = Table::from_matrix(input, &x).unwrap();
    assert!(fitted.transform(&table).is_err());
    let fitted = prepare.fit(&table, &()).unwrap();
    assert!(fitted.transform(&x).is_err());
    assert_eq!(fitted.transform(&table).unwrap(), out);
}

#[test]
fn the_remainder_may_have_a_step() {
    let prepare = prepare!().remainder_part(OneHotEncoder::new());
    let fitted = prepare.fit(&table(), &()).unwrap();
    let names = fitted.feature_names_out(None).unwrap();
    assert_eq!(
        names[4..],
        ["remainder__member_False", "remainder__member_True"]
    );
    assert_eq!(fitted.output_indices()["remainder"], 4..6);
    assert!(fitted.step::<FittedOneHotEncoder>("remainder").is_some());
    assert_eq!(fitted.names(), ["num", "cat", "remainder"]);
    let changed = prepare.with_param("remainder__drop", "first").unwrap();
    assert_eq!(changed.fit(&table(), &()).unwrap().n_features_out(), 5);
    let prepare = prepare!().remainder_numeric(StandardScaler::new());
    let fitted = prepare.fit(&table(), &()).unwrap();
    let out = fitted.transform(&table()).unwrap();
    assert!(out.column(4).sum().abs() < 1e-12);
    // With nothing left it is not fitted.
    let all = prepare.part("rest", ["member"], OneHotEncoder::new());
    let fitted = all.fit(&table(), &()).unwrap();
    assert!(fitted.step_any("remainder").is_none());
    assert_eq!(fitted.names(), ["num", "cat", "rest"]);
    assert_eq!(fitted.output_indices()["remainder"], 0..0);
    fitted.validate().unwrap();
}

#[test]
fn parts_that_pass_through_and_are_dropped() {
    let prepare = ColumnTransformer::new()
        .passthrough("keep", ["visits"])
        .drop("out", ["sex", "age"])
        .remainder(Remainder::Passthrough);
    let fitted = prepare.fit(&table(), &()).unwrap();
    let out = fitted.transform(&table()).unwrap();
    assert_eq!(out, array![[1.0, 1.0], [2.0, 0.0], [3.0, 1.0], [4.0, 1.0]]);
    assert_eq!(
        fitted.feature_names_out(None).unwrap(),
        ["keep__visits", "remainder__member"]
    );
    // What is dropped need not be there.
    let less = table().drop_columns(&["sex", "age"].into()).unwrap();
    assert_eq!(fitted.transform(&less).unwrap(), out);
    let text = ColumnTransformer::new().passthrough("keep", ["sex"]);
    assert!(text.fit(&table(), &()).is_err());
    let nothing = ColumnTransformer::new().drop("out", Columns::All);
    let refused = nothing.fit(&table(), &()).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::EmptyInput { .. }));
}

#[test]
fn weights_of_parts() {
    let plain = prepare!().remainder(Remainder::Passthrough);
    let weighted = plain
        .clone()
        .transformer_weights([("cat", 0.5), ("remainder", -2.0)]);
    let x = plain.fit_transform(&table()).unwrap();
    let (fitted, out) = weighted.fit_and_transform(&table(), &()).unwrap();
    assert_eq!(out.slice(s![.., ..2]), x.slice(s![.., ..2]));
    assert_eq!(out.slice(s![.., 2..4]), &x.slice(s![.., 2..4]) * 0.5);
    assert_eq!(out.column(4), &x.column(4) * -2.0);
    assert_eq!(fitted.transform(&table()).unwrap(), out);
    let again = FittedColumnTransformer::from_bytes(&fitted.to_bytes().unwrap());
    assert_eq!(again.unwrap(), fitted);
    assert_eq!(plain.params()["transformer_weights"], Value::Null);
    let by_name = plain.with_param(
        "transformer_weights",
        serde_json::json!({"cat": 0.5, "remainder": -2}),
    );
    assert_eq!(by_name.unwrap(), weighted);
    for (name, weight) in [("dog", 1.0), ("cat", f64::NAN), ("cat", f64::INFINITY)] {
        let refused = plain.clone().transformer_weights([(name, weight)]);
        let refused = refused.fit(&table(), &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { name, .. } if name == "transformer_weights")
        );
    }
    assert!(plain.with_param("transformer_weights", "cat").is_err());
}

#[test]
fn names_by_a_format() {
    let prepare = prepare!().verbose_feature_names_out("{feature_name}<{transformer_name}>");
    let fitted = prepare.fit(&table(), &()).unwrap();
    assert_eq!(
        fitted.feature_names_out(None).unwrap()[..2],
        ["age<num>", "visits<num>"]
    );
    assert_eq!(
        prepare.params()["verbose_feature_names_out"],
        "{feature_name}<{transformer_name}>"
    );
    let short = prepare
        .with_param("verbose_feature_names_out", false)
        .unwrap();
    let names = short
        .fit(&table(), &())
        .unwrap()
        .feature_names_out(None)
        .unwrap();
    assert_eq!(names[..3], ["age", "visits", "sex_f"]);
    let wrong = prepare!().verbose_feature_names_out("{feature}");
    assert!(wrong.fit(&table(), &()).is_err());
    let all_alike = prepare!()
        .verbose_feature_names_out("x")
        .fit(&table(), &())
        .unwrap();
    assert!(all_alike.feature_names_out(None).is_err());
}

#[test]
fn reordered_missing_and_further_columns() {
    let by_condition = ColumnTransformer::new()
        .numeric(
            "num",
            Columns::when(|name, column| {
                name == "age" || column.n_missing() == 0 && name == "visits"
            }),
            SimpleImputer::median(),
        )
        .part("cat", "sex"..="sex", OneHotEncoder::new());
    let fitted = by_condition.fit(&table(), &()).unwrap();
    assert_eq!(fitted.n_features_out(), 5);
    assert!(by_condition.to_json().is_err());
    let x = fitted.transform(&table()).unwrap();
    let turned = table()
        .select_columns(&["sex", "member", "visits", "age"].into())
        .unwrap();
    assert_eq!(fitted.transform(&turned).unwrap(), x);
    let missing = table().select_columns(&["member", "age"].into()).unwrap();
    let refused = fitted.transform(&missing).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::FeatureNames { missing, .. } if missing == &["visits", "sex"]),
        "{refused}"
    );
}

#[test]
fn an_error_names_the_column_of_the_whole() {
    let x = array![[1.0, 2.0, 3.0], [1.0, 2.0, f64::INFINITY]];
    let by_position = ColumnTransformer::new().numeric("last", 1.., StandardScaler::new());
    let refused = by_position.fit(&x, &()).unwrap_err().to_string();
    assert_eq!(refused, "part `last`: X: row 1, column 2 is inf");
    let table = Table::from_matrix(["a", "b", "c"], &x).unwrap();
    let refused = by_position.fit(&table, &()).unwrap_err().to_string();
    assert_eq!(refused, "part `last`: column `c`: row 1 is inf");
}
