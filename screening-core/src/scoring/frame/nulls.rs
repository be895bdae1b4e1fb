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
    const SKIPPED: u64 = u64::from_ne_bytes([Missing::Skipped.code() as u8; 8]);
    let (bits, shift) = (bits.get(first / 8..).unwrap_or_default(), first % 8);
    let eight = |n: usize| {
        let at = |n: usize| u16::from(bits.get(n).copied().unwrap_or(0));
        let byte = if shift == 0 { at(n) } else { (at(n) | at(n + 1) << 8) >> shift };
        MASKS[usize::from(byte as u8)]
    };
    let (mut tos, mut froms) = (to.chunks_exact_mut(8), codes.chunks_exact(8));
    let mut n = 0;
    for (to, from) in tos.by_ref().zip(froms.by_ref()) {
        let (to, from): (&mut [u8], &[u8]) = (bytemuck::cast_slice_mut(to), bytemuck::cast_slice(from));
        let mask = eight(n).to_le();
        let given = from.try_into().map_or(0, u64::from_ne_bytes);
        to.copy_from_slice(&((given & mask) | (SKIPPED & !mask)).to_ne_bytes());
        n += 1;
    }
    let mask = eight(n);
    for (bit, (to, &code)) in tos.into_remainder().iter_mut().zip(froms.remainder()).enumerate() {
        *to = if (mask >> (8 * bit)) & 1 == 1 { code } else { Missing::Skipped.code() };
    }
}
