//! How much the classes count.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result, shorten};
use crate::labels::{Class, Labels};

/// A weight for each class, multiplied with the sample weights.
///
/// As a hyper-parameter by name it is `null`, `"balanced"`, a list of pairs `[["ham", 1.0], ["spam", 5.0]]`, or, where the
/// classes are texts, a map `{"spam": 5.0}`. In a map the name of an integer or boolean class is its text.
///
/// ```
/// use fitwell::{Class, ClassWeight, linear_model::LogisticRegression, prelude::*};
/// use serde_json::json;
///
/// let by_code = LogisticRegression::new().class_weight(ClassWeight::of([("ham", 1.0), ("spam", 5.0)]));
/// let by_name = LogisticRegression::new().with_param("class_weight", json!({"ham": 1.0, "spam": 5.0}))?;
/// assert_eq!(by_code, by_name);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassWeight {
    /// Every class counts alike.
    #[default]
    None,
    /// Σ weights / (number of classes · Σ weights of the class), so that the classes count alike however often they occur.
    Balanced,
    /// A weight for each class named, at least 0; the others have 1.
    Map(Vec<(Class, f64)>),
}

impl ClassWeight {
    /// Weights for the classes named; the others have 1.
    pub fn of<C: Into<Class>>(weights: impl IntoIterator<Item = (C, f64)>) -> Self {
        ClassWeight::Map(
            weights
                .into_iter()
                .map(|(class, weight)| (class.into(), weight))
                .collect(),
        )
    }

    /// Every weight is finite and at least 0 and no class is named twice.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn check(&self, estimator: &str) -> Result<()> {
        let ClassWeight::Map(weights) = self else {
            return Ok(());
        };
        let refuse = |got: String| {
            let expected = "finite weights of at least 0, one for each class named";
            Err(Error::invalid_parameter(
                estimator,
                "class_weight",
                expected,
                got,
            ))
        };
        for (i, (class, weight)) in weights.iter().enumerate() {
            let class_text = shorten(&class.to_string());
            if !(weight.is_finite() && *weight >= 0.0) {
                return refuse(format!("{weight} for {class_text}"));
            }
            if weights[..i].iter().any(|(earlier, _)| earlier == class) {
                return refuse(format!("{class_text} twice"));
            }
        }
        Ok(())
    }

    /// The weight of each class of `labels`, in the order of its classes, or `None` when all are 1. `sample_weight` are
    /// those of the rows. Classes without weight in any row do not count as classes for `Balanced`.
    ///
    /// # Errors
    /// `UnknownLabel` for a class that `labels` does not list.
    pub(crate) fn of_classes(
        &self,
        labels: &Labels,
        sample_weight: Option<&[f64]>,
    ) -> Result<Option<Vec<f64>>> {
        let classes = labels.classes();
        match self {
            ClassWeight::None => Ok(None),
            ClassWeight::Balanced => {
                let mut totals = vec![0.0; classes.len()];
                for (row, &code) in labels.codes().iter().enumerate() {
                    totals[code as usize] += sample_weight.map_or(1.0, |w| w[row]);
                }
                let total: f64 = totals.iter().sum();
                let present = totals.iter().filter(|&&t| t > 0.0).count() as f64;
                let weight = |&t: &f64| if t > 0.0 { total / (present * t) } else { 0.0 };
                Ok(Some(totals.iter().map(weight).collect()))
            }
            ClassWeight::Map(named) => {
                let mut weights = vec![1.0; classes.len()];
                for (class, weight) in named {
                    let Some(at) = position(classes, class) else {
                        return Err(ErrorKind::UnknownLabel {
                            what: "class_weight".into(),
                            label: shorten(&class.to_string()),
                            known: classes.iter().map(Class::to_string).collect(),
                        }
                        .into());
                    };
                    weights[at] = *weight;
                }
                Ok(Some(weights))
            }
        }
    }
}

/// Where a class stands; a text also names the integer or boolean it spells.
fn position(classes: &[Class], class: &Class) -> Option<usize> {
    classes.binary_search(class).ok().or_else(|| match class {
        Class::Text(text) => classes.iter().position(|c| c.to_string() == *text),
        _ => None,
    })
}

/// The same for formats that are not read by people, which know no shapes but the declared one.
#[derive(Serialize, Deserialize)]
enum Compact {
    None,
    Balanced,
    Map(Vec<(Class, f64)>),
}

/// A class as the plain value it is.
struct Plain<'a>(&'a Class);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Class::Int(v) => serializer.serialize_i64(*v),
            Class::Bool(v) => serializer.serialize_bool(*v),
            Class::Text(v) => serializer.serialize_str(v),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PlainOwned {
    Int(i64),
    Bool(bool),
    Text(String),
}

impl From<PlainOwned> for Class {
    fn from(class: PlainOwned) -> Self {
        match class {
            PlainOwned::Int(v) => Class::Int(v),
            PlainOwned::Bool(v) => Class::Bool(v),
            PlainOwned::Text(v) => Class::Text(v),
        }
    }
}

/// A weight; `"inf"` and `"nan"` arrive as such, for [`ClassWeight::check`] to refuse.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "crate::params::number")] f64);

