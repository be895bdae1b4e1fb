//! How cells look.

use std::collections::HashMap;

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};
use screening_core::risk::Policy;

use crate::output::texts::text;

const GREY: u32 = 0x00E8_EAED;
const LINE: u32 = 0x009A_A0A6;
const BLUE: u32 = 0x0015_57B0;

/// Letters of all sheets.
pub(in crate::output) fn base_format() -> Format {
    Format::new().set_font_name(text("font.name", &[]).zh_cn).set_font_size(10).set_align(FormatAlign::Top)
}

/// A cell of a list.
pub(in crate::output) fn framed_format() -> Format {
    base_format().set_border(FormatBorder::Thin).set_border_color(Color::RGB(LINE))
}

/// The heading of a column.
pub(in crate::output) fn heading_format() -> Format {
    framed_format().set_text_wrap().set_bold().set_background_color(Color::RGB(GREY))
}

/// The formats of all sheets.
pub(super) struct Style {
    pub(super) title: Format,
    pub(super) plain: Format,
    /// Text without a frame that runs on over the cells to its right.
    pub(super) running: Format,
    pub(super) strong: Format,
    pub(super) heading: Format,
    pub(super) cell: Format,
    pub(super) sum: Format,
    pub(super) link: Format,
    tiers: HashMap<String, Format>,
}

impl Style {
    pub(super) fn new(policy: &Policy) -> Self {
        let (base, framed, heading) = (base_format(), framed_format().set_text_wrap(), heading_format());
        let tiers = policy.tiers().map(|tier| {
            let colour = rgb(&tier.colour);
            let format = framed
                .clone()
                .set_bold()
                .set_background_color(Color::RGB(colour))
                .set_font_color(Color::RGB(readable_on(colour)));
            (tier.id.clone(), format)
        });
        Self {
            title: base.clone().set_font_size(14).set_bold(),
            plain: base.clone().set_text_wrap(),
            strong: base.clone().set_bold(),
            sum: framed.clone().set_bold(),
            link: framed.clone().set_font_color(Color::RGB(BLUE)).set_underline(FormatUnderline::Single),
            tiers: tiers.collect(),
            running: base,
            heading,
            cell: framed,
        }
    }

    /// The format of a tier.
    pub(super) fn tier(&self, id: &str) -> &Format {
        self.tiers.get(id).unwrap_or(&self.cell)
    }
}

/// A colour written as `#rrggbb`; white when it is not.
fn rgb(colour: &str) -> u32 {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6);
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0x00FF_FFFF)
}

/// Black or white, whichever stands out more by the contrast ratio of WCAG 2.
fn readable_on(colour: u32) -> u32 {
    let linear = |shift: u32| {
        let share = f64::from((colour >> shift) & 0xFF) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
    // The luminance at which both ratios are equal: (l + 0.05)^2 = 1.05 * 0.05.
    if luminance > 0.179 { 0 } else { 0x00FF_FFFF }
}

#[cfg(test)]
mod tests {
    use super::{readable_on, rgb};

    #[test]
    fn letters_stand_out_on_every_colour() {
        assert_eq!(readable_on(rgb("#f9a825")), 0);
        assert_eq!(readable_on(rgb("#c62828")), 0x00FF_FFFF);
        assert_eq!(rgb("red"), 0x00FF_FFFF);
    }
}
