//! From the bytes of a file to a table, in parallel chunks.
//!
//! Chunks are of a size that depends on the file alone. Where one may begin is guessed from the number of quotes before it
//! and confirmed afterwards: a chunk counts only if the one before it ended exactly where it began, otherwise it is read
//! again from there. Each chunk finds the kinds of its columns by itself; where chunks disagree, those that turn out too
//! narrow are read again as texts. Positions are bytes; lines are counted only when there is an error to report.

use std::collections::HashSet;

use ndarray::parallel::prelude::*;

use super::cells::{Block, Numbers, Part, Rules, Want};
use super::number::Missing;
use super::scan::{Cell, Fault, Scanner, unquoted};
use super::texts::{Seed, Texts};
use super::{CsvOptions, too_large};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::parallel;
use crate::table::{Column, ColumnKind, Table};

/// Bytes of a chunk, if its records are not longer than usual.
const CHUNK: usize = 1 << 19;
/// Bytes looked at before anything else, to know which columns are texts.
const SAMPLE: usize = 1 << 15;
/// Cells split before their values are read.
const CELLS: usize = 1 << 14;

/// A chunk of the file, read.
struct Chunk {
    start: usize,
    /// Where the next chunk begins.
    end: usize,
    rows: usize,
    parts: Vec<Part>,
}

/// The file and what is known about it.
struct Source<'a> {
    data: &'a [u8],
    options: &'a CsvOptions,
    rules: Rules,
    names: Vec<String>,
    /// Where the first row begins.
    first: usize,
    /// Bytes of the first record.
    record: usize,
}

pub(super) fn read(options: &CsvOptions, data: &[u8]) -> Result<Table> {
    if data.starts_with(&[0xff, 0xfe]) || data.starts_with(&[0xfe, 0xff]) {
        return Err(at_line(1, None, "", "the file is UTF-16; save it as UTF-8"));
    }
    let start = if data.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let source = Source::open(options, data, start)?;
    let width = source.names.len();
    let mut wants = source.wants()?;

    // Columns with a text in the sample are texts all the way; others are found out chunk by chunk.
    if let Ok(sample) = source.chunk(source.first, source.first.saturating_add(SAMPLE), &wants) {
        for (want, part) in wants.iter_mut().zip(&sample.parts) {
            if *want == Want::Infer && matches!(part, Part::Mixed | Part::Texts(_)) {
                *want = Want::Text;
            }
        }
    }

    let mut chunks = source.chunks(&wants)?;
    let rows = chunks.iter().map(|c| c.rows).sum::<usize>();
    if rows > options.max_rows {
        return Err(too_large("rows of the file", rows, options.max_rows as u64));
    }
    let kinds: Vec<ColumnKind> = (0..width)
        .map(|column| match wants[column] {
            Want::Given(kind) => kind,
            _ => kind_of(chunks.iter().map(|c| &c.parts[column])),
        })
        .collect();
    source.read_again(&mut chunks, &kinds)?;

    // From chunks of columns to columns of chunks.
    let mut columns: Vec<Vec<Part>> = (0..width)
        .map(|_| Vec::with_capacity(chunks.len()))
        .collect();
    let several = chunks.len() > 1;
    for chunk in chunks {
        for (column, part) in columns.iter_mut().zip(chunk.parts) {
            column.push(part);
        }
    }
    let join = |(column, parts): (usize, Vec<Part>)| {
        let nul = wants[column] == Want::Given(ColumnKind::Categorical);
        join(parts, kinds[column], rows, column, nul, source.rules.seed)
    };
    let joined: Vec<std::result::Result<Column, Box<Fault>>> = if several {
        let numbered: Vec<(usize, Vec<Part>)> = columns.into_iter().enumerate().collect();
        numbered.into_par_iter().map(join).collect()
    } else {
        columns.into_iter().enumerate().map(join).collect()
    };
    let mut columns = Vec::with_capacity(width);
    let mut first: Option<Box<Fault>> = None;
    for column in joined {
        match column {
            Ok(column) => columns.push(column),
            Err(fault) if first.as_ref().is_none_or(|f| fault.at < f.at) => first = Some(fault),
            Err(_) => {}
        }
    }
    match first {
        Some(fault) => Err(source.error(*fault)),
        None => Ok(Table::from_trusted(source.names, columns, rows)),
    }
}

