//! Texts of a categorical column while it is read: each different one is kept once.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::number::{Missing, trim};
use crate::table::Categorical;

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product & 0xffff_ffff_ffff_ffff) as u64 ^ (product >> 64) as u64
}

/// Less than 8 bytes as a number, the first the lowest.
#[inline]
fn little(text: &[u8]) -> u64 {
    let bytes = text.iter().enumerate();
    bytes.fold(0, |n, (i, &byte)| n | u64::from(byte) << (8 * i))
}

/// What tells texts of less than 8 bytes apart: the bytes, and their number in the highest byte. All ones for longer texts.
#[inline]
pub(super) fn key(text: &[u8]) -> u64 {
    if text.len() < 8 {
        little(text) | (text.len() as u64) << 56
    } else {
        u64::MAX
    }
}

/// The [`key`] of the first `length` bytes, if they are less than 8 and there are 8 bytes: without a look at each.
#[inline]
pub(super) fn short_key(text: &[u8], length: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*text.first_chunk::<8>()?);
    let bytes = word & ((1u64 << (8 * (length & 7))) - 1);
    (length < 8).then_some(bytes | (length as u64) << 56)
}

/// A hash that others cannot predict, so that no file makes all its texts collide. Results do not depend on it.
#[derive(Clone, Copy)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new() -> Self {
        Seed(RandomState::new().build_hasher().finish())
    }

    /// Multiplies and folds, 8 bytes at a time (after wyhash).
    #[inline]
    fn hash(self, text: &[u8]) -> u64 {
        let mut state = self.0 ^ (text.len() as u64).wrapping_mul(ODD);
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            state = fold(
                state ^ u64::from_le_bytes(*word),
                ODD ^ self.0.rotate_left(32),
            );
        }
        fold(state ^ little(rest), ODD ^ self.0.rotate_left(32)) ^ state
    }

    /// The hash of a text of less than 8 bytes from its key.
    #[inline]
    fn hash_key(self, key: u64) -> u64 {
        let state = self.0 ^ (key >> 56).wrapping_mul(ODD);
        fold(state ^ (key & !(0xff << 56)), ODD ^ self.0.rotate_left(32)) ^ state
    }
}

/// The half of a hash that an entry keeps.
#[inline]
fn low(hash: u64) -> u32 {
    (hash & 0xffff_ffff) as u32
}

/// The first place of a different text.
struct Entry {
    key: u64,
    hash: u32,
    /// The text reads as a missing value where it is not quoted.
    missing: bool,
    /// Some row has it as a text.
    used: bool,
    /// Where it was first met in the file.
    at: usize,
}

/// The different texts met so far, with the code of every row into them.
pub(super) struct Texts {
    codes: Vec<u32>,
    /// Open addressing: the number of an entry plus one, 0 for none. At most half full.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    /// All texts one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    seed: Seed,
    /// Where the first text stands for which there is no code left.
    full: Option<usize>,
}

impl Texts {
    pub(super) fn new(seed: Seed) -> Self {
        Texts {
            codes: Vec::new(),
            slots: vec![0; 64],
            entries: Vec::new(),
            bytes: Vec::new(),
            ends: Vec::new(),
            seed,
            full: None,
        }
    }

