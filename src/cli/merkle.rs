//! The hash tree of RFC 6962 (section 2.1) over the lines of an export.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

/// The root of a tree that grows by one leaf at a time, in logarithmic memory.
#[derive(Debug, Default)]
pub(super) struct Tree {
    leaves: u64,
    /// Roots of the complete subtrees, largest first: one for each bit of `leaves`.
    peaks: Vec<Hash>,
}

impl Hash {
    /// The hash of one line, without its line feed.
    pub(super) fn of_leaf(line: &[u8]) -> Self {
        Self::of(&[&[0], line])
    }

    fn of_node(left: Self, right: Self) -> Self {
        Self::of(&[&[1], &left.0, &right.0])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        Self::from_digest(context)
    }

    /// The hash of what the context was given.
    pub(super) fn from_digest(context: Context) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let mut hash = [0; 32];
        let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self(hash))
    }
}

impl Tree {
    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Every bit that carries joins two subtrees of one size.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = Hash::of_node(left, node);
            }
        }
        self.peaks.push(node);
        self.leaves += 1;
    }

    /// How many leaves there are.
    pub(super) const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root; of an empty tree the hash of nothing.
    pub(super) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().copied();
        let last = peaks.next().unwrap_or_else(|| Hash::of(&[]));
        peaks.fold(last, |right, left| Hash::of_node(left, right))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of the reference tests of certificate-transparency.
    const LEAVES: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_the_reference() {
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            tree.push(Hash::of_leaf(leaf));
            assert_eq!(tree.root().to_string(), *root, "{} leaves", tree.leaves());
        }
    }

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let hash = Hash::of_leaf(b"line");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "e3", &ROOTS[0].to_uppercase(), &format!("{}x", &ROOTS[0][1..])] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }
}
