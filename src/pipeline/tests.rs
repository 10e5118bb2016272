//! What a transformer does with the rows it was fitted on reaches every combinator.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, array};
use serde::{Deserialize, Serialize};

use super::{
    FeatureUnion, FittedOptional, Optional, Passthrough, Steps, TransformedTargetRegressor,
    pipeline,
};
use crate::boxed::{Boxable, BoxedRegressor, BoxedTransformer};
use crate::error::{ErrorKind, Result};
use crate::linear_model::{FittedRidge, Ridge};
use crate::model::Model;
use crate::model_selection::{GridSearchCv, ParamGrid};
use crate::params::{Hyperparameters, Params};
use crate::preprocessing::{OneHotEncoder, StandardScaler};
use crate::table::{Column, Table};
use crate::targets::{RealTarget, Targets};
use crate::traits::{
    Estimator, FeatureNamesOut, FitTransform, FitWithValidation, InverseTransform, Known, Predict,
    Score, Transform,
};

/// Adds 1 to training rows and 0 to all others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Marker {
    setting: bool,
}

impl Hyperparameters for Marker {
    const NAME: &'static str = "Marker";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FittedMarker;

impl fmt::Display for FittedMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker fitted")
    }
}

impl Model for FittedMarker {
    fn type_name() -> String {
        "FittedMarker".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl<Y: Targets + ?Sized> Estimator<ArrayRef2<f64>, Y> for Marker {
    type Fitted = FittedMarker;
    fn fit(&self, _: &ArrayRef2<f64>, _: &Y) -> Result<FittedMarker> {
        Ok(FittedMarker)
    }
    fn fit_for_transform(&self, x: &ArrayRef2<f64>, _: &Y) -> Result<(FittedMarker, Known)> {
        Ok((FittedMarker, Known::new(x + 1.0)))
    }
}

impl Transform<ArrayRef2<f64>> for FittedMarker {
    type Output = Array2<f64>;
    fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> {
        Ok(x.to_owned())
    }
}

impl FeatureNamesOut for FittedMarker {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        Ok(input.map(<[String]>::to_vec).unwrap_or_default())
    }
}

impl<Y: Targets + ?Sized> Score<ArrayRef2<f64>, Y> for FittedMarker {
    fn score(&self, _: &ArrayRef2<f64>, _: &Y) -> Result<f64> {
        Ok(0.0)
    }
}

#[test]
fn training_rows_are_transformed_as_the_fit_says() {
    let (x, y) = (array![[0.0], [1.0], [2.0]], array![1.0, 2.0, 3.0]);
    let marked = &x + 1.0;
    // By itself: owned, view, without a target.
    assert_eq!(
        Marker::default().fit_and_transform(&x, &y).unwrap().1,
        marked
    );
    assert_eq!(
        Marker::default()
            .fit_and_transform(&x.view(), &())
            .unwrap()
            .1,
        marked
    );
    assert_eq!(Marker::default().fit_transform(&x).unwrap(), marked);
    let fitted = Marker::default().fit(&x, &y).unwrap();
    assert_eq!(fitted.transform(&x).unwrap(), x);

    // As a step, first, in the middle, of a pipeline that is a step, in a box, in a search.
    let step = pipeline("mark", Marker::default());
    assert_eq!(step.fit_and_transform(&x, &y).unwrap().1, marked);
    let twice = pipeline("a", Marker::default()).then("b", Marker::default());
    assert_eq!(twice.fit_and_transform(&x, &y).unwrap().1, &x + 2.0);
    assert_eq!(twice.fit_transform(&x).unwrap(), &x + 2.0);
    let nested = pipeline("two", twice).then("c", Marker::default());
    let (fitted, out) = nested.fit_and_transform(&x, &y).unwrap();
    assert_eq!((fitted.transform(&x).unwrap(), out), (x.clone(), &x + 3.0));
    let plain_last =
        pipeline("mark", Marker::default()).then("scale", StandardScaler::new().with_std(false));
    assert_eq!(plain_last.fit_and_transform(&x, &y).unwrap().1, &x - 1.0);
    let boxed: BoxedTransformer<ArrayRef2<f64>, ArrayRef1<f64>> =
        Marker::default().boxed_transformer();
    assert_eq!(boxed.fit_and_transform(&x, &y).unwrap().1, marked);
    let boxed: BoxedTransformer<ArrayRef2<f64>, ArrayRef1<f64>> = nested.boxed_transformer();
    assert_eq!(boxed.fit_and_transform(&x, &y).unwrap().1, &x + 3.0);
    let search =
        GridSearchCv::new(Marker::default(), ParamGrid::new().with("setting", [true])).cv(2);
    assert_eq!(search.fit_and_transform(&x, &y).unwrap().1, marked);

    // The last step learns from the training rows.
    let slope_through = pipeline("mark", Marker::default()).then("ridge", Ridge::new().alpha(0.0));
    let model = slope_through.fit(&x, &y).unwrap();
    let ridge: &FittedRidge<f64, _> = model.last();
    assert!(f64::abs(ridge.intercept()) < 1e-12, "{}", ridge.intercept());
}

#[test]
fn of_another_type_is_an_error() {
    let refused = FittedMarker.transform_fitted(&array![[1.0]], Known::new("no array"));
    assert!(refused.unwrap_err().to_string().contains("they are no"));
    assert_eq!(Known::nothing().take::<f64>().unwrap(), None);
    assert_eq!(Known::new(2.0).take::<f64>().unwrap(), Some(2.0));
}

/// Learns nothing: remembers what it was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Witness {
    setting: bool,
}

