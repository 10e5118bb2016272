//! Settings that the estimators of sparse coefficients share.

use serde::{Deserialize, Serialize};

use super::Descent;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::random;

/// Which coefficient coordinate descent moves next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// One after the other.
    #[default]
    Cyclic,
    /// One drawn at random, which can converge in fewer steps where `tol` is tight.
    Random,
}

/// How a descent is to go, out of an estimator's settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    pub(crate) tol: f64,
    pub(crate) max_iter: usize,
    pub(crate) selection: Selection,
    pub(crate) random_state: u64,
}

impl Course {
    pub(crate) fn descent(self) -> Descent {
        Descent {
            tol: self.tol,
            max_iter: self.max_iter,
            random: match self.selection {
                Selection::Cyclic => None,
                Selection::Random => Some(random::generator(self.random_state)),
            },
        }
    }

    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn check(self, name: &str) -> Result<()> {
        check::count(name, "max_iter", self.max_iter, 1)?;
        check::real(name, "tol", self.tol, Interval::at_least(0.0))
    }
}

/// Declares an estimator: its struct, defaults, setters, observer, text.
macro_rules! estimator {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$attr:meta])* $field:ident: $type:ty = $default:expr => $about:literal;)+
        }
        check($this:ident) $check:block
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[must_use]
        pub struct $name {
            $($(#[$attr])* $field: $type,)+
            #[serde(skip)]
            watch: $crate::observer::Watch,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    $($field: $default,)+
                    watch: $crate::observer::Watch::default(),
                }
            }
        }

        impl $name {
            /// With scikit-learn's defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = $about]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+

            /// Watches the fit, told after each target.
            pub fn observer(mut self, observer: impl $crate::observer::Observer + 'static) -> Self {
                self.watch = $crate::observer::Watch::by(observer);
                self
            }
        }

        impl $crate::params::Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);

            fn restore(mut self, original: &Self) -> Self {
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> $crate::Result<()> {
                let $this = self;
                $check
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::params::describe(self))
            }
        }
    };
}
pub(crate) use estimator;
