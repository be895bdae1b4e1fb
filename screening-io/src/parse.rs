//! Single values: numbers, dates, clock times, durations, ids.

use jiff::civil::{Date, DateTime};

use crate::table::Value;
use crate::words::{lookup, narrow, normal, words};

/// A number as files write it: digits with an optional sign, point and decimals, full-width forms included. No
/// exponents, no thousands separators, no words such as `inf`.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = narrow(text);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().filter(|b| *b == b'.').count() <= 1;
    if plain { text.parse().ok().filter(|value: &f64| value.is_finite()) } else { None }
}

/// The number of a cell, whether stored as one or as text.
pub(crate) fn cell_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number).filter(|n| n.is_finite()),
        Value::Text(text) => number(text),
        Value::Blank | Value::Date(_) => None,
    }
}

/// Whether a cell holds nothing, or a word or number that platforms write for a skipped question or one not shown.
pub(crate) fn is_no_answer(value: &Value) -> bool {
    let word = match value {
        Value::Blank => return true,
        Value::Text(text) => normal(text),
        Value::Number(number) => number.to_string(),
        Value::Date(_) => return false,
    };
    let special = &words().special;
    special.skipped.contains(&word) || special.not_shown.contains(&word)
}

/// Whether a cell joins the texts of several options.
pub(crate) fn has_several(value: &Value) -> bool {
    match value {
        Value::Text(text) => words().special.several.iter().any(|mark| text.contains(mark.as_str())),
        _ => false,
    }
}

/// A whole number of a cell.
pub(crate) fn cell_integer(value: &Value) -> Option<i64> {
    cell_number(value).filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
}

/// The first day that spreadsheet serial numbers and the calendar agree on is 1 March 1900 (serial 61).
const SERIAL_FIRST: f64 = 61.0;
/// 31 December 2199.
const SERIAL_LAST: f64 = 109_574.0;

/// The moment of a spreadsheet serial number (1900 system), to the second.
pub(crate) fn serial(days: f64) -> Option<DateTime> {
    if !(SERIAL_FIRST..SERIAL_LAST + 1.0).contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round() as i64;
    let epoch = DateTime::constant(1899, 12, 30, 0, 0, 0, 0);
    epoch.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

/// The date of a cell: `2013-05-01`, `2013/5/1`, `2013.5.1`, `20130501`, the same with a time behind, with the marks
/// for year, month and day, or a spreadsheet serial. Day and month first is never read: it cannot be told from month
/// and day.
pub(crate) fn cell_date(value: &Value) -> Option<Date> {
    cell_moment(value).map(DateTime::date)
}

/// Date and time of a cell; midnight when there is only a date. Of a time with an offset the wall time is taken.
pub(crate) fn cell_moment(value: &Value) -> Option<DateTime> {
    cell_moment_in(value, 0)
}

/// Date and time of a cell; one in universal time (`Z`) is moved by hours.
pub(crate) fn cell_moment_in(value: &Value, hours: i64) -> Option<DateTime> {
    match value {
        Value::Blank => None,
        Value::Date(days) => serial(*days),
        Value::Number(number) => compact(*number).or_else(|| serial(*number)),
        Value::Text(text) => {
            let text = narrow(text);
            match text.strip_suffix('Z') {
                Some(universal) => moment(universal)?.checked_add(jiff::SignedDuration::from_hours(hours)).ok(),
                None => moment(without_offset(&text)),
            }
        }
    }
}

/// A time without its offset, `+08:00`.
fn without_offset(text: &str) -> &str {
    let Some(at) = text.rfind(['+', '-']).filter(|at| text.get(..*at).is_some_and(|before| before.contains('T')))
    else {
        return text;
    };
    let offset = text.get(at + 1..).unwrap_or_default();
    let plain = matches!(offset.len(), 4 | 5) && offset.bytes().all(|b| b.is_ascii_digit() || b == b':');
    if plain { text.get(..at).unwrap_or(text) } else { text }
}

fn compact(number: f64) -> Option<DateTime> {
    if number.fract() != 0.0 || !(19_000_101.0..=22_000_101.0).contains(&number) {
        return None;
    }
    let whole = number as i32;
    civil(whole / 10_000, whole / 100 % 100, whole % 100)
}

fn civil(year: i32, month: i32, day: i32) -> Option<DateTime> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (1900..2200).contains(&date.year()).then(|| date.to_datetime(jiff::civil::Time::midnight()))
}

