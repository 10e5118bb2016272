use super::*;
use crate::error::ErrorKind;
use crate::params::Params;
use crate::table::Column;
use crate::traits::{Estimator, FitTransform, Transform};
use ndarray::array;

fn table() -> Table {
    Table::new([
        ("text", Column::from([Some("b"), Some(""), None, Some("b")])),
        ("flag", Column::from([true, false, true, true])),
        ("whole", Column::from([Some(10), Some(-2), Some(10), None])),
        ("real", Column::from([0.5, 3.0, -0.0, 0.0])),
    ])
    .unwrap()
}

const NAMES: [&str; 11] = [
    "text_",
    "text_b",
    "text_nan",
    "flag_False",
    "flag_True",
    "whole_-2",
    "whole_10",
    "whole_nan",
    "real_0.0",
    "real_0.5",
    "real_3.0",
];

#[test]
fn every_kind_there_and_back() {
    let encoder = OneHotEncoder::new().fit(&table(), &()).unwrap();
    assert_eq!(encoder.feature_names_out(None).unwrap(), NAMES);
    let x = encoder.transform(&table()).unwrap();
    assert_eq!(
        x,
        array![
            [0., 1., 0., 0., 1., 0., 1., 0., 0., 1., 0.],
            [1., 0., 0., 1., 0., 1., 0., 0., 0., 0., 1.],
            [0., 0., 1., 0., 1., 0., 1., 0., 1., 0., 0.],
            [0., 1., 0., 0., 1., 0., 0., 1., 1., 0., 0.],
        ]
    );
    let back = encoder.inverse_transform(&x).unwrap();
    assert_eq!(back.kinds(), table().kinds());
    for ((name, a), (_, b)) in back.iter().zip(table().iter()) {
        assert_eq!(a, b, "{name}");
    }
    assert_eq!(
        encoder.categories()[0],
        [Cell::from(""), Cell::from("b"), Cell::Missing]
    );
}

#[test]
fn dropped_categories_come_back() {
    for drop in [
        DropCategory::First,
        DropCategory::IfBinary,
        DropCategory::Given(vec![
            Cell::from("b"),
            Cell::from(true),
            Cell::Missing,
            Cell::from(0.5),
        ]),
    ] {
        for unknown in [HandleUnknown::Error, HandleUnknown::Ignore] {
            let encoder = OneHotEncoder::new()
                .drop(drop.clone())
                .handle_unknown(unknown);
            let encoder = encoder.fit(&table(), &()).unwrap();
            let x = encoder.transform(&table()).unwrap();
            let dropped = encoder.drop_idx().iter().flatten().count();
            assert_eq!(x.ncols(), 11 - dropped);
            assert_eq!(encoder.feature_names_out(None).unwrap().len(), x.ncols());
            let back = encoder.inverse_transform(&x).unwrap();
            for ((name, a), (_, b)) in back.iter().zip(table().iter()) {
                assert_eq!(a, b, "{name} {drop:?}");
            }
        }
    }
    let encoder = OneHotEncoder::new()
        .drop(DropCategory::IfBinary)
        .fit(&table(), &())
        .unwrap();
    assert_eq!(encoder.drop_idx(), [None, Some(0), None, None]);
    let unknown = DropCategory::Given(vec![
        Cell::from("c"),
        Cell::from(true),
        Cell::Missing,
        Cell::from(0.5),
    ]);
    let refused = OneHotEncoder::new()
        .drop(unknown)
        .fit(&table(), &())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`drop` of `OneHotEncoder` must be a category of column `text`, got c"
    );
    assert!(
        OneHotEncoder::new()
            .drop(DropCategory::Given(vec![]))
            .fit(&table(), &())
            .is_err()
    );
}

#[test]
fn a_single_category_can_be_dropped() {
    let one = Table::new([
        ("t", Column::from(["a", "a"])),
        ("u", Column::from(["x", "y"])),
    ])
    .unwrap();
    let encoder = OneHotEncoder::new()
        .drop(DropCategory::First)
        .fit(&one, &())
        .unwrap();
    let x = encoder.transform(&one).unwrap();
    assert_eq!(x, array![[0.0], [1.0]]);
    let back = encoder.inverse_transform(&x).unwrap();
    assert_eq!(back.column("t").unwrap(), one.column("t").unwrap());
}

