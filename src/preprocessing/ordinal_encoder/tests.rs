use ndarray::{Array2, array};

use super::*;
use crate::params::Params;
use crate::table::Column;
use crate::traits::{Estimator, FitTransform, Transform};

fn table() -> Table {
    Table::new([
        ("text", Column::from([Some("b"), Some(""), None, Some("b")])),
        ("flag", Column::from([true, false, true, true])),
        ("whole", Column::from([Some(10), Some(-2), Some(10), None])),
        ("real", Column::from([0.5, 3.0, -0.0, 0.0])),
    ])
    .unwrap()
}

fn lenient(value: f64) -> OrdinalEncoder {
    OrdinalEncoder::new()
        .handle_unknown(OrdinalUnknown::UseEncodedValue)
        .unknown_value(value)
}

/// NaN equals NaN.
fn same(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| Number(*a) == Number(*b))
}

#[test]
fn every_kind_there_and_back() {
    let encoder = OrdinalEncoder::new().fit(&table(), &()).unwrap();
    let x = encoder.transform(&table()).unwrap();
    let nan = f64::NAN;
    let expected = array![
        [1., 1., 1., 1.],
        [0., 0., 0., 2.],
        [nan, 1., 1., 0.],
        [1., 1., nan, 0.]
    ];
    assert!(same(&x, &expected), "{x}");
    let back = encoder.inverse_transform(&x).unwrap();
    assert_eq!(back, table());
    assert_eq!(back.kinds(), table().kinds());
    assert_eq!(encoder.feature_names_out(None).unwrap(), table().names());
    assert_eq!(
        encoder.categories()[0],
        [Cell::from(""), Cell::from("b"), Cell::Missing]
    );
    let single = encoder.transform_to::<f32>(&table()).unwrap();
    assert!(same(&single.mapv(f64::from), &expected));
}

#[test]
fn unknown_and_missing_values_have_codes_of_their_own() {
    let encoder = lenient(-1.0).encoded_missing_value(-2.0);
    let encoder = encoder.fit(&table(), &()).unwrap();
    let other = Table::new([
        ("text", Column::from([Some("c"), None])),
        ("flag", Column::from([None, Some(true)])),
        ("whole", Column::from([Some(7), None])),
        ("real", Column::from([f64::NAN, 0.25])),
    ])
    .unwrap();
    // A value is missing in `flag` and `real` only now: it is unknown.
    let x = encoder.transform(&other).unwrap();
    assert_eq!(x, array![[-1., -1., -1., -1.], [-2., 1., -2., -1.]]);
    let back = encoder.inverse_transform(&x).unwrap();
    assert!(back.iter().all(|(_, column)| column.is_missing(0)));
    assert_eq!(back.column("flag").unwrap().text(1).unwrap(), "true");

    let strict = OrdinalEncoder::new().fit(&table(), &()).unwrap();
    let refused = strict.transform(&other).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "column `text`, row 0: unknown category \"c\"; known: , b, nan"
    );
    let known = other.with_column("x", [1, 2]).unwrap();
    let refused = strict.transform(&known).unwrap_err().to_string();
    assert!(refused.contains("unexpected: x"), "{refused}");
    let endless = table().with_replaced(3, Column::from([f64::INFINITY; 4]));
    for encoder in [&strict, &encoder] {
        let refused = encoder.transform(&endless).unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::NonFinite { row: 0, .. }
        ));
    }
}

