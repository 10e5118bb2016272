//! Which estimator a step is, as a hyper-parameter.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::{Estimator, FitWithValidation, Known};

/// One of several estimators under names of their own; which one is the hyper-parameter `choice`.
///
/// With it a search tries different estimators in the place of one step. All of them are of one type: boxes
/// ([`BoxedClassifier`](crate::boxed::BoxedClassifier) and its kin) hold whatever there is, and
/// [`Either`](crate::boxed::Either) a few types that the program names, which can be saved. What it learns is what the
/// chosen estimator learns.
///
/// The parameters of each are set by its name, chosen or not: `clf__logistic__C`. A list of grids keeps those apart that
/// belong to different choices:
///
/// ```
/// use fitwell::boxed::BoxedClassifier;
/// use fitwell::linear_model::{LogisticRegression, RidgeClassifier};
/// use fitwell::model_selection::{Choice, GridSearchCv, ParamGrid};
/// use fitwell::{preprocessing::StandardScaler, prelude::*};
///
/// let classify: Choice<BoxedClassifier> = Choice::new("logistic", LogisticRegression::new().boxed_classifier())
///     .or("ridge", RidgeClassifier::new().boxed_classifier());
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", classify);
///
/// let grid = ParamGrid::new()
///     .with("clf__choice", ["logistic"])
///     .with("clf__logistic__C", [0.1, 1.0, 10.0])
///     .or(ParamGrid::new().with("clf__choice", ["ridge"]).with("clf__ridge__alpha", [0.1, 1.0]));
/// let wine = fitwell::datasets::load_wine()?;
/// let search = GridSearchCv::new(pipe, grid).fit(&wine.x, &wine.target)?;
/// assert_eq!(search.results().candidates().len(), 5);
/// assert_eq!(search.best_params()["clf__choice"], "logistic");
/// # Ok::<(), Error>(())
/// ```
///
/// Whether a step is there at all is said by [`Optional`](crate::pipeline::Optional).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Choice<E> {
    options: Vec<(String, E)>,
    choice: String,
}

const NAME: &str = "Choice";

impl<E> Choice<E> {
    /// The first estimator with its name; it is the one chosen.
    pub fn new(name: impl Into<String>, estimator: E) -> Self {
        let name = name.into();
        Choice {
            choice: name.clone(),
            options: vec![(name, estimator)],
        }
    }

    /// One more, under a name of its own.
    pub fn or(mut self, name: impl Into<String>, estimator: E) -> Self {
        self.options.push((name.into(), estimator));
        self
    }

    /// Chooses the estimator of this name.
    pub fn choice(mut self, name: impl Into<String>) -> Self {
        self.choice = name.into();
        self
    }

    /// The estimator that is chosen.
    ///
    /// # Errors
    /// `InvalidParameter` when none has that name, and for names that are empty, hold `__`, are `choice` or come twice.
    pub fn chosen(&self) -> Result<&E> {
        for (i, (name, _)) in self.options.iter().enumerate() {
            let again = self.options[..i].iter().any(|(other, _)| other == name);
            if name.is_empty() || name.contains("__") || name == "choice" || again {
                let expected =
                    "different for each estimator, not empty, without `__`, and not `choice`";
                return Err(Error::invalid_parameter(
                    NAME,
                    "name",
                    expected,
                    format!("{name:?}"),
                ));
            }
        }
        let found = self.options.iter().find(|(name, _)| *name == self.choice);
        let found = found.map(|(_, estimator)| estimator);
        found.ok_or_else(|| Error::invalid_parameter(NAME, "choice", self.expected(), &self.choice))
    }

    fn expected(&self) -> String {
        let names: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        format!("one of: {}", names.join(", "))
    }
}

/// `choice`, and the parameters of every estimator under its name.
impl<E: Params> Params for Choice<E> {
    fn params(&self) -> BTreeMap<String, Value> {
        let inner = self.options.iter().flat_map(|(name, estimator)| {
            let params = estimator.params().into_iter();
            params.map(move |(k, v)| (format!("{name}__{k}"), v))
        });
        inner
            .chain([("choice".to_string(), self.choice.as_str().into())])
            .collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut new = self.clone();
        if name == "choice" {
            let chosen = value
                .as_str()
                .filter(|c| self.options.iter().any(|(n, _)| n == c));
            let wrong = || Error::invalid_parameter(NAME, "choice", self.expected(), &value);
            new.choice = chosen.ok_or_else(wrong)?.to_string();
            return Ok(new);
        }
        for (option, estimator) in &mut new.options {
            let inner = name
                .strip_prefix(option.as_str())
                .and_then(|rest| rest.strip_prefix("__"));
            if let Some(inner) = inner {
                *estimator = estimator.with_value(inner, value)?;
                return Ok(new);
            }
        }
        Err(ErrorKind::UnknownParameter {
            estimator: NAME.into(),
            name: name.into(),
            known: self.params().into_keys().collect(),
        }
        .into())
    }
}

impl<X, Y, E> Estimator<X, Y> for Choice<E>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
{
    type Fitted = E::Fitted;

    fn fit(&self, x: &X, y: &Y) -> Result<E::Fitted> {
        self.chosen()?.fit(x, y)
    }
    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(E::Fitted, Known)> {
        self.chosen()?.fit_for_transform(x, y)
    }
}

impl<X, Y, E> FitWithValidation<X, Y> for Choice<E>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: FitWithValidation<X, Y>,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<E::Fitted> {
        self.chosen()?.fit_with_validation(x, y, x_val, y_val)
    }
}

impl<E: Model> Model for Choice<E> {
    fn type_name() -> String {
        format!("{NAME}<{}>", E::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.chosen()?;
        self.options.iter().try_for_each(|(name, e)| {
            e.validate()
                .map_err(|e| e.within(format!("option `{name}`")))
        })
    }
}

/// A line for each estimator, the chosen one marked.
impl<E: fmt::Display> fmt::Display for Choice<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} of {}", self.choice)?;
        for (name, estimator) in &self.options {
            let mark = if *name == self.choice { '*' } else { ' ' };
            let text = estimator.to_string();
            let mut lines = text.lines();
            write!(f, "\n{mark} {name}: {}", lines.next().unwrap_or_default())?;
            for line in lines {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}
