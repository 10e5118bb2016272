//! From a table to delimited text that reads back as the same table.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::number::{Missing, trim};
use super::{BLANK, CsvOptions};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::table::{Categorical, Column, Table};

/// Writes beside `path`, then renames.
pub(super) fn to_path(options: &CsvOptions, table: &Table, path: &Path) -> Result<()> {
    let io = |source: io::Error| {
        Error::from(ErrorKind::Io {
            path: path.into(),
            source,
        })
    };
    options.check()?;
    let name = path
        .file_name()
        .ok_or_else(|| io(io::ErrorKind::InvalidInput.into()))?;
    let mut beside = name.to_os_string();
    beside.push(format!(".{}.partial", std::process::id()));
    let beside = path.with_file_name(beside);
    let file = fs::File::create(&beside).map_err(io)?;
    let mut writer = BufWriter::with_capacity(1 << 18, file);
    let written = write(options, table, &mut writer)
        .and_then(|()| {
            let file = writer
                .into_inner()
                .map_err(|e| Failed::Io(e.into_error()))?;
            // The data is on the disk before the name says so.
            file.sync_all().map_err(Failed::Io)?;
            fs::rename(&beside, path).map_err(Failed::Io)
        })
        .map_err(|e| match e {
            Failed::Io(source) => io(source),
            Failed::Other(e) => e.within(path.display().to_string()),
        });
    if written.is_err() {
        // It may not have come into being.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes and flushes.
pub(super) fn to_writer(options: &CsvOptions, table: &Table, writer: &mut dyn Write) -> Result<()> {
    options.check()?;
    let mut writer = BufWriter::with_capacity(1 << 18, writer);
    write(options, table, &mut writer)
        .and_then(|()| writer.flush().map_err(Failed::Io))
        .map_err(|e| match e {
            Failed::Io(source) => ErrorKind::Io {
                path: "<writer>".into(),
                source,
            }
            .into(),
            Failed::Other(e) => e,
        })
}

enum Failed {
    Io(io::Error),
    Other(Error),
}

impl From<io::Error> for Failed {
    fn from(e: io::Error) -> Self {
        Failed::Io(e)
    }
}

impl From<Error> for Failed {
    fn from(e: Error) -> Self {
        Failed::Other(e)
    }
}

/// A column ready to be written row by row.
enum Cells<'a> {
    Float(&'a [f64]),
    Integer(&'a [f64]),
    Boolean(&'a [Option<bool>]),
    /// Each category as it is written.
    Categorical(&'a Categorical, Vec<Vec<u8>>),
}

fn write(
    options: &CsvOptions,
    table: &Table,
    out: &mut dyn Write,
) -> std::result::Result<(), Failed> {
    let format = Format::new(options, table)?;
    let mut line = Vec::new();
    if options.has_header {
        for (i, (name, _)) in table.iter().enumerate() {
            if i > 0 {
                line.push(options.delimiter);
            }
            format.name(i, name, &mut line)?;
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    let columns: Vec<(&str, Cells<'_>)> = table
        .iter()
        .enumerate()
        .map(|(i, (name, column))| Ok((name, format.column(i, name, column)?)))
        .collect::<Result<_>>()?;
    for row in 0..table.n_rows() {
        line.clear();
        for (i, (name, cells)) in columns.iter().enumerate() {
            if i > 0 {
                line.push(options.delimiter);
            }
            format.cell(name, cells, row, &mut line)?;
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// How fields are written.
struct Format<'a> {
    options: &'a CsvOptions,
    missing: Missing,
    /// How a missing value is written, if there is a way.
    absent: Option<Vec<u8>>,
    core: csv_core::Writer,
}

impl<'a> Format<'a> {
    fn new(options: &'a CsvOptions, table: &Table) -> Result<Self> {
        if table.n_columns() == 0 {
            let what = "the table (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        // A line without a character is no record: a single column writes missing values out.
        let single = table.n_columns() == 1;
        let mut spellings = options.missing.iter().filter(|s| !single || !s.is_empty());
        let absent = match options.missing.iter().any(String::is_empty) && !single {
            true => Some(String::new()),
            false => spellings.next().cloned(),
        };
        let mut core = csv_core::WriterBuilder::new();
        core.delimiter(options.delimiter)
            .quote(options.quote.unwrap_or(options.delimiter))
            .comment(options.comment);
        let mut format = Format {
            options,
            missing: Missing::new(options),
            absent: None,
            core: core.build(),
        };
        if let Some(absent) = absent {
            let mut text = Vec::new();
            if format
                .text("a missing value", absent.as_bytes(), false, &mut text)
                .is_ok()
            {
                format.absent = Some(text);
            }
        }
        Ok(format)
    }

    fn name(&self, column: usize, name: &str, line: &mut Vec<u8>) -> Result<()> {
        let what = || format!("the name of column {column}, {:?},", shorten(name));
        if name.trim().is_empty() || name.contains('\0') {
            let reason = "is blank or holds a NUL byte and could not be read back";
            return Err(Error::invalid_input(what(), reason));
        }
        self.text(&what(), name.as_bytes(), false, line)
    }

    fn column<'t>(&self, index: usize, name: &str, column: &'t Column) -> Result<Cells<'t>> {
        let what = || format!("column `{}`", shorten(name));
        Ok(match column {
            Column::Float(values) | Column::Integer(values) => {
                if let Some(row) = values.iter().position(|v| v.is_infinite()) {
                    return Err(ErrorKind::NonFinite {
                        what: what(),
                        row,
                        column: Some(index),
                        value: values[row],
                    }
                    .into());
                }
                match column {
                    Column::Float(_) => Cells::Float(values),
                    _ => Cells::Integer(values),
                }
            }
            Column::Boolean(values) => Cells::Boolean(values),
            Column::Categorical(values) => {
                let observed = values.observed();
                let used = |text: &String| observed.categories().binary_search(text).is_ok();
                let mut texts = Vec::with_capacity(values.categories().len());
                for text in values.categories() {
                    let mut cell = Vec::new();
                    if used(text) {
                        let guarded = self.guarded(text);
                        // An unquoted spelling would be missing, and an empty line no record.
                        let quoted =
                            self.missing.contains(trim(guarded.as_bytes())) || guarded.is_empty();
                        self.text(&what(), guarded.as_bytes(), quoted, &mut cell)?;
                    }
                    texts.push(cell);
                }
                Cells::Categorical(values, texts)
            }
        })
    }

    /// With an apostrophe before what a spreadsheet would run.
    fn guarded<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let formula = text
            .trim_start_matches(BLANK)
            .starts_with(['=', '+', '-', '@'])
            || text.starts_with(['\t', '\r']);
        if self.options.formula_guard && formula {
            return format!("'{text}").into();
        }
        text.into()
    }

    fn cell(&self, name: &str, cells: &Cells<'_>, row: usize, line: &mut Vec<u8>) -> Result<()> {
        let start = line.len();
        // Writing to memory does not fail.
        let _ = match cells {
            Cells::Float(values) if values[row].is_nan() => return self.absent(name, row, line),
            Cells::Integer(values) if values[row].is_nan() => return self.absent(name, row, line),
            // The fewest digits, and a point or an exponent that says it is no integer.
            Cells::Float(values) => write!(line, "{:?}", values[row]),
            Cells::Integer(values) => write!(line, "{}", values[row]),
            Cells::Boolean(values) => match values[row] {
                Some(value) => write!(line, "{value}"),
                None => return self.absent(name, row, line),
            },
            Cells::Categorical(values, texts) => {
                return match texts.get(values.codes()[row] as usize) {
                    Some(text) => {
                        line.extend_from_slice(text);
                        Ok(())
                    }
                    None => self.absent(name, row, line),
                };
            }
        };
        if self.options.decimal_comma
            && let Some(point) = line[start..].iter().position(|b| *b == b'.')
        {
            line[start + point] = b',';
        }
        let odd = self.missing.numeric() || self.missing.boolean();
        if odd && self.missing.contains(&line[start..]) {
            let value = String::from_utf8_lossy(&line[start..]).into_owned();
            let reason = format!("row {row} is {value}, which is a spelling of a missing value");
            return Err(Error::invalid_input(
                format!("column `{}`", shorten(name)),
                reason,
            ));
        }
        if self.core.should_quote(&line[start..]) || self.commented(&line[start..]) {
            let text = line.split_off(start);
            self.text(name, &text, false, line)?;
        }
        Ok(())
    }

    fn absent(&self, name: &str, row: usize, line: &mut Vec<u8>) -> Result<()> {
        let Some(absent) = &self.absent else {
            let reason =
                format!("row {row} is missing, and `missing` has no spelling that can be written");
            return Err(Error::invalid_input(
                format!("column `{}`", shorten(name)),
                reason,
            ));
        };
        line.extend_from_slice(absent);
        Ok(())
    }

    fn commented(&self, text: &[u8]) -> bool {
        self.options.comment.is_some() && text.first().copied() == self.options.comment
    }

    /// A field, in quotes where it must be.
    fn text(&self, what: &str, text: &[u8], quoted: bool, line: &mut Vec<u8>) -> Result<()> {
        // A byte order mark at the beginning of a file would not be part of its text.
        let mark = text.starts_with(b"\xef\xbb\xbf");
        let needed = mark || self.core.should_quote(text) || self.commented(text);
        if !quoted && !needed {
            line.extend_from_slice(text);
            return Ok(());
        }
        let Some(quote) = self.options.quote else {
            let text = shorten(&String::from_utf8_lossy(text));
            return Err(Error::invalid_input(
                what,
                format!("{text:?} cannot be written without quotes"),
            ));
        };
        line.push(quote);
        let start = line.len();
        line.resize(start + 2 * text.len(), 0);
        let (_, _, written) = csv_core::quote(text, &mut line[start..], quote, quote, true);
        line.truncate(start + written);
        line.push(quote);
        Ok(())
    }
}
