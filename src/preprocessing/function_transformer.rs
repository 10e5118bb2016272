//! A function of the values as a step of a pipeline.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayRef2, Zip, s};
use serde::{Deserialize, Serialize};

use super::columnwise::no_infinity;
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, parallel};

/// A function of one number that a model file can name. The names are NumPy's; `Logit` and `Expit` are SciPy's.
///
/// ```
/// use fitwell::preprocessing::Function;
///
/// assert_eq!(Function::Log1p.of(0.0), 0.0);
/// assert_eq!(Function::Power(3.0).of(2.0), 8.0);
/// assert_eq!(Function::Clip(0.0, 1.0).of(-7.0), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// x
    #[default]
    Identity,
    /// |x|
    Abs,
    /// −x
    Negative,
    /// −1, 0 or 1
    Sign,
    /// 1 / x
    Reciprocal,
    /// x²
    Square,
    /// √x
    Sqrt,
    /// ∛x
    Cbrt,
    /// eˣ
    Exp,
    /// 2ˣ
    Exp2,
    /// eˣ − 1
    Expm1,
    /// The natural logarithm.
    Log,
    /// ln(1 + x)
    Log1p,
    /// The logarithm of base 2.
    Log2,
    /// The logarithm of base 10.
    Log10,
    /// ln(x / (1 − x))
    Logit,
    /// 1 / (1 + e⁻ˣ)
    Expit,
    /// The sine of radians.
    Sin,
    /// The cosine of radians.
    Cos,
    /// The tangent of radians.
    Tan,
    /// The angle in radians whose tangent this is.
    Arctan,
    /// The hyperbolic tangent.
    Tanh,
    /// The inverse of the hyperbolic tangent.
    Arctanh,
    /// The hyperbolic sine.
    Sinh,
    /// The inverse of the hyperbolic sine.
    Arcsinh,
    /// Degrees to radians.
    Radians,
    /// Radians to degrees.
    Degrees,
    /// The greatest whole number up to x.
    Floor,
    /// The least whole number from x on.
    Ceil,
    /// The nearest whole number, of two the even one.
    Round,
    /// x + c
    Add(#[serde(with = "crate::params::number")] f64),
    /// x c
    Multiply(#[serde(with = "crate::params::number")] f64),
    /// x to the power c
    Power(#[serde(with = "crate::params::number")] f64),
    /// x, but at least the first and at most the second.
    Clip(
        #[serde(with = "crate::params::number")] f64,
        #[serde(with = "crate::params::number")] f64,
    ),
}

impl Function {
    /// The function at `x`.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Function::Identity => x,
            Function::Abs => x.abs(),
            Function::Negative => -x,
            Function::Sign if x == 0.0 => 0.0,
            Function::Sign => x.signum(),
            Function::Reciprocal => x.recip(),
            Function::Square => x * x,
            Function::Sqrt => x.sqrt(),
            Function::Cbrt => x.cbrt(),
            Function::Exp => x.exp(),
            Function::Exp2 => x.exp2(),
            Function::Expm1 => x.exp_m1(),
            Function::Log => x.ln(),
            Function::Log1p => x.ln_1p(),
            Function::Log2 => x.log2(),
            Function::Log10 => x.log10(),
            Function::Logit => x.ln() - (-x).ln_1p(),
            Function::Expit if x < 0.0 => {
                let e = x.exp();
                e / (1.0 + e)
            }
            Function::Expit => 1.0 / (1.0 + (-x).exp()),
            Function::Sin => x.sin(),
            Function::Cos => x.cos(),
            Function::Tan => x.tan(),
            Function::Arctan => x.atan(),
            Function::Tanh => x.tanh(),
            Function::Arctanh => x.atanh(),
            Function::Sinh => x.sinh(),
            Function::Arcsinh => x.asinh(),
            Function::Radians => x.to_radians(),
            Function::Degrees => x.to_degrees(),
            Function::Floor => x.floor(),
            Function::Ceil => x.ceil(),
            Function::Round => x.round_ties_even(),
            Function::Add(c) => x + c,
            Function::Multiply(c) => x * c,
            Function::Power(c) => x.powf(c),
            // NaN stays NaN; the bounds are checked to be in order.
            Function::Clip(low, _) if x < low => low,
            Function::Clip(_, high) if x > high => high,
            Function::Clip(..) => x,
        }
    }

    fn check(self, name: &str) -> Result<()> {
        let refuse = |expected: &str| {
            let got = format!("{self:?}");
            Err(Error::invalid_parameter(
                FunctionTransformer::NAME,
                name,
                expected,
                got,
            ))
        };
        match self {
            Function::Add(c) | Function::Multiply(c) | Function::Power(c) if !c.is_finite() => {
                refuse("of a finite number")
            }
            Function::Clip(low, high) if low.is_nan() || high.is_nan() || low > high => {
                refuse("with bounds in order")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => f.write_str(&name),
            Ok(value) => value.fmt(f),
            Err(_) => write!(f, "{self:?}"),
        }
    }
}

/// The names of a function's output columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionNames {
    /// Those of the input.
    #[default]
    #[serde(rename = "one-to-one")]
    OneToOne,
    /// These, one for each output column.
    Given(Vec<String>),
}

