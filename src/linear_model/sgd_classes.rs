//! Classes learned by stochastic gradient descent: one linear function for two, one for each of more.

use ndarray::ArrayRef2;

use super::linear_classifier::{ClassList, ClassTask};
use super::sgd_kernel::Goal;
use super::sgd_learner::Learner;
use super::sgd_loss::Loss;
use super::sgd_train::Samples;
use super::stochastic_gradient::Settings;
use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::observer::Watch;
use crate::targets::ClassTarget;

/// Two classes need one linear function, more need one each.
pub(super) fn n_outputs(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}

/// One goal for two classes, or one for each of several. A class of several counts by its weight, and its others by 1, as in
/// scikit-learn.
fn goals<'a, F>(
    codes: &'a [u32],
    n_classes: usize,
    loss: Loss,
    class_weights: Option<&[f64]>,
) -> Vec<Goal<'a, F>> {
    let negative = loss.negative();
    let weight = |class: usize| class_weights.map_or(1.0, |w| w[class]);
    let goal = |class: usize, other: f64| Goal::Class {
        codes,
        class: class as u32,
        negative,
        weights: [other, weight(class)],
    };
    match n_classes {
        2 => vec![goal(1, weight(0))],
        n => (0..n).map(|class| goal(class, 1.0)).collect(),
    }
}

/// Learns classes; where it starts, if not from 0, is asked once the classes are known.
pub(super) fn fit_classes<F: Float, Y: ClassTarget + ?Sized>(
    settings: &Settings,
    class_weight: &ClassWeight,
    x: &ArrayRef2<F>,
    y: &Y,
    start: impl FnOnce(&[Class]) -> Result<Option<Learner<F>>>,
    watch: &Watch,
) -> Result<(ClassList, Learner<F>)> {
    check::samples(x)?;
    let task = ClassTask::new(settings.name, y, x.nrows(), &ClassWeight::None)?;
    let classes = task.labels.classes();
    // By rows, whatever they count, and over every class the target lists.
    let all = y.labels();
    let class_weights = class_weight.of_classes(all, None)?.map(|weights| {
        let of = |class: &Class| {
            all.classes()
                .binary_search(class)
                .map_or(1.0, |i| weights[i])
        };
        classes.iter().map(of).collect::<Vec<f64>>()
    });
    let model = match start(classes)? {
        Some(model) => model,
        None => Learner::new(n_outputs(classes.len()), x.ncols(), settings.own.average)?,
    };
    let samples = Samples::new(x, task.weights.as_deref())?;
    let codes = task.labels.codes();
    let goals = goals(
        codes,
        classes.len(),
        settings.own.loss,
        class_weights.as_deref(),
    );
    let learned = settings.learn(&model, &samples, Some(codes), goals, false, watch)?;
    Ok((ClassList::new(task.labels.shared_classes()), learned))
}

/// Learns one more batch of classes that were named before.
pub(super) fn add_classes<F: Float, Y: ClassTarget + ?Sized>(
    settings: &Settings,
    class_weight: &ClassWeight,
    classes: &ClassList,
    model: &Learner<F>,
    x: &ArrayRef2<F>,
    y: &Y,
    watch: &Watch,
) -> Result<Learner<F>> {
    settings.check_batches()?;
    check::samples(x)?;
    check::width(x, model.coef.ncols())?;
    check::target(y, x.nrows())?;
    let known = Labels::from_codes(Vec::new(), classes.as_slice().to_vec())?;
    let class_weights = batch_weights(settings.name, class_weight, &known)?;
    let labels = y.labels();
    let codes: Option<Vec<u32>> = labels.codes_in(classes.as_slice()).into_iter().collect();
    let Some(codes) = codes else {
        let codes = labels.codes_in(classes.as_slice());
        let row = codes.iter().position(Option::is_none).unwrap_or_default();
        return Err(ErrorKind::UnknownLabel {
            what: format!("y, row {row}"),
            label: labels.get(row).map(ToString::to_string).unwrap_or_default(),
            known: classes.as_slice().iter().map(Class::to_string).collect(),
        }
        .into());
    };
    let weights = y.sample_weight().map(|w| w.to_vec());
    let samples = Samples::new(x, weights.as_deref())?;
    let goals = goals(
        &codes,
        classes.len(),
        settings.own.loss,
        class_weights.as_deref(),
    );
    settings.learn(model, &samples, None, goals, true, watch)
}

