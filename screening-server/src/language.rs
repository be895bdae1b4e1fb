//! Which language the caller reads.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use screening_core::instrument::Language;

/// The language of `Accept-Language` with the highest weight, Chinese when it names none of ours.
pub(crate) fn wanted(headers: &HeaderMap) -> Language {
    let mut best: Option<(u16, Language)> = None;
    for value in headers.get_all(ACCEPT_LANGUAGE) {
        let Ok(text) = value.to_str() else { continue };
        for (weight, language) in text.split(',').filter_map(part) {
            if weight > 0 && best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, language));
            }
        }
    }
    best.map_or(Language::default(), |(_, language)| language)
}

/// The tag as it stands in `Content-Language`.
pub(crate) fn tag(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "zh-CN",
        Language::En => "en",
    }
}

/// Weight in thousandths and language of one part; none for languages that are not ours.
fn part(text: &str) -> Option<(u16, Language)> {
    let mut pieces = text.split(';').map(str::trim);
    let range = pieces.next()?.to_ascii_lowercase();
    let language = match range.split('-').next()? {
        "zh" => Language::ZhCn,
        "en" => Language::En,
        "*" => Language::default(),
        _ => return None,
    };
    let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
    Some(((weight.clamp(0.0, 1.0) * 1000.0) as u16, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, text.parse().unwrap());
        wanted(&headers)
    }

    #[test]
    fn the_heaviest_of_our_languages_wins() {
        assert_eq!(of("en"), Language::En);
        assert_eq!(of("en-GB,zh;q=0.5"), Language::En);
        assert_eq!(of("fr, zh-TW;q=0.9, en;q=0.8"), Language::ZhCn);
        assert_eq!(of("zh;q=0, en;q=0.1"), Language::En);
        assert_eq!(of("de, *;q=0.1"), Language::ZhCn);
        assert_eq!(of("en;q=x"), Language::ZhCn);
        assert_eq!(wanted(&HeaderMap::new()), Language::ZhCn);
    }
}
