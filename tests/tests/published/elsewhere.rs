//! Files whose instrument is not in the library. Their figures are set aside, and the test fails as soon as an instrument
//! with such an id is added: then they are to be compared.

use screening_core::instrument::{Instrument, Library};
use screening_tests::{Ledger, Outcome};

use crate::support::data;

/// File, how an id of its instruments would begin, and why its figures do not apply.
pub(crate) const FILES: [(&str, &[&str], &str); 11] = [
    (
        "s07_bfi25_sapa_2800.csv",
        &["bfi", "big-five"],
        "25 items on personality: no such instrument in the library; means of answered items and pairwise alphas only",
    ),
    (
        "s09_rogers_qids16_ybocs10.csv",
        &["qids", "ybocs", "y-bocs"],
        "QIDS-SR16 and Y-BOCS-SR: neither is in the library",
    ),
    (
        "s12_gcbs_tipi_fakewords_openpsych.csv.gz",
        &["gcbs", "tipi"],
        "beliefs in conspiracies, ten items on personality, and invented words: none is in the library",
    ),
    (
        "s13_hsq_openpsych_1071.csv",
        &["hsq"],
        "styles of humour: not in the library; the site's own columns are known to leave out reversals",
    ),
    (
        "s15_dsi_suicide_attempt_roc.csv",
        &["dsi"],
        "holds sums of the DSI-SS without its answers, and the instrument is not in the library",
    ),
    ("s16_ds14_coronary_541.csv", &["ds14", "ds-14"], "type D personality: not in the library"),
    (
        "s17_wenchuan_china_pclc17.csv",
        &["pcl-c", "pcl-17"],
        "PCL-C: 17 items of DSM-IV coded 1-5; the library has the PCL-5, 20 other items coded 0-4",
    ),
    (
        "s19_promis_anxiety29_masq11.csv",
        &["promis-anxiety-29", "promis-anxiety-bank", "masq"],
        "29 items of the bank scored by answer pattern, and 11 of the MASQ; of the bank the library has the short form 8a, \
         whose table is proved from the item parameters",
    ),
    ("s20_chinese_survey_export_part1.xlsx", &["workplace"], "no scale at all: an export for tests of reading"),
    (
        "s21_taylor_anxiety50_truefalse_openpsych.csv.gz",
        &["tmas", "taylor"],
        "Taylor's anxiety scale: not in the library",
    ),
    (
        "s22_epi57_lie_scale_retest.csv.gz",
        &["epi"],
        "the EPI with 57 items; the library has later questionnaires of the author with other items",
    ),
];

#[test]
fn figures_of_instruments_that_are_not_in_the_library() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let library = Library::bundled()?;
    for (file, ids, why) in FILES {
        let found = library.iter().map(Instrument::id).find(|id| ids.iter().any(|start| id.starts_with(start)));
        assert_eq!(found, None, "{file}: the library has this instrument now; compare the figures");
        let mut ledger = Ledger::open(&data, file)?;
        ledger.set_aside("", why);
        ledger.close(0);
    }
    Ok(())
}
