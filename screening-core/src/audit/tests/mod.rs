//! The auditor on simulated waves: honest ones, and ones with a fault planted.

mod honest;
mod planted;
mod simulate;

use std::sync::LazyLock;

use crate::instrument::{Instrument, Library};
use crate::scoring::Scorer;

use super::{AuditReport, Auditor, FindingKind};
use simulate::Wave;

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());

fn instrument(id: &str) -> &'static Instrument {
    LIBRARY.get(id).unwrap()
}

fn audit(id: &str, wave: &Wave) -> AuditReport {
    let scorer = Scorer::new(instrument(id)).unwrap();
    Auditor::new(&scorer).run(&wave.frame(instrument(id))).unwrap()
}

fn told(report: &AuditReport) -> Vec<String> {
    let line = |finding: &super::Finding| format!("{} {} {:?}", finding.certainty.word(), finding.id, finding.figures);
    report.findings.iter().map(line).collect()
}

/// The surest finding of a kind, in a line.
fn surest(report: &AuditReport, kind: FindingKind) -> String {
    let found = report.findings.iter().find(|finding| finding.kind == kind);
    found.map_or_else(
        || format!("nothing; {:?}", told(report)),
        |finding| format!("{} {:?}", finding.certainty.word(), finding.figures),
    )
}
