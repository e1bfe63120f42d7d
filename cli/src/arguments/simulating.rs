//! Arguments of `lugus simulate`.

use clap::Args;
use lugus_simulator::Fault;

/// `lugus simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Seed of the first run. Each run has the next seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of runs.
    #[arg(long, default_value_t = 1_000)]
    pub runs: u64,
    /// Steps of a millisecond in which things go wrong, at most. A failure names the fewest.
    #[arg(long)]
    pub steps: Option<u32>,
    /// Clients at most.
    #[arg(long)]
    pub clients: Option<usize>,
    /// Kinds of faults that do not happen, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    pub without: Vec<Fault>,
    /// Failures after which no more runs are made.
    #[arg(long, default_value_t = 10)]
    pub failures: usize,
}

fn fault(name: &str) -> Result<Fault, String> {
    let found = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        format!("there is no such fault; there are {}", names.join(", "))
    })
}
