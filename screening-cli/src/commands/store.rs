//! `screening audit-log`, `backup`, `restore`, `rotate-keys`, `retention`: the store of a server.

use screening_server::{Manifest, StoreConfig, operations};
use serde_json::json;

use super::serve::store_config;
use super::{Context, print_json};
use crate::args::{
    AuditLogAction, AuditLogCommand, BackupCommand, RestoreCommand, RetentionCommand, RotateKeysCommand, StoreArgs,
};
use crate::fail::Failure;
use crate::texts::{fill, say};

/// The store, which has to be named.
fn config(context: &Context, arguments: &StoreArgs) -> Result<StoreConfig, Failure> {
    store_config(arguments).ok_or_else(|| Failure::Message(say("store-needs-data", context.language)))
}

pub(crate) fn audit_log(context: &Context, command: &AuditLogCommand) -> Result<(), Failure> {
    let AuditLogAction::Verify(arguments) = &command.action;
    let verified = operations::verify_audit_log(&config(context, arguments)?).map_err(Failure::from_error)?;
    let faults: Vec<String> = verified.faults.iter().map(ToString::to_string).collect();
    if context.json {
        print_json(&json!({ "entries": verified.entries, "head": verified.head, "faults": faults }))?;
    } else if faults.is_empty() {
        println!("{}", fill("audit-log-whole", context.language, &[verified.entries.to_string(), verified.head]));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(fill("audit-log-broken", context.language, &[faults.join("; ")])))
}

pub(crate) fn backup(context: &Context, command: &BackupCommand) -> Result<(), Failure> {
    let config = config(context, &command.store)?;
    let manifest = operations::backup(&config, &command.to).map_err(Failure::from_error)?;
    told(context, "backup-done", &manifest, &command.to.display().to_string())
}

pub(crate) fn restore(context: &Context, command: &RestoreCommand) -> Result<(), Failure> {
    let config = config(context, &command.store)?;
    let manifest = operations::restore(&config, &command.from).map_err(Failure::from_error)?;
    told(context, "restore-done", &manifest, &config.data.display().to_string())
}

fn told(context: &Context, text: &str, manifest: &Manifest, place: &str) -> Result<(), Failure> {
    if context.json {
        return print_json(manifest);
    }
    let rows: i64 = manifest.rows.values().sum();
    let values = [place.to_owned(), rows.to_string(), manifest.audit_entries.to_string()];
    println!("{}", fill(text, context.language, &values));
    Ok(())
}

pub(crate) fn rotate_keys(context: &Context, command: &RotateKeysCommand) -> Result<(), Failure> {
    let config = config(context, &command.store)?;
    if command.audit_log {
        let until = operations::rotate_audit_key(&config).map_err(Failure::from_error)?;
        if context.json {
            return print_json(&json!({ "until": until }));
        }
        println!("{}", fill("audit-key-rotated", context.language, &[until.to_string()]));
        return Ok(());
    }
    let rotated = operations::rotate_keys(&config, command.resume, command.drop_old).map_err(Failure::from_error)?;
    if context.json {
        let rotated = json!({ "current": rotated.current, "rows": rotated.rows, "files": rotated.files, "dropped": rotated.dropped });
        return print_json(&rotated);
    }
    let values =
        [rotated.rows.to_string(), rotated.files.to_string(), rotated.current, rotated.dropped.len().to_string()];
    println!("{}", fill("keys-rotated", context.language, &values));
    Ok(())
}

pub(crate) fn retention(context: &Context, command: &RetentionCommand) -> Result<(), Failure> {
    let deleted = operations::delete_what_is_due(&config(context, &command.store)?).map_err(Failure::from_error)?;
    if context.json {
        return print_json(&deleted);
    }
    if deleted.is_empty() {
        println!("{}", say("retention-no-rules", context.language));
    }
    for sum in &deleted {
        let values = [sum.class.clone(), sum.pupils.to_string(), sum.rows.to_string()];
        println!("{}", fill("retention-deleted", context.language, &values));
    }
    Ok(())
}
