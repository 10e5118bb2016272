//! Delimited text files: how they are read and written.

// Sizes and codes come from files: a cast that could lose digits or a sign is an error waiting for one.
#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod cells;
mod decimal;
mod number;
mod read;
mod scan;
mod texts;
mod write;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{ColumnKind, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::parallel;

pub use read::CsvBatches;

/// What stands for a missing value unless [`CsvOptions::missing`] says otherwise: the empty field, and what pandas takes.
const MISSING: [&str; 19] = [
    "", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>", "#NA",
    "#N/A", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
];

/// How a delimited text file is read and written.
///
/// ```
/// use fitwell::table::{ColumnKind, CsvOptions};
///
/// let text = "id;price;zip\n1;1,5;01234\n2;;89077\n";
/// let options = CsvOptions::new().delimiter(b';').decimal_comma(true);
/// let table = options.read_str(text)?;
/// assert_eq!(
///     table.kinds(),
///     [ColumnKind::Integer, ColumnKind::Float, ColumnKind::Categorical]
/// );
/// assert_eq!(options.write_string(&table)?, text);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Format
/// Fields are separated by one [delimiter](Self::delimiter). A field that begins with the [quote](Self::quote) ends with
/// it, and may hold delimiters, line ends and doubled quotes; a quote elsewhere is a character like any other. LF, CRLF and
/// CR end a record; an empty line is none. The text is UTF-8, with or without a byte order mark. Every record has as many
/// fields as the first.
///
/// # Kinds
/// A column whose kind is not [given](Self::kind) gets the first of these that all its values fit, looking at the whole
/// file:
/// - boolean: `true`, `True`, `TRUE`, `false`, `False`, `FALSE`;
/// - integer: digits with or without a sign, up to 2^53 in magnitude. A column of digits only, of which some are larger or
///   begin with a needless zero (`01234`), stays text, since numbers would lose what is written;
/// - float: decimal numbers such as `-1.5`, `.5`, `2e-3`, each read as the nearest `f64`. A column without any value is
///   float as well;
/// - categorical: anything else, every value with exactly its characters. Infinities, hexadecimal numbers, dates and
///   numbers with separators of thousands are texts.
///
/// Spaces and tabs around numbers, booleans and spellings of [missing](Self::missing) values do not count. A quoted field is
/// read as a number or boolean like any other, but in a categorical column it is never missing: `"NA"` is a text, `NA` is
/// not, `""` is the empty text (as in PostgreSQL). That makes writing and reading the same kinds lossless.
///
/// # Errors
/// `Csv` names the line of the file (from 1), the column and the offending text. `TooLarge` when a limit is passed,
/// `EmptyInput` when there is not even a header, `Io` when the system refuses, `InvalidParameter` for options that cannot be.
#[derive(Clone, Debug, PartialEq)]
pub struct CsvOptions {
    delimiter: u8,
    quote: Option<u8>,
    comment: Option<u8>,
    has_header: bool,
    names: Option<Vec<String>>,
    missing: Vec<String>,
    kinds: BTreeMap<String, ColumnKind>,
    decimal_comma: bool,
    formula_guard: bool,
    max_field_bytes: usize,
    max_columns: usize,
    max_rows: usize,
    max_bytes: u64,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: b',',
            quote: Some(b'"'),
            comment: None,
            has_header: true,
            names: None,
            missing: MISSING.map(String::from).to_vec(),
            kinds: BTreeMap::new(),
            decimal_comma: false,
            formula_guard: false,
            max_field_bytes: 1 << 20,
            max_columns: 100_000,
            max_rows: usize::MAX,
            max_bytes: u64::MAX,
        }
    }
}

/// Bytes of a file from which several threads read it.
const LARGE_FILE: usize = 4 << 20;

/// The first `size` bytes of a file, which all threads read; `None` where that is not possible.
#[cfg(unix)]
fn read_at_once(file: &File, size: usize) -> Option<Vec<u8>> {
    use rayon::prelude::*;
    use std::os::unix::fs::FileExt;
    const PART: usize = 1 << 21;
    // Zeros come without a check that there is memory for them.
    let mut probe = Vec::<u8>::new();
    probe.try_reserve_exact(size).ok()?;
    drop(std::hint::black_box(probe));
    let mut data = vec![0; size];
    parallel::advise_huge_pages(&data);
    data.par_chunks_mut(PART)
        .enumerate()
        .all(|(i, part)| file.read_exact_at(part, (i * PART) as u64).is_ok())
        .then_some(data)
}

#[cfg(not(unix))]
fn read_at_once(_: &File, _: usize) -> Option<Vec<u8>> {
    None
}