impl<'a> Source<'a> {
    /// Reads the header, or the width of a file without one.
    fn open(options: &'a CsvOptions, data: &'a [u8], start: usize) -> Result<Self> {
        let mut source = Source {
            data,
            options,
            rules: Rules {
                missing: Missing::new(options),
                point: if options.decimal_comma { b',' } else { b'.' },
                quote: options.quote.unwrap_or_default(),
                seed: Seed::new(),
            },
            names: Vec::new(),
            first: start,
            record: 0,
        };
        let mut scanner = Scanner::new(data, options, start, None);
        let mut cells = Vec::new();
        let base = loop {
            let split = scanner.block(&mut cells, 1, data.len());
            if let Some(fault) = split.fault {
                return Err(source.error(*fault));
            }
            if split.rows == 1 {
                break split.base;
            }
            if scanner.position() >= data.len() {
                let what = "the file".into();
                return Err(ErrorKind::EmptyInput { what }.into());
            }
        };
        if cells.len() > options.max_columns || scanner.surplus() > 0 {
            let width = cells.len() + scanner.surplus();
            return Err(too_large(
                "columns of the file",
                width,
                options.max_columns as u64,
            ));
        }
        source.record = scanner.position() - base;
        if options.has_header {
            source.first = scanner.position();
        }
        source.names = match &options.names {
            Some(names) if names.len() != cells.len() => {
                return Err(Error::shape("number of names", cells.len(), names.len()));
            }
            Some(names) => names.clone(),
            None if options.has_header => cells
                .iter()
                .enumerate()
                .map(|(i, cell)| source.name(i, *cell, base))
                .collect::<Result<_>>()?,
            None => (0..cells.len()).map(|i| format!("column_{i}")).collect(),
        };
        let mut seen = HashSet::with_capacity(source.names.len());
        for (i, name) in source.names.iter().enumerate() {
            let reason = if name.trim().is_empty() {
                format!("column {i} has no name; `names` gives names")
            } else if !seen.insert(name.as_str()) {
                format!("column {i} has the name of an earlier one; `names` gives other names")
            } else {
                continue;
            };
            let at = base + cells[i].start();
            return Err(at_line(line_of(data, at), None, name, reason));
        }
        Ok(source)
    }

    fn name(&self, column: usize, cell: Cell, base: usize) -> Result<String> {
        let at = base + cell.start();
        let raw = &self.data[at..at + cell.len()];
        let refuse = |reason: &str| {
            let fault = Fault::new(
                at,
                None,
                raw,
                format!("the name of column {column} {reason}"),
            );
            Err(self.error(*fault))
        };
        let text = if cell.doubled() {
            unquoted(raw, self.rules.quote)
        } else {
            raw.to_vec()
        };
        if text.contains(&0) {
            return refuse("holds a NUL byte; is the file UTF-16 or binary?");
        }
        match String::from_utf8(text) {
            Ok(name) => Ok(name),
            Err(_) => refuse("is not UTF-8"),
        }
    }

    /// What the options say about each column.
    fn wants(&self) -> Result<Vec<Want>> {
        let mut wants = vec![Want::Infer; self.names.len()];
        let mut given = 0;
        for (want, name) in wants.iter_mut().zip(&self.names) {
            if let Some(kind) = self.options.kinds.get(name) {
                *want = Want::Given(*kind);
                given += 1;
            }
        }
        if given < self.options.kinds.len() {
            let names: HashSet<&str> = self.names.iter().map(String::as_str).collect();
            if let Some(name) = self
                .options
                .kinds
                .keys()
                .find(|k| !names.contains(k.as_str()))
            {
                return Err(ErrorKind::UnknownColumn {
                    name: shorten(name),
                    known: self.names.clone(),
                }
                .into());
            }
        }
        Ok(wants)
    }

    /// Reads the records that begin in a range, of which the first begins at its start.
    fn chunk(
        &self,
        start: usize,
        until: usize,
        wants: &[Want],
    ) -> std::result::Result<Chunk, Box<Fault>> {
        let width = wants.len();
        let mut parts: Vec<Part> = wants
            .iter()
            .map(|w| Part::new(*w, self.rules.seed))
            .collect();
        let until = until.min(self.data.len());
        let mut scanner = Scanner::new(self.data, self.options, start, Some(width));
        let block_rows = (CELLS / width).max(1);
        let mut cells: Vec<Cell> = Vec::with_capacity(CELLS + width);
        let mut rows = 0;
        while scanner.position() < until {
            cells.clear();
            let split = scanner.block(&mut cells, block_rows, until);
            let mut first: Option<Box<Fault>> = None;
            for (column, (part, want)) in parts.iter_mut().zip(wants).enumerate() {
                let block = Block {
                    data: self.data,
                    base: split.base,
                    cells: &cells,
                    width,
                    rows: split.rows,
                    column,
                };
                if let Err(fault) = part.read(block, *want, &self.rules)
                    && first.as_ref().is_none_or(|f| fault.at < f.at)
                {
                    first = Some(fault);
                }
            }
            if let Some(fault) = first.or(split.fault) {
                return Err(fault);
            }
            rows += split.rows;
        }
        Ok(Chunk {
            start,
            end: scanner.position(),
            rows,
            parts,
        })
    }

