//! Model files from anyone: whatever the bytes, loading gives a model that can be used or an error; it never panics, and
//! allocates no more than a small multiple of the file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use fitwell::datasets::load_penguins;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model::{Format, Limits};
use fitwell::model_selection::GridSearchCv;
use fitwell::neural_network::{
    Activation, FittedMlpClassifier, FittedMlpMultiLabel, FittedMlpRegressor,
    FittedSequentialClassifier, FittedSequentialMultiLabel, FittedSequentialRegressor,
    MlpClassifier, MlpRegressor, Optimizer, Sequential, SequentialClassifier, SequentialRegressor,
    Solver,
};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{FittedStandardScaler, HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::random;
use fitwell::table::{Columns, Table};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use rand::Rng;
use serde::{Deserialize, Serialize, Serializer};

/// From a mixed table with missing values to a classifier; a macro, for no one writes the type.
macro_rules! penguin_pipeline {
    () => {
        pipeline(
            "prepare",
            ColumnTransformer::new()
                .numeric(
                    "num",
                    Columns::numeric(),
                    pipeline("impute", SimpleImputer::median())
                        .then("scale", StandardScaler::new()),
                )
                .part(
                    "cat",
                    Columns::categorical(),
                    pipeline("impute", SimpleImputer::most_frequent()).then(
                        "encode",
                        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
                    ),
                ),
        )
        .then("clf", LogisticRegression::new())
    };
}

/// Counts what the current thread holds and held at most.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    // A thread that is ending has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call is handed to the system's allocator unchanged; counting touches two `Cell`s of the current thread.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` held beyond what was held before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before).unsigned_abs())
}

/// The most that loading a file of this size may hold: serde reserves up to 1 MiB for a sequence whose announced length it
/// has not seen yet, two of them at a time.
fn allowed(size: usize) -> usize {
    64 * size + (2 << 20) + (64 << 10)
}

const FORMATS: [Format; 2] = [Format::Json, Format::Binary];

fn encode<T: Model>(model: &T, format: Format) -> Vec<u8> {
    match format {
        Format::Json => model.to_json().unwrap().into_bytes(),
        Format::Binary => model.to_bytes().unwrap(),
    }
}

/// Loads as a service does, and checks that the memory is bounded and that nothing panics.
fn decode<T: Model>(bytes: &[u8], format: Format) -> Result<T> {
    let load = || match format {
        Format::Json => match std::str::from_utf8(bytes) {
            Ok(text) => T::from_json(text),
            Err(_) => load_file(bytes),
        },
        Format::Binary => T::from_bytes(bytes),
    };
    let (loaded, held) = peak(|| catch_unwind(AssertUnwindSafe(load)));
    let loaded = loaded.unwrap_or_else(|_| panic!("loading panics on {}", show(bytes)));
    assert!(
        held <= allowed(bytes.len()),
        "{held} bytes for {}",
        show(bytes)
    );
    loaded
}