/// The weights of classes, which a batch alone cannot balance.
pub(super) fn batch_weights(
    name: &str,
    class_weight: &ClassWeight,
    known: &Labels,
) -> Result<Option<Vec<f64>>> {
    if *class_weight == ClassWeight::Balanced {
        let expected = "none, or weights given by class, for `partial_fit`: a batch does not show how often classes occur";
        return Err(Error::invalid_parameter(
            name,
            "class_weight",
            expected,
            "balanced",
        ));
    }
    class_weight.of_classes(known, None)
}

/// Nothing learned yet of classes that are to come.
pub(super) fn begin_classes<F: Float>(
    settings: &Settings,
    class_weight: &ClassWeight,
    n_features: usize,
    classes: &Labels,
) -> Result<(ClassList, Learner<F>)> {
    settings.check_batches()?;
    check::count(settings.name, "n_features", n_features, 1)?;
    if classes.classes().len() < 2 {
        return Err(ErrorKind::TooFewClasses {
            estimator: settings.name.into(),
            got: classes.classes().len(),
            classes: classes.classes().iter().map(Class::to_string).collect(),
        }
        .into());
    }
    batch_weights(settings.name, class_weight, classes)?;
    let n = n_outputs(classes.classes().len());
    Ok((
        ClassList::new(classes.shared_classes()),
        Learner::new(n, n_features, settings.own.average)?,
    ))
}

