//! A function of the user's own as a step of a pipeline.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::function_transformer::{FunctionTransformer, check_input, some_rows, undone};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};

type MatrixFunction<F> = Arc<dyn Fn(&ArrayRef2<F>) -> Array2<F> + Send + Sync>;

/// Why there is no file of a closure.
const NOT_SAVED: &str = "a closure cannot be written to a file: use a `Function`, which has a name, or implement \
     `Estimator` and `Transform` for a type of your own";

impl FunctionTransformer {
    /// A transformer that calls a function of your own with the matrix (n_samples, n_features); it gives a matrix with as
    /// many rows. It works everywhere a transformer works, but a file cannot hold code: to save what was fitted with it is
    /// an error that says so.
    ///
    /// The function must treat each row by itself: at fit it is called with one row, to learn how many columns it gives.
    /// `name` stands for it in texts and names the output columns where their number differs from the input's.
    ///
    /// ```
    /// use fitwell::{preprocessing::FunctionTransformer, prelude::*};
    /// use ndarray::{ArrayRef2, Axis, array};
    ///
    /// let ratio = FunctionTransformer::from_fn("ratio", |x: &ArrayRef2<f64>| {
    ///     (&x.column(0) / &x.column(1)).insert_axis(Axis(1))
    /// });
    /// let x = array![[1.0, 2.0], [3.0, 4.0]];
    /// let model = ratio.fit(&x, &())?;
    /// assert_eq!(model.transform(&x)?, array![[0.5], [0.75]]);
    /// assert_eq!(model.feature_names_out(None)?, ["ratio_0"]);
    /// assert!(model.to_json().unwrap_err().to_string().contains("a closure cannot be written to a file"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_fn<F: Float>(
        name: impl Into<String>,
        func: impl Fn(&ArrayRef2<F>) -> Array2<F> + Send + Sync + 'static,
    ) -> ClosureTransformer<F> {
        ClosureTransformer {
            name: name.into(),
            func: Arc::new(func),
            inverse_func: None,
            validate: false,
            check_inverse: true,
            names: None,
        }
    }
}

/// A function of the user's own as a transformer, made by
/// [`FunctionTransformer::from_fn`].
///
/// Its settings by name are `validate` and `check_inverse`, with the meaning they have in [`FunctionTransformer`].
#[derive(Clone)]
pub struct ClosureTransformer<F: Float> {
    name: String,
    func: MatrixFunction<F>,
    inverse_func: Option<MatrixFunction<F>>,
    validate: bool,
    check_inverse: bool,
    names: Option<Vec<String>>,
}

impl<F: Float> ClosureTransformer<F> {
    /// The function that undoes it; without one `inverse_transform` gives back what it is given.
    #[must_use]
    pub fn inverse_func(
        mut self,
        inverse_func: impl Fn(&ArrayRef2<F>) -> Array2<F> + Send + Sync + 'static,
    ) -> Self {
        self.inverse_func = Some(Arc::new(inverse_func));
        self
    }

    /// Whether to refuse NaN.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
        self
    }

    /// Whether to check at fit, on some hundred rows, that the inverse undoes the function; if not, a warning goes to the
    /// log.
    #[must_use]
    pub fn check_inverse(mut self, check_inverse: bool) -> Self {
        self.check_inverse = check_inverse;
        self
    }

    /// The names of the output columns. Without them they are those of the input where their number is the same.
    #[must_use]
    pub fn feature_names_out<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

const NAME: &str = "ClosureTransformer";

impl<F: Float> Params for ClosureTransformer<F> {
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("check_inverse".to_string(), Value::Bool(self.check_inverse)),
            ("validate".to_string(), Value::Bool(self.validate)),
        ])
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut copy = self.clone();
        let slot = match name {
            "check_inverse" => &mut copy.check_inverse,
            "validate" => &mut copy.validate,
            _ => {
                return Err(ErrorKind::UnknownParameter {
                    estimator: NAME.into(),
                    name: name.into(),
                    known: self.params().into_keys().collect(),
                }
                .into());
            }
        };
        let Value::Bool(value) = value else {
            return Err(Error::invalid_parameter(NAME, name, "a boolean", value));
        };
        *slot = value;
        Ok(copy)
    }
}

impl<F: Float> fmt::Display for ClosureTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FunctionTransformer({:?}", self.name)?;
        if self.inverse_func.is_some() {
            f.write_str(", with its inverse")?;
        }
        if !self.check_inverse {
            f.write_str(", check_inverse=false")?;
        }
        if self.validate {
            f.write_str(", validate=true")?;
        }
        f.write_str(")")
    }
}

