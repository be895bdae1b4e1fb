//! `screening serve`

use std::time::Duration;

use screening_server::{Config, IdentityProvider, KeySource, Limits, Scoring, StoreConfig, TlsFiles};

use super::Context;
use crate::args::{AccountsArg, ServeCommand, StoreArgs};
use crate::fail::Failure;

pub(crate) fn run(context: &Context, command: &ServeCommand) -> Result<(), Failure> {
    let config = Config {
        listen: command.listen,
        instruments: context.instruments.clone(),
        reload: (command.reload > 0).then(|| Duration::from_secs(command.reload)),
        limits: Limits {
            body: command.body as usize * 1024,
            batch: (command.batch as usize) << 20,
            idle: Duration::from_secs(command.idle),
            read: Duration::from_secs(command.read),
            requests: command.requests as usize,
            streams: command.streams as usize,
            connections: command.connections as usize,
            account_rate: command.account_rate,
            token_rate: command.token_rate,
            upload: u64::from(command.upload) << 20,
        },
        tls: command
            .tls_cert
            .clone()
            .zip(command.tls_key.clone())
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        store: store_config(&command.store),
        provider: provider(command),
        scoring: match command.accounts {
            AccountsArg::Auto => Scoring::ByAddress,
            AccountsArg::Open => Scoring::Open,
            AccountsArg::Required => Scoring::Accounts,
        },
        grace: Duration::from_secs(command.grace),
    };
    screening_server::serve(config).map_err(Failure::from_error)
}

/// The identity provider that the arguments name.
fn provider(command: &ServeCommand) -> Option<IdentityProvider> {
    let (issuer, client) = (command.oidc_issuer.as_ref()?, command.oidc_client.as_ref()?);
    let provider = IdentityProvider::new(issuer, client, command.public_url.as_ref()?);
    let client_secret = std::env::var("SCREENING_OIDC_SECRET").ok().map(Into::into);
    Some(IdentityProvider { client_secret, ..provider })
}

/// The store that the arguments name; none without a data folder.
pub(crate) fn store_config(arguments: &StoreArgs) -> Option<StoreConfig> {
    let data = arguments.data.as_ref()?;
    let environment = || std::env::var("SCREENING_KEYS").ok().map(|text| KeySource::Text(text.into()));
    Some(StoreConfig {
        database: arguments.database.clone().or_else(|| std::env::var("SCREENING_DATABASE").ok()),
        keys: arguments.keys.clone().map(KeySource::File).or_else(environment),
        ..StoreConfig::new(data)
    })
}
