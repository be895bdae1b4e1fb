//! Names of worksheets: safe, short and each used once.

use std::collections::HashSet;

/// Longest name of a worksheet, in UTF-16 units.
const LONGEST: usize = 31;
/// What a name may not hold. The apostrophe is allowed inside, but needs care in every reference to the sheet.
const FORBIDDEN: [char; 8] = ['[', ']', ':', '*', '?', '/', '\\', '\''];

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct SheetNames {
    taken: HashSet<String>,
}

impl SheetNames {
    /// A name close to the one wished for, never given before; spreadsheets do not tell capitals apart.
    pub(super) fn take(&mut self, wish: &str) -> String {
        let clean: String =
            wish.chars().map(|c| if c.is_control() || FORBIDDEN.contains(&c) { '_' } else { c }).collect();
        // Blank names are refused, and `History` belongs to the spreadsheet program.
        let base = match clean.trim() {
            "" => "_",
            name if name.eq_ignore_ascii_case("history") => "History_",
            name => name,
        };
        let mut number = 1_usize;
        loop {
            let ending = match number {
                1 => String::new(),
                number => format!(" ({number})"),
            };
            let name = format!("{}{ending}", shortened(base, LONGEST - ending.len().min(LONGEST)));
            if self.taken.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    }
}

fn shortened(text: &str, units: usize) -> &str {
    let mut used = 0;
    let cut = text.char_indices().find(|(_, c)| {
        used += c.len_utf16();
        used > units
    });
    cut.map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).trim_end()
}

#[cfg(test)]
mod tests {
    use super::SheetNames;

    #[test]
    fn names_are_safe_short_and_each_used_once() {
        let mut names = SheetNames::default();
        let long = "第一实验中学".repeat(8);
        let wishes = ["a/b", "A:B", "A_B", "", "'", "history", &long, &long, "𠀀".repeat(40).as_str()]
            .map(|wish| names.take(wish));
        assert_eq!(wishes[0], "a_b");
        assert_eq!(wishes[1], "A_B (2)");
        assert_eq!(wishes[2], "A_B (3)");
        assert_eq!(wishes[5], "History_");
        assert!(wishes[7].ends_with(" (2)"));
        for name in &wishes {
            assert!(!name.is_empty() && name.encode_utf16().count() <= 31, "{name}");
        }
        let mut lower: Vec<String> = wishes.iter().map(|name| name.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        assert_eq!(lower.len(), wishes.len());
    }
}
