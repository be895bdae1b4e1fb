//! One-time passwords by time (RFC 6238): six digits of HMAC-SHA1 over the steps of thirty seconds.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Seconds of a step.
const STEP: i64 = 30;
/// Steps that a clock may be off, to either side.
const TOLERANCE: i64 = 1;

/// The code of one step (RFC 4226, section 5.3), with `digits` digits.
fn code(secret: &[u8], step: i64, digits: u32) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash.last()? & 0x0f);
    let part: [u8; 4] = hash.get(at..at + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(part) & 0x7fff_ffff) % 10_u32.pow(digits);
    Some(format!("{number:0width$}", width = digits as usize))
}

/// The step whose code this is, among those around `now` (milliseconds) that come after `last`: a code is good once.
pub(crate) fn step_of(secret: &[u8], given: &str, now: i64, last: i64) -> Option<i64> {
    let present = now.div_euclid(1000 * STEP);
    let steps = present - TOLERANCE..=present + TOLERANCE;
    steps.filter(|step| *step > last).find(|step| {
        code(secret, *step, 6).is_some_and(|code| bool::from(code.as_bytes().ct_eq(given.trim().as_bytes())))
    })
}

/// The secret as authenticators take it.
pub(crate) fn uri(account: &str, secret: &[u8]) -> String {
    let label: String = form_urlencoded::byte_serialize(account.as_bytes()).collect();
    format!("otpauth://totp/screening:{}?secret={}&issuer=screening", label.replace('+', "%20"), text(secret))
}

/// The secret in base 32.
pub(crate) fn text(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the rows of SHA1.
    #[test]
    fn the_codes_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, wanted) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(secret, seconds / STEP, 8).unwrap(), wanted, "{seconds}");
            assert_eq!(code(secret, seconds / STEP, 6).unwrap(), wanted[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_around_its_time_and_once() {
        let secret = b"12345678901234567890";
        let (at, step) = (59_000, 1);
        assert_eq!(step_of(secret, "287082", at, 0), Some(step));
        assert_eq!(step_of(secret, " 287082 ", at + 30_000, 0), Some(step), "a clock that is half a minute behind");
        assert_eq!(step_of(secret, "287082", at + 60_000, 0), None, "too old");
        assert_eq!(step_of(secret, "287082", at, step), None, "used before");
        assert_eq!(step_of(secret, "287083", at, 0), None);
        assert_eq!(step_of(secret, "", at, 0), None);
        assert!(uri("王 a", secret).starts_with("otpauth://totp/screening:%E7%8E%8B%20a?secret=GEZDGNBV"));
    }
}
