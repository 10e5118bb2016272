//! Classifiers of many classes out of classifiers of two.
//!
//! | | fits | for |
//! |---|---|---|
//! | [`OneVsRestClassifier`] | one for each class against the others | most uses; what each learned can be read |
//! | [`OneVsOneClassifier`] | one for each pair of classes, on the rows of both | classifiers whose cost grows fast with rows |
//! | [`OutputCodeClassifier`] | one for each digit of a random code of the classes | very many classes |

mod binary;
mod multi_label;
mod one_vs_one;
mod one_vs_rest;
mod output_code;

pub use binary::RelabelTarget;
pub use multi_label::FittedOneVsRestMultiLabel;
pub use one_vs_one::{FittedOneVsOneClassifier, OneVsOneClassifier};
pub use one_vs_rest::{FittedOneVsRestClassifier, OneVsRestClassifier};
pub use output_code::{FittedOutputCodeClassifier, OutputCodeClassifier};

#[cfg(test)]
mod tests;
