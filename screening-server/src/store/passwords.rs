//! Passwords: what may be one, and how it is kept (argon2id, RFC 9106).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::error::StoreError;

/// Hashes that are computed at the same time. Each takes 19 MiB and tens of milliseconds, so that many wrong guesses at once
/// cost the guesser time and not the server its memory.
static TOGETHER: Semaphore = Semaphore::const_new(2);

/// The shortest and the longest password, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// As many different characters as a password has at least.
const DIFFERENT: usize = 5;

/// Refuses what is guessed first. No rule asks for a digit or a sign: length is what helps (NIST SP 800-63B, 5.1.1).
pub(crate) fn check(password: &str, name: &str) -> Result<(), StoreError> {
    let characters: Vec<char> = password.chars().collect();
    let different: std::collections::HashSet<&char> = characters.iter().collect();
    // Shorter names stand in many a sentence.
    let holds_name = name.chars().count() >= 4 && password.to_lowercase().contains(&name.to_lowercase());
    if LENGTH.contains(&characters.len()) && different.len() >= DIFFERENT && !holds_name {
        return Ok(());
    }
    let wanted = "wanted-password";
    Err(StoreError::Invalid { field: "password", wanted })
}

/// The hash to be kept, in the PHC string format, with a salt of its own.
pub(crate) async fn hash(password: Zeroizing<String>) -> Result<String, StoreError> {
    let hashed = apart(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).ok());
    hashed.await?.ok_or(StoreError::NoRandom)
}

/// Whether it is the password of a hash. Without a hash the same time is taken, and the answer is no.
pub(crate) async fn verify(password: Zeroizing<String>, hash: Option<String>) -> Result<bool, StoreError> {
    let Some(kept) = hash else {
        self::hash(password).await?;
        return Ok(false);
    };
    apart(move || {
        let parsed = PasswordHash::new(&kept).ok();
        parsed.is_some_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
}

/// Computes beside the threads that answer requests.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let _turn = TOGETHER.acquire().await.map_err(|_| StoreError::State("state-stopping"))?;
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::State("state-stopping"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for wrong in ["short", "aaaaaaaaaaaaaaaa", "xx-Officer-xx-77", &"ab12c".repeat(40)] {
            assert!(check(wrong, "officer").is_err(), "{wrong}");
        }
        check("correct horse battery", "officer").unwrap();
        check("correct horse battery", "ho").unwrap();
        check("学校心理健康教育中心的口令", "officer").unwrap();
    }

    #[tokio::test]
    async fn a_password_is_verified_and_nothing_else_is() {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let kept = hash(text("correct horse battery")).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify(text("correct horse battery"), Some(kept.clone())).await.unwrap());
        assert!(!verify(text("correct horse batterx"), Some(kept)).await.unwrap());
        assert!(!verify(text("correct horse battery"), None).await.unwrap());
        assert!(!verify(text("x"), Some("broken".to_owned())).await.unwrap());
    }
}