impl Hyperparameters for Witness {
    const NAME: &'static str = "Witness";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    x: Array2<f64>,
    y: Vec<f64>,
    x_val: Option<Array2<f64>>,
    y_val: Vec<f64>,
    weights_val: Vec<f64>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seen {} rows", self.x.nrows())
    }
}

impl Model for Seen {
    fn type_name() -> String {
        "Seen".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl<Y: RealTarget<f64> + ?Sized> Estimator<ArrayRef2<f64>, Y> for Witness {
    type Fitted = Seen;
    fn fit(&self, x: &ArrayRef2<f64>, y: &Y) -> Result<Seen> {
        Ok(Seen {
            x: x.to_owned(),
            y: y.values().to_vec(),
            x_val: None,
            y_val: Vec::new(),
            weights_val: Vec::new(),
        })
    }
}

impl<Y: RealTarget<f64> + ?Sized> FitWithValidation<ArrayRef2<f64>, Y> for Witness {
    fn fit_with_validation(
        &self,
        x: &ArrayRef2<f64>,
        y: &Y,
        x_val: &ArrayRef2<f64>,
        y_val: &Y,
    ) -> Result<Seen> {
        Ok(Seen {
            x_val: Some(x_val.to_owned()),
            y_val: y_val.values().to_vec(),
            weights_val: y_val.sample_weight().map_or(Vec::new(), |w| w.to_vec()),
            ..self.fit(x, y)?
        })
    }
}

impl Predict<ArrayRef2<f64>> for Seen {
    type Output = Array1<f64>;
    fn predict(&self, x: &ArrayRef2<f64>) -> Result<Array1<f64>> {
        Ok(Array1::zeros(x.nrows()))
    }
}

impl<Y: RealTarget<f64> + ?Sized> Score<ArrayRef2<f64>, Y> for Seen {
    /// Whether the validation set was there.
    fn score(&self, _: &ArrayRef2<f64>, _: &Y) -> Result<f64> {
        Ok(f64::from(u8::from(self.x_val.is_some())))
    }
}

#[test]
fn a_validation_set_is_transformed_by_steps_that_never_saw_it() {
    let (x, y) = (array![[0.0], [2.0], [4.0]], array![1.0, 2.0, 3.0]);
    let (x_val, y_val) = (array![[10.0], [-10.0]], array![7.0, 8.0]);
    // A step that treats training rows in a way of its own, a scaler, and the witness.
    let pipe = pipeline("mark", Marker::default())
        .then("scale", StandardScaler::new().with_std(false))
        .then("last", Witness::default());
    let model = pipe.fit_with_validation(&x, &y, &x_val, &y_val).unwrap();
    let seen = model.last();
    // The scaler's mean is that of the marked training rows: 1, 3, 5.
    assert_eq!(seen.x, array![[-2.0], [0.0], [2.0]]);
    assert_eq!(seen.x_val, Some(array![[7.0], [-13.0]]));
    assert_eq!(
        (&seen.y[..], &seen.y_val[..]),
        (&[1.0, 2.0, 3.0][..], &[7.0, 8.0][..])
    );
    assert!(seen.weights_val.is_empty());
    // The fitted steps are those of a fit without the set.
    let plain = pipe.fit(&x, &y).unwrap();
    assert_eq!(plain.first(), model.first());
    assert_eq!(plain.last().x_val, None);

    // Weights travel, views too; a pipeline may be a step.
    let (w, w_val) = (array![1.0, 2.0, 3.0], array![0.5, 0.25]);
    let nested = pipeline("inside", pipe.clone());
    let model = nested
        .fit_with_validation(
            &x.view(),
            &y.weighted(&w),
            &x_val.view(),
            &y_val.weighted(&w_val),
        )
        .unwrap();
    assert_eq!(model.inner().last().weights_val, [0.5, 0.25]);

    // An error in a validation row says so.
    let refused = pipe.fit_with_validation(&x, &y, &array![[f64::INFINITY]], &array![1.0]);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.starts_with("validation set: step `scale`"),
        "{refused}"
    );
    let wide = array![[1.0, 2.0]];
    assert!(
        pipe.fit_with_validation(&x, &y, &wide, &array![1.0])
            .is_err()
    );
}

#[test]
fn searches_and_boxes_hand_the_validation_set_on() {
    let (x, y) = (
        array![[0.0], [2.0], [4.0], [6.0]],
        array![1.0, 2.0, 3.0, 4.0],
    );
    let (x_val, y_val) = (array![[10.0]], array![7.0]);
    let pipe = pipeline("scale", StandardScaler::new()).then("last", Witness::default());
    let search = GridSearchCv::new(
        pipe.clone(),
        ParamGrid::new().with("last__setting", [false, true]),
    )
    .cv(2);
    let found = search.fit_with_validation(&x, &y, &x_val, &y_val).unwrap();
    // Every fit on every fold had the set, and the last on all rows.
    assert_eq!(found.best_score(), 1.0);
    let seen = found.best_estimator().last();
    assert_eq!((seen.x.nrows(), seen.y_val.len()), (4, 1));
    assert_eq!(search.fit(&x, &y).unwrap().best_score(), 0.0);

    let boxed: BoxedRegressor = BoxedRegressor::with_validation(pipe.clone());
    let fitted = boxed.fit_with_validation(&x, &y, &x_val, &y_val).unwrap();
    assert_eq!(fitted.score(&x, &y).unwrap(), 1.0);
    let changed = boxed.clone().with_param("last__setting", true).unwrap();
    assert!(changed.fit_with_validation(&x, &y, &x_val, &y_val).is_ok());
    assert_eq!(boxed.fit(&x, &y).unwrap().score(&x, &y).unwrap(), 0.0);
    assert!(
        boxed
            .inner::<super::Pipeline<super::Step<StandardScaler>, Witness>>()
            .is_some()
    );
    let plain: BoxedRegressor = pipe.boxed_regressor();
    let refused = plain
        .fit_with_validation(&x, &y, &x_val, &y_val)
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Unsupported { operation, .. } if operation == "fit_with_validation")
    );

    let log = TransformedTargetRegressor::new(Witness::default()).func(f64::ln, f64::exp);
    let model = log.fit_with_validation(&x, &y, &x_val, &y_val).unwrap();
    assert_eq!(model.regressor().y_val, [7.0f64.ln()]);
    let refused = log
        .fit_with_validation(&x, &y, &x_val, &array![-1.0])
        .unwrap_err();
    assert!(
        refused.to_string().starts_with("validation set: "),
        "{refused}"
    );
}

