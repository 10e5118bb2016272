//! The data sets that are part of the crate.

use ndarray::{Array1, Array2, Axis, s};

use super::Dataset;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::labels::{Class, Labels};
use crate::table::{ColumnKind, CsvOptions, Table};

/// Fisher's irises: sepal and petal length and width in centimetres of 50 flowers of each of three species.
///
/// 150 rows, 4 features, 3 classes of 50. One species is linearly separable from the other two.
///
/// # Errors
/// None in practice: the data are part of the crate and read by its tests.
///
/// ```
/// let iris = fitwell::datasets::load_iris()?;
/// assert_eq!(iris.target.counts(), [50, 50, 50]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_iris() -> Result<Dataset<Labels>> {
    classes(
        include_str!("../../datasets/iris.csv"),
        &["setosa", "versicolor", "virginica"],
        "Sepal and petal length and width of three species of iris (Fisher 1936). UCI, CC BY 4.0.",
    )
}

/// Thirteen chemical measurements of wines from three cultivars of one Italian region.
///
/// 178 rows, 13 features of very different scales, 3 classes of 59, 71 and 48.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let wine = fitwell::datasets::load_wine()?;
/// assert_eq!(wine.target.counts(), [59, 71, 48]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_wine() -> Result<Dataset<Labels>> {
    classes(
        include_str!("../../datasets/wine.csv"),
        &["class_0", "class_1", "class_2"],
        "Chemical analysis of wines from three cultivars of one Italian region (Forina and others). UCI, CC BY 4.0.",
    )
}

/// Measures of cell nuclei in images of breast masses, and whether the mass was malignant.
///
/// 569 rows, 30 features, 2 classes: 212 malignant (0) and 357 benign (1).
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let cancer = fitwell::datasets::load_breast_cancer()?;
/// assert_eq!(cancer.target.counts(), [212, 357]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_breast_cancer() -> Result<Dataset<Labels>> {
    classes(
        include_str!("../../datasets/breast_cancer.csv"),
        &["malignant", "benign"],
        "Measures of cell nuclei in images of breast masses, malignant or benign (Wolberg, Street, Mangasarian 1995). \
         UCI, CC BY 4.0.",
    )
}

/// Handwritten digits as images of 8 x 8 pixels with values from 0 to 16, row by row.
///
/// 1,797 rows, 64 features, 10 classes.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let digits = fitwell::datasets::load_digits()?;
/// assert_eq!(digits.x.dim(), (1797, 64));
/// assert_eq!(digits.feature_names[63], "pixel_7_7");
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_digits() -> Result<Dataset<Labels>> {
    const TEXT: &str = include_str!("../../datasets/digits.csv");
    let table = CsvOptions::new()
        .kind("pixels", ColumnKind::Categorical)
        .read_str(TEXT)?;
    let (images, target) = table.split_labels("digit")?;
    let mut x = Array2::zeros((images.n_rows(), 64));
    for (row, mut pixels) in x.rows_mut().into_iter().enumerate() {
        let text = images.column("pixels")?.text(row).unwrap_or_default();
        if text.len() != 64 {
            return Err(damaged(row, "pixels", &text));
        }
        for (pixel, letter) in pixels.iter_mut().zip(text.bytes()) {
            *pixel = match letter {
                b'0'..=b'9' => f64::from(letter - b'0'),
                b'a'..=b'g' => f64::from(letter - b'a' + 10),
                _ => return Err(damaged(row, "pixels", &text)),
            };
        }
    }
    Ok(Dataset {
        x,
        target,
        feature_names: (0..64)
            .map(|i| format!("pixel_{}_{}", i / 8, i % 8))
            .collect(),
        target_names: (0..10).map(|digit| digit.to_string()).collect(),
        description: "Handwritten digits, 8 x 8 pixels (Alpaydin and Kaynak 1998). UCI, CC BY 4.0.",
    })
}

/// Ten measures of diabetes patients, scaled, and the progression of their disease one year later.
///
/// 442 rows, 10 features, a real target. Each feature is centred and divided by its standard deviation times √n, so that
/// its squares sum to 1, as scikit-learn's `load_diabetes()` gives it. For years and blood pressures see
/// [`load_diabetes_raw`].
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// assert!((diabetes.x.column(2).mapv(|bmi| bmi * bmi).sum() - 1.0).abs() < 1e-12);
/// assert_eq!(diabetes.feature_names[2], "bmi");
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_diabetes() -> Result<Dataset<Array1<f64>>> {
    let mut diabetes = load_diabetes_raw()?;
    let n = diabetes.x.nrows() as f64;
    for mut column in diabetes.x.axis_iter_mut(Axis(1)) {
        let mean = column.sum() / n;
        column -= mean;
        let deviation = f64::sqrt(column.iter().map(|v| v * v).sum::<f64>() / n);
        column /= deviation;
        column /= n.sqrt();
    }
    Ok(diabetes)
}

