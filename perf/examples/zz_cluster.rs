//! temporary
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lugus_client::Config;
use lugus_client::cluster::Context;
use lugus_perf::cluster_venue::ClusterVenue;
use lugus_perf::flow::Flow;
use lugus_perf::mbo::{MboFlow, MboOptions};
use lugus_perf::replay::{Progress, ReplayOptions, Watch, replay};
use lugus_perf::synthetic::{SyntheticFlow, SyntheticOptions};

struct Kill {
    at: u64,
    pids: Vec<i32>,
    when: Option<Instant>,
}
impl Watch for Kill {
    fn sent(&mut self, steps: u64) {
        if steps == self.at {
            self.when = Some(Instant::now());
            for pid in &self.pids {
                std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
            }
        }
    }
    fn progress(&mut self, p: &Progress) {
        eprintln!("{p:?}");
    }
}

fn run(mut flow: impl Flow, args: &[String], options: ReplayOptions, watch: &mut Kill) -> Result<(), Box<dyn Error>> {
    let endpoints: Vec<_> = (0..).zip(args[1].split(',').map(str::to_owned)).collect();
    let config = |id: u32| {
        let context =
            Context { aeron_dir: PathBuf::from(&args[0]), ingress_endpoints: endpoints.clone(), ..Context::default() };
        Config::new(context, lugus_client::ParticipantId(id))
    };
    let participants = flow.participants().iter().map(|id| config(id.0)).collect();
    let mut venue = ClusterVenue::connect(config(0), participants, Duration::from_secs(10))?;
    println!("leader {:?}", venue.leader_member_id());
    let replayed = replay(&mut flow, &mut venue, options, watch)?;
    println!("{}", replayed.report);
    if let Some(when) = watch.when {
        println!("{:?} {:?}", replayed.timeline.fail_over(when), replayed.timeline.leader_changes().len());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut none = Kill { at: 0, pids: vec![], when: None };
    let o = ReplayOptions { patience: Duration::from_secs(10), ..Default::default() };
    match args[2].as_str() {
        "mbo" => run(MboFlow::open(Path::new(&args[3]), MboOptions::default())?, &args, o, &mut none),
        "synthetic" => {
            run(SyntheticFlow::new(SyntheticOptions { steps: 200_000, ..Default::default() }), &args, o, &mut none)
        }
        "one" => run(
            SyntheticFlow::new(SyntheticOptions { steps: 10_000, ..Default::default() }),
            &args,
            ReplayOptions { window: 1, ..o },
            &mut none,
        ),
        "rate" => run(
            SyntheticFlow::new(SyntheticOptions { steps: 60_000, ..Default::default() }),
            &args,
            ReplayOptions { rate: Some(10_000), warm_up: 10_000, ..o },
            &mut none,
        ),
        "kill" => {
            let mut kill =
                Kill { at: 20_000, pids: args[3].split(',').map(|p| p.parse().unwrap()).collect(), when: None };
            run(
                SyntheticFlow::new(SyntheticOptions { steps: 60_000, ..Default::default() }),
                &args,
                ReplayOptions { rate: Some(5_000), ..o },
                &mut kill,
            )
        }
        other => Err(other.into()),
    }
}
