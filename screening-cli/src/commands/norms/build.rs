//! `screening norms build`

use std::path::Path;

use screening_core::instrument::{Instrument, Library, Method, Text, Version};
use screening_core::norms::{
    Axis, By, ContinuousOptions, InputDef, LocalMeta, LocalOptions, LocalScale, NormSet, NormState,
};
use screening_io::output::write_text;
use screening_io::{ReadOptions, read_results};

use super::super::{Context, print_json};
use super::print;
use crate::args::{AxisArg, NormsBuild};
use crate::fail::Failure;
use crate::texts::{fill, text};

pub(super) fn run(context: &Context, command: &NormsBuild) -> Result<(), Failure> {
    let library = context.library()?;
    let mut total: Option<NormState> = None;
    let mut inputs = Vec::new();
    for path in &command.results {
        let state = if is_state(path) {
            read_state(context, path)?
        } else {
            count(context, &library, command, path, total.as_ref())?
        };
        inputs.push(input(path)?);
        match &mut total {
            Some(total) => {
                let refuse = |why| Failure::Message(format!("{}: {why}", path.display()));
                total.merge(&state).map_err(refuse)?;
            }
            None => total = Some(state),
        }
    }
    let Some(state) = total else { return Ok(()) };
    if is_state(&command.output) {
        let json = serde_json::to_string(&state).map_err(Failure::from_error)?;
        write_text(&command.output, &json)?;
        let counts = [state.rows().to_string(), state.used().to_string(), command.output.display().to_string()];
        eprintln!("{}", fill("norms-state", context.language, &counts));
        return Ok(());
    }
    let meta = meta(context, &library, command, &state, inputs)?;
    let set = state.finish(&meta, &options(command)).map_err(Failure::from_error)?;
    write_text(&command.output, &set.to_toml().map_err(Failure::from_error)?)?;
    if context.json {
        return report_json(command, &set);
    }
    if command.output != Path::new("-") {
        print::built(context, &set, &command.output);
    }
    Ok(())
}

/// States of counts are JSON files.
fn is_state(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn read_state(context: &Context, path: &Path) -> Result<NormState, Failure> {
    let refuse = |cause: String| {
        Failure::Message(fill("norms-unreadable", context.language, &[path.display().to_string(), cause]))
    };
    let text = std::fs::read_to_string(path).map_err(|cause| refuse(cause.to_string()))?;
    serde_json::from_str(&text).map_err(|cause| refuse(cause.to_string()))
}

/// Counts of one file of results. The scales are those asked for, or those of the state so far, or all numeric scores of the
/// library that the file has.
fn count(
    context: &Context,
    library: &Library,
    command: &NormsBuild,
    path: &Path,
    before: Option<&NormState>,
) -> Result<NormState, Failure> {
    let known = |heading: &str| scored(library, heading) || command.scales.iter().any(|scale| scale == heading);
    let is_number = |heading: &str| known(heading) || command.weight.as_deref() == Some(heading);
    let frame = read_results(path, &ReadOptions::default(), &is_number)?;
    let scales: Vec<String> = match before {
        Some(state) => state.scales().to_vec(),
        None if !command.scales.is_empty() => command.scales.clone(),
        None => {
            let names = frame.columns().iter().map(|column| column.name().to_string());
            names.filter(|name| scored(library, name)).collect()
        }
    };
    if scales.is_empty() {
        return Err(Failure::Message(fill("norms-no-scale", context.language, &[path.display().to_string()])));
    }
    let by = command.by.iter().map(|name| By::parse(name)).collect();
    let mut state = NormState::new(by, &scales, command.weight.clone());
    state.add_frame(&frame).map_err(|why| Failure::Message(format!("{}: {why}", path.display())))?;
    Ok(state)
}

/// Whether a column is a score that norms are made of: numeric, for people to see, and not a norm score already.
fn scored(library: &Library, column: &str) -> bool {
    let Some((instrument, id)) = column.rsplit_once('.') else { return false };
    let scales = library.get(instrument).map(Instrument::definition).map(|definition| &definition.scales);
    scales
        .and_then(|scales| scales.iter().find(|scale| scale.id == id))
        .is_some_and(|scale| scale.values.is_empty() && !scale.internal && scale.method != Method::Norm)
}

fn input(path: &Path) -> Result<InputDef, Failure> {
    let name = path.display().to_string();
    let sha256 = screening_io::file_hash(path)?;
    Ok(InputDef { file: path.file_name().map_or(name, |file| file.to_string_lossy().into_owned()), sha256 })
}

fn options(command: &NormsBuild) -> LocalOptions {
    let axis = command.continuous.map(|axis| match axis {
        AxisArg::Age => Axis::Age,
        AxisArg::Grade => Axis::Grade,
    });
    LocalOptions {
        min_n: command.min_n,
        finite_population: command.finite,
        max_degree: command.smoothing,
        continuous: axis.map(|axis| (axis, ContinuousOptions::default())),
        ..LocalOptions::default()
    }
}

fn meta(
    context: &Context,
    library: &Library,
    command: &NormsBuild,
    state: &NormState,
    inputs: Vec<InputDef>,
) -> Result<LocalMeta, Failure> {
    let scale = |id: &String| {
        LocalScale::of(library, id, command.region.as_deref())
            .ok_or_else(|| Failure::Message(fill("norms-scale-unknown", context.language, std::slice::from_ref(id))))
    };
    let stem = command.output.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).filter(|stem| stem != "-");
    let both = |text: &String| Text { en: text.clone(), zh_cn: text.clone() };
    let files: Vec<&str> = inputs.iter().map(|input| input.file.as_str()).collect();
    let from_files = || {
        let filled = |text: String| text.replacen("{}", &files.join(", "), 1);
        let text = text("norms-population");
        Text { en: filled(text.en), zh_cn: filled(text.zh_cn) }
    };
    let population = command.population.as_ref().map_or_else(from_files, both);
    Ok(LocalMeta {
        id: command.id.clone().or(stem).unwrap_or_else(|| "local".to_owned()),
        version: command.set_version.clone().unwrap_or(Version::new(1, 0, 0)),
        name: command.name.as_ref().map_or_else(|| text("norms-name"), both),
        population,
        region: command.region.clone(),
        year: command.year,
        inputs,
        scales: state.scales().iter().map(scale).collect::<Result<_, _>>()?,
    })
}

fn report_json(command: &NormsBuild, set: &NormSet) -> Result<(), Failure> {
    if command.output == Path::new("-") {
        return Ok(());
    }
    let definition = set.definition();
    let omitted: Vec<serde_json::Value> = definition
        .omitted
        .iter()
        .map(|o| serde_json::json!({ "scale": o.scale, "group": o.group.to_string(), "reason": o.reason }))
        .collect();
    print_json(&serde_json::json!({
        "norms": set.citation(),
        "rows": definition.built.as_ref().map(|built| built.rows),
        "used": definition.built.as_ref().map(|built| built.used),
        "set_aside": definition.built.as_ref().map(|built| &built.set_aside),
        "scales": definition.scales.len(),
        "cells": definition.cells.len(),
        "omitted": omitted,
    }))
}
