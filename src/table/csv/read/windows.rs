//! Large files, window by window.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use super::{CHUNK, CHUNKS_A_THREAD, Chunks, Cut, Ranges, Source, count};
use crate::table::Table;
use crate::table::csv::CsvOptions;
use crate::table::csv::cells::Want;

/// Bytes of a large file in which its header and its sample must lie.
const HEAD: usize = 1 << 20;

/// The table of a file of this size, window by window; `None` when it has to be read in another way, or cannot be read.
pub(in crate::table::csv) fn read_windows(
    options: &CsvOptions,
    file: &File,
    size: usize,
) -> Option<Table> {
    let window = CHUNK * CHUNKS_A_THREAD * rayon::current_num_threads();
    read_windows_of(options, file, size, window)
}

/// The same with windows of so many bytes, which changes no result.
fn read_windows_of(options: &CsvOptions, file: &File, size: usize, window: usize) -> Option<Table> {
    let mut head = vec![0; HEAD.min(size)];
    file.read_exact_at(&mut head, 0).ok()?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return None;
    }
    let start = if head.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut source = Source::open(options, &head, start).ok()?;
    let mut wants = source.wants().ok()?;
    let sampled = source.sample(&mut wants, size)?;
    // Records that the end of the head may have cut decide nothing, and long ones want long chunks.
    if source.opened >= head.len() || sampled >= head.len() || source.record > CHUNK / 32 {
        return None;
    }
    let mut windows = Windows {
        file,
        buffer: vec![0; window.min(size)],
    };
    let mut chunks = source.windows(&wants, &mut windows, size)?;
    if chunks.rows > options.max_rows {
        return None;
    }
    source.second_pass(&mut chunks, &wants, &mut windows).ok()?;
    // It may have grown.
    if !matches!(file.read_at(&mut [0], size as u64), Ok(0)) {
        return None;
    }
    source.table(chunks, &wants).ok()
}

/// A part of the file at a time, in memory that is used again.
struct Windows<'f> {
    file: &'f File,
    buffer: Vec<u8>,
}

impl Windows<'_> {
    /// Reads a range by all threads, and says what `look` finds in each chunk of it.
    fn read<T: Send>(
        &mut self,
        range: Range<usize>,
        look: impl Fn(&[u8]) -> T + Sync,
    ) -> Option<(&[u8], Vec<T>)> {
        let length = range.len();
        if length > self.buffer.len() {
            self.buffer.resize(length, 0);
        }
        let (file, buffer) = (self.file, &mut self.buffer[..length]);
        let found: Option<Vec<T>> = buffer
            .par_chunks_mut(CHUNK)
            .enumerate()
            .map(|(i, part)| {
                let at = (range.start + i * CHUNK) as u64;
                file.read_exact_at(part, at).ok()?;
                Some(look(part))
            })
            .collect();
        Some((&self.buffer[..length], found?))
    }
}

impl Ranges for Windows<'_> {
    fn get(&mut self, range: Range<usize>) -> Option<&[u8]> {
        self.read(range, |_| ()).map(|(data, _)| data)
    }
}

impl Source<'_> {
    /// The same, window by window.
    fn windows(&self, wants: &[Want], windows: &mut Windows<'_>, size: usize) -> Option<Chunks> {
        let quote = self.options.quote;
        let (mut all, mut now) = (self.no_chunks(wants), wants.to_vec());
        let (mut at, length) = (self.first, windows.buffer.len());
        while at < size {
            let until = size.min(at + length);
            let (data, quotes) = windows.read(at..until, |part| {
                quote.map_or(0, |quote| count(part, quote))
            })?;
            let inside = quotes.iter().sum::<usize>() % 2 == 1;
            let end = if until == size {
                data.len()
            } else {
                last_line_end(data, quote, inside)?
            };
            let data = &data[..end];
            let chunks = Cut {
                first: 0,
                size: CHUNK,
                end,
            };
            let starts = self.starts(data, &chunks, &quotes);
            let mut read = 0;
            self.wave(
                data,
                at,
                &chunks,
                0..chunks.len(),
                &starts,
                &mut read,
                &mut all,
                &mut now,
            )
            .ok()?;
            if read != end {
                return None;
            }
            at += end;
        }
        self.settle(&mut all, true);
        Some(all)
    }
}

