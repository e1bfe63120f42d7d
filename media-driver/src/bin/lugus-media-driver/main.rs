//! The program `lugus-media-driver`: Aeron's C media driver, configured by its command line alone.
//!
//! It writes the line `ready` once it has answered a client that it makes itself. It ends on SIGTERM and SIGINT, and on an
//! error with exit code 1 and a line on standard error.

mod frame_filter;
mod idle;
mod interceptor;
mod listener_limit;
mod prompt_setup;
mod setup_limit;
mod whole_sends;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use frame_filter::Dropped;
use idle::Idler;
use lugus_media_driver::{DriverOptions, Idle, READY_LINE, Threading, clear_driver_directory};
use rusteron_media_driver::{
    Aeron, AeronAsyncAddCounter, AeronCError, AeronContext, AeronDriver, AeronDriverContext,
    bindings::aeron_threading_mode_enum,
};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Time within which the driver must answer its own client. It has no other work then.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Greatest number of datagrams in one system call of the sender: Aeron's default, said here because it needs `whole_sends`. Without
/// that, a publication to a client that was killed would never make progress, and the round trips of all other clients would be ten
/// times as long until the session times out and the publication has lingered.
const MESSAGES_PER_SEND: u32 = 4;

/// Greatest number of ports that the sender, or the receiver, reads one after the other in each duty cycle. When it has more, one
/// call (`epoll_wait`) tells which ports have something. With the driver's default, 5, the driver of a leader made 200,000 calls a
/// second that read nothing.
const PORTS_READ_IN_TURN: usize = 1;

/// Time after which a receiver asks again for data that has not come, as a multiple of the time after which it asks first (1 us): 10 ms, for
/// which a sender passes over what it was asked for already. With the driver's default, 100, a receiver asks in nearly each duty cycle: somebody who
/// sends to many publications and leaves gaps got a datagram for each gap in each cycle, which left the driver no time to read its ports.
const NAK_RETRY_RATIO: u64 = 10_000;

/// Greatest number of datagrams that the receiver reads from a port in a duty cycle. With the driver's default, 4, a port loses more when
/// duty cycles are long, as with hundreds of publications.
const MESSAGES_PER_RECEIVE: u32 = 16;

/// Type id of the counter by which the program sees that the driver answers. Type ids from 1000 on are for applications.
const PROBE_COUNTER_TYPE: i32 = 1_000;

