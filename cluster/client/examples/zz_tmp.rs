use aeron_cluster_client::*;
use std::time::*;
struct L(u64);
impl EgressListener for L { fn on_message(&mut self, _: i64, _: i64, _: &[u8]) { self.0 += 1; } }
fn main() {
    let ctx = Context { aeron_dir: "/dev/shm/clx/client".into(), ingress_endpoints: (0..3).map(|i| (i, format!("127.0.0.1:32{i}10"))).collect(), ..Context::default() };
    let mut c = BlockingCluster::connect(ctx, L(0), Duration::from_secs(10)).unwrap();
    let mut best = Duration::MAX; let mut bo = Duration::MAX;
    for _ in 0..200 {
        let mut l = L(0);
        let s = Instant::now();
        for _ in 0..1000 { c.cluster().do_work(&mut l).unwrap(); }
        best = best.min(s.elapsed());
        let m = [0u8; 100];
        let s = Instant::now(); let mut n = 0;
        for _ in 0..100 { n += c.cluster().offer(&m).is_ok() as u32; }
        if n == 100 { bo = bo.min(s.elapsed()); }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("idle do_work {:?} offer {:?}", best / 1000, bo / 100);
    // poll cost: drain
    let mut bp = f64::MAX;
    for _ in 0..200 {
        let m = [0u8; 100];
        for _ in 0..100 { let _ = c.cluster().offer(&m); }
        std::thread::sleep(Duration::from_millis(8));
        let mut l = L(0); let s = Instant::now(); let mut k=0;
        while l.0 < 100 && k < 40 { c.cluster().do_work(&mut l).unwrap(); k+=1; }
        if l.0 >= 100 { bp = bp.min(s.elapsed().as_nanos() as f64 / l.0 as f64); }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("receive ns/message {bp}");
}
