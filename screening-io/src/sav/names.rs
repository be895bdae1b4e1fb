//! Names of variables that SPSS takes.

use std::collections::HashSet;

/// Bytes of the longest name.
const LONGEST: usize = 64;
/// Words of the command language.
const RESERVED: [&str; 13] = ["ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"];

/// Names for columns, each once whatever the case: letters, digits and some marks, a letter first, no stop at the end.
pub(super) fn names<'a>(columns: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut used: HashSet<String> = HashSet::new();
    columns
        .map(|column| {
            let base = legal(column);
            let mut name = base.clone();
            let mut number = 2_u32;
            while !used.insert(name.to_uppercase()) {
                let suffix = format!("_{number}");
                name = format!("{}{suffix}", cut(&base, LONGEST - suffix.len()));
                number += 1;
            }
            name
        })
        .collect()
}

fn legal(column: &str) -> String {
    let marks = ['.', '_', '$', '#', '@'];
    let mut name: String =
        column.chars().map(|c| if c.is_alphanumeric() || marks.contains(&c) { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '@') || RESERVED.contains(&name.to_uppercase().as_str()) {
        name.insert_str(0, "V_");
    }
    let name = cut(&name, LONGEST).trim_end_matches(['.', '_']);
    if name.is_empty() { "V".to_owned() } else { name.to_owned() }
}

/// The longest beginning of at most so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_short_and_different() {
        let long = "很".repeat(40);
        let found = names(["phq-9.1", "PHQ_9.1", "1st", "and", "a b.", "", "学校", &long, &long].into_iter());
        assert_eq!(found[..7], ["phq_9.1", "PHQ_9.1_2", "V_1st", "V_and", "a_b", "V", "学校"]);
        assert!(found.iter().all(|name| name.len() <= 64));
        assert_ne!(found[7], found[8]);
    }
}