#[derive(Debug, Parser)]
#[command(name = "lugus-media-driver", version, about = "Aeron's C media driver as a process")]
struct Arguments {
    #[command(flatten)]
    options: DriverOptions,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    forget_aeron_variables();
    match run(&arguments.options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("lugus-media-driver: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Removes the variables that Aeron's contexts read, so that the command line alone configures the driver.
fn forget_aeron_variables() {
    for (name, _) in std::env::vars_os() {
        if name.as_bytes().starts_with(b"AERON_") {
            // SAFETY: the process still has one thread, so no other reads the environment.
            unsafe { std::env::remove_var(name) };
        }
    }
}

fn run(options: &DriverOptions) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|error| error.to_string())?;
    }
    clear_driver_directory(&options.dir).map_err(|error| error.to_string())?;
    let dir = CString::new(options.dir.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    let context = context(options, &dir).map_err(describe)?;
    let driver = AeronDriver::new(&context).map_err(describe)?;
    driver.start(true).map_err(describe)?;
    let failed = Arc::new(AtomicBool::new(false));
    let probe = announce_when_ready(dir, Arc::clone(&failed), Arc::clone(&stop)).map_err(|error| error.to_string())?;
    let mut idler = match (options.threading, options.idle) {
        (Threading::Shared, Idle::BackOff(numbers)) => Some(Idler::new(numbers)),
        _ => None,
    };
    let mut reported = Dropped::default();
    while !stop.load(Ordering::Acquire) {
        let work = driver.main_do_work().map_err(describe)?;
        match &mut idler {
            Some(idler) => idler.idle(work),
            None => driver.main_idle_strategy(work),
        }
        reported = report_dropped(reported);
    }
    // Detached, not joined: the probe's client may wait for an answer that an ending driver does not give.
    drop(probe);
    if failed.load(Ordering::Acquire) {
        Err(String::from("the driver does not answer its own client: see its log"))
    } else {
        Ok(())
    }
}

/// Says how many frames were dropped, each time that there are twice as many. Returns the numbers that were said last.
fn report_dropped(mut reported: Dropped) -> Dropped {
    let Dropped { too_many, too_long } = frame_filter::dropped();
    if too_many > reported.too_many.saturating_mul(2) {
        eprintln!(
            "lugus-media-driver: {too_many} SETUP frames and status messages have been dropped, because too many came at once"
        );
        reported.too_many = too_many;
    }
    if too_long > reported.too_long.saturating_mul(2) {
        eprintln!(
            "lugus-media-driver: {too_long} SETUP frames have been dropped, because they announced longer terms than any of the \
             deployment's publications ([term_length] of cluster.toml)"
        );
        reported.too_long = too_long;
    }
    reported
}

fn context(options: &DriverOptions, dir: &CString) -> Result<AeronDriverContext, AeronCError> {
    let context = AeronDriverContext::new()?;
    context.set_dir(dir)?;
    context.set_dir_delete_on_shutdown(true)?;
    context.set_threading_mode(match options.threading {
        Threading::Shared => aeron_threading_mode_enum::AERON_THREADING_MODE_SHARED,
        Threading::Dedicated => aeron_threading_mode_enum::AERON_THREADING_MODE_DEDICATED,
    })?;
    set_idle_strategy(&context, options.idle)?;
    context.set_network_publication_max_messages_per_send(MESSAGES_PER_SEND)?;
    context.set_receiver_io_vector_capacity(MESSAGES_PER_RECEIVE)?;
    context.set_nak_unicast_retry_delay_ratio(NAK_RETRY_RATIO)?;
    context.set_udp_channel_transport_poller_iteration_threshold(PORTS_READ_IN_TURN)?;
    context.set_term_buffer_length(usize::try_from(options.term_length).unwrap_or(usize::MAX))?;
    context.set_mtu_length(usize::try_from(options.mtu).unwrap_or(usize::MAX))?;
    context.set_ipc_term_buffer_length(usize::try_from(options.ipc_term_length).unwrap_or(usize::MAX))?;
    // Each of them has buffers of its own, for which the driver's thread makes files: whoever sends SETUP frames to a port could
    // otherwise keep that thread from everything else.
    context.set_stream_session_limit(i32::try_from(options.stream_session_limit).unwrap_or(i32::MAX))?;
    frame_filter::install(&context, options.greatest_term_length)?;
    prompt_setup::install(&context, options.log_stream)?;
    if let Some([conductor, sender, receiver]) = options.cores {
        context.set_conductor_cpu_affinity(conductor.into())?;
        context.set_sender_cpu_affinity(sender.into())?;
        context.set_receiver_cpu_affinity(receiver.into())?;
        context.apply_cgroup_cpuset_affinity()?;
        context.set_thread_affinity_on_start();
    }
    Ok(context)
}

fn set_idle_strategy(context: &AeronDriverContext, idle: Idle) -> Result<(), AeronCError> {
    let (name, arguments) = match idle {
        Idle::BackOff(back_off) => (c"backoff", CString::new(back_off.c_driver_arguments()).ok()),
        Idle::Yield => (c"yield", None),
        Idle::Spin => (c"spin", None),
    };
    if let Some(arguments) = arguments {
        context.set_shared_idle_strategy_init_args(&arguments)?;
        context.set_conductor_idle_strategy_init_args(&arguments)?;
        context.set_sender_idle_strategy_init_args(&arguments)?;
        context.set_receiver_idle_strategy_init_args(&arguments)?;
    }
    context.set_shared_idle_strategy(name)?;
    context.set_conductor_idle_strategy(name)?;
    context.set_sender_idle_strategy(name)?;
    context.set_receiver_idle_strategy(name)?;
    Ok(())
}

/// Starts a thread that writes the ready line once the driver has answered. The main thread does the driver's own work.
fn announce_when_ready(
    dir: CString,
    failed: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(String::from("probe")).spawn(move || match probe(&dir) {
        Ok(()) => println!("{READY_LINE}"),
        Err(error) => {
            eprintln!("lugus-media-driver: {}", describe(error));
            failed.store(true, Ordering::Release);
            stop.store(true, Ordering::Release);
        }
    })
}

/// Asks the driver for a counter, and waits for the answer.
fn probe(dir: &CString) -> Result<(), AeronCError> {
    let context = AeronContext::new()?;
    context.set_dir(dir)?;
    let client = Aeron::new(&context)?;
    client.start()?;
    let counter =
        AeronAsyncAddCounter::new(&client, PROBE_COUNTER_TYPE, &[], "probe")?.poll_blocking(ANSWER_TIMEOUT)?;
    drop(counter);
    Ok(())
}

fn describe(error: AeronCError) -> String {
    let error = error.capture_errmsg();
    error.get_last_err_message().trim().replace('\n', "; ")
}