#[test]
fn unknown_categories() {
    let fit = |unknown| {
        let encoder = OneHotEncoder::new().handle_unknown(unknown);
        encoder
            .fit(&table().drop_columns(&"real".into()).unwrap(), &())
            .unwrap()
    };
    let given = |text: &str, flag: Option<bool>, whole: f64| {
        Table::new([
            ("text", Column::from(["b", text])),
            ("flag", Column::from([Some(true), flag])),
            ("whole", Column::from([10.0, whole])),
        ])
        .unwrap()
    };
    let strict = fit(HandleUnknown::Error);
    for (x, says) in [
        (
            given("c", Some(true), 10.0),
            "column `text`, row 1: unknown category \"c\"; known: , b, nan",
        ),
        (
            given("b", None, 10.0),
            "column `flag`, row 1: the value is missing",
        ),
        (
            given("b", Some(true), 7.0),
            "column `whole`, row 1: unknown category \"7\"; known: -2, 10, nan",
        ),
        (
            given("b", Some(true), f64::INFINITY),
            "column `whole`: row 1 is inf",
        ),
        (
            given("c", None, 7.0),
            "column `text`, row 1: unknown category \"c\"; known: , b, nan",
        ),
    ] {
        assert_eq!(strict.transform(&x).unwrap_err().to_string(), says);
    }
    let lenient = fit(HandleUnknown::Ignore);
    let x = lenient.transform(&given("c", None, 7.0)).unwrap();
    assert!(x.row(1).iter().all(|v| *v == 0.0));
    assert!((x.row(0).sum() - 3.0).abs() < 1e-12);
    let back = lenient.inverse_transform(&x).unwrap();
    assert!(back.iter().all(|(_, column)| column.is_missing(1)));
    assert!(lenient.transform(&given("b", None, f64::INFINITY)).is_err());
    assert!(strict.inverse_transform(&x).is_err());
}

#[test]
fn given_categories_keep_their_order() {
    let sizes = Table::new([("size", Column::from(["small", "large", "medium"]))]).unwrap();
    let order = ["small", "medium", "large", "huge"]
        .map(Cell::from)
        .to_vec();
    let encoder = OneHotEncoder::new().categories(Categories::Given(vec![order.clone()]));
    let fitted = encoder.fit(&sizes, &()).unwrap();
    assert_eq!(fitted.categories(), [order]);
    let x = fitted.transform(&sizes).unwrap();
    assert_eq!(
        x,
        array![[1., 0., 0., 0.], [0., 0., 1., 0.], [0., 1., 0., 0.]]
    );
    assert_eq!(
        fitted
            .inverse_transform(&x)
            .unwrap()
            .column("size")
            .unwrap(),
        sizes.column("size").unwrap()
    );
    fitted.validate().unwrap();

    let too_few = Categories::Given(vec![vec![Cell::from("small"), Cell::from("large")]]);
    let encoder = OneHotEncoder::new().categories(too_few);
    let refused = encoder.fit(&sizes, &()).unwrap_err();
    assert!(matches!(
        refused.kind(),
        ErrorKind::UnknownCategory { row: 2, .. }
    ));
    assert!(
        encoder
            .handle_unknown(HandleUnknown::Ignore)
            .fit(&sizes, &())
            .is_ok()
    );

    for bad in [
        vec![],
        vec![vec![]],
        vec![vec![Cell::from("a"), Cell::from("a")]],
        vec![vec![Cell::Missing, Cell::from("a")]],
        vec![vec![Cell::from(1)]],
    ] {
        let encoder = OneHotEncoder::new().categories(Categories::Given(bad));
        let refused = encoder.fit(&sizes, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { .. }),
            "{refused}"
        );
    }
}

