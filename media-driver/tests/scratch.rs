use lugus_media_driver::*;
use lugus_topology::*;
use std::time::{Duration, Instant};
fn cpu(pid: u32) -> f64 {
    let s = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
#[test]
fn scratch() {
    let n: u16 = std::env::var("N").unwrap().parse().unwrap();
    let folder = tempfile::Builder::new().prefix("lugus-scratch-").tempdir_in("/dev/shm").unwrap();
    let mut d = Deployment::default_local(n, 24_000);
    d.dir = folder.path().join("state");
    d.aeron_dir = Some(folder.path().join("aeron"));
    d.driver.binary = Some(env!("CARGO_BIN_EXE_lugus-media-driver").into());
    if let Ok(p) = std::env::var("PROFILE") { if p == "dedicated" { d.profile = Profile::Dedicated; d.client.profile = Profile::Dedicated; } }
    let c = d.cluster(ClusterId(0)).unwrap();
    let t = Instant::now();
    let started: Vec<_> = std::thread::scope(|s| {
        let h: Vec<_> = c.members.iter().map(|m| { let c = &c; s.spawn(move || { let t = Instant::now(); let p = MemberProcesses::start(c, m.id).unwrap(); let a = t.elapsed(); let e = EchoService::start(c, &p).unwrap(); eprintln!("member {} {:?} echo {:?}", m.id, a, t.elapsed()); (p, e) }) }).collect();
        h.into_iter().map(|h| h.join().unwrap()).collect()
    });
    eprintln!("all {:?}", t.elapsed());
    let client = ClientDriver::start(&d).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let pids: Vec<u32> = started.iter().flat_map(|(p, _)| p.pids()).collect();
    let before: Vec<f64> = pids.iter().map(|p| cpu(*p)).collect();
    std::thread::sleep(Duration::from_secs(5));
    for (p, b) in pids.iter().zip(before) { eprintln!("idle cpu of {p}: {:.1}%", (cpu(*p) - b) / 5.0 * 100.0); }
    if std::env::var("BENCH").is_ok() {
        let o = std::process::Command::new("java").args(["-XX:+UseSerialGC","--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED","-cp","/work/main/.tools/jars/aeron-all.jar:/tmp/bench","Bench",&c.ingress_endpoints()]).arg(client.aeron_dir()).arg(std::env::var("CLIENT").unwrap_or("park".into())).output().unwrap();
        eprintln!("{}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    }
    for (i, (p, e)) in started.into_iter().enumerate() {
        if i % 2 == 1 { drop(e); let t = Instant::now(); p.stop(); eprintln!("stop after service killed {:?}", t.elapsed()); }
        else { let t = Instant::now(); p.stop(); eprintln!("stop with service alive {:?}", t.elapsed()); drop(e); }
    }
}
