//! The `screening` command: arguments, progress and tables on a terminal. What it does is done by the crates below it.

mod args;
mod commands;
mod fail;
mod markdown;
mod markdown_policy;
mod show;
mod table;
mod texts;

use std::process::ExitCode;

/// Result columns are allocated and freed by the megabyte, wave after wave; the system's allocator gives the pages back
/// each time, and faulting them in again costs more than scoring.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not mistakes.
            let wrong = error.use_stderr();
            let _ = error.print();
            return ExitCode::from(if wrong { 2 } else { 0 });
        }
    };
    let context = commands::Context { json: cli.json, language: cli.language.into(), instruments: cli.instruments };
    let done = match cli.command {
        Command::Instruments(command) => commands::instruments::run(&context, &command),
        Command::Policies(command) => commands::policies::run(&context, &command),
        Command::Score(command) => commands::score::run(&context, &command),
        Command::Audit(command) => commands::audit::run(&context, &command),
        Command::Map(command) => commands::map::run(&context, &command),
        Command::Run(command) => commands::run::run(&context, &command),
        Command::Change(command) => commands::change::run(&context, &command),
        Command::Simulate(command) => commands::simulate::run(&context, &command),
        Command::Evaluate(command) => commands::evaluate::run(&context, &command),
        Command::Example(command) => commands::example::run(&context, &command),
        Command::Norms(command) => commands::norms::run(&context, &command),
        Command::Research(command) => commands::research::run(&context, &command),
        Command::Serve(command) => commands::serve::run(&context, &command),
        Command::AuditLog(command) => commands::store::audit_log(&context, &command),
        Command::Backup(command) => commands::store::backup(&context, &command),
        Command::Restore(command) => commands::store::restore(&context, &command),
        Command::RotateKeys(command) => commands::store::rotate_keys(&context, &command),
        Command::Retention(command) => commands::store::retention(&context, &command),
        Command::Psychometrics(command) => commands::psychometrics::run(&context, &command),
        Command::Report(command) => commands::report::run(&context, &command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(&context);
            ExitCode::from(1)
        }
    }
}
