//! `lugus console` and `lugus top`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Where the console listens unless it is told otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:9480";

/// `lugus console`.
#[derive(Debug, Args)]
pub struct Console {
    /// The address to serve at. Other addresses than those of loopback need --open-to-network.
    #[arg(long, default_value = DEFAULT_ADDRESS)]
    pub address: SocketAddr,
    /// Serve at an address that others can reach. What is sent is not encrypted, not even the token: a tunnel (ssh -L) or a
    /// proxy with TLS is better.
    #[arg(long)]
    pub open_to_network: bool,
    /// A name by which browsers ask for the console, as through a proxy; besides localhost and addresses in digits. Others are
    /// not answered.
    #[arg(long, value_name = "HOST")]
    pub name: Vec<String>,
    /// File with the token of those who may look, readable for nobody else. Without it a token is made at each start.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The participant as whom books are read [default: the first reader of the deployment; without keys, one that nobody
    /// trades as].
    #[arg(long)]
    pub participant: Option<u32>,
}
