//! `lugus audit` at the end of a run: each member's own log and snapshots, from the oldest that it has on.

use serde::Deserialize;

use crate::site::Site;

/// Part of the document of `lugus audit --json`.
#[derive(Deserialize)]
struct Document {
    snapshots_compared: u64,
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    member: Option<i32>,
    differences: Vec<Difference>,
}

#[derive(Deserialize)]
struct Difference {
    position: i64,
    what: String,
}

/// What an audit has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Audited {
    pub(crate) snapshots_compared: u64,
    pub(crate) differences: Vec<String>,
}

/// Audits all members. An audit that fails is a difference, too.
pub(crate) fn run(site: &Site) -> Audited {
    match site.asked(&["--json", "audit"]).output() {
        Ok(output) => read(&output.stdout).unwrap_or_else(|| {
            let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Audited { snapshots_compared: 0, differences: vec![format!("lugus audit failed: {text}")] }
        }),
        Err(error) => Audited { snapshots_compared: 0, differences: vec![format!("lugus audit failed: {error}")] },
    }
}

fn read(document: &[u8]) -> Option<Audited> {
    let document: Document = serde_json::from_slice(document).ok()?;
    let of_member = |member: Member| {
        let id = member.member.map_or_else(|| String::from("a copy"), |id| format!("member {id}"));
        member.differences.into_iter().map(move |it| format!("audit of {id}, position {}: {}", it.position, it.what))
    };
    let differences = document.members.into_iter().flat_map(of_member).collect();
    Some(Audited { snapshots_compared: document.snapshots_compared, differences })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_all_members_are_told() {
        let text = r#"{"commands":9,"snapshots_compared":4,"differences":1,"members":[
            {"cluster":0,"member":0,"differences":[]},
            {"cluster":0,"member":2,"differences":[{"position":96,"what":"the log is damaged"}]}]}"#;
        let audited = read(text.as_bytes()).unwrap();
        assert_eq!(audited.snapshots_compared, 4);
        assert_eq!(audited.differences, ["audit of member 2, position 96: the log is damaged"]);
        assert_eq!(read(b"lugus: no"), None);
    }
}