#[test]
fn arrays_of_numbers() {
    let x = array![[1.0, f64::NAN], [2.5, 7.0], [1.0, 7.0]];
    let encoder = OneHotEncoder::new().fit(&x, &()).unwrap();
    let names = ["x0_1.0", "x0_2.5", "x1_7.0", "x1_nan"];
    assert_eq!(encoder.feature_names_out(None).unwrap(), names);
    assert_eq!(encoder.feature_names_in(), None);
    let encoded = array![[1., 0., 0., 1.], [0., 1., 1., 0.], [1., 0., 1., 0.]];
    assert_eq!(encoder.transform(&x).unwrap(), encoded);
    let single = x.mapv(|v| v as f32);
    assert_eq!(
        OneHotEncoder::new().fit_transform(&single).unwrap(),
        encoded.mapv(|v| v as f32)
    );
    assert!(encoder.transform(&array![[3.0, 7.0]]).is_err());
    assert!(encoder.transform(&array![[1.0]]).is_err());
    assert!(
        OneHotEncoder::new()
            .fit(&array![[f64::INFINITY]], &())
            .is_err()
    );
    let empty = Array2::<f64>::zeros((0, 1));
    assert!(OneHotEncoder::new().fit(&empty, &()).is_err());
}

#[test]
fn rows_of_a_long_list_of_texts() {
    let texts: Vec<String> = (0..500).map(|i| format!("t{i:03}")).collect();
    let long = Table::new([("t", Column::from(texts))]).unwrap();
    let encoder = OneHotEncoder::new().fit(&long, &()).unwrap();
    let x = encoder.transform(&long).unwrap();
    let row = encoder
        .transform(&long.select_rows(&[417]).unwrap())
        .unwrap();
    assert_eq!(row.row(0), x.row(417));
    assert_eq!(row.sum(), 1.0);
    assert!(row[[0, 417]] == 1.0);
}

/// scikit-learn's example: b and c are frequent.
fn rare() -> Table {
    let mut texts = Vec::new();
    for (text, n) in [("a", 5), ("b", 20), ("c", 10), ("d", 3)] {
        texts.extend(vec![text; n]);
    }
    Table::new([("x", Column::from(texts))]).unwrap()
}

#[test]
fn infrequent_categories_share_a_column() {
    let some = Table::new([("x", Column::from(["a", "b", "c", "d"]))]).unwrap();
    let unseen = Table::new([("x", Column::from(["e"]))]).unwrap();
    let encoder = OneHotEncoder::new().max_categories(3);
    let fitted = encoder.fit(&rare(), &()).unwrap();
    let names = ["x_b", "x_c", "x_infrequent_sklearn"];
    assert_eq!(fitted.feature_names_out(None).unwrap(), names);
    let z = fitted.transform(&some).unwrap();
    assert_eq!(
        z,
        array![[0., 0., 1.], [1., 0., 0.], [0., 1., 0.], [0., 0., 1.]]
    );
    let group = "infrequent_sklearn";
    assert_eq!(
        fitted.inverse_transform(&z).unwrap().column("x").unwrap(),
        &Column::from([group, "b", "c", group])
    );
    assert_eq!(
        fitted.infrequent_categories(),
        [Some(vec![Cell::from("a"), Cell::from("d")])]
    );
    for (policy, row) in [
        (HandleUnknown::Ignore, array![[0., 0., 0.]]),
        (HandleUnknown::InfrequentIfExist, array![[0., 0., 1.]]),
        (HandleUnknown::Warn, array![[0., 0., 1.]]),
    ] {
        let fitted = encoder.clone().handle_unknown(policy);
        let fitted = fitted.fit(&rare(), &()).unwrap();
        assert_eq!(fitted.transform(&unseen).unwrap(), row);
        // Without infrequent categories there is no column to join.
        let plain = OneHotEncoder::new().handle_unknown(policy);
        let plain = plain.fit(&rare(), &()).unwrap();
        let z = plain.transform(&unseen).unwrap();
        assert_eq!(z.sum(), 0.0);
        assert!(
            plain
                .inverse_transform(&z)
                .unwrap()
                .column("x")
                .unwrap()
                .is_missing(0)
        );
    }
    assert!(fitted.transform(&unseen).is_err());
}

