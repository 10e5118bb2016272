//! Encoders of categories, on matrices: every number of a row is a category.

use fitwell::Float;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, OrdinalEncoder, OrdinalUnknown};

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn encoder(tags: Tags) -> Tags {
    Tags {
        allow_nan: true,
        ignores_weights: Some(
            "categories are those that occur, whatever their weight, as in scikit-learn",
        ),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let one_hot = |tags: Tags| Tags { widens: Some("each category has a column"), ..encoder(tags) };
    let lenient = || OrdinalEncoder::new().handle_unknown(OrdinalUnknown::UseEncodedValue).unknown_value(-1.0).encoded_missing_value(-2.0);
    vec![
        transformer(OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore).max_categories(20), one_hot(sample("max_categories", 3))),
        transformer(OneHotEncoder::new().handle_unknown(HandleUnknown::InfrequentIfExist).max_categories(4), one_hot(sample("drop", "first"))),
        transformer(lenient(), encoder(sample("unknown_value", -3.0))),
        transformer(lenient().min_frequency(2), encoder(sample("encoded_missing_value", -3.0))),
    ]
}