fn moment(text: &str) -> Option<DateTime> {
    let mut text = narrow(text);
    if let Some(number) = number(&text) {
        // `2013.5` is a number to look at and half a date: only whole digits count.
        return if text.contains('.') { None } else { compact(number).or_else(|| serial(number)) };
    }
    for mark in &words().marks.date {
        text = text.replace(mark.as_str(), "-");
    }
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text.as_str(), ""),
    };
    let mut parts = date.trim_end_matches('-').split(['-', '/', '.']).map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let day = civil(year, month, day)?;
    if time.trim().is_empty() { Some(day) } else { Some(day.date().to_datetime(time_of_day(time)?)) }
}

fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let text = text.trim();
    // Parts of a second say nothing that is of use.
    let text = match text.split_once('.') {
        Some((whole, parts)) if !parts.is_empty() && parts.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    };
    let mut parts = text.split(':').map(two_digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() { None } else { jiff::civil::Time::new(hour, minute, second, 0).ok() }
}

fn two_digits(text: &str) -> Option<i8> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Minutes after midnight of a clock time: `22:30`, `22:30:00`, or a spreadsheet time.
pub(crate) fn cell_clock(value: &Value) -> Option<u16> {
    match value {
        Value::Text(text) => {
            let time = time_of_day(&narrow(text))?;
            Some(time.hour() as u16 * 60 + time.minute() as u16)
        }
        Value::Date(days) | Value::Number(days) => {
            // A whole number is not a time: 22 could mean 22 o'clock or the 22nd day of 1900.
            if days.fract() == 0.0 && *days != 0.0 || matches!(value, Value::Number(n) if !(0.0..1.0).contains(n)) {
                return None;
            }
            Some(((days.rem_euclid(1.0) * 1440.0).round() as u16) % 1440)
        }
        Value::Blank => None,
    }
}

/// Seconds of a duration: `528`, or a number with marks for hours, minutes and seconds.
pub(crate) fn cell_seconds(value: &Value) -> Option<u32> {
    let text = match value {
        Value::Text(text) => normal(text),
        _ => {
            return cell_number(value).filter(|n| (0.0..1e7).contains(n)).map(|n| n.round() as u32);
        }
    };
    if let Some(number) = number(&text) {
        return (0.0..1e7).contains(&number).then(|| number.round() as u32);
    }
    let marks = &words().marks;
    let (mut rest, mut total, mut found) = (text.as_str(), 0.0, false);
    for (list, factor) in [(&marks.hours, 3600.0), (&marks.minutes, 60.0), (&marks.seconds, 1.0)] {
        if let Some((before, after)) = list.iter().find_map(|mark| rest.split_once(mark.as_str())) {
            total += number(before)? * factor;
            (rest, found) = (after, true);
        }
    }
    (found && rest.trim().is_empty() && (0.0..1e7).contains(&total)).then(|| total.round() as u32)
}

/// Why a cell gives no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdProblem {
    /// Nothing is there.
    Blank,
    /// A number whose last digits a spreadsheet does not keep.
    Precision,
}

/// An id: text as it stands, or a whole number written out.
pub(crate) fn cell_id(value: &Value) -> Result<String, IdProblem> {
    match value {
        Value::Text(text) => {
            let text = narrow(text);
            if text.is_empty() || words().special.skipped.contains(&text) || words().special.not_shown.contains(&text) {
                return Err(IdProblem::Blank);
            }
            if is_exponent(&text) { Err(IdProblem::Precision) } else { Ok(text) }
        }
        Value::Number(number) if number.fract() == 0.0 && (0.0..1e15).contains(number) => Ok(format!("{number:.0}")),
        Value::Number(-2.0 | -3.0) | Value::Blank => Err(IdProblem::Blank),
        Value::Number(_) | Value::Date(_) => Err(IdProblem::Precision),
    }
}

/// Whether an id holds the number of an identity card (18 characters, digits 7 to 14 a date of birth), alone or behind a
/// letter as in national student numbers.
pub(crate) fn holds_identity_number(id: &str) -> bool {
    let plain = id.strip_prefix(['G', 'g', 'L', 'l']).unwrap_or(id);
    let (Some(body), Some(last)) = (plain.get(..17), plain.get(17..)) else { return false };
    let is_number = body.bytes().all(|b| b.is_ascii_digit()) && matches!(last.as_bytes(), [b'0'..=b'9' | b'X' | b'x']);
    let born = body.get(6..14).and_then(|digits| digits.parse().ok()).and_then(compact);
    is_number && born.is_some()
}