#[test]
fn dropped_groups_come_back_as_what_they_are() {
    let some = Table::new([("x", Column::from(["a", "b", "c", "d"]))]).unwrap();
    for (drop, most, index) in [
        (DropCategory::First, 3, 1),
        (DropCategory::First, 1, 0),
        (DropCategory::IfBinary, 2, 1),
        (DropCategory::Given(vec![Cell::from("c")]), 3, 2),
    ] {
        for policy in [
            HandleUnknown::Error,
            HandleUnknown::Ignore,
            HandleUnknown::Warn,
        ] {
            let encoder = OneHotEncoder::new().drop(drop.clone()).max_categories(most);
            let fitted = encoder.handle_unknown(policy).fit(&rare(), &()).unwrap();
            assert_eq!(fitted.drop_idx(), [Some(index)]);
            let z = fitted.transform(&some).unwrap();
            assert_eq!(z.ncols(), most - 1);
            let back = fitted.inverse_transform(&z).unwrap();
            let grouped = fitted.infrequent_categories()[0].clone().unwrap();
            for (row, text) in ["a", "b", "c", "d"].into_iter().enumerate() {
                let expected = match grouped.contains(&Cell::from(text)) {
                    true => "infrequent_sklearn",
                    false => text,
                };
                assert_eq!(back.column("x").unwrap().text(row).unwrap(), expected);
            }
        }
    }
    let infrequent = OneHotEncoder::new()
        .drop(DropCategory::Given(vec![Cell::from("a")]))
        .max_categories(3);
    assert_eq!(
        infrequent.fit(&rare(), &()).unwrap_err().to_string(),
        "`drop` of `OneHotEncoder` must be a category of column `x` that is not infrequent, got a"
    );
}

#[test]
fn names_by_template_and_by_function() {
    let template = |text: &str| {
        let combiner = FeatureNameCombiner::Template(text.into());
        OneHotEncoder::new().feature_name_combiner(combiner)
    };
    let fitted = template("{{{feature}={category}}")
        .fit(&rare(), &())
        .unwrap();
    assert_eq!(fitted.feature_names_out(None).unwrap()[0], "{{x=a}");
    let odd = Table::new([("{category}", Column::from(["{feature}"]))]).unwrap();
    let fitted = template("{feature}: {category}").fit(&odd, &()).unwrap();
    assert_eq!(
        fitted.feature_names_out(None).unwrap(),
        ["{category}: {feature}"]
    );
    assert!(template("{feature}").fit(&rare(), &()).is_err());
    let levels = OneHotEncoder::new()
        .fit(&array![[1.0], [2.0]], &())
        .unwrap();
    let named = levels.feature_names_out_with(None, |f, c| format!("{f} {}", c.kind()));
    assert_eq!(named.unwrap(), ["x0 number", "x0 number"]);
    let given = ["size".to_string()];
    assert_eq!(
        levels.feature_names_out(Some(&given)).unwrap(),
        ["size_1.0", "size_2.0"]
    );
}

#[test]
fn a_million_categories_are_learned_and_their_square_is_refused() {
    let n = 1 << 20;
    let many = Table::new([("x", (0..n).map(|i| i as f64 + 0.5).collect::<Column>())]).unwrap();
    let fitted = OneHotEncoder::new().fit(&many, &()).unwrap();
    assert_eq!(fitted.n_features_out(), n);
    let row = fitted.transform(&many.select_rows(&[77]).unwrap()).unwrap();
    assert!(row.sum() == 1.0 && row[[0, 77]] == 1.0);
    assert_eq!(
        fitted.transform(&many).unwrap_err().to_string(),
        format!(
            "values in the {n} x {n} result of `OneHotEncoder`: {} exceeds the limit of {}",
            1u64 << 40,
            1 << 30
        )
    );
    let fewer = OneHotEncoder::new()
        .max_categories(10)
        .fit(&many, &())
        .unwrap();
    assert_eq!(fewer.transform(&many).unwrap().dim(), (n, 10));
}