/// As [`load_diabetes`], with the features as they were measured.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let diabetes = fitwell::datasets::load_diabetes_raw()?;
/// assert_eq!(diabetes.x[[0, 0]], 59.0); // years
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_diabetes_raw() -> Result<Dataset<Array1<f64>>> {
    let (names, whole) = numbers(include_str!("../../datasets/diabetes.csv"))?;
    Ok(Dataset {
        x: whole.slice(s![.., ..10]).to_owned(),
        target: whole.column(10).to_owned(),
        feature_names: names[..10].to_vec(),
        target_names: names[10..].to_vec(),
        description: "Baseline measures of diabetes patients and the progression of their disease (Efron and others \
                      2004). No licence stated.",
    })
}

/// Chin-ups, sit-ups and jumps of twenty men, and their weight, waist and pulse.
///
/// 20 rows, 3 features, three real targets.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let linnerud = fitwell::datasets::load_linnerud()?;
/// assert_eq!(linnerud.target.dim(), (20, 3));
/// assert_eq!(linnerud.target_names, ["Weight", "Waist", "Pulse"]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_linnerud() -> Result<Dataset<Array2<f64>>> {
    let (names, whole) = numbers(include_str!("../../datasets/linnerud.csv"))?;
    Ok(Dataset {
        x: whole.slice(s![.., ..3]).to_owned(),
        target: whole.slice(s![.., 3..]).to_owned(),
        feature_names: names[..3].to_vec(),
        target_names: names[3..].to_vec(),
        description: "Exercises and bodies of twenty men in a fitness club (Linnerud). No licence stated.",
    })
}

/// The passengers of the Titanic: 1,309 rows of mixed columns with missing values.
///
/// Columns: `pclass`, `survived`, `name`, `sex`, `age`, `sibsp`, `parch`, `ticket`, `fare`, `cabin`, `embarked`, `boat`,
/// `body`, `home.dest`. `survived` (0 or 1) is what is usually learned; `boat` and `body` give it away.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// use fitwell::table::Columns;
///
/// let titanic = fitwell::datasets::load_titanic()?;
/// let (features, survived) = titanic.split_labels("survived")?;
/// assert_eq!(survived.counts(), [809, 500]);
/// assert_eq!(features.column("age")?.n_missing(), 263);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_titanic() -> Result<Table> {
    mixed(titanic_csv())
}

/// Penguins of the Palmer Archipelago: 344 rows of mixed columns with missing values.
///
/// Columns: `species`, `island`, `culmen_length_mm`, `culmen_depth_mm`, `flipper_length_mm`, `body_mass_g`, `sex`. `species`
/// is what is usually learned. One value of `sex` is `_`, as in the source.
///
/// # Errors
/// As [`load_iris`].
///
/// ```
/// let penguins = fitwell::datasets::load_penguins()?;
/// let (features, species) = penguins.split_labels("species")?;
/// assert_eq!(species.counts(), [152, 68, 124]);
/// assert_eq!(features.column("body_mass_g")?.n_missing(), 2);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn load_penguins() -> Result<Table> {
    mixed(penguins_csv())
}

/// The CSV text that [`load_titanic`] reads.
pub fn titanic_csv() -> &'static str {
    include_str!("../../datasets/titanic.csv")
}

/// The CSV text that [`load_penguins`] reads.
pub fn penguins_csv() -> &'static str {
    include_str!("../../datasets/penguins.csv")
}

/// Mixed columns; only the empty field is a missing value.
fn mixed(text: &str) -> Result<Table> {
    CsvOptions::new().missing([""]).read_str(text)
}

/// Real columns, and the name of a class in the last one.
fn classes(
    text: &str,
    target_names: &[&str],
    description: &'static str,
) -> Result<Dataset<Labels>> {
    let table = CsvOptions::new().read_str(text)?;
    let mut feature_names = table.names();
    let target_name = feature_names.pop().unwrap_or_default();
    let (features, classes) = table.split_labels(&target_name)?;
    let code = |(row, class): (usize, &Class)| {
        let name = class.to_string();
        let code = target_names.iter().position(|known| *known == name);
        code.map(|code| code as i64)
            .ok_or_else(|| damaged(row, &target_name, &name))
    };
    let target: Vec<i64> = classes
        .iter()
        .enumerate()
        .map(code)
        .collect::<Result<_>>()?;
    Ok(Dataset {
        x: features.to_matrix()?,
        target: target.into(),
        feature_names,
        target_names: target_names.iter().map(|name| name.to_string()).collect(),
        description,
    })
}

/// A file of numbers only: the names of the columns, and the columns.
fn numbers(text: &str) -> Result<(Vec<String>, Array2<f64>)> {
    let table = CsvOptions::new().read_str(text)?;
    Ok((table.names(), table.to_matrix()?))
}

fn damaged(row: usize, column: &str, text: &str) -> Error {
    ErrorKind::Csv {
        line: row as u64 + 2,
        column: Some(column.into()),
        text: shorten(text),
        reason: "the bundled file is damaged".into(),
    }
    .into()
}
