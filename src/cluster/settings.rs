//! What declares an estimator's settings.

/// Declares an estimator: its struct, defaults, setters, observer, text. A setting without a text has its own setter.
macro_rules! settings {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$attr:meta])* $field:ident: $type:ty = $default:expr $(=> $about:literal)?;)+
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
            $($(
                #[doc = $about]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )?)+

            /// Watches the fit, told after each step, and able to stop it.
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
pub(crate) use settings;