/// Applies a function to every value: `log1p` of amounts, `sqrt` of counts, `sin` of angles.
///
/// The functions are those of [`Function`], which a model file can name, so that a pipeline with one of them is saved and
/// loaded like any other. For a function of your own see [`from_fn`](FunctionTransformer::from_fn).
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `func` | `null` | a [`Function`] | what `transform` applies; `null`: nothing |
/// | `inverse_func` | `null` | a [`Function`] | what `inverse_transform` applies; `null`: nothing |
/// | `validate` | `false` | | refuse NaN, which otherwise go to the function |
/// | `check_inverse` | `true` | | at fit, check on some hundred rows that the inverse undoes the function; if not, a warning goes to the log |
/// | `feature_names_out` | `one-to-one` | `one-to-one`, `{"given": [..]}` | names of the output columns |
///
/// scikit-learn's `kw_args` are the numbers that a [`Function`] holds: `Power(0.5)`, `Clip(0.0, 1.0)`.
///
/// # Complexity
/// One call a value, in parallel; the memory beyond the input is the output.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `NonFinite` for an infinite value; `InvalidInput` when the function of a finite value is
/// not finite, as the logarithm of 0 (scikit-learn: −∞).
///
/// # Source
/// scikit-learn's `FunctionTransformer`. Nothing is learned but the number of columns; sample weights have no effect.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{Function, FunctionTransformer}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 1.0], [2.0, 3.0]];
/// let log = FunctionTransformer::new().func(Function::Log1p).inverse_func(Function::Expm1).fit(&x, &())?;
/// let z = log.transform(&x)?;
/// assert_eq!(z[[0, 1]], 2f64.ln());
/// assert_eq!(log.inverse_holds(), Some(true));
/// assert!((log.inverse_transform(&z)? - &x).iter().all(|d| d.abs() < 1e-15));
/// assert_eq!(
///     log.transform(&array![[1.0, -2.0]]).unwrap_err().to_string(),
///     "X: row 0, column 1: log1p of -2 is NaN"
/// );
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunctionTransformer {
    /// What `transform` applies.
    func: Option<Function>,
    /// What `inverse_transform` applies.
    inverse_func: Option<Function>,
    /// Refuse NaN.
    validate: bool,
    /// Check at fit that the inverse undoes the function.
    check_inverse: bool,
    /// Names of the output columns.
    feature_names_out: FunctionNames,
}

impl Default for FunctionTransformer {
    fn default() -> Self {
        FunctionTransformer {
            func: None,
            inverse_func: None,
            validate: false,
            check_inverse: true,
            feature_names_out: FunctionNames::OneToOne,
        }
    }
}

impl FunctionTransformer {
    /// The identity, until [`func`](Self::func) says otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `transform` applies; `None`: nothing.
    #[must_use]
    pub fn func(mut self, func: impl Into<Option<Function>>) -> Self {
        self.func = func.into();
        self
    }

    /// What `inverse_transform` applies; `None`: nothing.
    #[must_use]
    pub fn inverse_func(mut self, inverse_func: impl Into<Option<Function>>) -> Self {
        self.inverse_func = inverse_func.into();
        self
    }