impl CsvOptions {
    /// Commas between fields, double quotes around them, a header, the kinds inferred.
    pub fn new() -> Self {
        Self::default()
    }

    /// The ASCII character between fields. Default: comma.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// The ASCII character around fields that hold delimiters, line ends or quotes; `None` reads quotes as any other
    /// character. Default: double quote.
    #[must_use]
    pub fn quote(mut self, quote: impl Into<Option<u8>>) -> Self {
        self.quote = quote.into();
        self
    }

    /// Lines that begin with this ASCII character are skipped. Default: none are.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<Option<u8>>) -> Self {
        self.comment = comment.into();
        self
    }

    /// Whether the first record holds the names of the columns; without one they are `column_0`, `column_1`, ... Default:
    /// true.
    #[must_use]
    pub fn has_header(mut self, has_header: bool) -> Self {
        self.has_header = has_header;
        self
    }

    /// The names of the columns, in place of those in the file: for files without a header or with an unusable one.
    #[must_use]
    pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// What stands for a missing value, in place of the default: the empty field, `NA`, `N/A`, `n/a`, `NaN`, `nan`, `-NaN`,
    /// `-nan`, `NULL`, `null`, `None`, `<NA>`, `#NA`, `#N/A`, `#N/A N/A`, `1.#IND`, `-1.#IND`, `1.#QNAN`, `-1.#QNAN`.
    ///
    /// Numbers may be among them (`-999`). Missing values are written as the empty field, or as the first spelling if the
    /// empty field is not one.
    #[must_use]
    pub fn missing<T: Into<String>>(mut self, spellings: impl IntoIterator<Item = T>) -> Self {
        self.missing = spellings.into_iter().map(Into::into).collect();
        self
    }

    /// The kind of a column. A value that does not fit is then an error instead of making the column categorical.
    ///
    /// A given kind is taken at its word: `01234` is a float or an integer, `3.0` is an integer, `1` and `0` are booleans.
    #[must_use]
    pub fn kind(mut self, column: impl Into<String>, kind: ColumnKind) -> Self {
        self.kinds.insert(column.into(), kind);
        self
    }

    /// The kinds of several columns.
    #[must_use]
    pub fn kinds<T: Into<String>>(
        mut self,
        kinds: impl IntoIterator<Item = (T, ColumnKind)>,
    ) -> Self {
        self.kinds
            .extend(kinds.into_iter().map(|(name, kind)| (name.into(), kind)));
        self
    }

    /// The names and kinds of another table: reading what was written from it then gives the same table.
    #[must_use]
    pub fn kinds_of(self, table: &Table) -> Self {
        self.kinds(table.iter().map(|(name, column)| (name, column.kind())))
    }

    /// Whether numbers are written `1,5`; then `1.5` is none. Default: false.
    #[must_use]
    pub fn decimal_comma(mut self, decimal_comma: bool) -> Self {
        self.decimal_comma = decimal_comma;
        self
    }

    /// Whether texts that a spreadsheet would run as a formula (beginning with `=`, `+`, `-`, `@`, tab or CR) are written
    /// with an apostrophe before them. It changes what is read back. Default: false.
    #[must_use]
    pub fn formula_guard(mut self, formula_guard: bool) -> Self {
        self.formula_guard = formula_guard;
        self
    }

    /// The longest field accepted, in bytes, at most 2^30 - 1. It bounds what an unclosed quote swallows. Default: 1 MiB.
    #[must_use]
    pub fn max_field_bytes(mut self, max_field_bytes: usize) -> Self {
        self.max_field_bytes = max_field_bytes;
        self
    }

    /// The most columns accepted. Default: 100,000.
    #[must_use]
    pub fn max_columns(mut self, max_columns: usize) -> Self {
        self.max_columns = max_columns;
        self
    }

    /// The most rows accepted. Default: no limit.
    #[must_use]
    pub fn max_rows(mut self, max_rows: usize) -> Self {
        self.max_rows = max_rows;
        self
    }

    /// The longest input accepted, in bytes. Unless it is read in batches, memory is a small multiple of it. Default: no limit.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [the type](Self#errors); each begins with the path.
    pub fn read_path(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        self.check()?;
        let io = |source| {
            Error::from(ErrorKind::Io {
                path: path.into(),
                source,
            })
        };
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        #[cfg(unix)]
        if let Ok(large) = usize::try_from(size)
            && large >= LARGE_FILE
            && size <= self.max_bytes
            && let Some(table) = read::read_windows(self, &file, large)
        {
            return Ok(table);
        }
        let data = self.read_file(&mut file, size).map_err(|e| match e {
            Failed::Io(source) => io(source),
            Failed::Other(e) => e.within(path.display().to_string()),
        })?;
        self.read_bytes(&data)
            .map_err(|e| e.within(path.display().to_string()))
    }

    /// Reads everything a reader gives.
    ///
    /// # Errors
    /// See [the type](Self#errors).
    pub fn read_from(&self, mut reader: impl Read) -> Result<Table> {
        self.check()?;
        let data = self.read_all(&mut reader, 0).map_err(|e| match e {
            Failed::Io(source) => ErrorKind::Io {
                path: "<reader>".into(),
                source,
            }
            .into(),
            Failed::Other(e) => e,
        })?;
        self.read_bytes(&data)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// See [the type](Self#errors).
    pub fn read_str(&self, text: &str) -> Result<Table> {
        self.read_bytes(text.as_bytes())
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// See [the type](Self#errors).
    pub fn read_bytes(&self, data: &[u8]) -> Result<Table> {
        self.check()?;
        if data.len() as u64 > self.max_bytes {
            return Err(too_large("bytes of the file", data.len(), self.max_bytes));
        }
        read::read(self, data)
    }

    /// Reads a file; a large one by all threads.
    fn read_file(&self, file: &mut File, size: u64) -> std::result::Result<Vec<u8>, Failed> {
        let large = usize::try_from(size)
            .ok()
            .filter(|&size| size >= LARGE_FILE && size as u64 <= self.max_bytes);
        let Some(mut data) = large.and_then(|size| read_at_once(file, size)) else {
            return self.read_all(file, size);
        };
        // It may have grown.
        file.seek(SeekFrom::Start(size)).map_err(Failed::Io)?;
        file.take(self.max_bytes.saturating_add(1).saturating_sub(size))
            .read_to_end(&mut data)
            .map_err(Failed::Io)?;
        Ok(data)
    }

    fn read_all(&self, from: &mut dyn Read, expected: u64) -> std::result::Result<Vec<u8>, Failed> {
        if expected > self.max_bytes {
            let size = usize::try_from(expected).unwrap_or(usize::MAX);
            return Err(Failed::Other(too_large(
                "bytes of the file",
                size,
                self.max_bytes,
            )));
        }
        let mut data = Vec::new();
        // What the system says about the size of a file is a hint, not a promise.
        let hint = usize::try_from(expected).unwrap_or(0);
        if data.try_reserve_exact(hint.saturating_add(1)).is_err() {
            return Err(Failed::Io(std::io::ErrorKind::OutOfMemory.into()));
        }
        parallel::advise_huge_pages(data.spare_capacity_mut());
        from.take(self.max_bytes.saturating_add(1))
            .read_to_end(&mut data)
            .map_err(Failed::Io)?;
        Ok(data)
    }

    /// The rows of a file as tables of `rows` rows, one after the other, without holding the whole file: see [`CsvBatches`].
    ///
    /// # Errors
    /// See [the type](Self#errors), for the header; those of rows come with their batch.
    pub fn batches_path(&self, path: impl AsRef<Path>, rows: usize) -> Result<CsvBatches<File>> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| {
            Error::from(ErrorKind::Io {
                path: path.into(),
                source,
            })
        })?;
        CsvBatches::open(self, file, Some(path.into()), rows)
    }

    /// As [`batches_path`](Self::batches_path), from any reader: a socket, a pipe, a decompressor. A mutable reference to a
    /// reader is a reader too. Large parts are read at once: no buffer around it is needed.
    ///
    /// # Errors
    /// As [`batches_path`](Self::batches_path).
    pub fn batches_from<R: Read>(&self, reader: R, rows: usize) -> Result<CsvBatches<R>> {
        CsvBatches::open(self, reader, None, rows)
    }

    /// Writes a file. It is written beside and then renamed, so that a failure leaves an old file whole.
    ///
    /// # Errors
    /// As [`write_to`](Self::write_to).
    pub fn write_path(&self, table: &Table, path: impl AsRef<Path>) -> Result<()> {
        write::to_path(self, table, path.as_ref())
    }

    /// Writes to a writer.
    ///
    /// # Errors
    /// `Io`; `NonFinite` for an infinite value, which no number in a file stands for; `InvalidInput` when a value or a name
    /// could not be read back with the same options.
    pub fn write_to(&self, table: &Table, mut writer: impl Write) -> Result<()> {
        write::to_writer(self, table, &mut writer)
    }

    /// Writes to a text.
    ///
    /// # Errors
    /// As [`write_to`](Self::write_to).
    pub fn write_string(&self, table: &Table) -> Result<String> {
        let mut text = Vec::new();
        self.write_to(table, &mut text)?;
        String::from_utf8(text).map_err(|e| Error::invalid_input("table", e.to_string()))
    }

    /// The options make sense together.
    fn check(&self) -> Result<()> {
        let refuse = |name: &str, expected: &str, got: String| {
            Err(Error::invalid_parameter("CsvOptions", name, expected, got))
        };
        let special = [
            ("delimiter", Some(self.delimiter)),
            ("quote", self.quote),
            ("comment", self.comment),
        ];
        for (i, (name, byte)) in special.iter().enumerate() {
            let Some(byte) = *byte else { continue };
            if !byte.is_ascii() || matches!(byte, 0 | b'\n' | b'\r') {
                let expected = "an ASCII character other than NUL and line ends";
                return refuse(name, expected, format!("{:?}", byte as char));
            }
            if special[..i].iter().any(|(_, other)| *other == Some(byte)) {
                let expected = "different from the other special characters";
                return refuse(name, expected, format!("{:?}", byte as char));
            }
        }
        if self.max_field_bytes > scan::LONGEST_FIELD {
            let expected = "at most 2^30 - 1";
            return refuse(
                "max_field_bytes",
                expected,
                self.max_field_bytes.to_string(),
            );
        }
        if let Some(odd) = self.missing.iter().find(|s| s.trim_matches(BLANK) != **s) {
            let expected = "spellings without spaces around them";
            return refuse("missing", expected, format!("{odd:?}"));
        }
        Ok(())
    }
}