    /// Reads all chunks, in parallel as far as they begin where they were thought to.
    fn chunks(&self, wants: &[Want]) -> Result<Vec<Chunk>> {
        let size = CHUNK.max(self.record.saturating_mul(32));
        let rest = self.data.len() - self.first;
        let n = rest.div_ceil(size).max(1);
        let from = |i: usize| self.first + i * size;
        let until = |i: usize| {
            if i + 1 == n {
                self.data.len()
            } else {
                from(i + 1)
            }
        };
        let starts = self.starts(n, &from, &until);
        let guessed = parallel::map(n, |i| Some(self.chunk(starts[i]?, until(i), wants)));
        let mut chunks = Vec::with_capacity(n);
        let mut at = self.first;
        for (i, (guessed, start)) in guessed.into_iter().zip(starts).enumerate() {
            let chunk = match guessed {
                Some(chunk) if start == Some(at) => chunk,
                _ if at >= until(i) => continue,
                _ => self.chunk(at, until(i), wants),
            };
            let chunk = chunk.map_err(|fault| self.error(*fault))?;
            at = chunk.end;
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    /// Where the first record of each chunk begins, if every quote opens or closes a field; `None` where none is found.
    fn starts(
        &self,
        n: usize,
        from: &(impl Fn(usize) -> usize + Sync + Send),
        until: &(impl Fn(usize) -> usize + Sync + Send),
    ) -> Vec<Option<usize>> {
        let quotes = parallel::map(n, |i| match self.options.quote {
            Some(quote) if i + 1 < n => {
                let chunk = &self.data[from(i)..until(i)];
                chunk.iter().filter(|b| **b == quote).count()
            }
            _ => 0,
        });
        let mut before = 0;
        (0..n)
            .map(|i| {
                let inside = before % 2 == 1;
                before += quotes[i];
                if i == 0 {
                    return Some(self.first);
                }
                self.line_start(from(i), until(i), inside)
            })
            .collect()
    }

    /// The first line start at or after `from`, outside of quotes.
    fn line_start(&self, from: usize, until: usize, mut inside: bool) -> Option<usize> {
        // A line that begins at `from` itself ended one byte earlier, and that byte is no quote.
        let ended = matches!(self.data[from - 1], b'\n' | b'\r');
        let window = &self.data[if ended { from - 1 } else { from }..until];
        for (i, &byte) in window.iter().enumerate() {
            if Some(byte) == self.options.quote {
                inside = !inside;
            } else if !inside && matches!(byte, b'\n' | b'\r') {
                let at = until - window.len() + i;
                let crlf = byte == b'\r' && self.data.get(at + 1) == Some(&b'\n');
                return Some(at + 1 + usize::from(crlf));
            }
        }
        None
    }

    /// Reads the columns of each chunk that were read as too narrow a kind.
    fn read_again(&self, chunks: &mut [Chunk], kinds: &[ColumnKind]) -> Result<()> {
        let wants: Vec<Option<Vec<Want>>> = chunks
            .iter()
            .map(|chunk| {
                let wants: Vec<Want> = chunk
                    .parts
                    .iter()
                    .zip(kinds)
                    .map(|(part, kind)| match part {
                        Part::Texts(_) | Part::Missing { quoted: false, .. } => Want::Skip,
                        _ if *kind == ColumnKind::Categorical => Want::Text,
                        _ => Want::Skip,
                    })
                    .collect();
                wants.iter().any(|w| *w != Want::Skip).then_some(wants)
            })
            .collect();
        let again = parallel::map(chunks.len(), |i| {
            let wants = wants[i].as_ref()?;
            Some(self.chunk(chunks[i].start, chunks[i].end, wants))
        });
        for (chunk, again) in chunks.iter_mut().zip(again) {
            let Some(again) = again else { continue };
            let again = again.map_err(|fault| self.error(*fault))?;
            for (part, new) in chunk.parts.iter_mut().zip(again.parts) {
                if !matches!(new, Part::Skipped) {
                    *part = new;
                }
            }
        }
        Ok(())
    }

    fn error(&self, fault: Fault) -> Error {
        let column = fault.column.and_then(|c| self.names.get(c));
        let column = column.map(|name| shorten(name));
        at_line(
            line_of(self.data, fault.at),
            column,
            &fault.text,
            fault.reason,
        )
    }
}

/// The kind of a column whose chunks have been read.
fn kind_of<'a>(parts: impl Iterator<Item = &'a Part>) -> ColumnKind {
    let (mut whole, mut digits, mut decimal, mut booleans) = (false, false, false, false);
    for part in parts {
        match part {
            Part::Numbers(numbers) => {
                whole |= numbers.whole;
                digits |= numbers.digits;
                decimal |= numbers.decimal;
            }
            Part::Booleans(values) => booleans |= values.iter().any(Option::is_some),
            Part::Texts(_) | Part::Mixed => return ColumnKind::Categorical,
            Part::Missing { .. } | Part::Skipped => {}
        }
    }
    match (booleans, whole || digits || decimal) {
        (true, true) => ColumnKind::Categorical,
        (true, false) => ColumnKind::Boolean,
        (false, false) => ColumnKind::Float,
        (false, true) if decimal => ColumnKind::Float,
        (false, true) if digits => ColumnKind::Categorical,
        (false, true) => ColumnKind::Integer,
    }
}

/// The column of its chunks.
fn join(
    mut parts: Vec<Part>,
    kind: ColumnKind,
    rows: usize,
    column: usize,
    nul: bool,
    seed: Seed,
) -> std::result::Result<Column, Box<Fault>> {
    match kind {
        ColumnKind::Float | ColumnKind::Integer => {
            let overflow = parts.iter().find_map(|part| match part {
                Part::Numbers(Numbers {
                    overflow: Some(at), ..
                }) => Some(at),
                _ => None,
            });
            if let Some((at, text)) = overflow {
                let reason = "the number is beyond the largest 64-bit floating-point number";
                return Err(Fault::new(*at, Some(column), text.as_bytes(), reason));
            }
            let values = if let [Part::Numbers(numbers)] = parts.as_mut_slice() {
                std::mem::take(&mut numbers.values)
            } else {
                let mut values = Vec::with_capacity(rows);
                for part in parts {
                    match part {
                        Part::Numbers(numbers) => values.extend_from_slice(&numbers.values),
                        Part::Missing { rows, .. } => values.resize(values.len() + rows, f64::NAN),
                        _ => {}
                    }
                }
                values
            };
            Ok(match kind {
                ColumnKind::Integer => Column::Integer(values),
                _ => Column::Float(values),
            })
        }
        ColumnKind::Boolean => {
            let mut values = Vec::with_capacity(rows);
            for part in parts {
                match part {
                    Part::Booleans(part) => values.extend_from_slice(&part),
                    Part::Missing { rows, .. } => values.resize(values.len() + rows, None),
                    _ => {}
                }
            }
            Ok(Column::Boolean(values))
        }
        ColumnKind::Categorical => {
            let mut texts = Vec::with_capacity(parts.len());
            for part in parts {
                texts.push(match part {
                    Part::Texts(part) => part,
                    Part::Missing { rows, .. } => {
                        let mut part = Texts::new(seed);
                        (0..rows).for_each(|_| part.push_missing());
                        part
                    }
                    _ => continue,
                });
            }
            for part in &texts {
                if let Some((at, text)) = part.find(|t| std::str::from_utf8(t).is_err()) {
                    return Err(Fault::new(at, Some(column), text, "the text is not UTF-8"));
                }
                if !nul && let Some((at, text)) = part.find(|t| t.contains(&0)) {
                    let reason = "the text holds a NUL byte; is the file binary? a column given as categorical may hold some";
                    return Err(Fault::new(at, Some(column), text, reason));
                }
            }
            Ok(Column::Categorical(Texts::concatenate(texts, seed)))
        }
    }
}

/// The line of a byte, from 1: LF, CRLF and CR end lines.
fn line_of(data: &[u8], at: usize) -> u64 {
    let before = &data[..at.min(data.len())];
    let lf = before.iter().filter(|b| **b == b'\n').count();
    let lone = before
        .iter()
        .zip(before.iter().skip(1).chain([&0]))
        .filter(|(a, b)| **a == b'\r' && **b != b'\n')
        .count();
    1 + (lf + lone) as u64
}

fn at_line(line: u64, column: Option<String>, text: &str, reason: impl Into<String>) -> Error {
    ErrorKind::Csv {
        line,
        column,
        text: shorten(text),
        reason: reason.into(),
    }
    .into()
}