#[test]
fn steps_by_name_and_by_position() {
    let (x, y) = (array![[0.0], [2.0]], array![1.0, 2.0]);
    let pipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
    let model = pipe.fit(&x, &y).unwrap();
    assert_eq!(model.names(), ["scale", "ridge"]);
    assert!(model.step_at::<FittedRidge<f64, ndarray::Ix1>>(1).is_some());
    assert!(model.step_at::<StandardScaler>(0).is_none());
    assert!(model.step_at::<FittedRidge<f64, ndarray::Ix1>>(2).is_none());
    assert_eq!(pipe.step_at::<Ridge>(1), Some(pipe.last()));
}

#[test]
fn a_step_that_may_be_off() {
    let x = array![[0.0, 5.0], [2.0, 7.0]];
    let on = Optional::new(StandardScaler::new());
    assert_eq!(
        on.fit_transform(&x).unwrap(),
        array![[-1.0, -1.0], [1.0, 1.0]]
    );
    let off = on.with_param("enabled", false).unwrap();
    let (fitted, out) = off.fit_and_transform(&x, &()).unwrap();
    assert_eq!((out, fitted.model()), (x.clone(), None));
    assert_eq!(fitted.inverse_transform(&x).unwrap(), x);
    assert_eq!(fitted.feature_names_out(None).unwrap(), ["x0", "x1"]);
    assert!(fitted.transform(&array![[1.0]]).is_err());
    assert_eq!(
        (on.to_string(), off.to_string()),
        (
            "StandardScaler()".into(),
            "StandardScaler() (enabled=false)".into()
        )
    );
    assert!(off.with_param("with_std", false).unwrap().params()["enabled"] == false);
    assert!(off.with_param("enabled", 1).is_err() && off.with_param("on", true).is_err());
    let marked = Optional::new(Marker::default());
    assert_eq!(marked.fit_and_transform(&x, &()).unwrap().1, &x + 1.0);
    type Fitted = FittedOptional<crate::preprocessing::FittedStandardScaler<f64>>;
    let fitted = on.fit(&x, &()).unwrap();
    assert_eq!(
        Fitted::from_bytes(&fitted.to_bytes().unwrap()).unwrap(),
        fitted
    );
    assert_eq!(
        Fitted::from_json(&fitted.to_json().unwrap()).unwrap(),
        fitted
    );
}

