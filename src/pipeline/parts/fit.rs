//! Fitting parts.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use ndarray::Array2;

use super::{
    FittedPart, NoParts, Numeric, Part, PartKind, Parts, REMAINDER, TransformParts, place,
};
use crate::boxed::Input;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::pipeline::{FittedPassthrough, Passthrough, Remainder};
use crate::samples::Samples;
use crate::table::Columns;
use crate::targets::Targets;
use crate::traits::{Estimator, Transform};

/// How parts are fitted.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// In parallel.
    pub(in crate::pipeline) at_once: bool,
    /// The transformed training rows are wanted as well.
    pub(in crate::pipeline) keep: bool,
    /// What the columns of parts are multiplied by, by name.
    pub(in crate::pipeline) weights: &'a BTreeMap<String, f64>,
    /// The columns of every part, whatever it chooses: those of the remainder.
    pub(in crate::pipeline) rest: Option<&'a [usize]>,
}

/// Fitted parts, and with them the blocks of transformed training rows.
pub type Learned<P, F> = (P, Vec<Array2<F>>);

/// A list of parts that can be fitted on samples `X` and this target.
///
/// A step under [`numeric`](crate::pipeline::ColumnTransformer::numeric) is an estimator of matrices, one under
/// [`part`](crate::pipeline::ColumnTransformer::part) an estimator of tables; fitted, both give a matrix.
#[diagnostic::on_unimplemented(
    message = "a part cannot be fitted on its columns of `{X}` and target `{Y}`, or gives no matrix",
    note = "over a `Table`, the step of `.numeric(name, columns, step)` must implement `Estimator<ArrayRef2<f64>, Y>`, that of `.part(name, columns, step)` `Estimator<Table, Y>`; a matrix takes `.numeric` alone",
    note = "fitted, it must implement `Transform<_, Output = Array2<f64>>`: after an imputer of texts comes an encoder, `pipeline(\"impute\", ..).then(\"encode\", OneHotEncoder::new())`",
    note = "if the target is `Weighted`, a step may not be able to use sample weights"
)]
pub trait FitParts<X: Input + ?Sized, Y: ?Sized> {
    /// The fitted parts.
    type Fitted: TransformParts<X>;

    /// Fits each part on its columns. With the parts come the transformed training rows, one block for each part that
    /// gives columns, if they are wanted.
    ///
    /// # Errors
    /// The first part's error, in the order of the parts.
    fn fit_parts(&self, x: &X, y: &Y, how: &How<'_>) -> Result<Learned<Self::Fitted, X::Float>>;
}

impl<X: Input + ?Sized, Y: ?Sized> FitParts<X, Y> for NoParts {
    type Fitted = NoParts;
    fn fit_parts(&self, _: &X, _: &Y, _: &How<'_>) -> Result<Learned<NoParts, X::Float>> {
        Ok((NoParts, Vec::new()))
    }
}

impl<X, Y, A, K, S, M> FitParts<X, Y> for Parts<A, Part<K, S>>
where
    X: Input + ?Sized,
    X::Float: Float,
    Y: Targets + ?Sized,
    A: FitParts<X, Y> + Sync,
    A::Fitted: Send + Sync,
    K: PartKind<X>,
    S: Estimator<K::Samples, Y, Fitted = M> + Sync,
    M: Transform<K::Samples, Output = Array2<X::Float>> + Send + Sync,
    Part<K, S>: Sync,
    FittedPart<K, M>: Send + Sync,
{
    type Fitted = Parts<A::Fitted, FittedPart<K, M>>;

    fn fit_parts(&self, x: &X, y: &Y, how: &How<'_>) -> Result<Learned<Self::Fitted, X::Float>> {
        let before = || self.before.fit_parts(x, y, how);
        let last = || self.last.fit(x, y, how);
        let (before, last) = if how.at_once {
            rayon::join(before, last)
        } else {
            (before(), last())
        };
        let ((before, mut blocks), (last, block)) = (before?, last?);
        blocks.extend(block);
        Ok((Parts { before, last }, blocks))
    }
}

impl<K, S> Part<K, S> {
    #[allow(clippy::type_complexity)] // the part and its block, no more
    fn fit<X, Y, M>(
        &self,
        x: &X,
        y: &Y,
        how: &How<'_>,
    ) -> Result<(FittedPart<K, M>, Option<Array2<X::Float>>)>
    where
        X: Input + ?Sized,
        X::Float: Float,
        Y: ?Sized,
        K: PartKind<X>,
        S: Estimator<K::Samples, Y, Fitted = M>,
        M: Transform<K::Samples, Output = Array2<X::Float>>,
    {
        let fit = || {
            let columns = match how.rest {
                Some(rest) => rest.to_vec(),
                None => K::choose(x, &self.columns)?,
            };
            let mut part = FittedPart {
                name: self.name.clone(),
                columns,
                width: 0,
                weight: how.weights.get(&self.name).copied(),
                model: None,
                kind: PhantomData,
            };
            if part.columns.is_empty() && !K::WHOLE {
                return Ok((part, None));
            }
            let (model, out) = K::with(x, &part.columns, |samples| {
                if how.keep {
                    return self.step.fit_and_transform(samples, y);
                }
                let model = self.step.fit(samples, y)?;
                // One row tells how wide the result is.
                let row = model.transform(samples.select(&[0])?.borrow())?;
                Ok((model, row))
            })?;
            part.width = out.ncols();
            part.model = Some(model);
            let block = match how.keep {
                true => part.block(out, x.n_samples())?,
                false => None,
            };
            Ok((part, block))
        };
        fit().map_err(|e: Error| e.within(place(&self.name)))
    }
}

/// The fitted form of [`Remainder`].
pub(in crate::pipeline) type FittedRemainder =
    Parts<NoParts, FittedPart<Numeric, FittedPassthrough>>;

impl<X, Y> FitParts<X, Y> for Remainder
where
    X: Input + ?Sized,
    X::Float: Float,
    Y: ?Sized,
    Numeric: PartKind<X>,
    FittedPassthrough: Transform<<Numeric as PartKind<X>>::Samples, Output = Array2<X::Float>>,
    Passthrough: Estimator<<Numeric as PartKind<X>>::Samples, (), Fitted = FittedPassthrough>,
{
    type Fitted = FittedRemainder;

    fn fit_parts(&self, x: &X, _: &Y, how: &How<'_>) -> Result<Learned<Self::Fitted, X::Float>> {
        let rest = match self {
            Remainder::Drop => None,
            Remainder::Passthrough => how.rest,
        };
        let how = How {
            rest: Some(rest.unwrap_or_default()),
            ..*how
        };
        let part = Part::<Numeric, _>::new(REMAINDER, Columns::All, Passthrough::new());
        let (last, block) = if how.keep {
            part.fit(x, &(), &how)?
        } else {
            // A column that cannot pass is an error now, not at transform. One row tells.
            part.fit(x.select(&[0])?.borrow(), &(), &how)?
        };
        let before = NoParts;
        Ok((Parts { before, last }, block.into_iter().collect()))
    }
}