    /// Whether to refuse NaN.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
        self
    }

    /// Whether to check at fit that the inverse undoes the function.
    #[must_use]
    pub fn check_inverse(mut self, check_inverse: bool) -> Self {
        self.check_inverse = check_inverse;
        self
    }

    /// The names of the output columns.
    #[must_use]
    pub fn feature_names_out(mut self, names: FunctionNames) -> Self {
        self.feature_names_out = names;
        self
    }
}

impl Hyperparameters for FunctionTransformer {
    const NAME: &'static str = "FunctionTransformer";

    fn check(&self) -> Result<()> {
        self.func.unwrap_or_default().check("func")?;
        self.inverse_func
            .unwrap_or_default()
            .check("inverse_func")?;
        if let FunctionNames::Given(names) = &self.feature_names_out
            && let Err(twice) = super::unique_names(names.iter().map(String::as_str))
        {
            let got = format!("{:?} twice", shorten(twice));
            return Err(Error::invalid_parameter(
                Self::NAME,
                "feature_names_out",
                "different names",
                got,
            ));
        }
        Ok(())
    }
}

impl fmt::Display for FunctionTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// Rows on which the inverse is checked.
const CHECKED: usize = 100;

/// Some rows from all over `x`, as scikit-learn picks them.
pub(super) fn some_rows<F: Float>(x: &ArrayRef2<F>) -> Array2<F> {
    let step = (x.nrows() / CHECKED).max(1);
    x.slice(s![..;step, ..]).to_owned()
}

/// Whether `back` is `x` up to the rounding of two functions: |back − x| ≤ 1e-9 + 1e-7 |x|, for f32 1e-5 |x|.
pub(super) fn undone<F: Float>(x: &ArrayRef2<F>, back: &ArrayRef2<F>) -> bool {
    let (absolute, relative) = if F::NAME == "f32" {
        (1e-6, 1e-5)
    } else {
        (1e-9, 1e-7)
    };
    let near = |(a, b): (&F, &F)| {
        let (a, b) = (a.f64(), b.f64());
        (a.is_nan() && b.is_nan()) || (a - b).abs() <= absolute + relative * a.abs()
    };
    x.dim() == back.dim() && x.iter().zip(back).all(near)
}

/// The input of a function: NaN are for it to judge unless it says otherwise.
pub(super) fn check_input<F: Float>(x: &ArrayRef2<F>, validate: bool) -> Result<()> {
    if validate {
        check::finite(x, "X")
    } else {
        no_infinity(x)
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for FunctionTransformer {
    type Fitted = FittedFunctionTransformer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check_input(x, self.validate)?;
        check::target(y, x.nrows())?;
        if let FunctionNames::Given(names) = &self.feature_names_out
            && names.len() != x.ncols()
        {
            let expected = format!("one name for each of the {} columns", x.ncols());
            return Err(Error::invalid_parameter(
                Self::NAME,
                "feature_names_out",
                expected,
                format!("{} names", names.len()),
            ));
        }
        let mut fitted = FittedFunctionTransformer {
            func: self.func,
            inverse_func: self.inverse_func,
            validate: self.validate,
            feature_names_out: self.feature_names_out.clone(),
            n_features_in: x.ncols(),
            inverse_holds: None,
            element: PhantomData,
        };
        if self.check_inverse && self.func.is_some() && self.inverse_func.is_some() {
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

/// A function and the number of columns it was fitted on, by [`FunctionTransformer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedFunctionTransformer<F: Float> {
    func: Option<Function>,
    inverse_func: Option<Function>,
    validate: bool,
    feature_names_out: FunctionNames,
    n_features_in: usize,
    inverse_holds: Option<bool>,
    element: PhantomData<F>,
}

impl<F: Float> FittedFunctionTransformer<F> {
    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// Whether the inverse undid the function on the rows that were checked; `None` where nothing was checked.
    pub fn inverse_holds(&self) -> Option<bool> {
        self.inverse_holds
    }

    fn apply(&self, x: &ArrayRef2<F>, function: Option<Function>) -> Result<Array2<F>> {
        check::width(x, self.n_features_in)?;
        check_input(x, self.validate)?;
        let function = function.unwrap_or_default();
        let mut out = parallel::fresh::<F>(x.dim());
        // The first value, in row order, whose image is not finite.
        let refused: Mutex<Option<(usize, usize)>> = Mutex::new(None);
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            let mut fine = true;
            Zip::from(&mut block).and(&rows).for_each(|out, x| {
                *out = F::of(function.of(x.f64()));
                fine &= out.is_finite() || x.is_nan();
            });
            if !fine
                && let Some(((i, j), _)) = (block.indexed_iter().zip(&rows))
                    .find(|((_, out), x)| !out.is_finite() && !x.is_nan())
                    .map(|(found, _)| found)
            {
                let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
                let bad = (first + i, j);
                *refused = Some(refused.map_or(bad, |r| r.min(bad)));
            }
        });
        match refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(out),
            Some((row, column)) => {
                let (from, to) = (x[[row, column]], out[[row, column]]);
                let reason = format!("row {row}, column {column}: {function} of {from} is {to}");
                Err(Error::invalid_input("X", reason))
            }
        }
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedFunctionTransformer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.apply(x, self.func)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedFunctionTransformer<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.apply(x, self.inverse_func)
    }
}