/// A fitted classifier of stochastic gradient descent: everything but probabilities.
macro_rules! sgd_classifier_model {
    ($(#[$doc:meta])* pub struct $fitted:ident of $estimator:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, bound = "F: Float")]
        pub struct $fitted<F = f64> {
            estimator: $estimator,
            classes: ClassList,
            learner: Learner<F>,
        }

        impl $estimator {
            /// As [`fit`](Estimator::fit), from the coefficients of a model instead of 0: scikit-learn's `warm_start`. The
            /// schedule of step sizes begins anew.
            ///
            /// # Errors
            /// As `fit`; `ShapeMismatch` when the model has another number of features; `InvalidInput` when it has other
            /// classes.
            pub fn fit_from<F: Float, Y: ClassTarget + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: &$fitted<F>,
            ) -> Result<$fitted<F>> {
                self.check()?;
                self.learn(x, y, |classes| {
                    if classes != start.classes() {
                        let known: Vec<String> =
                            start.classes().iter().map(ToString::to_string).collect();
                        return Err(Error::invalid_input(
                            "y",
                            format!("its classes are not those of the start: {}", known.join(", ")),
                        ));
                    }
                    let Learner { coef, intercept, .. } = &start.learner;
                    start_from(coef, intercept, x.ncols(), self.settings().own.average).map(Some)
                })
            }

            /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone: the number of
            /// features and all classes that may come are named here, because the first batch may not show them.
            ///
            /// # Errors
            /// `InvalidParameter`, also for `early_stopping` and balanced classes, which need all the data;
            /// `TooFewClasses` for fewer than two.
            pub fn begin<F: Float>(&self, n_features: usize, classes: &Labels) -> Result<$fitted<F>> {
                self.check()?;
                let (classes, learner) =
                    begin_classes(&self.settings(), &self.class_weight, n_features, classes)?;
                Ok($fitted { estimator: self.clone(), classes, learner })
            }

            fn learn<F: Float, Y: ClassTarget + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: impl FnOnce(&[Class]) -> Result<Option<Learner<F>>>,
            ) -> Result<$fitted<F>> {
                let (classes, learner) =
                    fit_classes(&self.settings(), &self.class_weight, x, y, start, &self.watch)?;
                Ok($fitted { estimator: self.clone(), classes, learner })
            }
        }

        impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for $estimator {
            type Fitted = $fitted<F>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check()?;
                self.learn(x, y, |_| Ok(None))
            }
        }

        /// One epoch over the batch, with the schedule of step sizes going on where it was. Classes that were not named
        /// before are an error.
        impl<F: Float, Y: ClassTarget + ?Sized> PartialFit<ArrayRef2<F>, Y> for $fitted<F> {
            fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
                let estimator = &self.estimator;
                self.learner = add_classes(
                    &estimator.settings(),
                    &estimator.class_weight,
                    &self.classes,
                    &self.learner,
                    x,
                    y,
                    &estimator.watch,
                )?;
                Ok(())
            }
        }

        impl<F: Float> $fitted<F> {
            /// The coefficients: (1, n_features) for two classes, positive where the second becomes likelier, else
            /// (n_classes, n_features).
            pub fn coef(&self) -> &Array2<F> {
                &self.learner.coef
            }

            /// The intercepts, one for each row of [`coef`](Self::coef); zero when none were fitted.
            pub fn intercept(&self) -> &Array1<F> {
                &self.learner.intercept
            }

            /// The classes, sorted.
            pub fn classes(&self) -> &[Class] {
                self.classes.as_slice()
            }

            /// The number of features.
            pub fn n_features_in(&self) -> usize {
                self.learner.coef.ncols()
            }

            /// The epochs of the last call, of the class that took most; 0 before the first.
            pub fn n_iter(&self) -> usize {
                self.learner.n_iter
            }

            /// The number of the next step: 1 and the rows of all epochs.
            pub fn t(&self) -> u64 {
                self.learner.t
            }

            /// Whether the fit ended by itself, for every class. If not: scale the features, or raise `max_iter` or `tol`.
            /// Without a `tol`, and after `partial_fit`, it is false.
            pub fn converged(&self) -> bool {
                self.learner.converged
            }

            /// The estimator that learned this.
            pub fn estimator(&self) -> &$estimator {
                &self.estimator
            }

            fn decision(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
                let name = <$estimator as Hyperparameters>::NAME;
                linear_classifier::decision(name, x, self.coef(), self.intercept())
            }
        }

        impl<F: Float> Classes for $fitted<F> {
            fn classes(&self) -> &[Class] {
                self.classes.as_slice()
            }
        }

        impl<F: Float> Predict<ArrayRef2<F>> for $fitted<F> {
            type Output = Labels;
            fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
                let codes = linear_classifier::codes(&self.decision(x)?);
                Ok(self.classes.labels(codes))
            }
        }

        impl<F: Float> DecisionFunction<ArrayRef2<F>> for $fitted<F> {
            type Float = F;
            fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
                self.decision(x)
            }
        }

        /// The accuracy.
        impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for $fitted<F> {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                linear_classifier::accuracy(&self.predict(x)?, y)
            }
        }

        impl<F: Float> Model for $fitted<F> {
            fn type_name() -> String {
                format!("{}<{}>", stringify!($fitted), F::NAME)
            }

            fn importances(&self) -> Option<Result<Array2<f64>>> {
                Some(self.feature_importances())
            }

            fn importances_are_sparse(&self) -> bool {
                self.is_sparse()
            }

            fn validate(&self) -> Result<()> {
                self.classes.validate()?;
                (self.estimator.check()).map_err(|e| Error::model_file(e.to_string()))?;
                let outputs = n_outputs(self.classes.len());
                self.learner.validate(outputs, self.estimator.settings().own.average)
            }
        }

        impl<F: Float> FeatureImportances for $fitted<F> {
            fn feature_importances(&self) -> Result<Array2<f64>> {
                Ok(self.coef().mapv(F::f64))
            }
            fn is_sparse(&self) -> bool {
                self.estimator.penalty == Some(SgdPenalty::L1)
            }
        }

        impl<F: Float> LinearModel for $fitted<F> {
            fn coefficients(&self) -> Array2<f64> {
                self.coef().mapv(F::f64)
            }
            fn intercepts(&self) -> Array1<f64> {
                self.intercept().mapv(F::f64)
            }
            /// The classes; of two, the second, which the one row is for.
            fn output_names(&self) -> Vec<String> {
                let classes = &self.classes()[self.classes().len() - self.coef().nrows()..];
                classes.iter().map(ToString::to_string).collect()
            }
        }

        impl<F: Float> fmt::Display for $fitted<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "{}({} features, {} classes, {} epochs, {} steps)",
                    stringify!($fitted),
                    self.n_features_in(),
                    self.classes.len(),
                    self.n_iter(),
                    self.t() - 1
                )
            }
        }
    };
}
pub(super) use sgd_classifier_model;