#[test]
fn codes_that_are_taken_are_refused() {
    let refused = |encoder: OrdinalEncoder| {
        let refused = encoder.fit(&table(), &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { .. }),
            "{refused}"
        );
        refused.to_string()
    };
    let unknown = refused(lenient(1.0));
    assert_eq!(
        unknown,
        "`unknown_value` of `OrdinalEncoder` must be no code of a category of column `text` (0 to 1), got 1"
    );
    assert!(refused(lenient(2.0)).contains("`real`"));
    assert!(lenient(3.0).fit(&table(), &()).is_ok());
    assert!(lenient(f64::NAN).fit(&table(), &()).is_ok());
    // `real` has no missing value, so 2 is free for those of the others.
    let missing = OrdinalEncoder::new().encoded_missing_value(2.0);
    assert!(missing.fit(&table(), &()).is_ok());
    assert!(refused(missing.encoded_missing_value(1.0)).contains("encoded_missing_value"));
    refused(lenient(0.5));
    refused(lenient(f64::INFINITY));
    refused(OrdinalEncoder::new().encoded_missing_value(1.5));
    refused(OrdinalEncoder::new().unknown_value(9.0));
    refused(OrdinalEncoder::new().handle_unknown(OrdinalUnknown::UseEncodedValue));
    refused(OrdinalEncoder::new().max_categories(0));
}

#[test]
fn infrequent_categories_share_a_code() {
    // scikit-learn's example: a and d are rare, a missing value is not counted.
    let mut texts = Vec::new();
    for (text, n) in [("a", 5), ("b", 20), ("c", 10), ("d", 3)] {
        texts.extend(vec![Some(text); n]);
    }
    texts.push(None);
    let train = Table::new([("x", Column::from(texts))]).unwrap();
    let encoder = lenient(3.0).max_categories(3).encoded_missing_value(4.0);
    let encoder = encoder.fit(&train, &()).unwrap();
    let all = ["a", "b", "c", "d", "e"].map(Some).into_iter();
    let test = Table::new([("x", all.chain([None]).collect::<Column>())]).unwrap();
    let x = encoder.transform(&test).unwrap();
    assert_eq!(x.column(0).to_vec(), [2., 0., 1., 2., 3., 4.]);
    let back = encoder.inverse_transform(&x).unwrap();
    let rare = Some("infrequent_sklearn");
    assert_eq!(
        back.column("x").unwrap(),
        &Column::from([rare, Some("b"), Some("c"), rare, None, None])
    );
    assert_eq!(
        encoder.infrequent_categories(),
        [Some(vec![Cell::from("a"), Cell::from("d")])]
    );
    // Unknown categories may join the infrequent ones.
    let joined = lenient(2.0).max_categories(3).fit(&train, &()).unwrap();
    assert_eq!(joined.transform(&test).unwrap()[[4, 0]], 2.0);
}

#[test]
fn given_categories_keep_their_order() {
    let sizes = Table::new([("size", Column::from(["small", "large", "medium"]))]).unwrap();
    let order = ["small", "medium", "large", "huge"].map(Cell::from);
    let encoder = OrdinalEncoder::new().categories(Categories::Given(vec![order.to_vec()]));
    let fitted = encoder.fit(&sizes, &()).unwrap();
    let x = fitted.transform(&sizes).unwrap();
    assert_eq!(x.column(0).to_vec(), [0., 2., 1.]);
    assert_eq!(fitted.inverse_transform(&x).unwrap(), sizes);
    let levels = array![[3.0, 1.0], [1.0, 1.0]];
    let order = vec![[3, 2, 1].map(Cell::from).to_vec(), vec![Cell::from(1)]];
    let encoder = OrdinalEncoder::new().categories(Categories::Given(order));
    assert_eq!(
        encoder.fit_transform(&levels).unwrap(),
        array![[0., 0.], [2., 0.]]
    );
    let refused = encoder.fit(&array![[4.0, 1.0]], &()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "column `x0`, row 0: unknown category \"4\"; known: 3, 2, 1"
    );
}

#[test]
fn matrices_of_either_precision() {
    let x = array![[0.1f32, 7.0], [2.5, f32::NAN], [0.1, -7.0]];
    let encoder = OrdinalEncoder::new().fit(&x, &()).unwrap();
    let codes: Array2<f32> = encoder.transform(&x).unwrap();
    assert_eq!(codes.column(0).to_vec(), [0.0, 1.0, 0.0]);
    assert!(codes[[1, 1]].is_nan());
    let back = encoder
        .inverse_transform(&codes)
        .unwrap()
        .to_matrix()
        .unwrap();
    assert!(
        back.iter()
            .zip(&x)
            .all(|(a, b)| Number(*a) == Number(f64::from(*b)))
    );
    assert_eq!(encoder.feature_names_in(), None);
    assert_eq!(encoder.feature_names_out(None).unwrap(), ["x0", "x1"]);
    assert!(encoder.transform(&array![[0.1f32]]).is_err());
}