impl<F: Float> FeatureNamesOut for FittedFunctionTransformer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = super::names_or_numbers(input, self.n_features_in)?;
        Ok(match &self.feature_names_out {
            FunctionNames::OneToOne => names,
            FunctionNames::Given(given) => given.clone(),
        })
    }
}

impl<F: Float> fmt::Display for FittedFunctionTransformer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.func.unwrap_or_default();
        write!(
            f,
            "FunctionTransformer: {function} of {} columns",
            self.n_features_in
        )
    }
}

impl<F: Float> Model for FittedFunctionTransformer<F> {
    fn type_name() -> String {
        format!("FittedFunctionTransformer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.n_features_in, 1)?;
        ensure::that(self.n_features_in <= u32::MAX as usize, || {
            format!("number of columns is {}", self.n_features_in)
        })?;
        for function in [self.func, self.inverse_func] {
            function.unwrap_or_default().check("func")?;
        }
        if let FunctionNames::Given(names) = &self.feature_names_out {
            ensure::names("names of output columns", names, self.n_features_in)?;
        }
        ensure::that(
            self.inverse_holds.is_none() || (self.func.is_some() && self.inverse_func.is_some()),
            || "an inverse was checked that is not there".into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    #[test]
    fn functions_and_their_inverses() {
        let pairs = [
            (Function::Log1p, Function::Expm1),
            (Function::Log, Function::Exp),
            (Function::Log2, Function::Exp2),
            (Function::Log10, Function::Expm1),
            (Function::Sqrt, Function::Square),
            (Function::Cbrt, Function::Power(3.0)),
            (Function::Reciprocal, Function::Reciprocal),
            (Function::Negative, Function::Negative),
            (Function::Logit, Function::Expit),
            (Function::Tanh, Function::Arctanh),
            (Function::Arcsinh, Function::Sinh),
            (Function::Arctan, Function::Tan),
            (Function::Radians, Function::Degrees),
            (Function::Add(2.5), Function::Add(-2.5)),
            (Function::Multiply(4.0), Function::Multiply(0.25)),
            (Function::Abs, Function::Identity),
        ];
        let x = Array2::from_shape_fn((300, 3), |(i, j)| 0.001 + (3 * i + j) as f64 / 1000.0);
        for (func, inverse) in pairs {
            let one = FunctionTransformer::new().func(func).inverse_func(inverse);
            let model = one.fit(&x, &()).unwrap();
            let expected = (func, inverse) != (Function::Log10, Function::Expm1);
            assert_eq!(model.inverse_holds(), Some(expected), "{one}");
            let z = model.transform(&x).unwrap();
            assert!(
                z.iter()
                    .zip(&x)
                    .all(|(z, x)| z.to_bits() == func.of(*x).to_bits())
            );
            let narrow = x.mapv(|v| v as f32);
            assert_eq!(
                one.fit(&narrow, &()).unwrap().inverse_holds(),
                Some(expected),
                "{one} f32"
            );
            assert_eq!(
                one.check_inverse(false)
                    .fit(&x, &())
                    .unwrap()
                    .inverse_holds(),
                None
            );
        }
        let none = FunctionTransformer::new().fit(&x, &()).unwrap();
        assert_eq!(none.transform(&x).unwrap(), x);
        assert_eq!(none.inverse_transform(&x).unwrap(), x);
        for (function, at, expected) in [
            (Function::Sign, -3.0, -1.0),
            (Function::Sign, 0.0, 0.0),
            (Function::Round, 2.5, 2.0),
            (Function::Floor, -0.5, -1.0),
            (Function::Ceil, 0.5, 1.0),
            (Function::Clip(-1.0, 1.0), 5.0, 1.0),
            (Function::Expit, -800.0, 0.0),
            (Function::Expit, 800.0, 1.0),
        ] {
            assert_eq!(function.of(at), expected, "{function}");
        }
    }

    #[test]
    fn values_without_an_image_are_named() {
        let x = array![[1.0, 2.0], [0.0, f64::NAN], [-1.0, 3.0]];
        let one = FunctionTransformer::new().func(Function::Log);
        assert_eq!(
            one.fit_transform(&x).unwrap_err().to_string(),
            "X: row 1, column 0: log of 0 is -inf"
        );
        let fine = one.fit_transform(&array![[1.0, f64::NAN]]).unwrap();
        assert!(fine[[0, 1]].is_nan());
        let refused = one.clone().validate(true).fit(&x, &()).unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::NonFinite { row: 1, .. }
        ));
        let infinite = array![[1.0, f64::INFINITY]];
        assert!(matches!(
            one.fit(&infinite, &()).unwrap_err().kind(),
            ErrorKind::NonFinite { .. }
        ));
        let big = FunctionTransformer::new().func(Function::Square);
        assert!(big.fit_transform(&array![[1e30f32]]).is_err());
    }

    #[test]
    fn names_settings_and_files() {
        let x = array![[1.0, 2.0]];
        let names = |n: &[&str]| n.iter().map(ToString::to_string).collect::<Vec<_>>();
        let one = FunctionTransformer::new()
            .func(Function::Power(0.5))
            .feature_names_out(FunctionNames::Given(names(&["a", "b"])));
        let model = one.fit(&x, &()).unwrap();
        assert_eq!(model.feature_names_out(None).unwrap(), ["a", "b"]);
        assert_eq!(one.params()["func"], serde_json::json!({"power": 0.5}));
        let by_name = FunctionTransformer::new()
            .with_param("func", "log1p")
            .unwrap();
        assert_eq!(by_name, FunctionTransformer::new().func(Function::Log1p));
        assert!(one.with_param("func", "no such").is_err());
        for one in [
            one.clone(),
            by_name,
            FunctionTransformer::new().func(Function::Clip(f64::NEG_INFINITY, 3.0)),
        ] {
            assert_eq!(
                FunctionTransformer::from_json(&one.to_json().unwrap()).unwrap(),
                one
            );
        }
        type Fitted = FittedFunctionTransformer<f64>;
        assert_eq!(Fitted::from_json(&model.to_json().unwrap()).unwrap(), model);
        assert_eq!(
            Fitted::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        for broken in [
            Fitted {
                n_features_in: 0,
                ..model.clone()
            },
            Fitted {
                n_features_in: 3,
                ..model.clone()
            },
            Fitted {
                func: Some(Function::Clip(1.0, 0.0)),
                ..model.clone()
            },
            Fitted {
                inverse_holds: Some(true),
                ..model.clone()
            },
        ] {
            assert!(broken.validate().is_err());
        }
        for one in [
            FunctionTransformer::new().func(Function::Add(f64::NAN)),
            FunctionTransformer::new().inverse_func(Function::Clip(2.0, 1.0)),
            FunctionTransformer::new().feature_names_out(FunctionNames::Given(names(&["a"]))),
            FunctionTransformer::new().feature_names_out(FunctionNames::Given(names(&["a", "a"]))),
        ] {
            assert!(matches!(
                one.fit(&x, &()).unwrap_err().kind(),
                ErrorKind::InvalidParameter { .. }
            ));
        }
    }
}
