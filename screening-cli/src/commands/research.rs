//! `screening research`

use screening_io::job::{read_job, screen_job};
use screening_io::output::write_research;
use screening_io::research::{ResearchKey, ResearchOptions, export};

use super::run::Progress;
use super::{Context, print_json};
use crate::args::{Research, ResearchCommand, ResearchExport};
use crate::fail::Failure;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &ResearchCommand) -> Result<(), Failure> {
    match (&command.what, &command.export) {
        (Some(Research::Key { file }), _) => {
            ResearchKey::create(file)?;
            let name = file.display().to_string();
            if context.json {
                return print_json(&serde_json::json!({ "key": name }));
            }
            println!("{}", fill("research-key-done", context.language, &[name]));
            Ok(())
        }
        (None, Some(wanted)) => write(context, wanted),
        // The parser asks for one of them.
        (None, None) => Err(Failure::Told),
    }
}

fn write(context: &Context, command: &ResearchExport) -> Result<(), Failure> {
    // A wrong key is told before an hour of work.
    let key = ResearchKey::read(&command.key)?;
    let progress = Progress::new(context);
    let input = read_job(&command.job, false, &|step| progress.step(&step))?;
    let result = screen_job(&input, &|step| progress.step(&step))?;
    let options =
        ResearchOptions { min_group: command.min_group as usize, class: command.class, language: context.language };
    let export = export(&input, &result, &key, &options)?;
    progress.step(&screening_io::job::Step::Writing);
    let written = write_research(&command.out, &export)?;
    progress.finish();
    if context.json {
        return print_json(&serde_json::json!({
            "sheets_in": export.sheets_in,
            "rows": export.data.height(),
            "sheets_excluded": export.sheets_excluded(),
            "min_group": command.min_group,
            "suppressed": export.suppressed,
            "research_consent": input.roster.asks_research_consent,
            "files": written,
        }));
    }
    let language = context.language;
    let counts = [export.sheets_in, export.data.height(), export.sheets_excluded(), options.min_group];
    println!("{}", fill("research-done", language, &counts.map(|count| count.to_string())));
    for suppressed in export.suppressed.iter().filter(|suppressed| suppressed.rows > 0) {
        let values = [suppressed.column.to_owned(), suppressed.rows.to_string()];
        println!("{}", fill("research-suppressed", language, &values));
    }
    if export.data.height() < options.min_group {
        println!("{}", say("research-too-few", language));
    }
    if !input.roster.asks_research_consent {
        println!("{}", say("research-no-consent-column", language));
    }
    for path in written {
        println!("  {}", path.display());
    }
    Ok(())
}
