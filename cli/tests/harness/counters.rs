//! Counters of a media driver, as `AeronStat` shows them.

use std::ffi::CString;
use std::path::Path;

use rusteron_archive::AeronCnc;

/// Value of the one counter of this type; `None` if there is none.
pub fn counter(aeron_dir: &Path, type_id: i32) -> Option<i64> {
    let dir = CString::new(aeron_dir.as_os_str().as_encoded_bytes()).expect("a path");
    let cnc = AeronCnc::open(&dir).expect("the driver's files");
    let counters = cnc.counters_reader();
    let id = counters.find_by_type_id(type_id, |_| true)?;
    Some(counters.get_counter_value(id).expect("its value"))
}

/// Values of the counters of this type.
pub fn counters(aeron_dir: &Path, type_id: i32) -> Vec<i64> {
    of_type(aeron_dir, type_id, |value, _| value)
}

/// Labels of the counters of this type.
pub fn labels(aeron_dir: &Path, type_id: i32) -> Vec<String> {
    of_type(aeron_dir, type_id, |_, label| label.to_owned())
}

fn of_type<T>(aeron_dir: &Path, type_id: i32, map: impl Fn(i64, &str) -> T) -> Vec<T> {
    let dir = CString::new(aeron_dir.as_os_str().as_encoded_bytes()).expect("a path");
    let cnc = AeronCnc::open(&dir).expect("the driver's files");
    let mut found = Vec::new();
    cnc.counters_reader().foreach_counter_fn(|value, _, counter_type, _, label| {
        if counter_type == type_id {
            found.push(map(value, label));
        }
    });
    found
}