/// What may stand around numbers.
const BLANK: [char; 2] = [' ', '\t'];

enum Failed {
    Io(std::io::Error),
    Other(Error),
}

fn too_large(what: &str, size: usize, limit: u64) -> Error {
    ErrorKind::TooLarge {
        what: what.into(),
        size: size as u64,
        limit,
    }
    .into()
}

impl Table {
    /// Reads a comma-separated file with a header; the kinds of the columns are inferred. [`CsvOptions`] says how, and
    /// reads other forms.
    ///
    /// # Errors
    /// As [`CsvOptions::read_path`].
    pub fn from_csv(path: impl AsRef<Path>) -> Result<Table> {
        CsvOptions::new().read_path(path)
    }

    /// Writes a comma-separated file with a header. It is written beside and then renamed, so that a failure leaves an old
    /// file whole.
    ///
    /// Numbers are written with the fewest digits that read back as the same number, missing values as empty fields.
    ///
    /// # Errors
    /// As [`CsvOptions::write_to`].
    pub fn to_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        CsvOptions::new().write_path(self, path)
    }

    /// As [`to_csv`](Self::to_csv), to a writer.
    ///
    /// # Errors
    /// As [`CsvOptions::write_to`].
    pub fn to_csv_writer(&self, writer: impl Write) -> Result<()> {
        CsvOptions::new().write_to(self, writer)
    }

    /// As [`to_csv`](Self::to_csv), to a text.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([
    ///     ("size", Column::from([1.0, f64::NAN])),
    ///     ("note", Column::from(["a, b", "NA"])),
    /// ])?;
    /// assert_eq!(table.to_csv_string()?, "size,note\n1.0,\"a, b\"\n,\"NA\"\n");
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`CsvOptions::write_to`].
    pub fn to_csv_string(&self) -> Result<String> {
        CsvOptions::new().write_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_the_same_text() -> std::result::Result<(), Box<dyn std::error::Error>> {
        let rows = LARGE_FILE / 8 + 12345;
        let lines = (0..rows).map(|i| format!("{},{}\n", i % 977, i));
        let text: String = std::iter::once("a,b\n".to_string()).chain(lines).collect();
        assert!(text.len() > LARGE_FILE);
        let path = std::env::temp_dir().join(format!("fitwell-large-{}.csv", std::process::id()));
        std::fs::write(&path, &text)?;
        let options = CsvOptions::new();
        let read = options.read_path(&path);
        // A limit holds for what is read, whoever reads it.
        let limited = options.clone().max_bytes(text.len() as u64 - 1);
        let refused = limited.read_path(&path);
        // A size that is not the file's gives up, or leaves the rest to be read.
        let more = File::open(&path).map(|file| read_at_once(&file, text.len() + 1));
        let grown = options.read_file(&mut File::open(&path)?, LARGE_FILE as u64);
        std::fs::remove_file(&path)?;
        assert_eq!(read?, options.read_str(&text)?);
        assert!(refused.is_err());
        assert_eq!(more?, None);
        assert!(grown.is_ok_and(|data| data == text.as_bytes()));
        Ok(())
    }
}