    /// How many different texts there are; fewer than the code of a missing value.
    fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(Categorical::MISSING)
    }

    /// Where the first text stands for which there is no code left.
    pub(super) fn full(&self) -> Option<usize> {
        self.full
    }

    pub(super) fn len(&self) -> usize {
        self.codes.len()
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.codes.reserve(rows);
    }

    pub(super) fn push_missing(&mut self) {
        self.codes.push(Categorical::MISSING);
    }

    /// The next row. `at` is where the text stands in the file.
    #[inline]
    pub(super) fn push(&mut self, text: &[u8], quoted: bool, at: usize, missing: &Missing) {
        let hash = self.seed.hash(text);
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 32) as usize & mask;
        let code = loop {
            match self.slots[slot] {
                0 => break self.insert(text, low(hash), slot, at, missing),
                found => {
                    let code = found - 1;
                    if self.entries[code as usize].hash == low(hash) && self.text(code) == text {
                        break code;
                    }
                }
            }
            slot = (slot + 1) & mask;
        };
        self.push_code(code, quoted);
    }

    /// The same for a text of less than 8 bytes and its key.
    #[inline]
    pub(super) fn push_short(
        &mut self,
        text: &[u8],
        key: u64,
        quoted: bool,
        at: usize,
        missing: &Missing,
    ) {
        let hash = self.seed.hash_key(key);
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 32) as usize & mask;
        let code = loop {
            match self.slots[slot] {
                0 => break self.insert(text, low(hash), slot, at, missing),
                found if self.entries[found as usize - 1].key == key => break found - 1,
                _ => slot = (slot + 1) & mask,
            }
        };
        self.push_code(code, quoted);
    }

    #[inline]
    fn push_code(&mut self, code: u32, quoted: bool) {
        let entry = &mut self.entries[code as usize];
        if entry.missing && !quoted {
            self.codes.push(Categorical::MISSING);
        } else {
            entry.used = true;
            self.codes.push(code);
        }
    }

    #[inline]
    fn text(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    #[cold]
    fn insert(&mut self, text: &[u8], hash: u32, slot: usize, at: usize, missing: &Missing) -> u32 {
        // Codes end before the one that means missing.
        let code = self.count();
        if code >= Categorical::MISSING - 1 {
            self.full = self.full.or(Some(at));
            return 0;
        }
        self.slots[slot] = code + 1;
        self.entries.push(Entry {
            key: key(text),
            hash,
            missing: missing.contains(trim(text)),
            used: false,
            at,
        });
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        code
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 4;
        self.slots.clear();
        self.slots.resize(size, 0);
        for code in 0..self.count() {
            // The stored half of the hash does not place an entry; the text does.
            let mut slot = (self.seed.hash(self.text(code)) >> 32) as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = code + 1;
        }
    }

    /// The first place, in the order of the file, of a text that `refused` does not let pass.
    pub(super) fn find(&self, refused: impl Fn(&[u8]) -> bool) -> Option<(usize, &[u8])> {
        // Entries are in the order of their first place.
        let code =
            (0..self.count()).find(|&c| self.entries[c as usize].used && refused(self.text(c)))?;
        Some((self.entries[code as usize].at, self.text(code)))
    }

    /// The code of each row.
    pub(super) fn codes_mut(&mut self) -> &mut Vec<u32> {
        &mut self.codes
    }

    /// Appends the rows of the next chunk.
    pub(super) fn append(&mut self, next: &Texts) {
        let none = Missing::none();
        self.full = self.full.or(next.full);
        // Each used text of the chunk, under its code here.
        let to: Vec<u32> = (0..next.count())
            .map(|code| {
                let entry = &next.entries[code as usize];
                if !entry.used {
                    return Categorical::MISSING;
                }
                self.push(next.text(code), true, entry.at, &none);
                self.codes.pop().unwrap_or(Categorical::MISSING)
            })
            .collect();
        // The missing code is beyond the end of every list.
        let codes = next.codes.iter();
        self.codes
            .extend(codes.map(|&c| to.get(c as usize).copied().unwrap_or(Categorical::MISSING)));
    }

    /// The column; its texts have been checked to be UTF-8.
    pub(super) fn finish(self) -> Categorical {
        let mut codes = self.codes;
        let mut to = Vec::with_capacity(self.entries.len());
        let mut texts = Vec::with_capacity(self.entries.len());
        let mut start = 0;
        let mut code = 0;
        for (entry, &end) in self.entries.iter().zip(&self.ends) {
            to.push(code);
            if entry.used {
                code += 1;
                texts.push(String::from_utf8_lossy(&self.bytes[start..end]).into_owned());
            }
            start = end;
        }
        if texts.len() < self.entries.len() {
            for code in codes.iter_mut().filter(|c| **c != Categorical::MISSING) {
                *code = to[*code as usize];
            }
        }
        Categorical::sorted(codes, texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::CsvOptions;

    #[test]
    fn many_texts_keep_their_codes() {
        let missing = Missing::new(&CsvOptions::new());
        let names: Vec<String> = (0..5000).map(|i| format!("name {}", i % 1234)).collect();
        let seed = Seed::new();
        let parts = names.chunks(777).map(|names| {
            let mut texts = Texts::new(seed);
            for name in names {
                texts.push(name.as_bytes(), false, 0, &missing);
            }
            texts
        });
        let mut all = Texts::new(seed);
        parts.for_each(|part| all.append(&part));
        let column = all.finish();
        assert_eq!(column.categories().len(), 1234);
        assert!(column.iter().eq(names.iter().map(|n| Some(n.as_str()))));
    }

    #[test]
    fn a_quoted_spelling_is_a_text() {
        let missing = Missing::new(&CsvOptions::new());
        let mut texts = Texts::new(Seed::new());
        for (text, quoted) in [
            ("NA", false),
            ("NA", true),
            (" NA", false),
            ("", false),
            ("x", false),
        ] {
            texts.push(text.as_bytes(), quoted, 0, &missing);
        }
        let mut all = Texts::new(Seed::new());
        all.append(&texts);
        let appended = all.finish();
        let column = texts.finish();
        assert_eq!(appended, column);
        let expected = [None, Some("NA"), None, None, Some("x")];
        assert!(column.iter().eq(expected));
        assert_eq!(column.categories(), ["NA", "x"]);
    }

    #[test]
    fn short_texts_are_the_same_by_key_and_by_bytes() {
        let missing = Missing::none();
        let data: Vec<u8> = (0..64u32).map(|i| (i * i % 251) as u8 & 0xf3).collect();
        let (mut keys, mut bytes) = (Texts::new(Seed(7)), Texts::new(Seed(7)));
        for length in 0..10 {
            for start in 0..data.len() - 10 {
                let text = &data[start..start + length];
                match short_key(&data[start..], length) {
                    Some(short) => {
                        assert_eq!(short, key(text));
                        assert_eq!(keys.seed.hash_key(short), keys.seed.hash(text));
                        keys.push_short(text, short, false, start, &missing);
                    }
                    None => {
                        assert!(length >= 8);
                        keys.push(text, false, start, &missing);
                    }
                }
                bytes.push(text, false, start, &missing);
            }
        }
        assert_eq!(short_key(&data[..7], 3), None);
        assert_eq!(keys.codes, bytes.codes);
        assert_eq!(keys.bytes, bytes.bytes);
        for (row, &code) in bytes.codes.iter().enumerate() {
            let (length, start) = (row / (data.len() - 10), row % (data.len() - 10));
            assert_eq!(bytes.text(code), &data[start..start + length]);
        }
    }

    #[test]
    fn texts_that_differ_little_are_told_apart() {
        let missing = Missing::none();
        let texts: Vec<Vec<u8>> = (0..40)
            .flat_map(|n| {
                [
                    vec![0u8; n],
                    vec![b'a'; n],
                    [vec![b'a'; n], vec![0]].concat(),
                ]
            })
            .collect();
        let mut all = Texts::new(Seed(0));
        for text in &texts {
            all.push(text, true, 0, &missing);
        }
        for (row, text) in texts.iter().enumerate() {
            assert_eq!(all.text(all.codes[row]), text);
        }
    }
}