/// Where the last line ends outside of quotes; `inside` says whether the end of the data is inside of them.
fn last_line_end(data: &[u8], quote: Option<u8>, mut inside: bool) -> Option<usize> {
    for (i, &byte) in data.iter().enumerate().rev() {
        if Some(byte) == quote {
            inside = !inside;
        } else if !inside && byte == b'\n' {
            return Some(i + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    /// A file of this text, read in windows of several sizes: what it gives is what the whole text gives. Says how many
    /// sizes could be read so.
    fn windows_agree(name: &str, options: &CsvOptions, text: &[u8]) -> usize {
        let path = std::env::temp_dir().join(format!("fitwell-{name}-{}.csv", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let whole = read(options, text);
        let sizes = [
            20_000,
            100_003,
            CHUNK,
            3 * CHUNK + 7,
            text.len(),
            text.len() + 5,
        ];
        let read = sizes.map(|window| read_windows_of(options, &file, text.len(), window));
        for (size, table) in sizes.iter().zip(&read) {
            if let Some(table) = table {
                assert_eq!(
                    Some(table),
                    whole.as_ref().ok(),
                    "{name}, windows of {size}"
                );
                assert_eq!(table.kinds(), whole.as_ref().unwrap().kinds());
            }
        }
        read.iter().flatten().count()
    }

    fn lines(n: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
        (0..n).flat_map(|i| line(i).into_bytes()).collect()
    }

    fn under(header: &str, lines: Vec<u8>) -> Vec<u8> {
        [header.as_bytes(), &lines].concat()
    }

    const ROWS: usize = 90_000;

    #[test]
    fn windows_give_the_table_of_the_whole() {
        let options = CsvOptions::new();
        let plain = |i: usize| {
            format!(
                "{i},{},{},x{}\n",
                i as f64 / 7.0,
                i.is_multiple_of(3),
                i % 501
            )
        };
        let text = under("a,b,c,d\n", lines(ROWS, plain));
        assert_eq!(windows_agree("plain", &options, &text), 6);
        assert_eq!(
            windows_agree("unended", &options, &text[..text.len() - 1]),
            6
        );
        let marked = [&b"\xef\xbb\xbf"[..], &text].concat();
        assert_eq!(windows_agree("marked", &options, &marked), 6);
        let quoted = |i: usize| format!("{i},\"a, {}\nb\"\"c\"\r\n", i % 13);
        let text = under("n,t\r\n", lines(ROWS, quoted));
        assert_eq!(windows_agree("quoted", &options, &text), 6);
        let bare = options.clone().has_header(false).quote(None);
        assert_eq!(
            windows_agree("bare", &bare, &lines(ROWS, |i| format!("{i};\"x\n"))),
            6
        );
    }

    #[test]
    fn windows_read_late_texts_again() {
        let options = CsvOptions::new();
        // Digits with zeros in front, and a text at the very end: both need the second pass.
        let line = |i: usize| match i {
            89_999 => "00012,no number,3\n".to_string(),
            _ => format!("{:05},{i},{i}\n", i * 7 % 99_991),
        };
        assert_eq!(
            windows_agree("late", &options, &under("zip,late,n\n", lines(ROWS, line))),
            6
        );
    }

    #[test]
    fn windows_give_up_on_what_is_not_as_it_seems() {
        let options = CsvOptions::new();
        // A stray quote makes the guess wrong from there on; a comment hides one.
        let stray = |i: usize| {
            format!(
                "{i},{}\n",
                if i == 45_000 {
                    "5\" pipe"
                } else {
                    "steel pipe of some length"
                }
            )
        };
        windows_agree("stray", &options, &under("n,t\n", lines(ROWS, stray)));
        let odd = |i: usize| {
            format!(
                "{i},{}\n",
                if i.is_multiple_of(7) {
                    "5\" pipe"
                } else {
                    "\"a\nb\""
                }
            )
        };
        windows_agree("odd", &options, &under("n,t\n", lines(ROWS, odd)));
        let comment = options.clone().comment(b'#');
        let hidden = |i: usize| {
            if i % 1000 == 9 {
                "# a \"comment\n".to_string()
            } else {
                format!("{i},\"a\nb\"\n")
            }
        };
        windows_agree("comment", &comment, &under("n,t\n", lines(ROWS, hidden)));
        // Errors, and files whose lines end in CR alone, are left to the reader of the whole.
        let ragged = |i: usize| {
            if i == 80_000 {
                "1,2,3\n".to_string()
            } else {
                format!("{i},steel pipe\n")
            }
        };
        assert_eq!(
            windows_agree("ragged", &options, &under("n,t\n", lines(ROWS, ragged))),
            0
        );
        let open = |i: usize| {
            if i == 80_000 {
                "1,\"open\n".to_string()
            } else {
                format!("{i},steel pipe\n")
            }
        };
        assert_eq!(
            windows_agree("open", &options, &under("n,t\n", lines(ROWS, open))),
            0
        );
        let cr = under("n,t\r", lines(ROWS, |i| format!("{i},steel pipe\r")));
        assert!(windows_agree("cr", &options, &cr) <= 3);
        let header = under(
            &format!("{}\n", "x".repeat(70_000)),
            lines(ROWS, |i| format!("{i}\n")),
        );
        assert_eq!(windows_agree("header", &options, &header), 0);
        assert_eq!(windows_agree("empty", &options, b""), 0);
    }
}