#[test]
fn what_is_no_code_has_no_inverse() {
    let encoder = OrdinalEncoder::new().fit(&table(), &()).unwrap();
    for bad in [2.0, -1.0, 0.5, f64::INFINITY, 1e300] {
        let refused = encoder.inverse_transform(&array![[0.0, 0.0, bad, 0.0]]);
        let text = refused.unwrap_err().to_string();
        assert_eq!(
            text,
            format!("X: row 0 is {bad}, which is no code of column `whole`")
        );
    }
    assert!(
        encoder
            .inverse_transform(&array![[0.0, f64::NAN, 0.0, 0.0]])
            .is_err()
    );
    assert!(encoder.inverse_transform(&array![[0.0]]).is_err());
}

#[test]
fn a_column_that_is_all_missing() {
    let nothing = Table::new([("x", Column::from([None::<f64>, None]))]).unwrap();
    let encoder = OrdinalEncoder::new().fit(&nothing, &()).unwrap();
    assert!(
        encoder
            .transform(&nothing)
            .unwrap()
            .iter()
            .all(|v| v.is_nan())
    );
    // No kind was seen: values of every kind are unknown.
    let texts = Table::new([("x", Column::from(["a", "b"]))]).unwrap();
    let refused = encoder.transform(&texts).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::UnknownCategory { .. }));
    let some = Table::new([("x", Column::from(["a", "b"]))]).unwrap();
    let encoder = OrdinalEncoder::new().fit(&some, &()).unwrap();
    let refused = encoder.transform(&nothing).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::MissingValue { row: 0, .. }),
        "{refused}"
    );
    let numbers = Table::new([("x", Column::from([1, 2]))]).unwrap();
    let refused = encoder.transform(&numbers).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::WrongColumnKind { .. }));
}

#[test]
fn settings_and_files() {
    let encoder = OrdinalEncoder::new()
        .with_param("handle_unknown", "use_encoded_value")
        .and_then(|e| e.with_param("unknown_value", -1))
        .and_then(|e| e.with_param("min_frequency", 0.25))
        .unwrap();
    assert_eq!(
        encoder.to_string(),
        "OrdinalEncoder(handle_unknown=\"use_encoded_value\", min_frequency=0.25, unknown_value=-1.0)"
    );
    assert_eq!(OrdinalEncoder::new(), OrdinalEncoder::new());
    for encoder in [encoder, OrdinalEncoder::new(), lenient(f64::NAN)] {
        let (json, bytes) = (encoder.to_json().unwrap(), encoder.to_bytes().unwrap());
        assert_eq!(OrdinalEncoder::from_json(&json).unwrap(), encoder);
        assert_eq!(OrdinalEncoder::from_bytes(&bytes).unwrap(), encoder);
        let fitted = encoder.fit(&table(), &()).unwrap();
        let (json, bytes) = (fitted.to_json().unwrap(), fitted.to_bytes().unwrap());
        assert_eq!(FittedOrdinalEncoder::from_json(&json).unwrap(), fitted);
        assert_eq!(FittedOrdinalEncoder::from_bytes(&bytes).unwrap(), fitted);
    }
    let fitted = lenient(-1.0).fit(&table(), &()).unwrap();
    let broken = |change: fn(&mut FittedOrdinalEncoder)| {
        let mut broken = fitted.clone();
        change(&mut broken);
        assert!(broken.validate().is_err());
    };
    broken(|e| e.unknown_value = Some(Number(0.5)));
    broken(|e| e.unknown_value = Some(Number(0.0)));
    broken(|e| e.encoded_missing_value = Number(1.0));
    broken(|e| e.columns.clear());
    broken(|e| e.columns[1] = e.columns[0].clone());
}
