//! Several models as one.

use std::time::Instant;

use fitwell::boxed::BoxedClassifier;
use fitwell::ensemble::{BaggingClassifier, StackingClassifier, Voting, VotingClassifier};
use fitwell::linear_model::{LogisticRegression, RidgeClassifier};
use fitwell::neighbors::KNeighborsClassifier;
use fitwell::prelude::*;
use fitwell::{Float, Predict, Score};
use ndarray::ArrayRef2;
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    let Some((name, precision)) = workload.rsplit_once('_') else {
        return Ok(None);
    };
    match precision {
        "f64" => of::<f64>(name, data),
        "f32" => of::<f32>(name, data),
        _ => Ok(None),
    }
}

fn of<F: Float>(name: &str, data: &Data) -> Found {
    let logistic = |c| LogisticRegression::new().c(c);
    let mixed = || -> [(&str, BoxedClassifier<ArrayRef2<F>>); 2] {
        [
            ("linear", logistic(1.0).boxed_classifier()),
            (
                "near",
                KNeighborsClassifier::new()
                    .n_neighbors(15)
                    .boxed_classifier(),
            ),
        ]
    };
    Ok(Some(match name {
        "bagging" => {
            timed::<F, _, _>(BaggingClassifier::new(logistic(1.0)).n_estimators(20), data)?
        }
        "voting" => timed::<F, _, _>(VotingClassifier::new(mixed()).voting(Voting::Soft), data)?,
        "stacking" => {
            let members: [(&str, BoxedClassifier<ArrayRef2<F>>); 3] = [
                ("loose", logistic(1.0).boxed_classifier()),
                ("tight", logistic(0.01).boxed_classifier()),
                ("ridge", RidgeClassifier::new().boxed_classifier()),
            ];
            timed::<F, _, _>(StackingClassifier::new(members), data)?
        }
        _ => return Ok(None),
    }))
}

/// Fits, and predicts the same rows.
fn timed<F, E, M>(estimator: E, data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>>
where
    F: Float,
    E: Estimator<ArrayRef2<F>, Labels, Fitted = M> + 'static,
    M: Predict<ArrayRef2<F>, Output = Labels> + Score<ArrayRef2<F>, Labels>,
{
    let (x, y) = (data.matrix::<F>("x")?, data.labels("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let said = estimator.fit(&x, &y)?.predict(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!(fitwell::metrics::accuracy_score(&y, &said)?)))
    }))
}
