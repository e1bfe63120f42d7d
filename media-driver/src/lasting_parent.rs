//! The thread that is the parent of all child processes.
//!
//! Linux sends the parent-death signal when the *thread* that forked ends, not when its process does. So one thread forks on
//! behalf of all others, and lives as long as the process.

use std::io;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

struct Request {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

static PARENT: Mutex<Option<Sender<Request>>> = Mutex::new(None);

/// Starts `command` as a child of a thread that lives as long as this process.
///
/// # Errors
///
/// The thread or the command can't be started.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (answer, child) = mpsc::channel();
    parent()?.send(Request { command, answer }).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

fn parent() -> io::Result<Sender<Request>> {
    let mut parent = PARENT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(sender) = &*parent {
        return Ok(sender.clone());
    }
    let (sender, requests) = mpsc::channel();
    thread::Builder::new().name(String::from("parent")).spawn(move || serve(&requests))?;
    *parent = Some(sender.clone());
    Ok(sender)
}

fn serve(requests: &Receiver<Request>) {
    for mut request in requests {
        let _ = request.answer.send(request.command.spawn());
    }
}
