//! What a transformer does with the rows it was fitted on reaches every combinator.

use std::fmt;

use ndarray::{Array2, ArrayRef1, ArrayRef2, array};
use serde::{Deserialize, Serialize};

use super::pipeline;
use crate::boxed::{Boxable, BoxedTransformer};
use crate::error::Result;
use crate::linear_model::{FittedRidge, Ridge};
use crate::model::Model;
use crate::model_selection::{GridSearchCv, ParamGrid};
use crate::params::Hyperparameters;
use crate::preprocessing::StandardScaler;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, FitTransform, Known, Score, Transform};

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
