//! What requests show: one API key, or many tokens in turn.

use std::cell::Cell;

use super::LoadError;

/// Credentials of the same length, so that one can be written over another.
#[derive(Debug)]
pub(super) struct Credentials {
    all: Vec<Box<[u8]>>,
    next: Cell<usize>,
}

impl Credentials {
    /// One a line.
    pub(super) fn read(text: &str) -> Result<Self, LoadError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let all: Vec<Box<[u8]>> = lines.map(|line| line.as_bytes().into()).collect();
        let Some(first) = all.first() else {
            return Err(LoadError::Option("there is no key in the file"));
        };
        if all.iter().any(|one| one.len() != first.len()) {
            return Err(LoadError::Option("the lines of the key file are not equally long"));
        }
        Ok(Self { all, next: Cell::new(0) })
    }

    /// The first one, as text.
    pub(super) fn first(&self) -> &str {
        self.all.first().and_then(|first| str::from_utf8(first).ok()).unwrap_or_default()
    }

    /// The next one, from the start again after the last; none when there is only one.
    pub(super) fn next(&self) -> Option<&[u8]> {
        if self.all.len() < 2 {
            return None;
        }
        let index = self.next.get();
        self.next.set((index + 1) % self.all.len());
        self.all.get(index).map(|one| &**one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_written_once_and_tokens_take_turns() {
        let one = Credentials::read("key\n").expect("a key");
        assert_eq!((one.first(), one.next()), ("key", None));
        let two = Credentials::read("a.b\nc.d\n").expect("tokens");
        let turns: Vec<_> = (0..3).map(|_| two.next().map(<[u8]>::to_vec)).collect();
        assert_eq!(turns, [Some(b"a.b".to_vec()), Some(b"c.d".to_vec()), Some(b"a.b".to_vec())]);
        assert!(Credentials::read("a\nbc\n").is_err() && Credentials::read("\n").is_err());
    }
}