fn show(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

/// A path in a folder of this test's own.
fn path(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("fitwell-model-files-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn load_file<T: Model>(bytes: &[u8]) -> Result<T> {
    let path = path(&format!("{:?}.any", std::thread::current().id()));
    fs::write(&path, bytes).unwrap();
    let loaded = T::load(&path);
    fs::remove_file(&path).unwrap();
    loaded
}

/// The checksum of the binary format, written from its description.
fn checksum(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64;
    for start in (0..=bytes.len()).step_by(8) {
        let mut word = [0; 8];
        let end = bytes.len().min(start + 8);
        word[..end - start].copy_from_slice(&bytes[start..end]);
        let word = u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state = (state ^ word)
            .rotate_left(31)
            .wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    }
    state
}

/// A binary file as an attacker writes it: any header and body, the length and the checksum right.
fn sealed(version: u32, crate_version: &str, type_name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89fitwell".to_vec();
    bytes.extend(version.to_le_bytes());
    for text in [crate_version, type_name] {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(body);
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// The body of a binary file.
fn body<T: Model>(model: &T) -> Vec<u8> {
    let bytes = model.to_bytes().unwrap();
    let header = 8 + 4 + 4 + env!("CARGO_PKG_VERSION").len() + 4 + T::type_name().len() + 8;
    bytes[header..bytes.len() - 8].to_vec()
}

fn mutate<R: Rng>(bytes: &mut Vec<u8>, rng: &mut R) {
    for _ in 0..1 + rng.next_u64() % 3 {
        let n = bytes.len().max(1) as u64;
        let at = (rng.next_u64() % n) as usize;
        let end = bytes.len().min(at + 1 + (rng.next_u64() % 12) as usize);
        match rng.next_u64() % 7 {
            _ if bytes.is_empty() => bytes.push(0),
            0 => bytes[at] ^= 1 << (rng.next_u64() % 8),
            1 => bytes[at] = rng.next_u64() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => {
                let from = (rng.next_u64() % n) as usize;
                let copy = bytes[from..bytes.len().min(from + end - at)].to_vec();
                bytes.splice(at..end, copy);
            }
            5 => bytes[at..end].fill(0xff),
            // Digits, signs and structure of JSON where some were before.
            _ => bytes[at] = b"0123456789-+.eE,:{}[]\"nN"[(rng.next_u64() % 24) as usize],
        }
    }
}

/// 10,000 mutations of the file in each format, and truncation at every offset. `use_it` calls what the model can do and
/// checks the shapes of what comes back.
fn attack<T: Model>(seed: u64, model: &T, use_it: impl Fn(&T)) {
    use_it(model);
    for format in FORMATS {
        let bytes = encode(model, format);
        let again: T = decode(&bytes, format).unwrap();
        assert_eq!(encode(&again, format), bytes, "a second save differs");
        for length in 0..bytes.len() {
            let cut = decode::<T>(&bytes[..length], format);
            assert!(cut.is_err(), "{format:?} cut to {length} bytes loads");
        }
        for garbage in [&b"\0"[..], b"{}", b"x", b",", b"\x89fitwell"] {
            let mut longer = bytes.clone();
            longer.extend(garbage);
            assert!(decode::<T>(&longer, format).is_err());
        }

        let body = body(model);
        let mut rng = random::generator(seed);
        let mut loaded = 0;
        for round in 0..10_000 {
            let mutated = match format {
                // Every other binary mutation has the right checksum, so that it reaches the body's reader.
                Format::Binary if round % 2 == 0 => {
                    let mut body = body.clone();
                    mutate(&mut body, &mut rng);
                    sealed(1, "0.1.0", &T::type_name(), &body)
                }
                _ => {
                    let mut bytes = bytes.clone();
                    mutate(&mut bytes, &mut rng);
                    bytes
                }
            };
            let Ok(model) = decode::<T>(&mutated, format) else {
                continue;
            };
            loaded += 1;
            let used = catch_unwind(AssertUnwindSafe(|| use_it(&model)));
            assert!(used.is_ok(), "using a model from {}", show(&mutated));
        }
        // Otherwise the mutations never reached a model that loads, and `use_it` was not tried.
        assert!(loaded > 0, "{format:?}: none of the mutations loads");
    }
}

fn scaler() -> FittedStandardScaler<f64> {
    let x = array![[1.0, -2.0, 1e-3], [4.0, 0.25, 7.5], [1e6, 3.0, 0.1]];
    StandardScaler::new().fit(&x, &()).unwrap()
}

/// Outputs of the right shape, or an error, for the width of the original and others.
fn use_scaler<F: fitwell::Float>(model: &FittedStandardScaler<F>) {
    for width in [1, 2, 3, 4, 7] {
        let x = Array2::<F>::ones((5, width));
        if let Ok(out) = model.transform(&x) {
            assert_eq!(out.dim(), (5, width));
        }
    }
    let _ = model.to_string();
}

#[test]
fn mutated_scalers() {
    attack(1, &scaler(), use_scaler);
    let x = array![[1.0f32, -2.0], [4.0, 0.25], [100.0, 3.0]];
    let model = StandardScaler::new().with_mean(false).fit(&x, &());
    attack(2, &model.unwrap(), use_scaler);
}

#[test]
fn mutated_pipelines() {
    let x = array![[1.0, -2.0], [4.0, 0.25], [3.0, 3.0], [0.5, 1.0], [2.0, 2.5]];
    let two = Labels::from([1, 1, 0, 0, 1]);
    let three = Labels::from(["a", "b", "c", "a", "b"]);
    let recipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
    for (seed, y) in [(4, two), (5, three)] {
        attack(seed, &recipe.fit(&x, &y).unwrap(), |model| {
            for width in [1, 2, 3] {
                let x = Array2::ones((4, width));
                let n_classes = model.classes().len();
                if let Ok(out) = model.predict(&x) {
                    assert_eq!(out.len(), 4);
                    assert!(out.iter().all(|class| model.classes().contains(class)));
                }
                if let Ok(out) = model.predict_proba(&x) {
                    assert_eq!(out.dim(), (4, n_classes));
                }
                if let Ok(out) = model.decision_function(&x) {
                    assert_eq!(out.dim(), (4, if n_classes == 2 { 1 } else { n_classes }));
                }
            }
            let _ = model.to_string();
        });
    }
}

#[test]
fn mutated_recipes() {
    let x = array![[1.0, -2.0], [4.0, 0.25], [3.0, 3.0]];
    let recipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
    attack(6, &recipe, |recipe| {
        // A recipe from a file is checked like one from code; iterations may be many, so that this one is stopped.
        let stopped = recipe.with_param("clf__max_iter", 3);
        if let Ok(model) = stopped.and_then(|r| r.fit(&x, &Labels::from([0, 1, 1]))) {
            assert_eq!(model.predict(&x).unwrap().len(), 3);
        }
    });
}

/// A whole road: a mixed table with missing values, prepared, and a classifier chosen by a search.
#[test]
fn mutated_searches_on_tables() {
    let (x, y) = small_penguins();
    let model = GridSearchCv::new(penguin_pipeline!(), [("clf__C", vec![0.1, 1.0])])
        .cv(2)
        .fit(&x, &y)
        .unwrap();
    attack(7, &model, |model| {
        if let Ok(out) = model.predict_proba(&x) {
            assert_eq!(out.dim(), (x.n_rows(), model.classes().len()));
        }
        if let Ok(out) = model.predict(&x) {
            assert_eq!(out.len(), x.n_rows());
        }
        let _ = (model.to_string(), model.results().to_string());
    });
}

#[test]
fn mutated_ridges() {
    let x = array![[1.0, -2.0], [4.0, 0.25], [3.0, 3.0], [0.5, 1.0]];
    let y = array![
        [1.0, 2.0, 3.0],
        [0.0, 1.0, 0.5],
        [2.0, 2.0, 0.0],
        [0.1, 0.2, 0.3]
    ];
    attack(8, &Ridge::new().fit(&x, &y).unwrap(), |model| {
        for width in [1, 2, 3] {
            if let Ok(out) = model.predict(&Array2::ones((4, width))) {
                assert_eq!(out.nrows(), 4);
            }
        }
    });
}

fn small_penguins() -> (Table, Labels) {
    let table = load_penguins().unwrap();
    let rows: Vec<usize> = (0..table.n_rows()).step_by(9).collect();
    table
        .select(&rows)
        .unwrap()
        .split_labels("species")
        .unwrap()
}

/// Files written by version 1 of the format load for ever, and predict what they predicted.
///
/// `FITWELL_WRITE_GOLDEN=1 cargo test --test model_files golden` writes them anew; a released file is never rewritten.
#[test]
fn golden_files_of_version_1() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let (x, y) = small_penguins();
    let recipe = penguin_pipeline!();
    let expected = folder.join("penguins.proba.json");
    if std::env::var_os("FITWELL_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).unwrap();
        let model = recipe.fit(&x, &y).unwrap();
        model
            .save(folder.join("penguins.json"), Format::Json)
            .unwrap();
        model
            .save(folder.join("penguins.model"), Format::Binary)
            .unwrap();
        recipe
            .save(folder.join("recipe.json"), Format::Json)
            .unwrap();
        let proba = model.predict_proba(&x).unwrap();
        fs::write(&expected, serde_json::to_string(&proba).unwrap()).unwrap();
    }
    let proba: Array2<f64> = serde_json::from_str(&fs::read_to_string(&expected).unwrap()).unwrap();
    for name in ["penguins.json", "penguins.model"] {
        let model = recipe
            .load_fitted::<Table, Labels>(folder.join(name))
            .unwrap();
        // Another machine's `exp` may differ in the last digit.
        let far = (model.predict_proba(&x).unwrap() - &proba).mapv(f64::abs);
        assert!(far.iter().all(|&d| d < 1e-12), "{name}: {far}");
    }
    let mut read = recipe.with_param("clf__C", 3.0).unwrap();
    assert_ne!(read.params(), recipe.params());
    read = Model::load(folder.join("recipe.json")).unwrap();
    assert_eq!(read.params(), recipe.params());
}

/// Numbers that any processor computes alike.
fn small_numbers() -> (Array2<f64>, Labels, Array2<f64>) {
    let x = Array2::from_shape_fn((24, 3), |(i, j)| match j {
        0 => (i % 4) as f64,
        _ => ((i * (j + 5) + j) % 11) as f64 / 4.0 - 1.25,
    });
    let y = (0..24).map(|i| (i * 7 % 5 > 2) as i64 + (i % 4 == 3) as i64);
    let targets = Array2::from_shape_fn((24, 2), |(i, j)| x[[i, 1]] - x[[i, 2]] * j as f64);
    (x.clone(), y.collect(), targets)
}

/// As [`golden_files_of_version_1`], of networks of every kind.
#[test]
fn golden_networks_of_version_1() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let (x, y, targets) = small_numbers();
    let labels = targets.mapv(|v| f64::from(u8::from(v > 0.0)));
    let layers = Sequential::new()
        .embedding([0], 2)
        .dense(3, Activation::Mish)
        .batch_normalization()
        .dropout(0.2);
    let mlp = MlpClassifier::new()
        .hidden_layer_sizes([3, 2])
        .activation([Activation::Silu, Activation::Tanh])
        .max_iter(3);
    let values = MlpRegressor::new()
        .hidden_layer_sizes([3])
        .solver(Solver::lbfgs())
        .max_iter(3);
    let classes = SequentialClassifier::new(layers.clone())
        .optimizer(Optimizer::nadam())
        .max_iter(3);
    let reals = SequentialRegressor::new(layers).max_iter(3);
    let write = std::env::var_os("FITWELL_WRITE_GOLDEN").is_some();
    macro_rules! golden {
        ($name:literal, $type:ty, $fit:expr, $output:ident) => {{
            let expected = folder.join(concat!($name, ".output.json"));
            if write {
                let model: $type = $fit.unwrap();
                model
                    .save(folder.join(concat!($name, ".json")), Format::Json)
                    .unwrap();
                model
                    .save(folder.join(concat!($name, ".model")), Format::Binary)
                    .unwrap();
                let output = serde_json::to_string(&model.$output(&x).unwrap()).unwrap();
                fs::write(&expected, output).unwrap();
            }
            let expected = fs::read_to_string(&expected).unwrap();
            let expected: Array2<f64> = serde_json::from_str(&expected).unwrap();
            for ending in ["json", "model"] {
                let path = folder.join(format!("{}.{ending}", $name));
                let model = <$type>::load(&path).unwrap();
                let far = (model.$output(&x).unwrap() - &expected).mapv(f64::abs);
                assert!(far.iter().all(|&d| d < 1e-12), "{}: {far}", path.display());
                assert!(model.summary().n_parameters() > 10);
            }
        }};
    }
    golden!(
        "mlp_classes",
        FittedMlpClassifier<f64>,
        mlp.fit(&x, &y),
        predict_proba
    );
    golden!(
        "mlp_labels",
        FittedMlpMultiLabel<f64>,
        mlp.fit(&x, &labels),
        predict_proba
    );
    golden!("mlp_values", FittedMlpRegressor<f64, ndarray::Ix2>, values.fit(&x, &targets), predict);
    golden!(
        "sequential_classes",
        FittedSequentialClassifier<f64>,
        classes.fit(&x, &y),
        predict_proba
    );
    golden!(
        "sequential_labels",
        FittedSequentialMultiLabel<f64>,
        classes.fit(&x, &labels),
        predict_proba
    );
    golden!("sequential_values", FittedSequentialRegressor<f64, ndarray::Ix2>, reals.fit(&x, &targets), predict);
}

/// A model that holds one of everything, to be written by hand in tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    matrix: Array2<f64>,
    small: Array1<f32>,
    names: Vec<String>,
    option: Option<f64>,
}

impl Model for Sample {
    fn type_name() -> String {
        "Sample<f64>".into()
    }
    fn validate(&self) -> Result<()> {
        fitwell::model::ensure::names("names", &self.names, self.matrix.ncols())
    }
}

fn sample() -> Sample {
    Sample {
        matrix: array![[1.5, -0.0], [1e300, 5e-324]],
        small: array![0.1f32, f32::MAX, f32::MIN_POSITIVE],
        names: vec!["a".into(), "ü\"\\\n".into()],
        option: Some(2.0),
    }
}

/// The parts that a hand-written JSON file is made of.
fn json(header: &str, model: &str) -> String {
    format!("{{\"fitwell\":{header},\"model\":{model}}}")
}

const HEADER: &str = r#"{"format":1,"version":"0.1.0","type":"Sample<f64>"}"#;
const MODEL: &str = r#"{"matrix":{"v":1,"dim":[1,2],"data":[1.0,2.0]},"small":{"v":1,"dim":[1],"data":[1.0]},"names":["a","b"],"option":null}"#;

fn refusal(text: &str) -> Error {
    decode::<Sample>(text.as_bytes(), Format::Json).expect_err(text)
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let model = sample();
    assert!(decode::<Sample>(json(HEADER, MODEL).as_bytes(), Format::Json).is_ok());
    for format in FORMATS {
        // The name of the file says nothing about its format.
        for name in ["m.json", "m.bin", "m"] {
            let path = path(name);
            model.save(&path, format).unwrap();
            assert_eq!(fs::read(&path).unwrap(), encode(&model, format));
            let loaded = Sample::load(&path).unwrap();
            assert_eq!(loaded, model);
            assert!(loaded.matrix[[0, 1]].is_sign_negative());
        }
    }
    let text = model.to_json().unwrap();
    assert!(text.starts_with(r#"{"fitwell":{"format":1,"version":"0.1.0","type":"Sample<f64>"},"#));
    assert_eq!(
        model.to_bytes().unwrap(),
        sealed(1, "0.1.0", "Sample<f64>", &body(&model))
    );
}

#[test]
fn every_float_comes_back_with_its_bits() {
    let mut rng = random::generator(3);
    let mut finite = |n: usize| -> Vec<u64> {
        std::iter::repeat_with(|| rng.next_u64())
            .filter(|&bits| {
                f64::from_bits(bits).is_finite() && f32::from_bits(bits as u32).is_finite()
            })
            .take(n)
            .collect()
    };
    let bits = finite(100_000);
    let model = Sample {
        matrix: Array2::from_shape_fn((100_000, 1), |(i, _)| f64::from_bits(bits[i])),
        small: bits.iter().map(|&b| f32::from_bits(b as u32)).collect(),
        names: vec!["x".into()],
        option: None,
    };
    for format in FORMATS {
        let loaded: Sample = decode(&encode(&model, format), format).unwrap();
        let wide = loaded.matrix.iter().zip(&bits);
        assert!(wide.into_iter().all(|(v, &b)| v.to_bits() == b));
        let narrow = loaded.small.iter().zip(&bits);
        assert!(narrow.into_iter().all(|(v, &b)| v.to_bits() == b as u32));
    }
}

#[test]
fn a_file_of_another_type_names_both() {
    let other = scaler();
    for format in FORMATS {
        let error = decode::<Sample>(&encode(&other, format), format).unwrap_err();
        let ErrorKind::ModelType { found, expected } = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(
            (found.as_str(), expected.as_str()),
            ("FittedStandardScaler<f64>", "Sample<f64>")
        );
        // Another element type is another type.
        let narrow = decode::<FittedStandardScaler<f32>>(&encode(&other, format), format);
        assert!(matches!(
            narrow.unwrap_err().kind(),
            ErrorKind::ModelType { .. }
        ));
    }
    // A recipe is not what it learned.
    let recipe = StandardScaler::new().to_json().unwrap();
    assert!(FittedStandardScaler::<f64>::from_json(&recipe).is_err());
}

#[test]
fn other_versions_are_refused_before_anything_else() {
    let newer = r#"{"format":7,"new key":[],"type":"Sample<f64>"}"#;
    for error in [
        refusal(&json(newer, MODEL)),
        refusal(&json(newer, "what a later version writes")),
        decode::<Sample>(&sealed(7, "9.0.0", "?", b""), Format::Binary).unwrap_err(),
    ] {
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ModelVersion {
                    found: 7,
                    oldest: 1,
                    newest: 1
                }
            ),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            "model file: format version 7, this library reads 1 to 1"
        );
    }
    assert!(decode::<Sample>(&sealed(0, "0.1.0", "Sample<f64>", b""), Format::Binary).is_err());
    assert!(
        refusal(&json(r#"{"format":-1}"#, MODEL))
            .to_string()
            .contains("-1")
    );
}

#[test]
fn what_json_may_not_hold() {
    let with = |from: &str, to: &str| {
        let text = json(HEADER, MODEL);
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{from}");
        refusal(&changed).to_string()
    };
    let holds = |text: String, part: &str| assert!(text.contains(part), "{text}");
    holds(
        with("\"option\":null", "\"option\":null,\"more\":1"),
        "unknown field `more`",
    );
    holds(
        with("\"option\":null", "\"option\":1.0,\"option\":2.0"),
        "duplicate field `option`",
    );
    holds(
        with("\"data\":[1.0]", "\"data\":[1.0],\"data\":[2.0]"),
        "\"data\" is there twice",
    );
    holds(with(",\"names\":[\"a\",\"b\"]", ""), "missing field");
    holds(
        with("\"version\"", "\"versions\""),
        "\"versions\", expected \"version\"",
    );
    holds(
        with(
            "\"type\":\"Sample<f64>\"",
            "\"type\":\"Sample<f64>\",\"type\":\"x\"",
        ),
        "repeated key",
    );
    holds(
        with("\"model\":", "\"fitwell\":{},\"model\":"),
        "\"fitwell\"",
    );
    holds(with("null}}", "null},\"model\":{}}"), "repeated key");
    holds(with("null}}", "null}}{}"), "trailing characters");
    holds(with("[1.0,2.0]", "[1.0,1e400]"), "out of range");
    holds(with("[1.0,2.0]", "[1.0,NaN]"), "expected value");
    holds(with("[1.0,2.0]", "[1.0,null]"), "invalid type: null");
    holds(with("[1.0,2.0]", "[1.0,\"inf\"]"), "invalid type: string");
    holds(
        with("\"dim\":[1],\"data\":[1.0]", "\"dim\":[1],\"data\":[1e39]"),
        "out of range",
    );
    holds(with("[1,2]", "[2,2]"), "must match");
    holds(with("[1,2]", "[4294967296,4294967296]"), "must match");
    holds(with("[1,2]", "[-1,-2]"), "invalid value");
    holds(with("[1,2]", "[0.5,4]"), "invalid type: floating point");
    holds(
        with(
            "[1,2],\"data\":[1.0,2.0]",
            "[0,4611686018427387904],\"data\":[]",
        ),
        "more than the file could hold",
    );
    holds(
        with("[\"a\",\"b\"]", "[\"a\"]"),
        "number of names is 1, expected 2",
    );
    holds(with("[\"a\",\"b\"]", "[\"a\",\"a\"]"), "twice");
    holds(with("\"format\":1", "\"format\":1.0"), "invalid type");
    holds(with("{\"fitwell\"", "[{\"fitwell\""), "no model file");
    holds(with("\"a\"", "\"\\ud800\""), "hex escape");

    let deep = json(HEADER, &"[".repeat(100_000));
    refusal(&deep);
    let deep = MODEL.replace(
        "null",
        &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
    );
    refusal(&json(HEADER, &deep));
    for text in [
        "",
        " ",
        "null",
        "[]",
        "\"fitwell\"",
        "{}",
        "{\"model\":1}",
        "1e400",
        "nul",
    ] {
        refusal(text);
    }
    let long = MODEL.replace("\"option\"", &format!("\"{}\"", "\u{1b}x".repeat(5000)));
    let message = refusal(&json(HEADER, &long)).to_string();
    assert!(
        message.len() < 1000 && !message.contains('\u{1b}'),
        "{message}"
    );
}

#[test]
fn other_encodings_are_named() {
    let text = json(HEADER, MODEL);
    let utf16 = |from: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(from).collect::<Vec<u8>>();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        let error = load_file::<Sample>(&bytes).unwrap_err().to_string();
        assert!(error.contains("UTF-16"), "{error}");
    }
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend(text.as_bytes());
    assert!(
        load_file::<Sample>(&marked)
            .unwrap_err()
            .to_string()
            .contains("byte order mark")
    );
    let mut latin = text.into_bytes();
    let name = latin.windows(3).position(|w| w == b"\"a\"").unwrap();
    latin[name + 1] = 0xe4;
    assert!(load_file::<Sample>(&latin).is_err());
}

#[test]
fn what_binary_may_not_hold() {
    let good = body(&sample());
    let refusal = |bytes: &[u8]| {
        decode::<Sample>(bytes, Format::Binary)
            .unwrap_err()
            .to_string()
    };
    assert!(decode::<Sample>(&sealed(1, "any", "Sample<f64>", &good), Format::Binary).is_ok());

    let mut magic = sample().to_bytes().unwrap();
    magic[3] ^= 0x20;
    assert!(refusal(&magic).contains("magic"));
    let mut flipped = sample().to_bytes().unwrap();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(refusal(&flipped).contains("checksum"));
    let mut longer = good.clone();
    longer.push(0);
    assert!(
        refusal(&sealed(1, "0.1.0", "Sample<f64>", &longer))
            .contains("1 bytes of the body are left over")
    );
    assert!(refusal(b"\x89PNG\r\n\x1a\n").contains("magic"));
    assert!(
        refusal(b"\x89fitwell\x01\0\0\0\xff\xff\xff\xff").contains("4294967295 bytes announced")
    );
    assert!(refusal(json(HEADER, MODEL).as_bytes()).contains("Json format, expected Binary"));

    // A matrix of two dimensions whose data announces 2^60 values in a few bytes.
    let mut huge = vec![1, 1, 1];
    huge.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(decode::<Sample>(&sealed(1, "0.1.0", "Sample<f64>", &huge), Format::Binary).is_err());
    // No rows, and 2^62 columns.
    let mut wide = vec![1, 0];
    wide.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
    wide.extend([0, 1, 0, 0, 0, 0]);
    let text = refusal(&sealed(1, "0.1.0", "Sample<f64>", &wide));
    assert!(text.contains("more than the file could hold"), "{text}");
    // NaN, as the bits that no text can hold.
    let mut body = good;
    let at = body
        .windows(8)
        .position(|w| w == 1e300f64.to_le_bytes())
        .unwrap();
    body[at..at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    let text = refusal(&sealed(1, "0.1.0", "Sample<f64>", &body));
    assert_eq!(text, "model file: Sample.matrix.Array.data value 2 is NaN");
}

#[test]
fn limits_are_kept() {
    let path = path("limits");
    let model = Sample {
        names: vec!["a".repeat(500), "b".into()],
        ..sample()
    };
    for format in FORMATS {
        model.save(&path, format).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        let with = |limits| Sample::load_with(&path, limits);
        assert!(with(Limits::default().max_bytes(size).max_text(500)).is_ok());
        let error = with(Limits::default().max_bytes(size - 1)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::TooLarge { .. }),
            "{error}"
        );
        let error = with(Limits::default().max_text(499))
            .unwrap_err()
            .to_string();
        assert!(error.contains("500 bytes"), "{error}");
    }
}

#[test]
fn what_cannot_be_loaded_is_not_saved() {
    let path = path("kept");
    sample().save(&path, Format::Json).unwrap();
    let before = fs::read(&path).unwrap();
    for format in FORMATS {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut bad = sample();
            bad.matrix[[1, 0]] = value;
            let error = bad.save(&path, format).unwrap_err().to_string();
            assert!(
                error.contains("matrix") && error.contains("value 2"),
                "{error}"
            );
            assert!(
                Sample {
                    option: Some(value),
                    ..sample()
                }
                .save(&path, format)
                .is_err()
            );
        }
        let misfit = Sample {
            names: vec![],
            ..sample()
        };
        assert!(misfit.save(&path, format).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

/// Its serializer gives up in the middle.
#[derive(Debug, Deserialize)]
struct Broken;

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        // The first pass looks at the numbers, the second writes.
        thread_local!(static PASS: Cell<u32> = const { Cell::new(0) });
        PASS.set(PASS.get() + 1);
        let mut seq = serializer.serialize_seq(Some(2))?;
        seq.serialize_element(&1.0)?;
        if PASS.get().is_multiple_of(2) {
            return Err(serde::ser::Error::custom("out of order"));
        }
        seq.end()
    }
}

impl Model for Broken {
    fn type_name() -> String {
        "Broken".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_save_that_fails_leaves_the_old_file() {
    let path = path("old");
    fs::write(&path, "old").unwrap();
    for format in FORMATS {
        let error = Broken.save(&path, format).unwrap_err().to_string();
        assert!(error.contains("Broken"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let missing = path.with_file_name("missing").join("m");
        let error = sample().save(&missing, format).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
        let error = Sample::load(&missing).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
    }
    let error = Sample::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("old: model file: is no model file"),
        "{error}"
    );
    let left: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn recipes_round_trip_and_name_the_type_of_what_they_learn() {
    let recipe = StandardScaler::new().with_std(false);
    for format in FORMATS {
        let loaded: StandardScaler = decode(&encode(&recipe, format), format).unwrap();
        assert_eq!(loaded, recipe);
        let path = path("recipe");
        let model = scaler();
        model.save(&path, format).unwrap();
        let loaded = recipe.load_fitted::<Array2<f64>, ()>(&path).unwrap();
        assert_eq!(loaded, model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_no_model(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for format in FORMATS {
            prop_assert!(decode::<Sample>(&bytes, format).is_err());
        }
        prop_assert!(load_file::<FittedStandardScaler<f64>>(&bytes).is_err());
    }

    #[test]
    fn random_bodies_give_a_model_that_is_whole_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(model) = decode::<Sample>(&sealed(1, "0.1.0", "Sample<f64>", &bytes), Format::Binary) {
            prop_assert!(model.matrix.iter().all(|v| v.is_finite()));
            prop_assert_eq!(model.names.len(), model.matrix.ncols());
        }
        let name = FittedStandardScaler::<f64>::type_name();
        if let Ok(model) = decode::<FittedStandardScaler<f64>>(&sealed(1, "0.1.0", &name, &bytes), Format::Binary) {
            use_scaler(&model);
        }
    }

    #[test]
    fn random_texts_are_no_model(text in "[\\[\\]{}\",:0-9.eE fitwelmod\\\\-]{0,200}") {
        prop_assert!(decode::<Sample>(text.as_bytes(), Format::Json).is_err());
    }

    #[test]
    fn any_sample_round_trips(values in proptest::collection::vec(any::<f64>(), 0..20), names in proptest::collection::hash_set(any::<String>(), 1..2)) {
        let n = values.len();
        let model = Sample {
            matrix: Array2::from_shape_vec((n, 1), values).unwrap(),
            small: Array1::zeros(n),
            names: names.into_iter().collect(),
            option: None,
        };
        let finite = model.matrix.iter().all(|v| v.is_finite());
        for format in FORMATS {
            match model.to_bytes() {
                Ok(_) => prop_assert_eq!(&decode::<Sample>(&encode(&model, format), format).unwrap(), &model),
                Err(_) => prop_assert!(!finite),
            }
        }
    }
}
