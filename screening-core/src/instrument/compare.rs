//! How texts that people typed are compared.

/// A text as it is compared: trimmed, full-width characters narrowed, case folded.
///
/// ```
/// use screening_core::instrument::compare::normal;
/// assert_eq!(normal("　Ｎｅｖｅｒ "), normal("never"));
/// ```
pub fn normal(text: &str) -> String {
    narrow(text).to_lowercase()
}

/// Trims a text as [`trim`] does and narrows full-width characters.
///
/// ```
/// use screening_core::instrument::compare::narrow;
/// assert_eq!(narrow("１２：３０"), "12:30");
/// ```
pub fn narrow(text: &str) -> String {
    trim(text).chars().map(narrow_char).collect()
}

/// Trims spaces of all kinds, byte-order marks and zero-width spaces.
///
/// ```
/// use screening_core::instrument::compare::trim;
/// assert_eq!(trim("\u{feff} a b\u{3000}"), "a b");
/// ```
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'))
}

fn narrow_char(c: char) -> char {
    match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}