#[test]
fn a_table_passes_through_with_its_names() {
    let table = Table::new([
        ("a", Column::from(["x", "y"])),
        ("b", Column::from(["u", "v"])),
    ])
    .unwrap();
    let fitted = Passthrough::new().fit(&table, &()).unwrap();
    assert_eq!(fitted.transform(&table).unwrap(), table);
    assert_eq!(fitted.feature_names_out(None).unwrap(), ["a", "b"]);
    let turned = table.select_columns(&["b", "a"].into()).unwrap();
    let refused = fitted.transform(&turned).unwrap_err();
    assert!(matches!(
        refused.kind(),
        ErrorKind::FeatureNames {
            reordered: true,
            ..
        }
    ));
}

#[test]
fn unions_over_tables_and_what_they_refuse() {
    let table = Table::new([("a", Column::from(["x", "y"]))]).unwrap();
    let union = FeatureUnion::new().part("all", OneHotEncoder::new()).part(
        "less",
        OneHotEncoder::new().drop(crate::preprocessing::DropCategory::First),
    );
    let (fitted, out) = union.fit_and_transform(&table, &()).unwrap();
    assert_eq!(out, array![[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]);
    assert_eq!(
        fitted.feature_names_out(None).unwrap(),
        ["all__a_x", "all__a_y", "less__a_y"]
    );
    assert_eq!(fitted.output_indices()["less"], 2..3);
    assert_eq!(fitted.names(), ["all", "less"]);
    let twice = FeatureUnion::new()
        .part("a", Passthrough::new())
        .part("a", Passthrough::new());
    assert!(twice.fit(&array![[1.0]], &()).is_err());
    let none = FeatureUnion::new().part("a", super::Drop::new());
    assert!(matches!(
        none.fit(&array![[1.0]], &()).unwrap_err().kind(),
        ErrorKind::EmptyInput { .. }
    ));
    let weighted = union.clone().transformer_weights([("more", 1.0)]);
    assert!(weighted.fit(&table, &()).is_err());
    let part = union.with_param("less__drop", "none").unwrap();
    assert_eq!(part.fit_transform(&table).unwrap().ncols(), 4);
    assert!(union.with_param("more__drop", "none").is_err());
    // What a part does with its training rows.
    let x = array![[1.0], [2.0]];
    let marked = FeatureUnion::new()
        .part("mark", Marker::default())
        .part("same", Passthrough::new());
    assert_eq!(
        marked.fit_and_transform(&x, &()).unwrap().1,
        array![[2.0, 1.0], [3.0, 2.0]]
    );
    let columns = super::ColumnTransformer::new().numeric("mark", ..1, Marker::default());
    assert_eq!(columns.fit_and_transform(&x, &()).unwrap().1, &x + 1.0);
    assert_eq!(columns.fit(&x, &()).unwrap().transform(&x).unwrap(), x);
}