impl Serialize for ClassWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let compact = match self {
                ClassWeight::None => Compact::None,
                ClassWeight::Balanced => Compact::Balanced,
                ClassWeight::Map(weights) => Compact::Map(weights.clone()),
            };
            return compact.serialize(serializer);
        }
        match self {
            ClassWeight::None => serializer.serialize_none(),
            ClassWeight::Balanced => serializer.serialize_str("balanced"),
            ClassWeight::Map(weights) => {
                let mut list = serializer.serialize_seq(Some(weights.len()))?;
                for (class, weight) in weights {
                    list.serialize_element(&(Plain(class), Number(*weight)))?;
                }
                list.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Readable);
        }
        Ok(match Compact::deserialize(deserializer)? {
            Compact::None => ClassWeight::None,
            Compact::Balanced => ClassWeight::Balanced,
            Compact::Map(weights) => ClassWeight::Map(weights),
        })
    }
}

struct Readable;

impl<'de> Visitor<'de> for Readable {
    type Value = ClassWeight;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "null, \"balanced\", a list of [class, weight] pairs or a map of weights by class",
        )
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<ClassWeight, E> {
        Ok(ClassWeight::None)
    }

    fn visit_none<E: de::Error>(self) -> std::result::Result<ClassWeight, E> {
        Ok(ClassWeight::None)
    }

    fn visit_some<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<ClassWeight, D::Error> {
        deserializer.deserialize_any(Readable)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<ClassWeight, E> {
        match text {
            "balanced" => Ok(ClassWeight::Balanced),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<ClassWeight, A::Error> {
        let mut weights = Vec::new();
        while let Some((class, weight)) = list.next_element::<(PlainOwned, Number)>()? {
            weights.push((class.into(), weight.0));
        }
        Ok(ClassWeight::Map(weights))
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<ClassWeight, A::Error> {
        let mut weights = Vec::new();
        while let Some((class, weight)) = map.next_entry::<String, Number>()? {
            weights.push((Class::Text(class), weight.0));
        }
        Ok(ClassWeight::Map(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn balanced_weights_make_the_classes_count_alike() {
        // scikit-learn: n_samples / (n_classes * np.bincount(y)).
        let y = Labels::from([1, 1, 1, 1, 0, 0]);
        let weights = ClassWeight::Balanced.of_classes(&y, None).unwrap().unwrap();
        assert!((weights[0] - 1.5).abs() < 1e-15 && (weights[1] - 0.75).abs() < 1e-15);
        // Weight 2 is a row that occurs twice.
        let y = Labels::from([1, 1, 0]);
        let doubled = ClassWeight::Balanced
            .of_classes(&y, Some(&[2.0, 2.0, 2.0]))
            .unwrap()
            .unwrap();
        assert!((doubled[0] - 1.5).abs() < 1e-15 && (doubled[1] - 0.75).abs() < 1e-15);
    }

    #[test]
    fn unknown_classes_and_bad_weights_are_refused() {
        let y = Labels::from(["a", "b"]);
        let unknown = ClassWeight::of([("c", 1.0)])
            .of_classes(&y, None)
            .unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "class_weight: unknown label c; known: a, b"
        );
        assert!(ClassWeight::of([("a", -1.0)]).check("E").is_err());
        assert!(ClassWeight::of([("a", f64::NAN)]).check("E").is_err());
        assert!(
            ClassWeight::of([("a", 1.0), ("a", 2.0)])
                .check("E")
                .is_err()
        );
        assert!(ClassWeight::of([("a", 0.0)]).check("E").is_ok());
    }

    #[test]
    fn reads_what_people_write() {
        let read = |value: serde_json::Value| serde_json::from_value::<ClassWeight>(value);
        assert_eq!(read(json!(null)).unwrap(), ClassWeight::None);
        assert_eq!(read(json!("balanced")).unwrap(), ClassWeight::Balanced);
        assert_eq!(
            read(json!([[0, 1], [1, 2.5]])).unwrap(),
            ClassWeight::of([(0, 1.0), (1, 2.5)])
        );
        assert_eq!(
            read(json!({"x": 3.0})).unwrap(),
            ClassWeight::of([("x", 3.0)])
        );
        for bad in [
            json!("balance"),
            json!(3),
            json!([[0]]),
            json!({"x": "y"}),
            json!(true),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
        // The keys of a map are texts whatever the classes are.
        let weights = read(json!({"1": 3.0}))
            .unwrap()
            .of_classes(&Labels::from([0, 1]), None)
            .unwrap();
        assert!((weights.unwrap()[1] - 3.0).abs() < 1e-15);
    }

    #[test]
    fn survives_both_formats() {
        for weight in [
            ClassWeight::None,
            ClassWeight::Balanced,
            ClassWeight::of([(0, 1.0), (1, 2.5)]),
            ClassWeight::of([("no", 1.0)]),
            ClassWeight::of([(true, 0.0)]),
        ] {
            let text = serde_json::to_string(&weight).unwrap();
            assert_eq!(
                serde_json::from_str::<ClassWeight>(&text).unwrap(),
                weight,
                "{text}"
            );
            let bytes = postcard::to_allocvec(&weight).unwrap();
            assert_eq!(postcard::from_bytes::<ClassWeight>(&bytes).unwrap(), weight);
        }
    }
}
