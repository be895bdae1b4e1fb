//! `screening serve`

use std::time::Duration;

use screening_server::{Config, Limits};

use super::Context;
use crate::args::ServeCommand;
use crate::fail::Failure;

pub(crate) fn run(context: &Context, command: &ServeCommand) -> Result<(), Failure> {
    let config = Config {
        listen: command.listen,
        instruments: context.instruments.clone(),
        reload: (command.reload > 0).then(|| Duration::from_secs(command.reload)),
        limits: Limits {
            body: command.body as usize * 1024,
            idle: Duration::from_secs(command.idle),
            read: Duration::from_secs(command.read),
            requests: command.requests as usize,
            streams: command.streams as usize,
            connections: command.connections as usize,
        },
        grace: Duration::from_secs(command.grace),
    };
    screening_server::serve(config).map_err(Failure::from_error)
}