impl<F: Float> fmt::Debug for ClosureTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(NAME)
            .field("name", &self.name)
            .field("inverse_func", &self.inverse_func.is_some())
            .field("validate", &self.validate)
            .field("check_inverse", &self.check_inverse)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for ClosureTransformer<F> {
    type Fitted = FittedClosureTransformer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        check::not_empty(x)?;
        check_input(x, self.validate)?;
        check::target(y, x.nrows())?;
        let one = (self.func)(&x.slice(s![..1, ..]));
        let mut fitted = FittedClosureTransformer {
            closure: self.clone(),
            n_features_in: x.ncols(),
            n_features_out: one.ncols(),
            inverse_holds: None,
        };
        fitted.check_output(&x.slice(s![..1, ..]), &one)?;
        if let Some(names) = &self.names {
            if names.len() != one.ncols() {
                return Err(Error::shape(
                    "number of feature names",
                    one.ncols(),
                    names.len(),
                ));
            }
            if let Err(twice) = super::unique_names(names.iter().map(String::as_str)) {
                let reason = format!("{twice:?} is there twice");
                return Err(Error::invalid_input("names of the output columns", reason));
            }
        }
        if self.check_inverse && self.inverse_func.is_some() {
            let some = some_rows(x);
            let back = fitted.inverse_transform(&fitted.transform(&some)?)?;
            let holds = undone(&some, &back);
            fitted.inverse_holds = Some(holds);
            if !holds {
                log::warn!(
                    "{self}: the inverse does not undo the function on the samples of the fit"
                );
            }
        }
        Ok(fitted)
    }
}

/// A function of the user's own and the numbers of its columns.
///
/// It satisfies [`Model`], so that it goes into boxes and pipelines like any other; to save or load it is an error.
#[derive(Clone)]
pub struct FittedClosureTransformer<F: Float> {
    closure: ClosureTransformer<F>,
    n_features_in: usize,
    n_features_out: usize,
    inverse_holds: Option<bool>,
}

impl<F: Float> FittedClosureTransformer<F> {
    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        self.n_features_out
    }

    /// Whether the inverse undid the function on the rows that were checked; `None` where nothing was checked.
    pub fn inverse_holds(&self) -> Option<bool> {
        self.inverse_holds
    }

    fn name(&self) -> &str {
        &self.closure.name
    }

    /// As many rows as the input, as many columns as at fit, and NaN only in rows that had one.
    fn check_output(&self, x: &ArrayRef2<F>, out: &ArrayRef2<F>) -> Result<()> {
        let what = |of: &str| format!("number of {of} that `{}` gives", self.name());
        if out.nrows() != x.nrows() {
            return Err(Error::shape(what("rows"), x.nrows(), out.nrows()));
        }
        if out.ncols() != self.n_features_out {
            return Err(Error::shape(
                what("columns"),
                self.n_features_out,
                out.ncols(),
            ));
        }
        self.check_values(x, out)
    }

    fn check_values(&self, x: &ArrayRef2<F>, out: &ArrayRef2<F>) -> Result<()> {
        if crate::parallel::all_finite(out) {
            return Ok(());
        }
        for ((row, column), value) in out.indexed_iter() {
            let passed_on = value.is_nan() && x.row(row).iter().any(|v| v.is_nan());
            if !value.is_finite() && !passed_on {
                return Err(ErrorKind::NonFinite {
                    what: format!("what `{}` gives", self.name()),
                    row,
                    column: Some(column),
                    value: value.f64(),
                }
                .into());
            }
        }
        Ok(())
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedClosureTransformer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.n_features_in)?;
        check_input(x, self.closure.validate)?;
        let out = (self.closure.func)(x);
        self.check_output(x, &out)?;
        Ok(out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedClosureTransformer<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.n_features_out)?;
        check_input(x, self.closure.validate)?;
        let Some(inverse) = &self.closure.inverse_func else {
            return Ok(x.to_owned());
        };
        let out = inverse(x);
        if out.nrows() != x.nrows() {
            let what = format!("number of rows that the inverse of `{}` gives", self.name());
            return Err(Error::shape(what, x.nrows(), out.nrows()));
        }
        self.check_values(x, &out)?;
        Ok(out)
    }
}

impl<F: Float> FeatureNamesOut for FittedClosureTransformer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = super::names_or_numbers(input, self.n_features_in)?;
        Ok(match &self.closure.names {
            Some(given) => given.clone(),
            None if self.n_features_out == self.n_features_in => names,
            None => (0..self.n_features_out)
                .map(|i| format!("{}_{i}", self.name()))
                .collect(),
        })
    }
}

impl<F: Float> fmt::Display for FittedClosureTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FunctionTransformer: {:?} makes {} columns of {}",
            self.name(),
            self.n_features_out,
            self.n_features_in
        )
    }
}

impl<F: Float> fmt::Debug for FittedClosureTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FittedClosureTransformer")
            .field("closure", &self.closure)
            .field("n_features_in", &self.n_features_in)
            .field("n_features_out", &self.n_features_out)
            .field("inverse_holds", &self.inverse_holds)
            .finish()
    }
}

impl<F: Float> Serialize for FittedClosureTransformer<F> {
    fn serialize<S: Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(ser::Error::custom(NOT_SAVED))
    }
}

impl<'de, F: Float> Deserialize<'de> for FittedClosureTransformer<F> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        Err(de::Error::custom(NOT_SAVED))
    }
}

impl<F: Float> Model for FittedClosureTransformer<F> {
    fn type_name() -> String {
        format!("FittedClosureTransformer<{}>", F::NAME)
    }