#[test]
fn numbers_are_found_however_they_lie() {
    // Close together, far apart, and real: three ways to look up.
    let whole = [3.0, -2.0, 3.0, 7.0, f64::NAN, -2.0];
    for (scale, shift) in [(1.0, 0.0), (1.0, 4e15), (1e9, 0.0), (0.3, 0.1), (1.0, -0.0)] {
        let x = Array2::from_shape_fn((6, 1), |(i, _)| whole[i] * scale + shift);
        let lenient = OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore);
        let fitted = lenient.fit(&x, &()).unwrap();
        let z = fitted.transform(&x).unwrap();
        let expected = [1, 0, 1, 2, 3, 0];
        for (row, at) in expected.into_iter().enumerate() {
            assert!(
                z.row(row).sum() == 1.0 && z[[row, at]] == 1.0,
                "{scale} {shift} {row}"
            );
        }
        let near = x.mapv(|v| v + scale * 0.5);
        assert_eq!(
            fitted.transform(&near).unwrap().sum(),
            1.0,
            "the missing one alone"
        );
    }
    let fitted = OneHotEncoder::new()
        .handle_unknown(HandleUnknown::Ignore)
        .fit(&array![[-1.0], [0.0], [1.0]], &())
        .unwrap();
    let odd = array![[1e-20], [-1e-20], [-0.0], [2.0], [-2.0], [1e300], [0.5]];
    let z = fitted.transform(&odd).unwrap();
    assert_eq!(
        z.sum_axis(ndarray::Axis(1)),
        array![0., 0., 1., 0., 0., 0., 0.]
    );
}

#[test]
fn settings_and_files() {
    let encoder = OneHotEncoder::new()
        .with_param("handle_unknown", "ignore")
        .and_then(|e| e.with_param("drop", "if_binary"))
        .unwrap();
    assert_eq!(
        encoder.to_string(),
        "OneHotEncoder(drop=\"if_binary\", handle_unknown=\"ignore\")"
    );
    let given = serde_json::json!({ "given": [["a", null], [1, 2.5], [true]] });
    let encoder = encoder.with_param("categories", given).unwrap();
    assert_eq!(
        OneHotEncoder::from_bytes(&encoder.to_bytes().unwrap()).unwrap(),
        encoder
    );
    assert!(encoder.with_param("drop", "last").is_err());

    let fitted = OneHotEncoder::new().fit(&table(), &()).unwrap();
    assert_eq!(
        FittedOneHotEncoder::from_json(&fitted.to_json().unwrap()).unwrap(),
        fitted
    );
    assert_eq!(
        FittedOneHotEncoder::from_bytes(&fitted.to_bytes().unwrap()).unwrap(),
        fitted
    );
    let broken = |change: fn(&mut OneHotColumn)| {
        let mut broken = fitted.clone();
        change(&mut broken.columns[0]);
        assert!(broken.validate().is_err());
    };
    broken(|c| c.dropped = Some(3));
    let mut broken = fitted.clone();
    broken.columns[0] = broken.columns[1].clone();
    assert!(broken.validate().is_err());
    broken.columns.clear();
    assert!(broken.validate().is_err());
}

#[test]
fn all_unknown_categories_are_listed() {
    let column = |values: &[&str]| Table::new([("text", Column::from(values.to_vec()))]).unwrap();
    let encoder = OneHotEncoder::new().fit(&column(&["b", "a"]), &()).unwrap();
    let refused = encoder.transform(&column(&["b", "z", "a", "y", "z"]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "column `text`, row 1: unknown category \"z\"; further ones: y; known: a, b"
    );
    let numbers = OneHotEncoder::new()
        .fit(&array![[2.0], [1.0]], &())
        .unwrap();
    let refused = numbers.transform(&array![[3.5], [1.0], [-1.0], [3.5], [f64::NAN]]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "column `x0`, row 0: unknown category \"3.5\"; further ones: -1; known: 1, 2"
    );
}
