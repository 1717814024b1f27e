//! Unsigned LEB128: small numbers in few bytes.

/// Appends `number`, seven bits a byte, lowest first.
pub(crate) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front of `bytes`; `None` when there is none.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Appends a number that may be negative: zigzag-coded, so that small ones stay small.
pub(crate) fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Takes a number off that [`put_signed`] appended.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let coded = take(bytes)?;
    Some((coded >> 1).cast_signed() ^ -((coded & 1).cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| put(&mut bytes, *number));
        let mut rest = bytes.as_slice();
        assert!(numbers.iter().all(|number| take(&mut rest) == Some(*number)));
        assert_eq!((rest, take(&mut rest)), (&[][..], None));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for mut bytes in
            [&[0x80][..], &[0xff; 11], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]]
        {
            assert_eq!(take(&mut bytes), None);
        }
    }
}
