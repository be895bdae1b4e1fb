//! Nulls of byte columns.

use crate::answers::Missing;

/// Masks of eight bytes for the eight validity bits of a byte, the lowest bit first.
const MASKS: [u64; 256] = {
    let mut masks = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            if (byte >> bit) & 1 == 1 {
                masks[byte] |= 0xFF << (8 * bit);
            }
            bit += 1;
        }
        byte += 1;
    }
    masks
};

/// Copies codes, a skipped answer in place of each whose validity bit is not set. Eight at a time: one by one this would
/// cost more than everything that follows.
pub(super) fn spread(codes: &[i8], bits: &[u8], first: usize, to: &mut [i8]) {
    let (bits, shift) = (bits.get(first / 8..).unwrap_or_default(), first % 8);
    if shift == 0 {
        return masked(codes, bits.iter().copied(), to);
    }
    let next = bits.iter().skip(1).chain(std::iter::once(&0));
    let shifted = bits.iter().zip(next).map(|(&low, &high)| ((u16::from(low) | u16::from(high) << 8) >> shift) as u8);
    masked(codes, shifted, to);
}

fn masked(codes: &[i8], bits: impl Iterator<Item = u8>, to: &mut [i8]) {
    const SKIPPED: u64 = u64::from_ne_bytes([Missing::Skipped.code() as u8; 8]);
    let mut bits = bits;
    let (tos, last) = to.as_chunks_mut::<8>();
    let (froms, rest) = codes.as_chunks::<8>();
    for ((to, from), byte) in tos.iter_mut().zip(froms).zip(bits.by_ref()) {
        let mask = MASKS[usize::from(byte)].to_le();
        let given = u64::from_ne_bytes(from.map(|code| code as u8));
        *to = ((given & mask) | (SKIPPED & !mask)).to_ne_bytes().map(|code| code as i8);
    }
    let byte = bits.next().unwrap_or(0);
    for (bit, (to, &code)) in last.iter_mut().zip(rest).enumerate() {
        *to = if (byte >> bit) & 1 == 1 { code } else { Missing::Skipped.code() };
    }
}