/// `1.23E+17`: what a spreadsheet leaves of a long number when it saves text.
fn is_exponent(text: &str) -> bool {
    match text.split_once("E+").or_else(|| text.split_once("e+")) {
        Some((head, tail)) => number(head).is_some() && !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()),
        None => false,
    }
}

/// A school grade, 1 to 12. `template_codes` reads the national template's own numbering.
pub(crate) fn cell_grade(value: &Value, template_codes: bool) -> Option<u8> {
    if template_codes {
        let code = cell_integer(value)?.to_string();
        return lookup(&words().grade_codes, &code)?.parse().ok();
    }
    if let Some(grade) = cell_integer(value) {
        return u8::try_from(grade).ok().filter(|grade| (1..=12).contains(grade));
    }
    let Value::Text(text) = value else {
        return None;
    };
    let text = normal(text);
    let word = text.split('(').next().unwrap_or_default().trim();
    lookup(&words().grades, word)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn dates_in_the_forms_that_rosters_use() {
        let day = Some(date(2013, 5, 1));
        for form in [
            "2013-05-01",
            "2013/5/1",
            "2013.5.1",
            "20130501",
            "2013年5月1日",
            "２０１３－０５－０１",
            "2013-05-01T08:00:00",
            "41395",
        ] {
            assert_eq!(cell_date(&text(form)), day, "{form}");
        }
        let evening = text("2013-05-01T20:30:00.000Z");
        assert_eq!(cell_moment_in(&evening, 8).map(DateTime::date), Some(date(2013, 5, 2)));
        assert_eq!(
            cell_moment(&text("2013-05-01T20:30:00+08:00")).map(|m| m.to_string()),
            Some("2013-05-01T20:30:00".into())
        );
        assert_eq!(cell_date(&Value::Number(41_395.0)), day);
        assert_eq!(cell_date(&Value::Date(41_395.75)), day);
        for form in ["01/05/2013", "5/1/13", "2013-13-01", "2013-02-30", "2013.5", "May 2013", "", "9e9"] {
            assert_eq!(cell_date(&text(form)), None, "{form}");
        }
    }

    #[test]
    fn clock_times_of_the_24_hour_day() {
        assert_eq!(cell_clock(&text("22:30")), Some(1350));
        assert_eq!(cell_clock(&text("７：０５")), Some(425));
        assert_eq!(cell_clock(&Value::Date(0.9375)), Some(1350));
        assert_eq!(cell_clock(&Value::Number(0.0)), Some(0));
        for wrong in [text("24:00"), text("10:75"), text("22"), Value::Number(22.0), Value::Number(-0.5)] {
            assert_eq!(cell_clock(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn durations_and_grades() {
        assert_eq!(cell_seconds(&text("528秒")), Some(528));
        assert_eq!(cell_seconds(&text("8分48秒")), Some(528));
        assert_eq!(cell_seconds(&text("soon")), None);
        assert_eq!(cell_grade(&text("七年级(初一)"), false), Some(7));
        assert_eq!(cell_grade(&text("初一（1）班"), false), Some(7));
        assert_eq!(cell_grade(&Value::Number(11.0), false), Some(11));
        assert_eq!(cell_grade(&Value::Number(11.0), true), Some(1));
        assert_eq!(cell_grade(&text("2024级"), false), None);
    }

    #[test]
    fn ids_that_a_spreadsheet_has_spoilt() {
        assert_eq!(cell_id(&Value::Number(20_240_101.0)).as_deref(), Ok("20240101"));
        assert_eq!(cell_id(&text(" Ｇ０１ ")).as_deref(), Ok("G01"));
        assert_eq!(cell_id(&Value::Number(1.1e17)), Err(IdProblem::Precision));
        assert_eq!(cell_id(&text("1.10101E+17")), Err(IdProblem::Precision));
        assert_eq!(cell_id(&text("(空)")), Err(IdProblem::Blank));
    }

    #[test]
    fn numbers_of_identity_cards_in_ids() {
        for id in ["G11010520130501123X", "110105201305011234", "L110105201305011234"] {
            assert!(holds_identity_number(id), "{id}");
        }
        for id in ["G11010520131301123X", "20240001", "1101052013050112345", "G1101052013050112", "甲10105201305011234"]
        {
            assert!(!holds_identity_number(id), "{id}");
        }
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number("３"), Some(3.0));
        assert_eq!(number("-2"), Some(-2.0));
        for wrong in ["", "-", ".", "1e5", "inf", "NaN", "1,000", "1.2.3"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