    /// A model with a closure cannot be saved: this is where saving stops.
    fn validate(&self) -> Result<()> {
        Err(Error::model_file(NOT_SAVED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxed::Boxable;
    use crate::linear_model::Ridge;
    use crate::model::Format;
    use crate::pipeline::pipeline;
    use crate::traits::Predict;
    use ndarray::{Axis, array};

    fn root() -> ClosureTransformer<f64> {
        FunctionTransformer::from_fn("root", |x: &ArrayRef2<f64>| x.mapv(f64::sqrt))
            .inverse_func(|x: &ArrayRef2<f64>| x.mapv(|v| v * v))
    }

    #[test]
    fn there_and_back() {
        let x = array![[1.0, 4.0], [9.0, 2.0]];
        let model = root().fit(&x, &()).unwrap();
        assert_eq!(model.inverse_holds(), Some(true));
        let z = model.transform(&x).unwrap();
        assert_eq!(z[[1, 0]], 3.0);
        assert!(
            (model.inverse_transform(&z).unwrap() - &x)
                .iter()
                .all(|d| d.abs() < 1e-14)
        );
        assert_eq!(model.feature_names_out(None).unwrap(), ["x0", "x1"]);
        let named = root().feature_names_out(["a", "b"]).fit(&x, &()).unwrap();
        assert_eq!(named.feature_names_out(None).unwrap(), ["a", "b"]);
        let wrong = root().inverse_func(|x: &ArrayRef2<f64>| x.to_owned());
        assert_eq!(wrong.fit(&x, &()).unwrap().inverse_holds(), Some(false));
        assert_eq!(
            wrong
                .check_inverse(false)
                .fit(&x, &())
                .unwrap()
                .inverse_holds(),
            None
        );
        assert_eq!(
            root().to_string(),
            "FunctionTransformer(\"root\", with its inverse)"
        );
    }

    #[test]
    fn what_a_closure_gives_is_checked() {
        let x = array![[1.0, 4.0], [9.0, 2.0]];
        assert_eq!(
            root().fit_transform_of(&array![[1.0], [-1.0]]),
            "what `root` gives: row 1, column 0 is NaN"
        );
        let fewer = FunctionTransformer::from_fn("first", |x: &ArrayRef2<f64>| {
            x.slice(s![..1, ..]).to_owned()
        });
        assert_eq!(
            fewer.fit_transform_of(&x),
            "number of rows that `first` gives: expected 2, got 1"
        );
        let varying = FunctionTransformer::from_fn("odd", |x: &ArrayRef2<f64>| {
            Array2::zeros((x.nrows(), x.nrows()))
        });
        assert_eq!(
            varying.fit_transform_of(&x),
            "number of columns that `odd` gives: expected 1, got 2"
        );
        for names in [vec!["a"], vec!["a", "a"]] {
            assert!(root().feature_names_out(names).fit(&x, &()).is_err());
        }
        let missing = array![[1.0, f64::NAN]];
        assert!(
            root()
                .fit(&missing, &())
                .unwrap()
                .transform(&missing)
                .is_ok()
        );
        assert!(root().validate(true).fit(&missing, &()).is_err());
    }

    impl ClosureTransformer<f64> {
        fn fit_transform_of(&self, x: &Array2<f64>) -> String {
            let one = self.clone().check_inverse(false);
            let result = Estimator::<ArrayRef2<f64>>::fit(&one, x, &())
                .and_then(|m| Transform::<ArrayRef2<f64>>::transform(&m, x));
            result.unwrap_err().to_string()
        }
    }

    #[test]
    fn in_pipelines_and_boxes_but_not_in_files() {
        let x = array![[1.0], [4.0], [9.0], [16.0]];
        let y = array![1.0, 2.0, 3.0, 4.0];
        let model = pipeline("root", root())
            .then("ridge", Ridge::new().alpha(0.0))
            .fit(&x, &y)
            .unwrap();
        assert!((model.predict(&array![[25.0]]).unwrap()[0] - 5.0).abs() < 1e-9);
        let changed = pipeline("root", root())
            .then("ridge", Ridge::new())
            .with_param("root__check_inverse", false);
        assert_eq!(changed.unwrap().params()["root__check_inverse"], false);
        assert!(root().with_param("func", "log").is_err());
        assert!(root().with_param("validate", 1).is_err());
        let boxed: crate::boxed::BoxedTransformer<ArrayRef2<f64>> = root().boxed_transformer();
        let fitted = boxed.fit(&x, &()).unwrap();
        assert_eq!(
            fitted.transform(&x).unwrap().sum_axis(Axis(0)),
            array![10.0]
        );
        let path = std::env::temp_dir().join("fitwell-closure-that-is-not-saved");
        let refused = [
            model.to_json().unwrap_err(),
            model.to_bytes().unwrap_err(),
            model.save(&path, Format::Json).unwrap_err(),
            fitted.to_json().unwrap_err(),
        ];
        for refused in refused {
            assert!(
                refused.to_string().contains("a closure cannot be written"),
                "{refused}"
            );
        }
        assert!(!path.exists());
    }
}
